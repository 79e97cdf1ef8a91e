"""The public keys of a client: registered, or fetched from its jwks_uri and remembered for a bounded time (RFC 7591 section 2)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gatehouse import clock, observe
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, replace
from gatehouse.errors import Unavailable
from gatehouse.jose import foreign

CACHE_SECONDS = 300
# For how long what was fetched last serves on while the client's host does not answer.
STALE_SECONDS = 3600
# Neither unknown kids nor a dead host make us fetch more often than this.
REFETCH_SECONDS = 5
RETRY_SECONDS = 30
LARGEST_KEY_SET = 65_536
_MOST_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class _Fetched:
    """tried_at: when the last attempt was made, which failed if fetched_at is earlier; fetched_at is 0 if none ever succeeded."""

    jwks: list[Mapping[str, Any]]
    fetched_at: int
    tried_at: int

    @property
    def failed(self) -> bool:
        return self.tried_at > self.fetched_at

    def has(self, kid: object) -> bool:
        """Whether a key of this kid is among them; any will do for a token that names none."""
        return kid is None or any(jwk.get("kid") == kid for jwk in self.jwks)


_NEVER = _Fetched([], 0, 0)
_fetched: dict[str, _Fetched] = {}


def forget() -> None:
    """Fetch every key set anew."""
    _fetched.clear()


def of(client: Client, token: str) -> Sequence[Mapping[str, Any]]:
    """The client's JWKs, fetched again if none of them is the one that `token` names.

    Raises:
        jose.InvalidJWT: the token is none.
        Unavailable: they cannot be fetched, and those fetched last are too old.
    """
    if not client.jwks_uri:
        return client.jwks
    kid = foreign.header_of(token).get("kid")
    now = clock.now()
    known = _fetched.get(client.jwks_uri, _NEVER)
    pause = RETRY_SECONDS if known.failed else REFETCH_SECONDS
    if not (now - known.fetched_at < CACHE_SECONDS and known.has(kid)) and now - known.tried_at >= pause:
        known = _renewed(client.jwks_uri, known, now)
    # While the host is down, nobody can tell whether a key that we do not know is one of the client's.
    if now - known.fetched_at >= STALE_SECONDS or (known.failed and not known.has(kid)):
        raise Unavailable(detail="jwks_uri gives no keys")
    return known.jwks


def _renewed(uri: str, known: _Fetched, now: int) -> _Fetched:
    # Imported here: few clients have one, and TLS costs milliseconds to import.
    from gatehouse import outbound

    try:
        renewed = _Fetched(_key_set(outbound.fetch(uri, limit=LARGEST_KEY_SET)), now, now)
    except (outbound.Refused, ValueError) as error:
        observe.note("a client's keys could not be fetched", reason=str(error))
        renewed = replace(known, tried_at=now)
    if len(_fetched) >= _MOST_REMEMBERED:
        _fetched.clear()
    _fetched[uri] = renewed
    return renewed


def _key_set(body: bytes) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(body)
    except RecursionError as error:
        raise ValueError("no key set") from error
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ValueError("no key set")
    return [jwk for jwk in found if isinstance(jwk, dict)]
