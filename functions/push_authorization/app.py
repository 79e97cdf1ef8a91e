"""POST /oauth/par: take an authorization request from the client itself, before the browser comes with its name (RFC 9126)."""

from gatehouse import authorization, client_auth, proof_of_possession, pushed_requests
from gatehouse.web import Request, Response, endpoint, json_response


@endpoint("POST", cors=True)
def handler(request: Request) -> Response:
    parameters = request.form
    client = client_auth.authenticate(request, parameters)
    key = proof_of_possession.key_of(request, client) if "dpop" in request.headers else ""
    try:
        asked = authorization.asked(parameters | {"client_id": client.client_id}, dpop_key=key, pushing=True)
    except authorization.Refused as refused:
        raise refused.refusal from refused
    body = {"request_uri": pushed_requests.push(asked), "expires_in": pushed_requests.SECONDS}
    return proof_of_possession.with_nonce(json_response(201, body), key)
