"""Where each value of a profile came from, when, and whether anybody verified it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gatehouse import clock

# Who can have set a value. A connection that did is named by its id.
OPERATOR: Final = "operator"
SELF: Final = "self"
SIGN_UP: Final = "sign_up"
# By the person, whom an application asked when they signed in to it.
PROGRESSIVE: Final = "progressive"
CONNECTION: Final = "connection"
# As rules tell them apart.
KINDS: Final = (SELF, OPERATOR, CONNECTION)
_CONNECTIONS: Final = "con_"


def noted(provenance: Mapping[str, Any], names: Iterable[str], source: str, *, verified: bool = False) -> dict[str, Any]:
    """The provenance after `source` set these values now. verified: somebody other than the source stands for them."""
    entry = {"source": source, "at": clock.now(), "verified": verified}
    return {**provenance, **dict.fromkeys(names, entry)}


def kind(source: str) -> str:
    """Which of KINDS a source is. What nobody noted is taken for the person's own, and what was brought in for an operator's."""
    if source in ("", SELF, SIGN_UP, PROGRESSIVE):
        return SELF
    return CONNECTION if source.startswith(_CONNECTIONS) else OPERATOR
