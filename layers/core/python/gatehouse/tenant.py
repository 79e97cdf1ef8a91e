"""What the operator decided for the whole stack: one item, which every function reads and few change."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from gatehouse import clock, schemas, table
from gatehouse.errors import Unavailable

# A changed setting is in force everywhere within this time.
CACHE_SECONDS: Final = 60
# How long the last known settings stand in while the table cannot be reached.
_STALE_SECONDS: Final = 600
_ATTEMPTS: Final = 5

MOST_SEARCHABLE: Final = 10
MOST_QUESTIONS: Final = 10
NAMESPACES: Final = ("user_metadata", "app_metadata", "custom_data")
OWN, SYSTEM = "own", "system"
_SEARCHABLE: Final = re.compile(r"(?:user|app)_metadata(?:\.[A-Za-z0-9_-]{1,64}){1,5}")
_STORE: Final = re.compile(r"[a-z0-9_-]{1,32}")
_KEY_FIELD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Invalid(ValueError):
    """Settings that cannot be. reason: for the operator; names the setting and the rule."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stale(Exception):
    """The settings are not in the version that the change was made for."""


@dataclass(frozen=True, slots=True)
class CustomData:
    """Where business data lies. store: name of the documents' kind. key_field: the member that holds the user id.

    access: "own", people read and change their own document; "system", machines only.
    """

    enabled: bool = False
    store: str = ""
    key_field: str = "user_id"
    access: str = SYSTEM


@dataclass(frozen=True, slots=True)
class Tenant:
    """searchable: paths into the metadata that users can be found by. schemas: by namespace, {"version": n, "schema": JSON Schema}.

    profile_questions_at_once: how many missing values a person is asked for at one sign-in, 0 for none. Times in seconds since the epoch.
    """

    version: int = 0
    searchable: tuple[str, ...] = ()
    custom_data: CustomData = field(default_factory=CustomData)
    schemas: Mapping[str, Any] = field(default_factory=dict)
    profile_questions_at_once: int = 2
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return cls(
            version=item["version"],
            searchable=tuple(item["searchable"]),
            custom_data=CustomData(**item["custom_data"]),
            schemas=json.loads(item["schemas"]),
            profile_questions_at_once=item["profile_questions_at_once"],
            updated_at=item["updated_at"],
        )

    def to_item(self) -> dict[str, Any]:
        # Schemas as text: they nest deeper than an item may.
        return asdict(self) | {"searchable": list(self.searchable), "schemas": json.dumps(self.schemas)}

    def schema_of(self, namespace: str) -> Mapping[str, Any] | None:
        """The JSON Schema of a namespace, None where everything goes."""
        found = self.schemas.get(namespace)
        return found["schema"] if found else None


_remembered: tuple[int, Tenant] | None = None


def settings() -> Tenant:
    """The settings as they were at most CACHE_SECONDS ago: 0.5 RRU when not remembered. While the table cannot be reached, the last known.

    Raises:
        Unavailable: the table cannot be reached, and nothing newer than ten minutes is known.
    """
    global _remembered
    now, known = clock.now(), _remembered
    if known and 0 <= now - known[0] < CACHE_SECONDS:
        return known[1]
    try:
        item = table.get(table.tenant_key(), consistent=False)
    except Unavailable:
        if known and 0 <= now - known[0] < _STALE_SECONDS:
            return known[1]
        raise
    _remembered = (now, Tenant.from_item(item) if item else Tenant())
    return _remembered[1]


def forget() -> None:
    """Read the settings anew."""
    global _remembered
    _remembered = None


def current() -> Tenant:
    """The settings as they are now: 1 RRU."""
    item = table.get(table.tenant_key())
    return Tenant.from_item(item) if item else Tenant()


def change(edit: Callable[[Tenant], Tenant], *, if_version: int | None = None) -> Tenant:
    """Apply `edit` to the settings and return them as they then are. 1 read, 1 write.

    edit: makes of the settings what they are to be, and may be called again if they were changed meanwhile. What it raises goes through.
    A schema's version is counted here: one more whenever the schema is another.
    if_version: the only version that may be changed.

    Raises:
        Invalid: what they would be cannot be; nothing was changed.
        Stale: as it says.
        Unavailable: too many changes at once.
    """
    for _ in range(_ATTEMPTS):
        before = current()
        if if_version not in (None, before.version):
            raise Stale
        after = _completed(before, edit(before))
        if after == before:
            return before
        _check(after)
        after = replace(after, version=before.version + 1, updated_at=clock.now())
        if _written(before, after):
            forget()
            return after
    raise Unavailable(detail="the settings are being changed too often")


def _written(before: Tenant, after: Tenant) -> bool:
    item = after.to_item()
    try:
        if not before.version:
            table.put_new(table.tenant_key(), item)
        else:
            table.update(table.tenant_key(), where=[("version", "=", before.version)], set=item)
    except table.ConditionFailed as refused:
        # A repeat after a lost answer finds what it wrote itself.
        return refused.item is not None and Tenant.from_item(refused.item) == after
    return True


def _completed(before: Tenant, after: Tenant) -> Tenant:
    counted = {}
    for namespace, given in after.schemas.items():
        if not isinstance(given, Mapping) or not isinstance(given.get("schema"), Mapping):
            raise Invalid(f"schemas.{namespace} must have a schema, which is an object")
        known = before.schemas.get(namespace, {"version": 0, "schema": None})
        changed = given["schema"] != known["schema"]
        counted[namespace] = {"version": known["version"] + changed, "schema": dict(given["schema"])}
    return replace(after, version=before.version, updated_at=before.updated_at, schemas=counted)


def _check(tenant: Tenant) -> None:
    if len(tenant.searchable) > MOST_SEARCHABLE:
        raise Invalid(f"searchable has more than {MOST_SEARCHABLE} paths")
    if len(set(tenant.searchable)) < len(tenant.searchable):
        raise Invalid("searchable names a path twice")
    if not all(_SEARCHABLE.fullmatch(path) for path in tenant.searchable):
        raise Invalid("searchable: each path is user_metadata. or app_metadata. and names of A to Z, a to z, 0 to 9, _ and -")
    if not 0 <= tenant.profile_questions_at_once <= MOST_QUESTIONS:
        raise Invalid(f"profile_questions_at_once must be 0 to {MOST_QUESTIONS}")
    _check_custom_data(tenant.custom_data)
    _check_schemas(tenant.schemas)


def _check_custom_data(custom: CustomData) -> None:
    if custom.store and not _STORE.fullmatch(custom.store):
        raise Invalid("custom_data.store must be 1 to 32 of a to z, 0 to 9, _ and -")
    if custom.enabled and not custom.store:
        raise Invalid("custom_data is enabled with a store")
    if not _KEY_FIELD.fullmatch(custom.key_field):
        raise Invalid("custom_data.key_field must be 1 to 64 of A to Z, a to z, 0 to 9, _ and -")
    if custom.access not in (OWN, SYSTEM):
        raise Invalid(f"custom_data.access must be {OWN} or {SYSTEM}")


def _check_schemas(given: Mapping[str, Any]) -> None:
    if unknown := sorted(set(given) - set(NAMESPACES)):
        raise Invalid(f"schemas has no namespace {unknown[0][:100]}; there are {', '.join(NAMESPACES)}")
    for namespace, entry in given.items():
        try:
            schemas.check(entry["schema"])
        except schemas.Unusable as flaw:
            raise Invalid(f"schemas.{namespace}: {flaw.reason}") from flaw
