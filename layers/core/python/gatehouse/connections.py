"""Connections: where identities come from, which of what they tell about a person is taken over, and when."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from gatehouse import clients, clock, table
from gatehouse.dataclasses import asdict, dataclass, field, replace
from gatehouse.provenance import CONNECTION, KINDS, SELF
from gatehouse.users import PROFILE_CLAIMS

MOST_FIELDS: Final = 50
LONGEST_FIELD: Final = 128
_MOST: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,126}[A-Za-z0-9])?")
_STRATEGY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

REGISTRATION, LOGIN, NEVER = "registration", "login", "never"
MOMENTS: Final = (REGISTRATION, LOGIN, NEVER)

SOCIAL: Final = frozenset(
    {"amazon", "apple", "bitbucket", "dropbox", "facebook", "github", "google-oauth2", "linkedin", "oauth2", "paypal", "salesforce"}
    | {"shopify", "twitter", "windowslive", "yahoo"}
)
# What the profile can take over: no user name and no phone number, by which people sign in and which nobody there proves.
TAKEN: Final = frozenset({*PROFILE_CLAIMS, "email"})
_STANDARD: Final = {name: name for name in (*PROFILE_CLAIMS, "email")}
_NAMES: Final = {"name": "name", "first_name": "given_name", "last_name": "family_name", "picture": "picture", "email": "email"}
# What outside profiles call things, by strategy. An empty name: kept with the identity, and no part of the profile.
_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "facebook": _NAMES | {"gender": "gender", "birthday": "birthdate", "min_age": "", "max_age": ""},
    "google-oauth2": _NAMES | {"given_name": "given_name", "family_name": "family_name"},
    "oidc": _STANDARD,
    "okta": _STANDARD,
    "waad": _STANDARD,
}


class Invalid(ValueError):
    """A connection that cannot be. reason: for the operator; names the member and the rule."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NameTaken(Exception):
    """Another connection has this name."""


class Unknown(Exception):
    """There is no such connection."""


class BuiltIn(Exception):
    """The connection is part of Gatehouse, and is neither changed nor removed."""


class Stale(Exception):
    """The connection is not in the version that the change was made for, or was changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Sync:
    """moment: "registration", "login" (every one) or "never". over: whose values give way to the connection's; empty ones always do."""

    moment: str = NEVER
    over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """profile_fields: by their name there, the claims of the profile; "" for what is only kept with the identity. Of two for one claim the
    first that has a value counts.

    trust_email: whether an address counts as verified when the connection says that it is. Times in seconds since the epoch.
    """

    id: str
    name: str
    strategy: str
    is_social: bool = False
    display_name: str = ""
    profile_fields: Mapping[str, str] = field(default_factory=dict)
    profile_sync: Sync = field(default_factory=Sync)
    trust_email: bool = False
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        known = {name: item[name] for name in cls.__dataclass_fields__ if name in item}
        sync = Sync(item["profile_sync"]["moment"], tuple(item["profile_sync"]["over"]))
        return cls(**known | {"profile_sync": sync})


# The people whose passwords are here.
DATABASE: Final = Connection("con_database", "Username-Password-Authentication", "gatehouse")


def create(
    name: str,
    strategy: str,
    *,
    is_social: bool | None = None,
    display_name: str = "",
    profile_fields: Mapping[str, str] | None = None,
    profile_sync: Sync | None = None,
    trust_email: bool = False,
) -> Connection:
    """Create a connection. What is not given is as usual for the strategy: social profiles are taken over once, others at every login.

    Raises:
        Invalid: as it says. NameTaken: of two racing callers exactly one succeeds.
    """
    social = strategy in SOCIAL if is_social is None else is_social
    now = clock.now()
    made = Connection(
        id=f"con_{clients.new_identifier(16)}",
        name=name,
        strategy=strategy,
        is_social=social,
        display_name=display_name,
        profile_fields=dict(_FIELDS.get(strategy, {}) if profile_fields is None else profile_fields),
        profile_sync=profile_sync or usual_sync(is_social=social),
        trust_email=trust_email,
        created_at=now,
        updated_at=now,
    )
    _check(made)
    absent = [("pk", "absent", None)]
    try:
        table.transact(
            table.Write(table.connection_name_key(name), where=absent, put={"connection_id": made.id}),
            table.Write(table.connection_key(made.id), where=absent, put=asdict(made) | table.listed("CONNECTIONS", made.id, now)),
        )
    except table.ConditionFailed as refused:
        raise NameTaken from refused
    return made


def usual_sync(*, is_social: bool) -> Sync:
    """Social: once, at registration. An enterprise stays in charge: at every login, over all but what an operator set."""
    return Sync(REGISTRATION) if is_social else Sync(LOGIN, (SELF, CONNECTION))


def get(connection_id: str) -> Connection | None:
    """A connection as it is now: 1 RRU."""
    return get_many([connection_id])[0]


def get_many(connection_ids: Iterable[str]) -> list[Connection | None]:
    """Connections as they are now, at most 100, in the order asked, None for those that do not exist: 1 RRU each."""
    wanted = list(connection_ids)
    stored = list(dict.fromkeys(one for one in wanted if one != DATABASE.id))
    items = table.get_many(*(table.connection_key(one) for one in stored)) if stored else []
    found = {item["id"]: Connection.from_item(item) for item in items if item} | {DATABASE.id: DATABASE}
    return [found.get(one) for one in wanted]


def by_name(name: str) -> Connection | None:
    """The connection of this name: two reads."""
    if name == DATABASE.name:
        return DATABASE
    entry = table.get(table.connection_name_key(name)) if _NAME.fullmatch(name) else None
    return get(entry["connection_id"]) if entry else None


def listed() -> list[Connection]:
    """All connections, the built-in one first, then as they were created; a new one may be missing for a moment."""
    keys, _ = table.page("CONNECTIONS", limit=_MOST, listing=True)
    ids = [key["pk"].removeprefix("CONNECTION#") for key in keys]
    found = [one for first in range(0, len(ids), 100) for one in get_many(ids[first : first + 100])]
    return [DATABASE, *(one for one in found if one)]


def change(connection_id: str, *, if_version: int | None = None, **members: Any) -> Connection:
    """Change members of a connection: is_social, display_name, profile_fields, profile_sync, trust_email. Its name and strategy stay.

    if_version: the only version that may be changed.

    Raises:
        Unknown, BuiltIn, Invalid, Stale: as they say; nothing was changed.
    """
    before = _changeable(connection_id)
    if if_version not in (None, before.version):
        raise Stale
    after = replace(before, **members, version=before.version + 1, updated_at=clock.now())
    if (after.id, after.name, after.strategy) != (before.id, before.name, before.strategy):
        raise Invalid("id, name and strategy of a connection stay as they are")
    _check(after)
    try:
        table.update(table.connection_key(connection_id), where=[("version", "=", before.version)], set=asdict(after))
    except table.ConditionFailed as outrun:
        if outrun.item is None:
            raise Unknown from outrun
        # A repeat after a lost answer finds what it wrote itself.
        if Connection.from_item(outrun.item) != after:
            raise Stale from outrun
    return after


def remove(connection_id: str) -> None:
    """Remove a connection. Identities that came through it stay with their users; a new one of its name has another id, and none of them.

    Raises:
        Unknown, BuiltIn: as they say.
    """
    known = _changeable(connection_id)
    try:
        table.transact(
            table.Write(table.connection_key(connection_id), where=[("pk", "exists", None)], delete=True),
            table.Write(table.connection_name_key(known.name), where=[("connection_id", "=", connection_id)], delete=True),
        )
    except table.ConditionFailed as gone:
        raise Unknown from gone


def _changeable(connection_id: str) -> Connection:
    if connection_id == DATABASE.id:
        raise BuiltIn
    known = get(connection_id)
    if known is None:
        raise Unknown
    return known


def _check(connection: Connection) -> None:
    if not _NAME.fullmatch(connection.name):
        raise Invalid("name must be 1 to 128 letters, digits and inner hyphens")
    if connection.name == DATABASE.name:
        raise NameTaken
    if not _STRATEGY.fullmatch(connection.strategy) or connection.strategy == DATABASE.strategy:
        raise Invalid(f"strategy must be 1 to 64 of a to z, 0 to 9, _ and -, and not {DATABASE.strategy}")
    if len(connection.display_name) > LONGEST_FIELD:
        raise Invalid(f"display_name has more than {LONGEST_FIELD} characters")
    _check_fields(connection.profile_fields)
    if connection.profile_sync.moment not in MOMENTS:
        raise Invalid(f"profile_sync.moment must be {', '.join(MOMENTS)}")
    if not set(connection.profile_sync.over) <= set(KINDS):
        raise Invalid(f"profile_sync.over names of {', '.join(KINDS)}")


def _check_fields(fields: Mapping[str, str]) -> None:
    if len(fields) > MOST_FIELDS:
        raise Invalid(f"profile_fields has more than {MOST_FIELDS} members")
    for theirs, ours in fields.items():
        if not 0 < len(theirs) <= LONGEST_FIELD or not theirs.isprintable():
            raise Invalid(f"profile_fields: a name has 1 to {LONGEST_FIELD} characters that can be seen")
        if ours and ours not in TAKEN:
            raise Invalid(f"profile_fields: {theirs[:64]} goes into one of {', '.join(sorted(TAKEN))}, or into nothing")
