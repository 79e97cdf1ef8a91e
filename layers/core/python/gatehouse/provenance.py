"""Where each value of a profile came from, when, and whether anybody verified it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gatehouse import clock

OPERATOR: Final = "operator"
SELF: Final = "self"
SIGN_UP: Final = "sign_up"


def noted(provenance: Mapping[str, Any], names: Iterable[str], source: str, *, verified: bool = False) -> dict[str, Any]:
    """The provenance after `source` set these values now. verified: somebody other than the source stands for them."""
    entry = {"source": source, "at": clock.now(), "verified": verified}
    return {**provenance, **dict.fromkeys(names, entry)}
