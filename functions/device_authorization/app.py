"""POST /oauth/device/code: give a device its codes, one for itself and one for the person (RFC 8628 3.1). Form and JSON bodies."""

from gatehouse import client_auth, device_authorization
from gatehouse.web import Request, Response, endpoint, json_response


@endpoint("POST", cors=True)
def handler(request: Request) -> Response:
    parameters = request.form_or_json
    client = client_auth.authenticate(request, parameters)
    return json_response(200, device_authorization.begin(client, parameters))
