"""Which claims may be added to tokens: by what a mapping says, a hook answers, or a sign-in left behind."""

import math
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, Final

from gatehouse import compact_json

# What tokens say of themselves, and what others decide by. Of them nobody is told anything but by us (RFC 7519 4.1, RFC 9068 2.2,
# OpenID Connect Core 2, 3.3.2.11 and 5.6.2, RFC 7800, RFC 8417, RFC 8693, RFC 7662, RFC 9396). Roles and scopes change by other ways.
RESERVED: Final = frozenset(
    (
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "nonce",
        "auth_time",
        "acr",
        "amr",
        "azp",
        "at_hash",
        "c_hash",
        "s_hash",
        "sid",
        "scope",
        "client_id",
        "cnf",
        "events",
        "act",
        "may_act",
        "token_use",
        "token_type",
        "active",
        "sub_jwk",
        "_claim_names",
        "_claim_sources",
        "token_introspection",
        "org_id",
        "schedule_id",
        "permissions",
        "roles",
        "groups",
        "entitlements",
        "authorization_details",
        "overflow",
        "email",
        "email_verified",
        "phone_number",
        "phone_number_verified",
    )
)
# What some languages take for more than the name of a member.
PROTOTYPES: Final = frozenset(("__proto__", "constructor", "prototype"))
# Names that stand for what no token holds, whatever it is called before them, and however deep it lies.
SECRETS: Final = frozenset(("password", "password_hash", "secret", "client_secret", "ssn"))
LONGEST_NAME: Final = 256
DEEPEST: Final = 10
# Beyond it, no two languages read the same number.
_LARGEST_INTEGER: Final = 10**38


def accepted(claims: Mapping[str, Any], *, sensitive: Collection[str] = ()) -> tuple[dict[str, Any], list[str]]:
    """Of these claims those that may be added, and the names of the others in their order, cut to LONGEST_NAME.

    sensitive: names that no claim may have, with or without a namespace, nor any member of its value, however deep. Values that are no
    JSON, or null, do not stay either.
    """
    barred = SECRETS | frozenset(map(folded, sensitive))
    kept = {name: value for name, value in claims.items() if _nameable(name, barred) and fit(value, barred)}
    return kept, [str(name)[:LONGEST_NAME] for name in claims if name not in kept]


def fit(value: object, barred: frozenset[str] = SECRETS) -> bool:
    """Whether it may be the value of a claim: JSON that everybody reads alike, not null, and without a barred name, which are folded."""
    return value is not None and _json(value, DEEPEST, barred)


def folded(name: str) -> str:
    """The name as it is compared: what looks alike to people, or is alike to some reader, is alike."""
    return unicodedata.normalize("NFKC", name).casefold()


def size(name: str, value: object) -> int:
    """What a claim takes in a token's payload, in bytes."""
    return length({name: value}) - 1


def length(claims: Mapping[str, Any]) -> int:
    """What claims take as JSON, in bytes."""
    return len(compact_json.text(claims).encode())


def local(name: str) -> str:
    """The name without its namespace, which is a URL or a prefix."""
    return name.replace(":", "/").rpartition("/")[2]


def _nameable(name: object, barred: frozenset[str]) -> bool:
    """Whether a claim may have this name."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        return False
    same = folded(name)
    return same not in RESERVED and same not in PROTOTYPES and local(same) not in barred


def _json(value: object, deepest: int, barred: frozenset[str]) -> bool:
    if deepest < 0:
        return False
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return math.isfinite(value) and (isinstance(value, float) or abs(value) < _LARGEST_INTEGER)
    if isinstance(value, Mapping):
        return all(_member(name, barred) and _json(member, deepest - 1, barred) for name, member in value.items())
    return isinstance(value, list) and all(_json(element, deepest - 1, barred) for element in value)


def _member(name: object, barred: frozenset[str]) -> bool:
    return isinstance(name, str) and _json(name, 0, barred) and folded(name) not in PROTOTYPES | barred
