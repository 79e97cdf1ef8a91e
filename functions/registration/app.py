"""POST /oidc/register and GET,PUT,DELETE /oidc/register/{client_id}: clients that register and manage themselves (RFC 7591, RFC 7592)."""

from gatehouse import dynamic_registration
from gatehouse.web import Request, Response, bearer_error, endpoint


@endpoint("GET", "POST", "PUT", "DELETE", errors=bearer_error, cors=True)
def handler(request: Request) -> Response:
    if "client_id" in request.path_parameters:
        return dynamic_registration.manage(request, request.path_parameters["client_id"])
    return dynamic_registration.register(request)
