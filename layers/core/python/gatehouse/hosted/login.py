"""Signing in with mail address or user name, and password. Every failure looks and takes the same, whatever its reason."""

from gatehouse import clients, identifiers, limits, login_history, passwords, sign_ins, sign_ons, users
from gatehouse.errors import LoginRequired, TooManyRequests
from gatehouse.hosted import completion, device
from gatehouse.hosted.page import about, current_sign_in, form, submitted
from gatehouse.settings import settings
from gatehouse.sign_ins import SignIn
from gatehouse.single_sign_on import BROWSER_COOKIE, SIGN_ON_COOKIE
from gatehouse.users import User
from gatehouse.web import Request, Response, redirect, set_cookie

_FAILED = "Email or user name and password do not match. After several attempts, wait a while or choose a new password."
_SLOW_DOWN = "There were too many attempts from your network. Please wait some minutes and try again."


def ask(request: Request) -> Response:
    """GET /u/login?signin=…"""
    sign_in = current_sign_in(request, request.query.get("signin", ""))
    return _form(request, sign_in, email=sign_in.request.login_hint)


def submit(request: Request) -> Response:
    """POST /u/login: csrf, signin, email, password."""
    fields = submitted(request)
    sign_in = current_sign_in(request, fields.get("signin", ""))
    network = limits.network(request.source_ip)
    try:
        limits.count(limits.ADDRESS_SIGN_IN, network)
    except limits.Exhausted as exhausted:
        raise TooManyRequests(_SLOW_DOWN, retry_after_seconds=exhausted.retry_after_seconds) from exhausted
    typed = fields.get("email", "")
    identifier, canonical = _identifier(typed)
    user = _proven(request, identifier, canonical or typed, fields.get("password", ""), wellformed=bool(canonical))
    if user is None:
        request.outcome["sign_in"] = "failed"
        return _form(request, sign_in, email=typed[:320], error=_FAILED, status=400)
    limits.give_back(limits.ADDRESS_SIGN_IN, network)
    return finish(request, sign_in, user, proven=canonical)


def _identifier(typed: str) -> tuple[str, str]:
    """What somebody typed: email or username, and its canonical form, which is empty for what can be none."""
    # NFKC makes an @ of others, so that the address has its say first.
    try:
        return "email", identifiers.canonical_email(typed)
    except identifiers.InvalidIdentifier:
        pass
    try:
        return "username", identifiers.canonical_username(typed)
    except identifiers.InvalidIdentifier:
        return "email", ""


def _proven(request: Request, identifier: str, value: str, password: str, *, wellformed: bool) -> User | None:
    """The user whose password this is. The attempt is counted first, for unknown people too, and costs one hash in any case."""
    limit, subject = device.limit(request, value)
    try:
        limits.count(limit, subject)
    except limits.Exhausted:
        passwords.verify_dummy(password)
        return None
    user = users.get_by(identifier, value) if wellformed else None
    if user is None or not user.password_hash:
        passwords.verify_dummy(password)
        return None
    if not passwords.verify(password, user.password_hash) or user.blocked:
        return None
    limits.clear(limit, subject)
    if passwords.needs_rehash(user.password_hash):
        users.rehash(user, passwords.hash_password(password))
    return user


def finish(request: Request, sign_in: SignIn, user: User, *, proven: str = "") -> Response:
    """Begin a sign-on for a person who has just proven who they are, and go on to what is left to ask or back to the client.

    proven: the canonical identifier that this browser is known for from now on, by default the mail address.
    """
    asked = sign_in.request
    if asked.subject not in ("", user.user_id):
        return completion.refuse(request, asked, user, LoginRequired("another person signed in than id_token_hint names"))
    if kept_out := completion.kept_out(asked, user):
        return completion.refuse(request, asked, user, kept_out)
    previous = sign_ons.named_by(request.cookies.get(f"__Host-{SIGN_ON_COOKIE}", ""))
    sign_on = sign_ons.begin(user, ["pwd"])
    if previous:
        sign_ons.end(*previous)
    login_history.signed_in(
        user.user_id,
        source_ip=request.source_ip,
        user_agent=request.headers.get("user-agent", ""),
        client_id=asked.client_id,
        invocation_id=request.id,
    )
    # New values after the password: what somebody may have planted before it is worth nothing (session fixation).
    browser = sign_ins.new_browser()
    cookies = [
        set_cookie(SIGN_ON_COOKIE, sign_ons.cookie(sign_on), seconds=settings().sign_on_seconds),
        set_cookie(BROWSER_COOKIE, browser, seconds=2 * sign_ins.SECONDS),
        device.remember(request, proven or user.known_as),
    ]
    request.outcome.update({"sign_in": "succeeded", "client_id": asked.client_id})
    if page := completion.next_page(asked, user):
        sign_ins.recognised(sign_in, sign_on, browser)
        return redirect(f"{settings().base_url}/u/{page}", {"signin": sign_in.sign_in_id}, cookies=cookies)
    return completion.complete(request, asked, user, sign_on, cookies=cookies)


def _form(request: Request, sign_in: SignIn, *, email: str = "", error: str = "", status: int = 200) -> Response:
    client = clients.get(sign_in.request.client_id)
    query = f"?signin={sign_in.sign_in_id}"
    return form(
        request,
        "login.html",
        sign_in=sign_in,
        status=status,
        client_name=client.name if client else "",
        **about(client),
        email=email,
        error=error,
        signup_url=f"/u/signup{query}",
        forgot_url=f"/u/forgot{query}",
    )
