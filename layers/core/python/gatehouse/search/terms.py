"""What people can be found by: the fields of a query, their values in a user's record, and the search entries that follow from these."""

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from gatehouse import identifiers
from gatehouse.connections import DATABASE
from gatehouse.users import User

# A value of a search entry is cut to so many bytes, and a list in the metadata to so many values: an item's key has its limits.
LONGEST_TERM_BYTES: Final = 700
MOST_VALUES: Final = 50

# One user's alone, and found by the item that makes it so.
UNIQUE: Final[Mapping[str, Callable[[str], str]]] = {
    "email": identifiers.canonical_email,
    "username": identifiers.canonical_username,
    "phone_number": identifiers.canonical_phone,
}
_PROFILE: Final = ("name", "given_name", "family_name", "nickname")
_IDENTITY: Final = {"identities.connection": "connection", "identities.provider": "provider", "identities.user_id": "user_id"}
# Everybody who signs in with a password has an identity that says so and an id that is theirs already: no entries for these.
IDENTITIES: Final = tuple(_IDENTITY)
ENTRIES: Final = ("email", "username", *_PROFILE)
TEXTS: Final = ("user_id", "email", "username", "phone_number", "last_ip", *_PROFILE, *IDENTITIES)
FLAGS: Final = ("email_verified", "blocked")
TIMES: Final = ("created_at", "updated_at", "last_login")
NUMBERS: Final = ("logins_count",)
METADATA: Final = ("user_metadata.", "app_metadata.")


def folded(value: object) -> str:
    """A value as text in the form in which texts are compared: without case, one space for any, nothing that cannot be seen."""
    text = value if isinstance(value, str) else json.dumps(value)
    seen = "".join(character if character.isprintable() else " " for character in unicodedata.normalize("NFKC", text))
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())


def beginning(prefix: str) -> str:
    """The form in which texts are compared with what they are to begin with: a space at its end ends a word."""
    text = folded(prefix)
    return f"{text} " if text and prefix[-1].isspace() else text


def term(text: str) -> str:
    """What of a folded text stands in the key of a search entry. Long ones may share one."""
    return text.encode()[:LONGEST_TERM_BYTES].decode(errors="ignore")


def values(user: User, field: str) -> list[Any]:
    """The values of a field in a user's record, none where it is unknown or empty: texts, numbers and booleans."""
    if field.startswith(METADATA):
        namespace, *path = field.split(".")
        return list(_leaves(getattr(user, namespace), path))
    if field in _IDENTITY:
        return [identity[_IDENTITY[field]] for identity in (_own_identity(user), *user.identities)]
    found = user.profile.get(field) if field in _PROFILE else getattr(user, field)
    return [] if found in ("", None) or (field in TIMES and not found) else [found]


def entries(user: User, searchable: tuple[str, ...]) -> set[tuple[str, str]]:
    """Field and term of each search entry that leads to the user. searchable: paths into the metadata that have entries, too."""
    found = {(field, term(folded(value))) for field in (*ENTRIES, *searchable) for value in values(user, field)[:MOST_VALUES]}
    found |= {(field, term(folded(identity[name]))) for identity in _others(user) for field, name in _IDENTITY.items()}
    return {(field, text) for field, text in found if text}


def _others(user: User) -> Sequence[Mapping[str, Any]]:
    own = _own_identity(user)
    return [*([] if own["provider"] == identifiers.PROVIDER else [own]), *user.identities][:MOST_VALUES]


def _own_identity(user: User) -> dict[str, str]:
    provider, _, own_id = user.user_id.partition("|")
    return {"connection": DATABASE.name, "provider": provider, "user_id": own_id}


def _leaves(value: Any, path: list[str]) -> Iterator[Any]:
    """Whatever is neither a list nor an object at a path; a list stands for each of its elements."""
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element, path)
    elif isinstance(value, Mapping):
        if path and path[0] in value:
            yield from _leaves(value[path[0]], path[1:])
    elif not path and value is not None:
        yield value
