"""Links that an operator gets, to be sent in a way of their own (Auth0's tickets): to choose a password, or to confirm an address."""

from urllib.parse import quote, urlsplit

from pydantic import Field

from gatehouse import clients, connections, identifiers, tickets, users
from gatehouse.management import callers, verification_mail
from gatehouse.management.refusals import InvalidBody, NoSuchUser, OperationNotSupported
from gatehouse.management.routes import Answer, Body, Call, Route
from gatehouse.management.users import existing
from gatehouse.settings import settings
from gatehouse.users import User

USUAL_SECONDS = 5 * 86400
LONGEST_URL = 2000


class _Ticket(Body):
    user_id: str | None = Field(default=None, max_length=255)
    result_url: str | None = Field(default=None, max_length=LONGEST_URL)
    client_id: str | None = Field(default=None, max_length=clients.LONGEST_CLIENT_ID)
    organization_id: str | None = None
    identity: dict[str, str] | None = None
    # 0 is as if it were not there.
    ttl_sec: int | None = Field(default=None, ge=0, le=tickets.LONGEST_SECONDS)
    includeEmailInRedirect: bool | None = None  # noqa: N815 - Auth0's name


class VerificationTicket(_Ticket):
    user_id: str = Field(max_length=255)


class PasswordTicket(_Ticket):
    email: str | None = Field(default=None, max_length=400)
    connection_id: str | None = None
    mark_email_as_verified: bool | None = None


class TicketAnswer(Answer):
    ticket: str


def for_verification(call: Call) -> dict[str, str]:
    """POST tickets/email-verification"""
    given: VerificationTicket = call.body
    user = with_address(existing(given.user_id))
    return {"ticket": verification_mail.link(_issued(call, tickets.VERIFY, user))}


def for_password(call: Call) -> dict[str, str]:
    """POST tickets/password-change: of the user_id, or of the email in a connection. Nothing ends before the password is changed."""
    given: PasswordTicket = call.body
    user = _asked_for(given)
    ticket = _issued(call, tickets.OPERATOR_RESET, user, proves_email=bool(given.mark_email_as_verified))
    return {"ticket": f"{settings().base_url}/u/reset?ticket={ticket}"}


def _asked_for(given: PasswordTicket) -> User:
    if (given.user_id is None) == (given.email is None):
        raise InvalidBody("either user_id, or email with connection_id is needed")
    if given.user_id is not None:
        return existing(given.user_id)
    if given.connection_id != connections.DATABASE.id:
        raise OperationNotSupported(f"connection_id must be {connections.DATABASE.id}, the connection of the people with passwords")
    try:
        user = users.get_by_email(identifiers.canonical_email(given.email or ""))
    except identifiers.InvalidIdentifier as flaw:
        raise InvalidBody(f"email: {flaw.reason}") from flaw
    if user is None:
        raise NoSuchUser
    return user


def with_address(user: User) -> User:
    """The user, if there is an address to confirm.

    Raises:
        OperationNotSupported: there is none.
    """
    if not user.email:
        raise OperationNotSupported("the user has no email")
    return user


def check_context(client_id: str | None, organization_id: str | None, identity: dict[str, str] | None) -> None:
    """Accept what a link or a mail can be made for.

    Raises:
        OperationNotSupported: an organization, or an identity elsewhere. InvalidBody: an unknown application.
    """
    if organization_id is not None or identity is not None:
        raise OperationNotSupported("organization_id and identity are not supported here")
    if client_id and clients.get(client_id) is None:
        raise InvalidBody("client_id is not registered")


def _issued(call: Call, purpose: str, user: User, *, proves_email: bool = True) -> str:
    given: _Ticket = call.body
    callers.demand_power_over(call.caller, user)
    check_context(given.client_id, given.organization_id, given.identity)
    return tickets.issue(
        purpose,
        user.email,
        user_id=user.user_id,
        seconds=given.ttl_sec or USUAL_SECONDS,
        proves_email=proves_email,
        client_id=given.client_id or "",
        result_url=_result_url(given, user),
    )


def _result_url(given: _Ticket, user: User) -> str:
    url = given.result_url or ""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    sound = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not sound or parts.scheme != "https" or not parts.hostname or parts.fragment or "@" in parts.netloc:
        raise InvalidBody("result_url must be an https URL without user, fragment and spaces")
    if not given.includeEmailInRedirect:
        return url
    return f"{url}{'&' if '?' in url else '?'}email={quote(user.email, safe='')}"


ROUTES = [
    Route(
        method="POST",
        path="/tickets/email-verification",
        serve=for_verification,
        summary="Make a link that confirms an address",
        scopes=("create:user_tickets",),
        body=VerificationTicket,
        answers=TicketAnswer,
        status=201,
    ),
    Route(
        method="POST",
        path="/tickets/password-change",
        serve=for_password,
        summary="Make a link to choose a password",
        scopes=("create:user_tickets",),
        body=PasswordTicket,
        answers=TicketAnswer,
        status=201,
    ),
]
