"""GET,POST /oidc/logout: sign out of this browser (OpenID Connect RP-Initiated Logout 1.0)."""

from gatehouse import sign_out
from gatehouse.hosted.page import page_error
from gatehouse.web import Request, Response, endpoint


@endpoint("GET", "POST", errors=page_error)
def handler(request: Request) -> Response:
    return sign_out.answer(request)
