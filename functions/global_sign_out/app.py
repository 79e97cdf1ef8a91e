"""POST /me/sign-out and POST /api/v2/users/{id}/revoke-access: end every session of a person in one write."""

from gatehouse import global_sign_out
from gatehouse.management.revoke_access import revoke_access
from gatehouse.web import Request, Response, api_error, endpoint


@endpoint("POST", errors=api_error, cors=True)
def handler(request: Request) -> Response:
    if "id" in request.path_parameters:
        return revoke_access(request, request.path_parameters["id"])
    return global_sign_out.own(request)
