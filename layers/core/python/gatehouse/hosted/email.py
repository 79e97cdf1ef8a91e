"""The page behind the link that is mailed to a new address: it becomes the account's when the person says so, signed on as who asked."""

from gatehouse import mail_change, single_sign_on, tickets, users
from gatehouse.dataclasses import replace
from gatehouse.hosted import device
from gatehouse.hosted.page import StaleSignIn, form, submitted
from gatehouse.settings import settings
from gatehouse.sign_ins import FOR_OWN_PAGES
from gatehouse.tickets import Ticket
from gatehouse.users import User
from gatehouse.web import Request, Response, redirect

_DEAD = "This link was used already, has expired, or a newer one was sent. Your account page shows which address it has now."
_TAKEN = "This address belongs to another account by now. Nothing was changed."
_OTHER = "This link is for another account than the one that is signed in here. Sign out, and open the link again."


def ask(request: Request) -> Response:
    """GET /u/email?ticket=… Uses nothing up: mail scanners open links too."""
    value = request.query.get("ticket", "")
    ticket = _ticket(value)
    user = _signed_on(request, ticket)
    if user is None:
        # An address that somebody mistyped is a stranger's, who must not get the account with it.
        page = f"{settings().base_url}/u/email?ticket={value}"
        return single_sign_on.to_pages(request, replace(FOR_OWN_PAGES, redirect_uri=page), "login")
    return form(request, "email.html", user_email=user.known_as, email=ticket.email, ticket=value)


def submit(request: Request) -> Response:
    """POST /u/email: csrf, ticket."""
    fields = submitted(request)
    ticket = _ticket(fields.get("ticket", ""))
    if _signed_on(request, ticket) is None:
        raise StaleSignIn("You are not signed in any more. Open the link again.")
    try:
        user = mail_change.confirm(ticket)
    except users.Taken as taken:
        raise _to_account(_TAKEN, status=409) from taken
    except mail_change.Dead as dead:
        raise _to_account(_DEAD) from dead
    request.outcome["email"] = "changed"
    return redirect(f"{settings().base_url}/u/account", {"done": "email"}, cookies=[device.begin(user.email)])


def _ticket(value: str) -> Ticket:
    ticket = tickets.find(tickets.EMAIL, value)
    if ticket is None:
        raise _to_account(_DEAD)
    return ticket


def _signed_on(request: Request, ticket: Ticket) -> User | None:
    """The person who asked, if they are signed on here; None if nobody is.

    Raises:
        StaleSignIn: somebody else is.
    """
    found = single_sign_on.signed_on(request)
    if found and found[1].user_id != ticket.user_id:
        raise StaleSignIn(_OTHER, status=403, retry_url="/oidc/logout", retry_label="Sign out")
    return found[1] if found else None


def _to_account(message: str, *, status: int = 400) -> StaleSignIn:
    return StaleSignIn(message, status=status, retry_url="/u/account", retry_label="Your account")
