"""Passwords: which are acceptable, how they are stored and compared (NIST SP 800-63B-4 3.1.1, Argon2id of RFC 9106)."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatehouse.settings import settings

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from gatehouse.blocklist import Kind

SHORTEST_MINIMUM = 8
LONGEST = 256

# Controls and line ends are lost or changed by forms and keyboards, surrogates have no encoding, and a code point that
# is not assigned yet may normalise differently once it is.
_REFUSED_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs", "Cn"})
# In unpredictable characters: as many as the shortest password that NIST allows at all can have.
_ENOUGH_WORTH = 8
# Chance makes neighbours of three characters in every sixth random password of eight, which must pass where eight are
# enough.
_CHANCE_WORTH = 2

_TOO_PREDICTABLE: "dict[Kind, str]" = {
    "common": "This is little more than one or two passwords that many people use.",
    "context": "This is little more than your own details or the name of this service.",
    "pattern": "This is mostly repetition or characters in a row.",
    "character": "This has too few characters that are hard to guess.",
}


class Unacceptable(Exception):
    """A password that cannot be chosen. reason: for the person who chose it; never repeats the password."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_policy(password: str, *, context: Iterable[str] = ()) -> None:
    """Accept a password that somebody wants to set, of any characters in any mix, or say what is wrong with it.

    context: what an attacker knows about this person, such as the mail address and the name. The service's own names
    are added here.

    Raises:
        Unacceptable: too short, too long, not typeable everywhere, or predictable as a whole.
    """
    # Imported on first use: only a password that is being chosen is held against it.
    from gatehouse import blocklist

    # Before anything that takes time in proportion to the length.
    if len(password) > LONGEST:
        raise Unacceptable(f"Use at most {LONGEST} characters.")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in password):
        raise Unacceptable("Leave out tabs, line breaks and characters that not every device can type.")
    minimum = max(settings().minimum_password_length, SHORTEST_MINIMUM)
    if len(_normalized(password)) < minimum:
        raise Unacceptable(f"Use at least {minimum} characters. A few unrelated words make a good password.")
    service = (settings().brand_name, urlsplit(settings().issuer).hostname or "")
    explanation = blocklist.explain(password, (*context, *service))
    if explanation.worth < min(_ENOUGH_WORTH, minimum - _CHANCE_WORTH):
        raise Unacceptable(f"{_TOO_PREDICTABLE[explanation.mostly]} Add a few unrelated words.")


def hash_password(password: str) -> str:
    """The PHC string to store: algorithm, parameters, random salt and digest.

    Raises:
        Unacceptable: longer than LONGEST, or with halves of surrogate pairs. check_policy says so first.
    """
    encoded = _encoded(password)
    if encoded is None:
        raise Unacceptable(f"Use at most {LONGEST} characters that can be typed.")
    return _hasher().hash(encoded)


def verify(password: str, stored_hash: str) -> bool:
    """Whether the PHC string was made from this password. One that cannot have been stored costs no hash.

    Raises:
        argon2.exceptions.VerificationError: the hash could not be computed; no verdict on the password.
        argon2.exceptions.InvalidHashError: what is stored is not an Argon2 hash.
    """
    from argon2.exceptions import VerifyMismatchError

    encoded = _encoded(password)
    if encoded is None:
        return False
    try:
        return _hasher().verify(stored_hash, encoded)
    except VerifyMismatchError:
        return False


def verify_dummy(password: str) -> None:
    """Take as long as verify does, for somebody who does not exist or has no password.

    A new hash is the same work as a comparison, and unlike a stored dummy it cannot fall behind the parameters.
    """
    encoded = _encoded(password)
    if encoded is not None:
        _hasher().hash(encoded)


def needs_rehash(stored_hash: str) -> bool:
    """Whether new hashes are made with other parameters: then replace this one after a successful sign-in."""
    return _hasher().check_needs_rehash(stored_hash)


def _normalized(password: str) -> str:
    # NFC as NIST SP 800-63B-4 and RFC 8265 have it: é is one character however a device composes it. NFKC would also
    # merge what people can tell apart, such as ² and 2, and count one typed ligature as up to eighteen characters.
    return unicodedata.normalize("NFC", password)


def _encoded(password: str) -> bytes | None:
    """What is hashed, whole: Argon2 has no limit that would cut it. None for a password that nobody can have set."""
    if len(password) > LONGEST:
        return None
    try:
        return _normalized(password).encode()
    except UnicodeEncodeError:
        return None


@cache
def _hasher() -> "PasswordHasher":
    # Imported on first use: 30 ms that only the functions which see passwords pay.
    from argon2 import PasswordHasher, Type

    # Of the choices that OWASP's Password Storage Cheat Sheet calls equal, one whose memory the allocator keeps between
    # two hashes.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
