"""POST /oauth/revoke: end the session that a token belongs to (RFC 7009)."""

from gatehouse import client_auth, introspection
from gatehouse.errors import InvalidRequest
from gatehouse.web import Request, Response, endpoint, json_response


@endpoint("POST", cors=True)
def handler(request: Request) -> Response:
    parameters = request.form_or_json
    client = client_auth.authenticate(request, parameters)
    token = parameters.get("token")
    if not token:
        raise InvalidRequest("token is missing")
    introspection.revoke(client, token)
    return json_response(200, {})
