"""Sessions as the Management API shows them, as sessions and as refresh tokens, and the ids that both have.

Here a session is one application on one device, and its refresh token is the session: both have the same id, and ending the one ends the
other. The id names the user too, as a session lies under its user. What is over is not shown.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from gatehouse import clock, cut_offs, identifiers, listing, session_ids, sessions
from gatehouse.errors import NotFound
from gatehouse.management import paging
from gatehouse.management.paging import PageQuery
from gatehouse.sessions import Session
from gatehouse.users import User

REASON: Final = "revoked_by_operator"
Shape = Callable[[Session], dict[str, Any]]
# Sessions by id, from the one behind an id on.
Behind = Callable[[str], Iterable[Session]]


def paged(query: PageQuery, behind: Behind, shape: Shape, name: str, purpose: str) -> dict[str, Any]:
    """The page of these sessions that the query asks for. name: of the member with them. purpose: which list this is, for cursors."""
    try:
        after = listing.opened(purpose, query.from_)
    except listing.BadCursor as bad:
        raise paging.bad_cursor() from bad
    # By id, which does not change: whoever pages sees each session once, whatever begins and ends meanwhile.
    found = list(islice(behind(after), query.taken + 1))
    page = found[: query.taken]
    following = listing.sealed(purpose, page[-1].sid) if len(found) > len(page) else ""
    return paging.checkpointed([shape(session) for session in page], following, name)


def live(user: User, after: str, *, at_once: int) -> Iterator[Session]:
    """The sessions of the user that go on, by id, from the one behind `after` on: a page costs the same, however many there are."""
    for session in sessions.behind(user, after, at_once=at_once):
        if session.live(user) and not cut_offs.passed(session.client_id, session.created_at):
            yield session


def common(session: Session) -> dict[str, Any]:
    """What a session and a refresh token have in common. device: as it was when the session began."""
    return {
        "id": public_id(session),
        "user_id": session.user_id,
        "created_at": clock.iso(session.created_at),
        "idle_expires_at": clock.iso(session.idle_expires_at),
        "expires_at": clock.iso(session.expires_at),
        "device": {"initial_ip": session.source_ip, "initial_user_agent": session.user_agent},
    }


def public_id(session: Session) -> str:
    """The id that a path takes."""
    return identifiers.joint_id(session.sid, session.user_id)


def named(public_id: str) -> Session:
    """The live session of this id.

    Raises:
        NotFound: there is none.
    """
    parts = identifiers.parts_of(public_id)
    found = cut_offs.live_session(parts[1], parts[0]) if parts else None
    if found is None:
        raise NotFound("there is no such session")
    return found[0]


def revoke(ids: Iterable[str]) -> None:
    """End the sessions of these ids, whichever of them there are."""
    for public_id in ids:
        parts = identifiers.parts_of(public_id)
        # What no id of ours looks like is over as well; and no key holds it.
        if parts and session_ids.epoch_of(parts[0]) >= 0:
            sessions.revoke(parts[1], parts[0], REASON)
