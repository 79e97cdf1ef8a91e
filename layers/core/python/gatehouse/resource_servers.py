"""Registered APIs: what they are called in tokens, which scopes they have, and whether a person needs the permission of the same name.

The Management API is one of them, always and without an item. A permission outlives the scope and the API that it belongs to, gives nothing
meanwhile, and counts again if they come back under the same names.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Self

from gatehouse import clock, management_scopes, table, versions
from gatehouse.dataclasses import dataclass, field, of_known
from gatehouse.permissions import api_id
from gatehouse.remembered import Remembered
from gatehouse.settings import settings

MOST_SCOPES: Final = 1000
ACCESS_TOKEN: Final = "access_token"
# The same, with the claim `permissions`.
ACCESS_TOKEN_AUTHZ: Final = "access_token_authz"
TOKEN_DIALECTS: Final = (ACCESS_TOKEN, ACCESS_TOKEN_AUTHZ)
_LIST: Final = "APIS"
_PAGE: Final = 100
_EDITABLE: Final = ("name", "scopes", "enforce_policies", "token_dialect", "token_lifetime", "allow_offline_access", "signing_alg")

Unknown = versions.Unknown
Stale = versions.Stale


class Taken(Exception):
    """An API of this identifier is registered."""


class System(Exception):
    """The Management API cannot be changed or removed."""


@dataclass(frozen=True, slots=True)
class ResourceServer:
    """One API. identifier: the audience of its tokens. scopes: each {value, description}. token_lifetime: in seconds, 0 for the client's.

    enforce_policies: of these scopes a person gets those that they have as permissions. token_dialect: of TOKEN_DIALECTS. signing_alg: as
    it was registered; the client's decides. Times in seconds since the epoch.
    """

    api_id: str
    identifier: str
    name: str
    scopes: list[dict[str, str]] = field(default_factory=list)
    enforce_policies: bool = False
    token_dialect: str = ACCESS_TOKEN
    token_lifetime: int = 0
    allow_offline_access: bool = False
    signing_alg: str = ""
    is_system: bool = False
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return of_known(cls, item)

    @property
    def scope_values(self) -> frozenset[str]:
        """The names of its scopes."""
        return frozenset(scope["value"] for scope in self.scopes)


def management() -> ResourceServer:
    """The Management API."""
    identifier = settings().management_audience
    scopes = [{"value": value, "description": ""} for value in management_scopes.ALL]
    return ResourceServer(api_id(identifier), identifier, "Management API", scopes, enforce_policies=True, is_system=True)


def create(identifier: str, name: str, **properties: Any) -> ResourceServer:
    """Register an API under its audience. properties: further fields of ResourceServer.

    Raises:
        Taken: there is one already, or it is the issuer's own name.
    """
    if identifier in (settings().issuer, settings().management_audience):
        raise Taken
    now = clock.now()
    made = ResourceServer(api_id(identifier), identifier, name, **properties | {"is_system": False, "created_at": now, "updated_at": now})
    item = {name: getattr(made, name) for name in made.__dataclass_fields__} | table.listed(_LIST, made.api_id, now)
    ours = secrets.token_hex(8)
    try:
        table.put_new(table.api_key(made.api_id), item | versions.signed({}, ours))
    except table.AlreadyExists as taken:
        # The repeat after a lost answer finds what it wrote itself.
        if not versions.made(taken.item, ours):
            raise Taken from taken
    return made


def get(api_id: str) -> ResourceServer | None:
    """An API as it is now: 1 RRU per 4 KB."""
    system = management()
    if api_id == system.api_id:
        return system
    item = table.get(table.api_key(api_id))
    return ResourceServer.from_item(item) if item else None


def change(api_id: str, edit: Callable[[ResourceServer], ResourceServer], *, if_version: int | None = None) -> ResourceServer:
    """Apply `edit` to an API and return it as it then is. 1 read, 1 write. Its identifier and times stay as they are.

    edit: may be called again if the API was changed meanwhile. if_version: the only version that may be changed.

    Raises:
        Unknown, Stale, System: as they say. Unavailable: too many changes at once.
    """
    if api_id == management().api_id:
        raise System

    def changes(item: table.Item) -> versions.Edit:
        before = ResourceServer.from_item(item)
        after = edit(before)
        return {name: value for name in _EDITABLE if (value := getattr(after, name)) != getattr(before, name)}, ()

    return ResourceServer.from_item(versions.change(table.api_key(api_id), changes, if_version=if_version))


def remove(api_id: str) -> None:
    """Forget an API; nothing happens if there is none. Tokens for it end at their expiry, and new ones ask for no permission.

    Raises:
        System: as it says.
    """
    if api_id == management().api_id:
        raise System
    table.delete(table.api_key(api_id))


def of_ids(api_ids: Iterable[str]) -> dict[str, ResourceServer]:
    """Those of these APIs that there are, by id: 1 RRU per 4 KB of each."""
    wanted, system = list(dict.fromkeys(api_ids)), management()
    found = {system.api_id: system} if system.api_id in wanted else {}
    rest = [each for each in wanted if each != system.api_id]
    for first in range(0, len(rest), _PAGE):
        items = table.get_many(*map(table.api_key, rest[first : first + _PAGE]))
        found |= {item["api_id"]: ResourceServer.from_item(item) for item in items if item}
    return found


def listed() -> list[ResourceServer]:
    """Every API, the Management API first, then in the order in which they were registered; a new one within a second."""
    ids, low, more = [management().api_id], "", True
    while more:
        keys, more = table.page(_LIST, limit=_PAGE, low=low, listing=True)
        ids += [key["pk"].partition("#")[2] for key in keys]
        low = f"{keys[-1]['list_sk']}\x00" if keys else ""
    return list(of_ids(ids).values())


# What was changed at an API counts for new tokens after remembered.CACHE_SECONDS.
_remembered: Remembered[ResourceServer] = Remembered("APIs")


def known(identifiers: Iterable[str]) -> list[ResourceServer]:
    """Those of these audiences that are registered, as they were at most remembered.CACHE_SECONDS ago. 0.5 RRU for each not remembered.

    Raises:
        Unavailable: the table cannot be read, and nothing newer than ten minutes is known of one.
    """
    own = settings().issuer
    return _remembered.many((identifier for identifier in identifiers if identifier != own), _read)


def _read(identifiers: list[str]) -> dict[str, ResourceServer | None]:
    system = management()
    found: dict[str, ResourceServer | None] = {system.identifier: system} if system.identifier in identifiers else {}
    rest = [each for each in identifiers if each not in found]
    for first in range(0, len(rest), _PAGE):
        part = rest[first : first + _PAGE]
        items = table.get_many(*(table.api_key(api_id(each)) for each in part), consistent=False)
        found |= {each: ResourceServer.from_item(item) if item else None for each, item in zip(part, items, strict=True)}
    return found


def forget() -> None:
    """Read every API anew."""
    _remembered.forget()
