"""The profile: which members a person's has (OpenID Connect Core 5.1), and what each may be, whoever sets it."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gatehouse import provenance
from gatehouse.dataclasses import replace
from gatehouse.users import PROFILE_CLAIMS, User

# All of them text but for the address.
MEMBERS: Final = (*PROFILE_CLAIMS, "address")
ADDRESS: Final = ("formatted", "street_address", "locality", "region", "postal_code", "country")
LONGEST_VALUE: Final = 1024
# Applications make links and pictures of them.
_WEB_ADDRESSES: Final = ("picture", "website", "profile")
_FORMS: Final = {
    "birthdate": (re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?"), "a date as 1990-04-23, or only a year"),
    "zoneinfo": (re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,3}"), "the name of a time zone, as Europe/Paris"),
    "locale": (re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}"), "a language tag, as en-GB"),
}


class Unacceptable(ValueError):
    """A value that is not kept. name: of the member. reason: goes on after the name; never repeats the value."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason


def changed(profile: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The profile with these members set, and those that are None or empty taken away. What it holds already is not judged again.

    Raises:
        Unacceptable: a new value that is not kept.
    """
    merged = {name: value for name, value in {**profile, **values}.items() if value not in (None, "", {})}
    return {name: value if value == profile.get(name) else checked(name, value) for name, value in merged.items()}


def edited(user: User, values: Mapping[str, Any], source: str) -> User:
    """The user with these members of the profile, and where they come from noted; raises as `changed` does."""
    after = changed(user.profile, values)
    new = [name for name in values if after.get(name) != user.profile.get(name)]
    return replace(user, profile=after, provenance=provenance.noted(user.provenance, new, source)) if new else user


def checked(name: str, value: object) -> Any:
    """The value of a member as it is kept. None and what is empty is for the caller to leave out.

    Raises:
        Unacceptable: it is not of the member's kind, too long, or could be mistaken for something else.
    """
    return _address(value) if name == "address" else _text(name, value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise Unacceptable(name, f"must be a string of at most {LONGEST_VALUE} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise Unacceptable(name, "must be one line of text, without control characters")
    if name in _WEB_ADDRESSES and not _is_web_address(value):
        raise Unacceptable(name, "must be an address that begins with https:// or http://")
    if name in _FORMS and not _FORMS[name][0].fullmatch(value):
        raise Unacceptable(name, f"must be {_FORMS[name][1]}")
    return value


def _is_web_address(value: str) -> bool:
    if not value.isprintable() or " " in value or "\\" in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def _address(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(ADDRESS).issuperset(value):
        raise Unacceptable("address", f"must be an object with members of {', '.join(sorted(ADDRESS))}")
    for part in value.values():
        if not isinstance(part, str) or len(part) > LONGEST_VALUE or "\x00" in part:
            raise Unacceptable("address", f"must have strings of at most {LONGEST_VALUE} characters")
    return dict(value)
