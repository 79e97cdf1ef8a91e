"""Cut-offs for a whole client or the whole stack: what began up to then is over. The latest decides, beside each user's epoch."""

from gatehouse import clients
from gatehouse.clients import Client
from gatehouse.settings import settings


def of(client: Client) -> int:
    """Until when, in seconds since the epoch, everything of this client is over; 0 for no such time."""
    return max(client.sessions_not_before, settings().sessions_not_before)


def passed(client_id: str, began_at: int) -> bool:
    """Whether what the client was given at that time is over, or the client is gone. At most clients.CACHE_SECONDS behind the table."""
    client = clients.get(client_id)
    return client is None or began_at <= of(client)
