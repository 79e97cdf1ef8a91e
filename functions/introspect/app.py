"""POST /oauth/introspect: whether a token is worth anything right now (RFC 7662), signed for who asks for that (RFC 9701)."""

from gatehouse import client_auth, introspection, tokens
from gatehouse.errors import InvalidClient, InvalidRequest
from gatehouse.web import Request, Response, endpoint, json_response

_SIGNED = "application/token-introspection+jwt"


@endpoint("POST")
def handler(request: Request) -> Response:
    parameters = request.form_or_json
    client = client_auth.authenticate(request, parameters)
    if client.public:
        raise InvalidClient("introspection is for clients with a secret")
    token = parameters.get("token")
    if not token:
        raise InvalidRequest("token is missing")
    found = introspection.introspect(client, token)
    if _SIGNED in request.accepted:
        return Response(200, tokens.introspection_token(client, found), {"content-type": _SIGNED})
    return json_response(200, found)
