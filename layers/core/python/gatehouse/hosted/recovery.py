"""Choosing a new password by a mailed link (OWASP Forgot Password). It signs nobody in, and ends whatever was signed in."""

from gatehouse import identifiers, limits, mail, pages, passwords, table, tickets, users
from gatehouse.errors import Unavailable
from gatehouse.hooks import user_migration
from gatehouse.hooks.events import idempotency_id
from gatehouse.hooks.user_migration import Typed
from gatehouse.hosted.page import StaleSignIn, form, optional_sign_in, submitted
from gatehouse.hosted.sign_up import DEAD_LINK, check_mail, finished, may_send_mail
from gatehouse.settings import settings
from gatehouse.sign_ins import SignIn
from gatehouse.tickets import Ticket
from gatehouse.web import Request, Response


def ask(request: Request) -> Response:
    """GET /u/forgot"""
    return _form(request, optional_sign_in(request, request.query.get("signin", "")))


def submit(request: Request) -> Response:
    """POST /u/forgot: csrf, signin, email. Answers the same, and takes the same steps, whether or not the address has an account."""
    fields = submitted(request)
    sign_in = optional_sign_in(request, fields.get("signin", ""))
    try:
        email = identifiers.canonical_email(fields.get("email", ""))
    except identifiers.InvalidIdentifier as flaw:
        return _form(request, sign_in, email=fields.get("email", "")[:320], error=flaw.reason, status=400)
    if may_send_mail(request, email, tickets.RESET):
        try:
            _send_link(email, _owner(request, email, fields["email"], sign_in), sign_in)
        except _Unknown as unknown:
            # Whoever asked is told nothing of that, as of nothing else: trouble that only strangers meet would tell who is known.
            request.outcome["detail"] = str(unknown)
    return check_mail(request, sign_in, email, "If there is an account with this address, a link to choose a new password is on its way.")


class _Unknown(Exception):
    """Nobody here has the address, and whether another store knows it cannot be told now."""


def _owner(request: Request, email: str, typed: str, sign_in: SignIn | None) -> str:
    """The id of the user who has the address, or is moved here for it; empty for nobody. With a hook for that, time tells strangers apart.

    Raises:
        _Unknown: as it says.
    """
    if owner := table.get(table.email_key(email)):
        return str(owner["user_id"])
    try:
        moved = user_migration.run(
            Typed("email", email, typed),
            None,
            client_id=sign_in.request.client_id if sign_in else "",
            org_id=sign_in.request.org_id if sign_in else "",
            idempotency_id=idempotency_id("migration", request.id),
        )
    except Unavailable as trouble:
        raise _Unknown(trouble.detail) from trouble
    return moved.user_id if moved else ""


def _send_link(email: str, user_id: str, sign_in: SignIn | None) -> None:
    sign_in_id = sign_in.sign_in_id if sign_in else ""
    ticket = tickets.issue(tickets.RESET, email, user_id=user_id, sign_in_id=sign_in_id, decoy=not user_id)
    link, minutes = f"{settings().base_url}/u/reset?ticket={ticket}", tickets.SECONDS[tickets.RESET] // 60
    message = pages.mail("reset", link=link, minutes=minutes) if user_id else pages.mail("no_account", link="", minutes=0)
    mail.send(email, *message)


def ask_password(request: Request) -> Response:
    """GET /u/reset?ticket=…"""
    value = request.query.get("ticket", "")
    return _password_form(request, _ticket(value), value)


def submit_password(request: Request) -> Response:
    """POST /u/reset: csrf, ticket, password."""
    fields = submitted(request)
    value = fields.get("ticket", "")
    ticket = _ticket(value)
    password = fields.get("password", "")
    try:
        passwords.check_policy(password, context=(ticket.email,))
    except passwords.Unacceptable as flaw:
        return _password_form(request, ticket, value, error=flaw.reason, status=400)
    # Proof of the address also opens an account that guessing has locked.
    user = users.get(ticket.user_id)
    names = {ticket.email, user.username if user else ""} - {""}
    unlock = [limits.clear_write(limits.PASSWORD, name) for name in sorted(names)]
    change = users.password_write(ticket.user_id, ticket.email, passwords.hash_password(password), proven=ticket.proves_email)
    try:
        table.transact(tickets.use(ticket), change, *unlock)
    except table.ConditionFailed as used:
        raise StaleSignIn(DEAD_LINK) from used
    request.outcome["password"] = "reset"
    message = "All devices were signed out. Sign in with the new password."
    return finished(request, ticket, heading="Your password is changed", message=message)


def _ticket(value: str) -> Ticket:
    ticket = tickets.find(tickets.RESET, value) or tickets.find(tickets.OPERATOR_RESET, value)
    if ticket is None:
        raise StaleSignIn(DEAD_LINK, retry_url=f"{settings().base_url}/u/forgot", retry_label="Send a new link")
    return ticket


def _form(request: Request, sign_in: SignIn | None, *, email: str = "", error: str = "", status: int = 200) -> Response:
    login_url = f"/u/login?signin={sign_in.sign_in_id}" if sign_in else ""
    return form(request, "forgot.html", sign_in=sign_in, status=status, email=email, error=error, login_url=login_url)


def _password_form(request: Request, ticket: Ticket, value: str, *, error: str = "", status: int = 200) -> Response:
    return form(
        request,
        "reset.html",
        status=status,
        redirect_uri=ticket.result_url,
        email=ticket.email,
        error=error,
        minimum_length=settings().minimum_password_length,
        ticket=value,
    )
