"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): ends this browser's sign-on and what began from it."""

from gatehouse import clients, jose, sessions, sign_ons, tokens, users
from gatehouse.authorization import Untrusted, parameters_of, without_cookies
from gatehouse.authorization.checks import LONGEST
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass
from gatehouse.hosted.page import form, submitted
from gatehouse.settings import settings
from gatehouse.single_sign_on import SIGN_ON_COOKIE
from gatehouse.web import Request, Response, clear_cookie, redirect


@dataclass(frozen=True, slots=True)
class Logout:
    """A checked request. hint: subject and session of the ID token, None without one."""

    client: Client | None
    hint: tuple[str, str] | None
    redirect_uri: str
    state: str


def answer(request: Request) -> Response:
    """End the sign-on if the request proves whose it is, else ask the person.

    Raises:
        Untrusted: the hint or the redirect URI is not to be believed; shown, never redirected.
    """
    if request.method == "POST" and "csrf" in request.form:
        return _confirmed(request)
    parameters = parameters_of(request)
    logout = _checked(parameters)
    if elsewhere := without_cookies(request, "/oidc/logout", _known(parameters)):
        return elsewhere
    signed_on = sign_ons.named_by(request.cookies.get(f"__Host-{SIGN_ON_COOKIE}", ""))
    if signed_on and (logout.hint is None or logout.hint[0] != signed_on[0]):
        return _ask(request, signed_on[0], parameters, logout)
    if logout.hint:
        sessions.revoke(*logout.hint, "signed_out")
    return _done(request, logout, signed_on)


def _confirmed(request: Request) -> Response:
    fields = submitted(request)
    logout = _checked(fields)
    return _done(request, logout, sign_ons.named_by(request.cookies.get(f"__Host-{SIGN_ON_COOKIE}", "")))


def _done(request: Request, logout: Logout, signed_on: tuple[str, str] | None) -> Response:
    if signed_on:
        sign_ons.end(*signed_on)
        sessions.revoke_of_sign_on(*signed_on, "signed_out")
    request.outcome["sign_out"] = "browser"
    cookies = [clear_cookie(SIGN_ON_COOKIE)] if f"__Host-{SIGN_ON_COOKIE}" in request.cookies else []
    if logout.redirect_uri:
        return redirect(logout.redirect_uri, {"state": logout.state}, cookies=cookies)
    return redirect(f"{settings().base_url}/u/signed-out", cookies=cookies)


def _ask(request: Request, user_id: str, parameters: dict[str, str], logout: Logout) -> Response:
    user = users.get(user_id)
    return form(
        request,
        "logout.html",
        redirect_uri=logout.redirect_uri,
        client_name=logout.client.name if logout.client else "",
        user_email=user.email if user else "",
        cancel_url=logout.client.client_uri if logout.client else "",
        kept=_known(parameters),
    )


def _known(parameters: dict[str, str]) -> dict[str, str]:
    names = ("client_id", "post_logout_redirect_uri", "state", "id_token_hint")
    return {name: parameters[name] for name in names if name in parameters}


def _checked(parameters: dict[str, str]) -> Logout:
    hint_token = parameters.get("id_token_hint", "")
    client_id = parameters.get("client_id", "")
    hint = None
    if hint_token:
        try:
            claims = tokens.read_id_token_hint(hint_token)
        except jose.InvalidJWT as flaw:
            raise Untrusted("id_token_hint is not an ID token of ours", detail=str(flaw)) from flaw
        if client_id not in ("", claims["aud"]):
            raise Untrusted("id_token_hint was issued to another client")
        client_id = claims["aud"]
        hint = (claims["sub"], claims["sid"])
    client = clients.get(client_id) if client_id else None
    if client_id and client is None:
        raise Untrusted("client_id is not registered")
    if len(parameters.get("state", "")) > LONGEST["state"]:
        raise Untrusted(f"state is longer than {LONGEST['state']} characters")
    redirect_uri = parameters.get("post_logout_redirect_uri", "")
    if redirect_uri and (client is None or redirect_uri not in client.post_logout_redirect_uris):
        raise Untrusted("post_logout_redirect_uri is not registered, or nothing tells for which client")
    return Logout(client, hint, redirect_uri, parameters.get("state", ""))
