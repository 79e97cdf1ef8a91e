"""Where the value of a claim comes from: paths into what is known of a person, and the parts of it that no token holds.

A path is a name, or names with dots between: "email", "app_metadata.plan.name", "identities.google.profile.picture". What stands below
`identities` comes from others, who may have let the person write it: an application decides nothing about security by it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from gatehouse.claim_rules import PROTOTYPES, SECRETS, folded
from gatehouse.dataclasses import dataclass
from gatehouse.users import PROFILE_CLAIMS, User

# What has to be read, or looked up, beside the person's own record.
CUSTOM_DATA, ORGANIZATION, MEMBERSHIP, ROLES = "custom_data", "organization", "membership", "roles"
MOST_NAMES: Final = 8
LONGEST_NAME: Final = 128


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person. role_names: as they count for the organization, if any. document: business data, None for none.

    organization, membership: as stored; None without, or where no rule asks for them.
    """

    user: User
    role_names: Sequence[str] = ()
    document: Mapping[str, Any] | None = None
    organization: Mapping[str, Any] | None = None
    membership: Mapping[str, Any] | None = None


_VALUES: Final[Mapping[str, Callable[[User], Any]]] = {
    "email": lambda user: user.email,
    "email_verified": lambda user: user.email_verified if user.email else None,
    "username": lambda user: user.username,
    "phone_number": lambda user: user.phone_number,
    "phone_number_verified": lambda user: user.phone_verified if user.phone_number else None,
    "created_at": lambda user: user.created_at or None,
    "updated_at": lambda user: user.updated_at or None,
    "last_login": lambda user: user.last_login or None,
    "logins_count": lambda user: user.logins_count,
}
_DOCUMENTS: Final[Mapping[str, Callable[[Facts], Any]]] = {
    "user_metadata": lambda facts: facts.user.user_metadata,
    "app_metadata": lambda facts: facts.user.app_metadata,
    CUSTOM_DATA: lambda facts: facts.document,
}


def valid(path: str) -> bool:
    """Whether there is such a source."""
    first, *more = path.split(".")
    if len(more) >= MOST_NAMES or not all(_nameable(name) for name in more):
        return False
    if first in _DOCUMENTS:
        return True
    if first == "profile":
        return len(more) == 1 and more[0] in (*PROFILE_CLAIMS, "address")
    if first == ORGANIZATION:
        return more in (["name"], ["display_name"]) or more[:1] == ["metadata"]
    if first == MEMBERSHIP:
        return more[:1] == ["metadata"]
    if first == "identities":
        return more[1:] == ["user_id"] or more[1:2] == ["profile"]
    return not more and (first in _VALUES or first == ROLES)


def _nameable(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isprintable() and name not in PROTOTYPES


def needs(path: str) -> str:
    """What of CUSTOM_DATA, ORGANIZATION, MEMBERSHIP and ROLES has to be known for it; empty for none."""
    first = path.partition(".")[0]
    return first if first in (CUSTOM_DATA, ORGANIZATION, MEMBERSHIP, ROLES) else ""


def value(facts: Facts, path: str, sensitive: Collection[str] = ()) -> Any:
    """What is found there, None for nothing. sensitive: paths below it that are cut out."""
    names = path.split(".")
    found = _begin(facts, names)
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found == "" else without(found, path, sensitive)


def _begin(facts: Facts, names: list[str]) -> Any:
    """The object in which the names are found; the names that it stands for are taken away."""
    first = names[0]
    if first in _VALUES:
        return {first: _VALUES[first](facts.user)}
    if first == ROLES:
        return {first: list(facts.role_names)}
    if first in _DOCUMENTS:
        return {first: _DOCUMENTS[first](facts)}
    del names[0]
    if first == "profile":
        return facts.user.profile
    if first == "identities":
        connection = names.pop(0)
        return next((identity for identity in facts.user.identities if identity.get("connection") == connection), None)
    return facts.organization if first == ORGANIZATION else facts.membership


def without(found: Any, path: str, sensitive: Collection[str]) -> Any:
    """What is found at a path, without the members that are sensitive; members of an object in a list as if it stood alone."""
    if isinstance(found, Mapping):
        kept = [(name, f"{path}.{name}", member) for name, member in found.items() if folded(name) not in SECRETS]
        return {name: without(member, place, sensitive) for name, place, member in kept if place not in sensitive}
    return [without(element, path, sensitive) for element in found] if isinstance(found, list) else found


def covered(path: str, sensitive: Collection[str]) -> bool:
    """Whether it is sensitive, or lies in what is."""
    return any(place in sensitive for place in _above(path)) or not SECRETS.isdisjoint(map(folded, path.split(".")))


def _above(path: str) -> Iterator[str]:
    """The path itself, and those that it lies in."""
    while path:
        yield path
        path = path.rpartition(".")[0]
