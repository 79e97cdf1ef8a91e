"""Telling applications that a session of theirs has ended (OpenID Connect Back-Channel Logout 1.0)."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlencode

from gatehouse import clients, deliveries, outbound, queues, tokens
from gatehouse.deliveries import Failed
from gatehouse.events import SESSION_ENDED, Event
from gatehouse.settings import settings

# A client that took its token back itself (RFC 7009) knows.
_ENDED_BY_CLIENT: Final = "revoked"
_PATIENCE_SECONDS = 5.0
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


def announce(events: Iterable[Event]) -> int:
    """Put a notice into the queue for each session that ended and whose client wants to know; how many those are.

    Raises:
        Unavailable: a client cannot be read, or the queue did not take all of them.
    """
    ended = [event for event in events if event.kind == SESSION_ENDED and event.data["because"] != _ENDED_BY_CLIENT]
    notices = [_notice(event) for event in ended if _uri(event.data["client_id"])]
    queues.send(settings().logout_queue_url, notices)
    return len(notices)


def _notice(event: Event) -> dict[str, str]:
    return {"id": event.id, "client_id": event.data["client_id"], "user_id": event.user_id, "sid": event.data["session"]["sid"]}


def _uri(client_id: str) -> str:
    client = clients.get(client_id)
    return client.backchannel_logout_uri if client else ""


def deliver(notice: Mapping[str, str]) -> str:
    """Make a logout token and hand it to the client: "delivered", or "dropped" if it is gone or does not want any more.

    Raises:
        Refused: it answered that it will not have it. Failed: it did not take it now.
        Unavailable: the client or the key cannot be read.
    """
    client = clients.get(notice["client_id"])
    if client is None or not client.backchannel_logout_uri:
        return "dropped"
    token = tokens.logout_token(client, notice["user_id"], notice["sid"], notice["id"])
    body = urlencode({"logout_token": token}).encode()
    try:
        answer = outbound.post(client.backchannel_logout_uri, body, _FORM, seconds=_PATIENCE_SECONDS)
    except outbound.Refused as trouble:
        raise Failed(str(trouble)) from trouble
    deliveries.check(answer.status, answer.retry_after)
    return "delivered"
