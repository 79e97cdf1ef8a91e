"""How sure we are of who signed in: the acr that an amr amounts to (OpenID Connect Core 2, RFC 8176)."""

from collections.abc import Iterable

# One factor, whichever it was.
SINGLE_FACTOR = "urn:gatehouse:acr:1fa"
ACR_VALUES = (SINGLE_FACTOR,)


def acr(amr: Iterable[str]) -> str:
    """The class that a sign-in by these methods reached; empty if there was none."""
    return SINGLE_FACTOR if any(True for _ in amr) else ""
