"""What happened to people, derived from changes of the table; nothing writes an event.

Its id follows from what happened, so that a change that is told twice, late, or beside one that failed makes the same event again.
"""

from collections.abc import Callable, Iterator
from typing import Final

from gatehouse import table
from gatehouse.events.event import CATALOGUE, KINDS, LARGEST_BYTES, SESSION_ENDED, Event, Interrupted
from gatehouse.events.of_belongings import of_consent, of_custom_data, of_login, of_membership
from gatehouse.events.of_people import of_person
from gatehouse.events.of_sessions import of_session

__all__ = ["CATALOGUE", "KINDS", "LARGEST_BYTES", "SESSION_ENDED", "Event", "Interrupted", "derived"]

_OF: Final[dict[str, Callable[[table.Change], Iterator[Event]]]] = {
    "USER": of_person,
    "SESSION": of_session,
    "LOGIN": of_login,
    "CONSENT": of_consent,
    "ORG": of_membership,
    "CUSTOM": of_custom_data,
}


def derived(change: table.Change) -> Iterator[Event]:
    """The events of a change. That of a person's epoch reads their sessions, 1 RRU per 4 KB; what lies under a person takes 1 RRU.

    Raises:
        Unavailable: what it takes cannot be read.
        KeyError, TypeError: the change is not of an item of ours.
    """
    kind, _, rest = change.sk.partition("#")
    # An organization's own item has the sort key ORG.
    ours = kind in _OF and bool(rest) == (kind != "USER")
    if ours and (change.before or change.after):
        yield from _OF[kind](change)
