"""The hosted pages (/u/…): which page answers which path."""

from collections.abc import Callable

from gatehouse import pages
from gatehouse.errors import MethodNotAllowed, NotFound
from gatehouse.hosted import account, consent, email, email_verification, login, profile, recovery, sign_up, start, user_code
from gatehouse.hosted.page import show
from gatehouse.web import Request, Response

_ASSET_CACHE_SECONDS = 31_536_000

# path: (GET, POST)
PAGES: dict[str, tuple[Callable[[Request], Response], Callable[[Request], Response]]] = {
    "/u/login": (login.ask, login.submit),
    "/u/signup": (sign_up.ask, sign_up.submit),
    "/u/verify": (sign_up.ask_password, sign_up.submit_password),
    "/u/verify-email": (email_verification.ask, email_verification.submit),
    "/u/forgot": (recovery.ask, recovery.submit),
    "/u/reset": (recovery.ask_password, recovery.submit_password),
    "/u/consent": (consent.ask, consent.submit),
    "/u/device": (user_code.ask, user_code.submit),
    "/u/profile": (profile.ask, profile.submit),
    "/u/account": (account.ask, account.submit),
    "/u/email": (email.ask, email.submit),
}
# path: what makes it, media type
ASSETS: dict[str, tuple[Callable[[], str], str]] = {
    "/u/style.css": (pages.stylesheet, "text/css; charset=utf-8"),
    "/u/icon.svg": (pages.icon, "image/svg+xml"),
}


def serve(request: Request) -> Response:
    """The page of the request's path.

    Raises:
        NotFound, MethodNotAllowed: there is none. Refusal: as the page says.
    """
    if request.path in PAGES:
        ask, submit = PAGES[request.path]
        return submit(request) if request.method == "POST" else ask(request)
    if request.path in (*ASSETS, "/u/start", "/u/signed-out") and request.method == "POST":
        raise MethodNotAllowed(("GET",))
    if request.path in ASSETS:
        make, media_type = ASSETS[request.path]
        # The address changes with the content, so it may be kept for good.
        return Response(200, make(), {"content-type": media_type, "cache-control": f"public, max-age={_ASSET_CACHE_SECONDS}, immutable"})
    if request.path == "/u/start":
        return start.begin(request)
    if request.path == "/u/signed-out":
        return show(
            request,
            "done.html",
            title="Signed out",
            heading="You are signed out",
            message="You can close this window.",
            continue_url="",
            continue_label="",
        )
    raise NotFound("there is no such page")
