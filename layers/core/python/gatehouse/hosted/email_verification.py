"""Confirming a mail address by a mailed link. A button does it and not the link itself: mail scanners open links too."""

from gatehouse import clients, table, tickets, users
from gatehouse.hosted import start
from gatehouse.hosted.page import StaleSignIn, form, show, submitted
from gatehouse.tickets import Ticket
from gatehouse.web import Request, Response, redirect

_DEAD_LINK = "This link was used already, has expired, a newer one was sent, or the account has another address by now."
_DONE = "Your address is confirmed."


def ask(request: Request) -> Response:
    """GET /u/verify-email?ticket=… Uses nothing up."""
    value = request.query.get("ticket", "")
    ticket = _ticket(value)
    return form(request, "verify_email.html", redirect_uri=ticket.result_url, email=ticket.email, ticket=value)


def submit(request: Request) -> Response:
    """POST /u/verify-email: csrf, ticket. Only while the address still is the account's."""
    ticket = _ticket(submitted(request).get("ticket", ""))
    try:
        table.transact(tickets.use(ticket), users.verification_write(ticket.user_id, ticket.email))
    except table.ConditionFailed as dead:
        raise StaleSignIn(_DEAD_LINK) from dead
    request.outcome["email"] = "verified"
    if ticket.result_url:
        return redirect(ticket.result_url, {"success": "true", "message": _DONE})
    client = clients.get(ticket.client_id)
    return show(
        request,
        "done.html",
        title="Address confirmed",
        heading=_DONE.removesuffix("."),
        message="You can close this window.",
        continue_url=start.link(client.client_id) if client and start.possible(client) else "",
        continue_label="Sign in",
    )


def _ticket(value: str) -> Ticket:
    ticket = tickets.find(tickets.VERIFY, value)
    if ticket is None:
        raise StaleSignIn(_DEAD_LINK)
    return ticket
