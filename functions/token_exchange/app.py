"""POST /oauth/token: exchange a grant for tokens (RFC 6749 3.2). Form and JSON bodies."""

from gatehouse import client_auth, grants, refresh_cookie
from gatehouse.proof_of_possession import with_nonce
from gatehouse.web import Request, Response, endpoint, json_response


@endpoint("POST", cors=True)
def handler(request: Request) -> Response:
    parameters = request.form_or_json
    client = client_auth.authenticate(request, parameters)
    if client.refresh_cookie:
        return refresh_cookie.exchange(request, client, parameters)
    tokens = grants.exchange(client, parameters, request)
    return with_nonce(json_response(200, tokens.body()), tokens.bound_to)
