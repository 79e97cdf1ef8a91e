"""Cut-offs for a whole client or the whole stack: what began up to then is over. The latest decides, beside each user's epoch."""

from gatehouse import clients, sessions
from gatehouse.clients import Client
from gatehouse.sessions import Session
from gatehouse.settings import settings
from gatehouse.users import User


def of(client: Client) -> int:
    """Until when, in seconds since the epoch, everything of this client is over; 0 for no such time."""
    return max(client.sessions_not_before, settings().sessions_not_before)


def passed(client_id: str, began_at: int) -> bool:
    """Whether what the client was given at that time is over, or the client is gone: as `clients.get`, also for how long."""
    client = clients.get(client_id)
    return client is None or began_at <= of(client)


def live_session(user_id: str, sid: str, *, org_id: str = "") -> tuple[Session, User] | None:
    """The session and its user if it is live and before no cut-off: 2 RRU, 1 more in an organization. org_id: as sessions.read_live.

    A token from an exchange hangs on the session of another client than its own, so the session's client is asked as well.
    """
    found = sessions.read_live(user_id, sid, org_id=org_id)
    return None if found is None or passed(found[0].client_id, found[0].created_at) else found
