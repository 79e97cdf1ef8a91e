"""POST /oauth/introspect: whether a token is worth anything right now (RFC 7662)."""

from gatehouse import client_auth, introspection
from gatehouse.errors import InvalidClient, InvalidRequest
from gatehouse.web import Request, Response, endpoint, json_response


@endpoint("POST")
def handler(request: Request) -> Response:
    parameters = request.form_or_json
    client = client_auth.authenticate(request, parameters)
    if client.public:
        raise InvalidClient("introspection is for clients with a secret")
    token = parameters.get("token")
    if not token:
        raise InvalidRequest("token is missing")
    return json_response(200, introspection.introspect(client, token))
