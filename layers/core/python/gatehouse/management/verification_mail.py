"""The mail with which a person confirms their address."""

from gatehouse import limits, mail, pages, tickets
from gatehouse.settings import settings
from gatehouse.users import User


def send(user: User, *, client_id: str = "") -> bool:
    """Mail a link to the user's address; False if the provider did not take it. client_id: the application to go on with.

    Raises:
        limits.Exhausted: the address has had too many of these.
    """
    limits.count(limits.MAIL, f"{tickets.VERIFY} {user.email}")
    ticket = tickets.issue(tickets.VERIFY, user.email, user_id=user.user_id, client_id=client_id)
    return mail.send(user.email, *pages.mail("verify_email", link=link(ticket), minutes=tickets.SECONDS[tickets.VERIFY] // 60))


def send_if_wanted(user: User, wanted: bool | None) -> None:
    """The same beside a change of the user, which is done whatever becomes of the mail; to no address that is verified already."""
    if not wanted or not user.email or user.email_verified:
        return
    try:
        send(user)
    except limits.Exhausted:
        return


def link(ticket: str) -> str:
    """Where the ticket leads."""
    return f"{settings().base_url}/u/verify-email?ticket={ticket}"
