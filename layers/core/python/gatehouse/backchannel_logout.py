"""Telling applications that a session of theirs has ended (OpenID Connect Back-Channel Logout 1.0)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from gatehouse import clients, deliveries, outbound, queues, tokens
from gatehouse.deliveries import Failed
from gatehouse.errors import Unavailable
from gatehouse.events import SESSION_ENDED, Event, Interrupted
from gatehouse.settings import settings

# A client that took its token back itself (RFC 7009) knows.
_ENDED_BY_CLIENT: Final = "revoked"
_PATIENCE_SECONDS = 5.0
_TOGETHER: Final = 10
_MOST_REMEMBERED: Final = 20_000
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


# Ids of what this process put into the queue, oldest first: a batch of the stream that comes again for another's sake sends nothing twice.
_announced: dict[str, None] = {}


def forget() -> None:
    """Announce also what was announced before."""
    _announced.clear()


def announce(events: Sequence[Event]) -> int:
    """Put a notice into the queue for each session that ended and whose client wants to know; how many those are.

    Raises:
        Interrupted: the queue did not take all of them. Unavailable: a client cannot be read.
    """
    fresh = [(taken, event) for taken, event in enumerate(events) if event.id not in _announced and _is_wanted(event)]
    # Of one that is told of twice, the first.
    wanted = list({event.id: (taken, event) for taken, event in reversed(fresh)}.values())[::-1]
    for first in range(0, len(wanted), _TOGETHER):
        some = wanted[first : first + _TOGETHER]
        try:
            queues.send(settings().logout_queue_url, [_notice(event) for _, event in some])
        except Unavailable as trouble:
            raise Interrupted(some[0][0], detail=trouble.detail) from trouble
        _announced.update({event.id: None for _, event in some})
    for known in list(_announced)[:-_MOST_REMEMBERED]:
        del _announced[known]
    return len(wanted)


def _is_wanted(event: Event) -> bool:
    return event.kind == SESSION_ENDED and event.data["because"] != _ENDED_BY_CLIENT and bool(_uri(event.data["client_id"]))


def _notice(event: Event) -> dict[str, Any]:
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
