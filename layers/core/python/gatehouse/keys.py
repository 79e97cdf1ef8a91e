"""The ring of keys: made and wrapped by KMS, kept in the table, unwrapped once per process.

A key has one date, active_from. From it follows its state, everywhere at the same instant and without a transition to write:
next (not yet), current (the newest that is active), previous (superseded, still verifying). Rotation only adds and removes keys.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from gatehouse import clock, compact_json, jose, kms, observe, remembered, table
from gatehouse.dataclasses import dataclass
from gatehouse.errors import Unavailable
from gatehouse.settings import LONGEST_SESSION_SECONDS, settings

SEALING: Final = "A256GCM"
_PAIR_SPECS: Final = {
    "RS256": "RSA_2048",
    "PS256": "RSA_2048",
    "ES256": "ECC_NIST_P256",
    "EdDSA": "ECC_NIST_EDWARDS25519",
}

# How long a process uses the ring it read; after that a failed read may prolong it once to the second bound.
RING_SECONDS: Final = 300
STALE_RING_SECONDS: Final = 3600
RING_RETRY_SECONDS: Final = 5
# API Gateway keeps a key set for two hours, so a key is published that long before it signs.
LEAD_SECONDS: Final = 2 * 3600
# How long others may keep it.
JWKS_CACHE_SECONDS: Final = 900
# A superseded key verifies as long as a session may last: its ID token is what an application signs out with in the end.
SIGNING_OVERLAP_SECONDS: Final = LONGEST_SESSION_SECONDS + LEAD_SECONDS
SEALING_OVERLAP_SECONDS: Final = LONGEST_SESSION_SECONDS + 86400
KID_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class RingKey:
    kid: str
    algorithm: str
    active_from: int
    wrapped: bytes
    jwk: dict[str, str] | None


@dataclass(slots=True)
class _Ring:
    """newest_first: its keys by algorithm. verification_keys, published: made at first use, this for some algorithms."""

    read_at: int
    read_again_at: int
    keys: dict[str, RingKey]
    newest_first: dict[str, list[RingKey]]
    verification_keys: dict[str, jose.VerificationKey] | None = None
    published: tuple[str, str] | None = None


_ring: _Ring | None = None


def forget() -> None:
    """Read and unwrap everything anew at the next use."""
    global _ring
    _ring = None
    _unwrapped.cache_clear()
    unwrap.cache_clear()
    _derived.cache_clear()
    _signing_key.cache_clear()
    _verification_key.cache_clear()


def ring() -> dict[str, RingKey]:
    """All keys by kid, read at most RING_SECONDS ago.

    Raises:
        Unavailable: the table cannot be read and what was read last is too old.
    """
    return _known().keys


def _known() -> _Ring:
    global _ring
    now, last = clock.now(), _ring
    if last and last.read_at <= now < last.read_again_at:
        return last
    stands_in = last if last and now - last.read_at < STALE_RING_SECONDS else None
    if stands_in and remembered.away(now):
        return stands_in
    try:
        _ring = _arranged(map(from_item, table.query(table.keys_partition)), now)
    except Unavailable as outage:
        remembered.missed(outage)
        if stands_in is None:
            raise
        # Not at once: a request asks for keys several times, and each time would wait for the table again.
        stands_in.read_again_at = min(clock.now() + RING_RETRY_SECONDS, stands_in.read_at + STALE_RING_SECONDS)
        observe.note("key ring could not be read again; the last one serves on")
        return stands_in
    return _ring


def _arranged(found: Iterable[RingKey], now: int) -> _Ring:
    keys, newest_first = {key.kid: key for key in found}, defaultdict(list)
    for key in sorted(keys.values(), key=lambda key: -key.active_from):
        newest_first[key.algorithm].append(key)
    return _Ring(now, now + RING_SECONDS, keys, dict(newest_first))


def from_item(item: table.Item) -> RingKey:
    return RingKey(item["sk"], item["algorithm"], item["active_from"], item["wrapped"], item.get("jwk"))


def current(algorithm: str) -> RingKey:
    """The key that signs or seals now.

    Raises:
        Unavailable: there is none; the stack's first rotation has not run.
    """
    now = clock.now()
    for key in _known().newest_first.get(algorithm, ()):
        if key.active_from <= now:
            return key
    raise Unavailable(detail=f"no {algorithm} key in the ring")


def signing_key(algorithm: str) -> jose.SigningKey:
    """The current private key for `algorithm` (RS256, PS256, ES256, EdDSA).

    Raises:
        Unavailable: no such key, or KMS does not unwrap it.
    """
    return _signing_key(current(algorithm).kid)


def verification_keys() -> Mapping[str, jose.VerificationKey]:
    """Every published key by kid: next, current and previous."""
    known = _known()
    if known.verification_keys is None:
        known.verification_keys = {key.kid: _verification_key(key.kid) for key in known.keys.values() if key.jwk}
    return known.verification_keys


def jwks() -> dict[str, list[dict[str, str]]]:
    """The JWK Set (RFC 7517 section 5) of the algorithms that are switched on."""
    enabled = settings().algorithms
    return {"keys": [key.jwk for key in ring().values() if key.jwk and key.algorithm in enabled]}


def jwks_text() -> str:
    """The JWK Set as JSON, written once for all who ask as long as the ring is known."""
    known, enabled = _known(), settings().signing_algorithms
    if known.published is None or known.published[0] != enabled:
        known.published = enabled, compact_json.text(jwks())
    return known.published[1]


def seal(purpose: str, value: object) -> str:
    """A URL-safe string that only `unseal` with the same purpose reads. value: anything that JSON holds."""
    kid = current(SEALING).kid
    return kid + jose.b64encode(jose.seal(compact_json.in_ascii(value).encode(), _derived(kid, purpose)))


def unseal(purpose: str, sealed: str) -> Any:
    """The value that was sealed.

    Raises:
        jose.Forged: we did not seal it, or not for this purpose.
    """
    kid, body = _opened(sealed)
    return json.loads(jose.unseal(body, _derived(kid, purpose)))


def authenticate(purpose: str, message: str) -> str:
    """A URL-safe string that carries `message` readably with our HMAC over it. The same message gives the same string."""
    kid, encoded = current(SEALING).kid, message.encode()
    return kid + jose.b64encode(encoded + jose.mac(encoded, _derived(kid, purpose)))


def authenticated(purpose: str, token: str) -> str:
    """The message of `authenticate`.

    Raises:
        jose.Forged: we did not make it, or not for this purpose.
    """
    kid, body = _opened(token)
    message, mac = body[: -jose.MAC_BYTES], body[-jose.MAC_BYTES :]
    if not jose.mac_holds(message, mac, _derived(kid, purpose)):
        raise jose.Forged
    return message.decode()


def have_sealing_key(purpose: str) -> None:
    """Have at hand what `seal` and `authenticate` take for this purpose.

    Raises:
        Unavailable: there is no such key, or KMS does not unwrap it.
    """
    _derived(current(SEALING).kid, purpose)


def _opened(token: str) -> tuple[str, bytes]:
    kid, body = token[:KID_LENGTH], token[KID_LENGTH:]
    if len(token) > jose.LONGEST_TOKEN or kid not in (known := ring()) or known[kid].algorithm != SEALING:
        raise jose.Forged
    try:
        return kid, jose.b64decode(body)
    except ValueError as error:
        raise jose.Forged from error


@cache
def _derived(kid: str, purpose: str) -> bytes:
    return jose.derive(_unwrapped(kid), purpose)


@cache
def _signing_key(kid: str) -> jose.SigningKey:
    return jose.SigningKey(kid, ring()[kid].algorithm, jose.private_key(_unwrapped(kid)))


@cache
def _verification_key(kid: str) -> jose.VerificationKey:
    return jose.verification_key(ring()[kid].jwk or {})


@cache
def _unwrapped(kid: str) -> bytes:
    key = ring()[kid]
    return kms.decrypt(key.wrapped, encryption_context(key.algorithm, kid))


def wrap(purpose: str, secret: bytes) -> bytes:
    """A secret as KMS encrypts it, at most 4096 bytes, for what is kept longer than sealing keys are.

    Raises:
        Unavailable: KMS does not encrypt.
    """
    return kms.encrypt(secret, {"purpose": purpose})


@lru_cache(maxsize=100)
def unwrap(purpose: str, wrapped: bytes) -> bytes:
    """What `wrap` was given, remembered.

    Raises:
        Unavailable: KMS does not decrypt.
    """
    return kms.decrypt(wrapped, {"purpose": purpose})


def generate(algorithm: str, kid: str) -> tuple[bytes, bytes]:
    """A new key as KMS wrapped it, seen by nobody, and its public half as DER; that is empty for a sealing key.

    Raises:
        Unavailable: KMS makes none.
    """
    context = encryption_context(algorithm, kid)
    if algorithm == SEALING:
        return kms.new_data_key(context), b""
    return kms.new_key_pair(_PAIR_SPECS[algorithm], context)


def encryption_context(algorithm: str, kid: str) -> dict[str, str]:
    """What a wrapped key is bound to; the purpose is what IAM policies tell functions apart by."""
    return {"purpose": "sealing" if algorithm == SEALING else "signing", "kid": kid}


def algorithms() -> Iterator[str]:
    """Every algorithm that the ring must have a key for."""
    yield SEALING
    yield from settings().algorithms
