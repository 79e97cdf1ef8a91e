"""Signing in with mail address or user name, and password. Every failure looks and takes the same, whatever its reason."""

from gatehouse import clients, clock, identifiers, limits, login_history, passwords, sign_ins, sign_ons, users
from gatehouse.errors import AccessDenied, LoginRequired, TooManyRequests, Unavailable
from gatehouse.hooks import post_login, user_migration
from gatehouse.hooks.calls import Deadline
from gatehouse.hooks.events import idempotency_id
from gatehouse.hooks.post_login import Login, Outcome
from gatehouse.hooks.user_migration import Typed
from gatehouse.hosted import completion, device
from gatehouse.hosted.page import about, current_sign_in, form, submitted
from gatehouse.settings import settings
from gatehouse.sign_ins import AuthorizationRequest, SignIn
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
    text, deadline = fields.get("email", ""), Deadline()
    typed = Typed(*_identifier(text), text)
    # Trouble counts for the network too: which names meet it, while another store is down, is worth finding out.
    user = _proven(request, sign_in, typed, fields.get("password", ""), deadline)
    if user is None:
        request.outcome["sign_in"] = "failed"
        return _form(request, sign_in, email=text[:320], error=_FAILED, status=400)
    limits.give_back(limits.ADDRESS_SIGN_IN, network)
    return finish(request, sign_in, user, proven=typed.canonical, deadline=deadline)


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


def _proven(request: Request, sign_in: SignIn, typed: Typed, password: str, deadline: Deadline) -> User | None:
    """The user whose password this is. The attempt is counted first, for unknown people too, and costs one hash and one note in any case.

    Those beyond the limit are not noted: nobody can make us write more than the limit lets through.
    """
    value = typed.canonical or typed.text
    limit, subject = device.limit(request, value)
    try:
        limits.count(limit, subject)
    except limits.Exhausted:
        passwords.verify_dummy(password)
        return None
    user = users.get_by(typed.identifier, typed.canonical) if typed.canonical else None
    if user is None and typed.canonical:
        try:
            user = _moved_in(request, sign_in.request, typed, password, deadline)
        except user_migration.Judged:
            raise
        except Unavailable:
            # It was no guess: nobody has looked at the password.
            limits.give_back(limit, subject)
            raise
    reason = _refused(user, password)
    if user is None or reason:
        _note_failure(request, sign_in.request, user.user_id if user else "", reason)
        return None
    limits.clear(limit, subject)
    if passwords.needs_rehash(user.password_hash):
        users.rehash(user, passwords.hash_password(password))
    return user


def _note_failure(request: Request, asked: AuthorizationRequest, user_id: str, reason: str) -> None:
    agent = request.headers.get("user-agent", "")
    login_history.failed(user_id, reason, source_ip=request.source_ip, user_agent=agent, client_id=asked.client_id)


def _moved_in(request: Request, asked: AuthorizationRequest, typed: Typed, password: str, deadline: Deadline) -> User | None:
    """The user whom another store knows by this password, and who is here from now on; None without such a store, or if it knows nobody."""
    return user_migration.run(
        typed,
        password,
        client_id=asked.client_id,
        org_id=asked.org_id,
        idempotency_id=idempotency_id("migration", request.id),
        deadline=deadline,
    )


def _refused(user: User | None, password: str) -> str:
    """Why this does not sign in, empty if it does."""
    if user is None or not user.password_hash:
        passwords.verify_dummy(password)
        return login_history.UNKNOWN if user is None else login_history.NO_PASSWORD
    if not passwords.verify(password, user.password_hash):
        return login_history.WRONG_PASSWORD
    return login_history.BLOCKED if user.blocked else ""


def finish(request: Request, sign_in: SignIn, user: User, *, proven: str = "", deadline: Deadline | None = None) -> Response:
    """Begin a sign-on for a person who has just proven who they are, and go on to what is left to ask or back to the client.

    proven: the canonical identifier that this browser is known for from now on, by default the mail address. deadline: of the hooks.

    Raises:
        Unavailable: as a hook that failed demands. Nothing was done.
    """
    asked, known_as = sign_in.request, proven or user.known_as
    try:
        if asked.subject not in ("", user.user_id):
            raise LoginRequired("another person signed in than id_token_hint names")
        # Hooks come before anything is written, and hear of nobody who is kept out anyway.
        _check(asked, user, accept=False)
        outcome = _hooked(request, sign_in, user, known_as, deadline)
        if asked.invitation:
            _check(asked, user, accept=True)
    except (LoginRequired, AccessDenied) as refused:
        if isinstance(refused, post_login.Refused):
            _note_failure(request, asked, user.user_id, login_history.REFUSED)
        request.outcome.update({"sign_in": "refused", "client_id": asked.client_id})
        return completion.refuse(request, asked, user, refused)
    return _signed_in(request, sign_in, outcome, known_as)


def _check(asked: AuthorizationRequest, user: User, *, accept: bool) -> None:
    if kept_out := completion.kept_out(asked, user, accept=accept):
        raise kept_out


def _hooked(request: Request, sign_in: SignIn, user: User, known_as: str, deadline: Deadline | None) -> Outcome:
    """What the hooks make of it. Sending the same form again has the same idempotency id."""
    asked = sign_in.request
    login = Login(
        client_id=asked.client_id,
        org_id=asked.org_id,
        scope=asked.scope,
        auth_time=clock.now(),
        amr=["pwd"],
        sso=False,
        source_ip=request.source_ip,
        user_agent=request.headers.get("user-agent", ""),
        new_device=not device.known(request, known_as),
    )
    same = idempotency_id("sign-in", sign_in.sign_in_id, user.user_id)
    return post_login.run(user, login, idempotency_id=same, deadline=deadline)


def _signed_in(request: Request, sign_in: SignIn, outcome: Outcome, known_as: str) -> Response:
    asked, user = sign_in.request, outcome.user
    previous = sign_ons.named_by(request.cookies.get(f"__Host-{SIGN_ON_COOKIE}", ""))
    # A form that is sent twice makes two sign-ons. A pushed request has one session for both, which then has the tag of either.
    sign_on = sign_ons.begin(user, ["pwd"], like=asked.pushed)
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
        device.remember(request, known_as),
    ]
    request.outcome.update({"sign_in": "succeeded", "client_id": asked.client_id})
    if page := completion.next_page(asked, user):
        sign_ins.recognised(sign_in, sign_on, browser, outcome.claims)
        return redirect(f"{settings().base_url}/u/{page}", {"signin": sign_in.sign_in_id}, cookies=cookies)
    return completion.complete(request, asked, user, sign_on, claims=outcome.claims, cookies=cookies)


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
