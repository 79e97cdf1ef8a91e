"""How sure we are of who signed in: the acr that an amr amounts to (OpenID Connect Core 2, RFC 8176)."""

from collections.abc import Sequence

# One factor, whichever it was.
SINGLE_FACTOR = "urn:gatehouse:acr:1fa"
ACR_VALUES = (SINGLE_FACTOR,)


def claims(amr: Sequence[str]) -> dict[str, object]:
    """What an ID token says of a sign-in by these methods; an acr is never empty."""
    return {"amr": list(amr)} | ({"acr": SINGLE_FACTOR} if amr else {})
