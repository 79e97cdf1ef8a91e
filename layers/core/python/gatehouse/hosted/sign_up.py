"""Signing up: the address first, the password once a mailed link has proven it.

Until then there is no account to find, or to plant a password in.
"""

from gatehouse import clients, identifiers, limits, mail, pages, passwords, table, tickets, users
from gatehouse.errors import TooManyRequests, Unavailable
from gatehouse.hooks import calls, pre_sign_up
from gatehouse.hooks.calls import Deadline
from gatehouse.hooks.events import idempotency_id
from gatehouse.hosted import device, login, start
from gatehouse.hosted.page import StaleSignIn, form, optional_sign_in, show, submitted
from gatehouse.settings import settings
from gatehouse.sign_ins import SignIn
from gatehouse.sign_ins import find as find_sign_in
from gatehouse.single_sign_on import restart
from gatehouse.tickets import Ticket
from gatehouse.users import User
from gatehouse.web import Request, Response, redirect

DEAD_LINK = (
    "This link was used already, has expired, or a newer one was sent. "
    "If you have just chosen a password with it, sign in; otherwise ask for a new link."
)
_REFUSED = "No account can be made with this address here."
# Of what hooks prepare, what `users.create` is not told otherwise.
_PREPARED = ("user_metadata", "app_metadata", "provenance")
_SLOW_DOWN = "Too many mails were asked for from your network. Please wait a while and try again."


def ask(request: Request) -> Response:
    """GET /u/signup"""
    return _form(request, optional_sign_in(request, request.query.get("signin", "")))


def submit(request: Request) -> Response:
    """POST /u/signup: csrf, signin, email. Answers the same whether or not the address has an account."""
    fields = submitted(request)
    sign_in = optional_sign_in(request, fields.get("signin", ""))
    try:
        email = identifiers.canonical_email(fields.get("email", ""))
    except identifiers.InvalidIdentifier as flaw:
        return _form(request, sign_in, email=fields.get("email", "")[:320], error=flaw.reason, status=400)
    if may_send_mail(request, email, tickets.SIGN_UP):
        taken = table.get(table.email_key(email)) is not None
        ticket = tickets.issue(tickets.SIGN_UP, email, sign_in_id=sign_in.sign_in_id if sign_in else "", decoy=taken)
        base = settings().base_url
        if taken:
            # No link into this sign-in: whoever asked for the mail need not be who reads it.
            client = clients.get(sign_in.request.client_id) if sign_in else None
            login_link = start.link(client.client_id) if client and start.possible(client) else ""
            message = pages.mail("account_exists", login_link=login_link, forgot_link=f"{base}/u/forgot")
        else:
            message = pages.mail("signup", link=f"{base}/u/verify?ticket={ticket}", minutes=tickets.SECONDS[tickets.SIGN_UP] // 60)
        mail.send(email, *message)
    return check_mail(request, sign_in, email, "If this address can be registered, a link to finish with is on its way.")


def ask_password(request: Request) -> Response:
    """GET /u/verify?ticket=… Uses nothing up: mail scanners open links too."""
    value = request.query.get("ticket", "")
    return _password_form(request, _ticket(value), value)


def submit_password(request: Request) -> Response:
    """POST /u/verify: csrf, ticket, password. Creates the account, and goes on with the sign-in if it began in this browser."""
    fields = submitted(request)
    value = fields.get("ticket", "")
    ticket = _ticket(value)
    password = fields.get("password", "")
    try:
        passwords.check_policy(password, context=(ticket.email,))
    except passwords.Unacceptable as flaw:
        return _password_form(request, ticket, value, error=flaw.reason, status=400)
    deadline = Deadline()
    try:
        user = _created(ticket, password, deadline)
    except calls.Vetoed as veto:
        request.outcome["sign_up"] = "refused"
        return _password_form(request, ticket, value, error=veto.reason or _REFUSED, status=400)
    except users.Taken as taken:
        raise StaleSignIn(DEAD_LINK) from taken
    sign_in = optional_sign_in(request, ticket.sign_in_id)
    try:
        if sign_in:
            return login.finish(request, sign_in, user, deadline=deadline)
    except Unavailable as trouble:
        # The link is used and the account made: sending the form again would only find that out.
        request.outcome.update({"sign_in": "failed", "detail": trouble.detail})
    return finished(request, ticket, heading="Your account is ready", message="You can sign in with it now.")


def _created(ticket: Ticket, password: str, deadline: Deadline) -> User:
    """The account that the link was for, which is used up by it; with whatever hooks prepared, in one transaction.

    Raises:
        users.Taken: the address is somebody's, or the link used.
        Vetoed, Unavailable: as hooks demand. The link still works.
    """
    hashed, sign_in = passwords.hash_password(password), find_sign_in(ticket.sign_in_id)
    prepared = pre_sign_up.run(
        # However often the form is sent, hooks hear of one person, by one idempotency id.
        User(identifiers.user_id_from(ticket.digest), ticket.email, users.FIRST_EPOCH, email_verified=True, password_hash=hashed),
        source=pre_sign_up.SIGN_UP,
        client_id=sign_in.request.client_id if sign_in else ticket.client_id,
        org_id=sign_in.request.org_id if sign_in else "",
        idempotency_id=idempotency_id("sign-up", ticket.email, ticket.digest.hex()),
        deadline=deadline,
    )
    user = prepared.user
    return users.create(
        user.email,
        email_verified=True,
        password_hash=hashed,
        profile=user.profile,
        user_id=user.user_id,
        writes=[tickets.use(ticket), *prepared.writes],
        **{name: value for name in _PREPARED if (value := getattr(user, name))},
    )


def may_send_mail(request: Request, email: str, purpose: str) -> bool:
    """Whether another mail for this purpose may go to this address.

    Raises:
        TooManyRequests: too many were asked for from this network.
    """
    try:
        limits.count(limits.ADDRESS_MAIL, limits.network(request.source_ip))
    except limits.Exhausted as exhausted:
        raise TooManyRequests(_SLOW_DOWN, retry_after_seconds=exhausted.retry_after_seconds) from exhausted
    try:
        limits.count(limits.MAIL, f"{purpose} {email}")
    except limits.Exhausted:
        return False
    return True


def check_mail(request: Request, sign_in: SignIn | None, email: str, message: str) -> Response:
    """The page after a mail was asked for, whether or not one went out. It leads back to the form, where another address can be given."""
    back = request.path + (f"?signin={sign_in.sign_in_id}" if sign_in else "")
    return show(request, "check_mail.html", heading="Check your mail", message=message, email=email, back_url=back)


def finished(request: Request, ticket: Ticket, *, heading: str, message: str) -> Response:
    """The page after a link from a mail did its work, with the way back to the application if there is one.

    The browser has proven the address, so from now on strangers cannot lock it out.
    """
    if ticket.result_url:
        return redirect(ticket.result_url, {"success": "true", "message": message}, cookies=[device.begin(ticket.email)])
    link = _way_back(request, ticket)
    return show(
        request,
        "done.html",
        cookies=[device.begin(ticket.email)],
        title=heading,
        heading=heading,
        message=message if link else f"{message} Go back to the application where you began.",
        continue_url=link,
        continue_label="Sign in",
    )


def _way_back(request: Request, ticket: Ticket) -> str:
    sign_in = find_sign_in(ticket.sign_in_id)
    if sign_in and optional_sign_in(request, ticket.sign_in_id):
        return restart(sign_in.request)
    # The mail was opened elsewhere, where the application knows nothing of that request: let it make one of its own.
    client = clients.get(sign_in.request.client_id if sign_in else ticket.client_id)
    return start.link(client.client_id) if client and start.possible(client) else ""


def _ticket(value: str) -> Ticket:
    ticket = tickets.find(tickets.SIGN_UP, value)
    if ticket is None:
        raise StaleSignIn(DEAD_LINK, retry_url=f"{settings().base_url}/u/signup", retry_label="Send a new link")
    return ticket


def _form(request: Request, sign_in: SignIn | None, *, email: str = "", error: str = "", status: int = 200) -> Response:
    client = clients.get(sign_in.request.client_id) if sign_in else None
    login_url = f"/u/login?signin={sign_in.sign_in_id}" if sign_in else ""
    name = client.name if client else ""
    return form(request, "signup.html", sign_in=sign_in, status=status, client_name=name, email=email, error=error, login_url=login_url)


def _password_form(request: Request, ticket: Ticket, value: str, *, error: str = "", status: int = 200) -> Response:
    # Creating the account may end at the application, so the form must be allowed to lead there.
    sign_in = optional_sign_in(request, ticket.sign_in_id)
    return form(
        request,
        "verify.html",
        status=status,
        redirect_uri=sign_in.request.redirect_uri if sign_in else "",
        email=ticket.email,
        error=error,
        minimum_length=settings().minimum_password_length,
        ticket=value,
    )
