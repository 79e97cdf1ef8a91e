"""What the operator decided for the whole stack: one item, which every function reads and few change."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from gatehouse import clock, schemas, table
from gatehouse.configuration import Configuration, Invalid
from gatehouse.dataclasses import asdict, dataclass, field, replace

MOST_SEARCHABLE: Final = 10
MOST_QUESTIONS: Final = 10
NAMESPACES: Final = ("user_metadata", "app_metadata", "custom_data")
OWN, SYSTEM = "own", "system"
_SEARCHABLE: Final = r"(?:user|app)_metadata(?:\.[A-Za-z0-9_-]{1,64}){1,5}"
_STORE: Final = r"[a-z0-9_-]{1,32}"
_KEY_FIELD: Final = r"[A-Za-z0-9_-]{1,64}"


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


def settings() -> Tenant:
    """As Configuration.settings."""
    return _CONFIGURATION.settings()


def forget() -> None:
    """Read the settings anew."""
    _CONFIGURATION.forget()


def current() -> Tenant:
    """The settings as they are now: 1 RRU."""
    return _CONFIGURATION.current()


def change(edit: Callable[[Tenant], Tenant], *, if_version: int | None = None) -> Tenant:
    """As Configuration.change. A schema's version is counted here: one more whenever the schema is another."""
    return _CONFIGURATION.change(edit, if_version=if_version)


def _completed(before: Tenant, after: Tenant, version: int) -> Tenant:
    counted = {}
    for namespace, given in after.schemas.items():
        if not isinstance(given, Mapping) or not isinstance(given.get("schema"), Mapping):
            raise Invalid(f"schemas.{namespace} must have a schema, which is an object")
        known = before.schemas.get(namespace, {"version": 0, "schema": None})
        changed = given["schema"] != known["schema"]
        counted[namespace] = {"version": known["version"] + changed, "schema": dict(given["schema"])}
    completed = replace(after, version=version, updated_at=clock.now(), schemas=counted)
    _check(completed)
    return completed


def _check(tenant: Tenant) -> None:
    if len(tenant.searchable) > MOST_SEARCHABLE:
        raise Invalid(f"searchable has more than {MOST_SEARCHABLE} paths")
    if len(set(tenant.searchable)) < len(tenant.searchable):
        raise Invalid("searchable names a path twice")
    if not all(re.fullmatch(_SEARCHABLE, path) for path in tenant.searchable):
        raise Invalid("searchable: each path is user_metadata. or app_metadata. and names of A to Z, a to z, 0 to 9, _ and -")
    if not 0 <= tenant.profile_questions_at_once <= MOST_QUESTIONS:
        raise Invalid(f"profile_questions_at_once must be 0 to {MOST_QUESTIONS}")
    _check_custom_data(tenant.custom_data)
    _check_schemas(tenant.schemas)


def _check_custom_data(custom: CustomData) -> None:
    if custom.store and not re.fullmatch(_STORE, custom.store):
        raise Invalid("custom_data.store must be 1 to 32 of a to z, 0 to 9, _ and -")
    if custom.enabled and not custom.store:
        raise Invalid("custom_data is enabled with a store")
    if not re.fullmatch(_KEY_FIELD, custom.key_field):
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


_CONFIGURATION: Final = Configuration(Tenant, table.tenant_key, _completed)
