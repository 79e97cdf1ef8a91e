"""Giving an account another mail address: proven by a link that is mailed there, and told to the old one."""

from gatehouse import limits, mail, pages, provenance, table, tickets, user_changes
from gatehouse.dataclasses import replace
from gatehouse.settings import settings
from gatehouse.tickets import Ticket
from gatehouse.user_changes import Edited
from gatehouse.users import User


class Dead(Exception):
    """The link was used, is over, or a newer one was sent; or the person is gone."""


def ask(user: User, email: str) -> None:
    """Mail a link to the canonical address, and a word to the one that the account has. Alike whether or not somebody has it already.

    Raises:
        limits.Exhausted: the person has asked too often.
    """
    limits.count(limits.MAIL, f"{tickets.EMAIL} of {user.user_id}")
    try:
        limits.count(limits.MAIL, f"{tickets.EMAIL} {email}")
    except limits.Exhausted:
        return
    taken = table.get(table.email_key(email)) is not None
    ticket = tickets.issue(tickets.EMAIL, email, user_id=user.user_id, decoy=taken)
    minutes = tickets.SECONDS[tickets.EMAIL] // 60
    if taken:
        message = pages.mail("email_taken")
    else:
        message = pages.mail("email_change", link=f"{settings().base_url}/u/email?ticket={ticket}", minutes=minutes)
    mail.send(email, *message)
    if user.email:
        mail.send(user.email, *pages.mail("email_change_asked", email=email, forgot_link=f"{settings().base_url}/u/forgot"))


def confirm(ticket: Ticket) -> User:
    """Make the proven address the account's, in one transaction that also uses up the ticket and lets go of the old one.

    Returns the person as they then are; they are told at their old address.

    Raises:
        users.Taken: the address became somebody else's meanwhile. Nothing was changed.
        Dead: as it says.
    """
    old = ""

    def edit(user: User) -> Edited:
        nonlocal old
        old = user.email
        noted = provenance.noted(user.provenance, ["email"], provenance.SELF, verified=True)
        after = replace(user, email=ticket.email, email_verified=True, provenance=noted)
        return Edited(after, writes=[tickets.use(ticket)])

    try:
        user = user_changes.change(ticket.user_id, edit)
    except (user_changes.Refused, user_changes.Unknown) as dead:
        raise Dead from dead
    if old and old != user.email:
        mail.send(old, *pages.mail("email_changed", email=user.email))
    return user
