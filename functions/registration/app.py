"""POST /oidc/register and GET,PUT,DELETE /oidc/register/{client_id}: clients that register and manage themselves (RFC 7591, RFC 7592)."""

from typing import Any

from gatehouse import dynamic_registration
from gatehouse.web import Request, Response, bearer_error, endpoint


@endpoint("POST", errors=bearer_error, cors=True)
def _register(request: Request) -> Response:
    return dynamic_registration.register(request)


@endpoint("GET", "PUT", "DELETE", errors=bearer_error, cors=True)
def _manage(request: Request) -> Response:
    return dynamic_registration.manage(request, request.path_parameters["client_id"])


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    # Two resources, each with methods of its own to name in a refusal or a preflight.
    resource = _manage if "client_id" in (event.get("pathParameters") or {}) else _register
    return resource(event, context)
