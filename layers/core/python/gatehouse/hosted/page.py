"""What every hosted page shares: its headers, its error page, and the proof that a form came from the page this browser was given."""

from typing import Any
from urllib.parse import urlsplit

from gatehouse import jose, keys, pages, sign_ins
from gatehouse.clients import Client
from gatehouse.errors import Forbidden, InvalidRequest, NotFound, Refusal, TooManyRequests, Unavailable
from gatehouse.settings import settings
from gatehouse.sign_ins import SignIn
from gatehouse.single_sign_on import BROWSER_COOKIE, restart_anywhere
from gatehouse.web import Request, Response, set_cookie

_PURPOSE = "csrf"
LONGEST_FIELD = 4096


class StaleSignIn(Refusal):
    """The sign-in or link that a page belongs to is over, or began in another browser. retry_url: where to begin anew, may be empty."""

    code, status = "sign_in_expired", 400

    def __init__(self, description: str, *, status: int = 400, retry_url: str = "", retry_label: str = "Start again") -> None:
        super().__init__(description)
        self.status = status
        self.retry_url = retry_url
        self.retry_label = retry_label


def show(
    request: Request, name: str, /, *, status: int = 200, redirect_uri: str = "", cookies: list[str] | None = None, **context: object
) -> Response:
    """A hosted page. redirect_uri: where its form may lead in the end, since browsers hold form-action against redirects too."""
    document = pages.render(name, **context)
    return Response(status, document, _headers(redirect_uri), cookies or [])


def form(
    request: Request, name: str, /, *, sign_in: SignIn | None = None, status: int = 200, redirect_uri: str = "", **context: object
) -> Response:
    """A page with a form that only this browser can send back. redirect_uri: as in `show`; a sign-in brings its own."""
    browser = request.cookies.get(f"__Host-{BROWSER_COOKIE}", "")
    cookies = []
    if not sign_ins.wellformed_browser(browser):
        browser = sign_ins.new_browser()
        cookies = [set_cookie(BROWSER_COOKIE, browser, seconds=2 * sign_ins.SECONDS)]
    token = keys.authenticate(_PURPOSE, sign_ins.browser_digest(browser))
    common = {"csrf": token, "signin": sign_in.sign_in_id if sign_in else "", "action": request.path}
    redirect_uri = sign_in.request.redirect_uri if sign_in else redirect_uri
    return show(request, name, status=status, redirect_uri=redirect_uri, cookies=cookies, **(common | context))


def about(client: Client | None) -> dict[str, Any]:
    """What the application's registration links to, to be shown to people before they agree (OpenID Connect Registration 2)."""
    return {name: getattr(client, name, "") for name in ("logo_uri", "policy_uri", "tos_uri")}


def submitted(request: Request) -> dict[str, str]:
    """The fields of a form that this browser was given.

    Raises:
        Forbidden: another site or another browser sent it.
        InvalidRequest: it is no such form.
    """
    # "null" is what browsers send from a page under no-referrer, as ours are.
    from_elsewhere = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
    if from_elsewhere or request.origin not in ("", "null", settings().base_url):
        raise Forbidden("This form was sent from another site.")
    fields = request.form
    browser = request.cookies.get(f"__Host-{BROWSER_COOKIE}", "")
    try:
        bound_to = keys.authenticated(_PURPOSE, fields.get("csrf", ""))
    except jose.Forged:
        bound_to = ""
    if not browser or bound_to != sign_ins.browser_digest(browser):
        raise _another_browser(fields)
    if any(len(value) > LONGEST_FIELD for name, value in fields.items() if name != "password"):
        raise InvalidRequest("a field is too long")
    return fields


def _another_browser(fields: dict[str, str]) -> Refusal:
    """The way out for an honest person, such as one who signed in from another tab meanwhile."""
    sign_in = sign_ins.find(fields.get("signin", ""))
    message = "This form is from an earlier visit or another browser. Nothing was changed."
    return StaleSignIn(message, status=403, retry_url=restart_anywhere(sign_in.request)) if sign_in else Forbidden(message)


def current_sign_in(request: Request, sign_in_id: str) -> SignIn:
    """The sign-in that the page belongs to.

    Raises:
        StaleSignIn: it is over, or began in another browser.
    """
    sign_in = sign_ins.find(sign_in_id)
    if sign_in is None:
        raise StaleSignIn("This sign-in has expired. Go back to the application and sign in from there.")
    if not sign_in.of_browser(request.cookies.get(f"__Host-{BROWSER_COOKIE}", "")):
        message = "This sign-in was begun in another browser, or was finished already."
        raise StaleSignIn(message, status=403, retry_url=restart_anywhere(sign_in.request))
    return sign_in


def optional_sign_in(request: Request, sign_in_id: str) -> SignIn | None:
    """The same for pages that can do without: None instead of an error."""
    sign_in = sign_ins.find(sign_in_id)
    return sign_in if sign_in and sign_in.of_browser(request.cookies.get(f"__Host-{BROWSER_COOKIE}", "")) else None


_HEADINGS = {
    "sign_in_expired": "Let’s start again",
    "forbidden": "That did not work",
    "not_found": "Page not found",
    "too_many_requests": "Too many attempts",
    "temporarily_unavailable": "Back in a moment",
    "server_error": "Something went wrong",
}


def page_error(request: Request, refusal: Refusal) -> Response:
    """The error page: what happened and what to do, the protocol's words in small print."""
    return show(
        request,
        "error.html",
        status=refusal.status,
        title="Error",
        heading=_HEADINGS.get(refusal.code, "This request cannot be served"),
        message=(message := _advice(refusal)),
        detail=refusal.code if refusal.description in ("", message) else f"{refusal.code}: {refusal.description}",
        reference=request.id,
        retry_url=getattr(refusal, "retry_url", ""),
        retry_label=getattr(refusal, "retry_label", "Start again"),
    )


def _advice(refusal: Refusal) -> str:
    if isinstance(refusal, StaleSignIn | Forbidden | NotFound | TooManyRequests):
        return refusal.description
    if isinstance(refusal, Unavailable):
        return "The service is busy or partly unreachable. Nothing was lost: reload this page in a few seconds."
    if refusal.status >= 500:
        return "The fault is on our side. Please try again; if it stays, pass on the reference below."
    return "The application sent a request that cannot be served. Go back and try again; if it stays, tell its makers what stands below."


def _headers(redirect_uri: str) -> dict[str, str]:
    targets = " ".join(["'self'", *_form_targets(redirect_uri)])
    policy = f"default-src 'none'; style-src 'self'; img-src 'self' https:; form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    return {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
    }


def _form_targets(redirect_uri: str) -> list[str]:
    # Browsers hold form-action against every redirect that follows, so also against those that the application makes
    # from its redirect URI to hosts that only it knows. Hence the scheme and not the host.
    return [f"{urlsplit(redirect_uri).scheme}:"] if redirect_uri else []
