"""Organizations: customers, teams or partners within the tenant, each with its own members, and a name that is its alone."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Self

from gatehouse import clock, memberships, table, versions
from gatehouse.dataclasses import asdict, dataclass, field, of_known, replace

LIST: Final = "ORGS"
PREFIX: Final = "org_"
LONGEST_NAME: Final = 50
LONGEST_TEXT: Final = 255
MOST_METADATA: Final = 25
MOST_CONNECTIONS: Final = 50
_ID: Final = r"org_[A-Za-z0-9]{16}"
_NAME: Final = r"[a-z0-9][a-z0-9_-]{0,49}"
_COLOR: Final = r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})"
_COLORS: Final = {"primary", "page_background"}
_CHARACTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# What an operator changes.
EDITABLE: Final = ("name", "display_name", "branding", "metadata")


class Unacceptable(ValueError):
    """An organization that is not kept so. reason: for whoever sent it; never repeats a value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NameTaken(Exception):
    """Another organization has the name."""


@dataclass(frozen=True, slots=True)
class Organization:
    """branding: logo_url and colors (primary, page_background). metadata: strings by name. Times in seconds since the epoch.

    connections: those that are enabled, each {connection_id, show_as_button, is_signup_enabled}.
    """

    org_id: str
    name: str
    display_name: str = ""
    branding: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    connections: list[dict[str, Any]] = field(default_factory=list)
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return of_known(cls, item)


def get(org_id: str) -> Organization | None:
    """The organization, strongly consistent: 1 RRU per 4 KB."""
    item = table.get(table.organization_key(org_id)) if re.fullmatch(_ID, org_id) else None
    return Organization.from_item(item) if item else None


def by_name(name: str) -> Organization | None:
    """The organization of this name: two reads."""
    org_id = "" if name.startswith(PREFIX) else find(name)
    return get(org_id) if org_id else None


def find(named: str) -> str:
    """The id of the organization that an id or a name stands for, empty for none. 1 RRU."""
    if named.startswith(PREFIX):
        return named if get(named) else ""
    entry = table.get(table.organization_name_key(named)) if re.fullmatch(_NAME, named) else None
    return str(entry["org_id"]) if entry else ""


def many(org_ids: Sequence[str]) -> list[Organization]:
    """The organizations of these ids that there are, in this order."""
    found: list[Organization] = []
    for first in range(0, len(org_ids), 100):
        items = table.get_many(*map(table.organization_key, org_ids[first : first + 100]))
        found += [Organization.from_item(item) for item in items if item]
    return found


def create(name: str, **members: Any) -> Organization:
    """Create an organization. Of two racing callers with one name exactly one succeeds. members: further fields of Organization.

    Raises:
        Unacceptable: as it says. NameTaken: another organization has the name.
    """
    now = clock.now()
    org_id = PREFIX + "".join(secrets.choice(_CHARACTERS) for _ in range(16))
    made = Organization(org_id, name, **members, created_at=now, updated_at=now)
    _check(made)
    item = asdict(made) | table.listed(LIST, org_id, now)
    try:
        table.transact(_claim(made), table.Write(table.organization_key(org_id), where=[("pk", "absent", None)], put=item))
    except table.ConditionFailed as taken:
        raise NameTaken from taken
    return made


def change(org_id: str, edit: Callable[[Organization], Organization], *, if_version: int | None = None) -> Organization:
    """Change an organization and return it as it then is. 1 read, 1 write; with a new name a transaction.

    edit: makes of it what it is to be, and may be called again if it was changed meanwhile. if_version: the only one that may be changed.

    Raises:
        versions.Unknown, versions.Stale: as they say. Unacceptable, NameTaken: as they say. Unavailable: too many changes at once.
    """

    def changes(item: table.Item) -> versions.Edit:
        before = Organization.from_item(item)
        after = edit(before)
        _check(after)
        values = {name: getattr(after, name) for name in (*EDITABLE, "connections") if getattr(after, name) != getattr(before, name)}
        return values, [_claim(after), _release(before)] if "name" in values else []

    try:
        return Organization.from_item(versions.change(table.organization_key(org_id), changes, if_version=if_version))
    except versions.Refused as refused:
        raise NameTaken from refused


def edited(organization: Organization, document: Mapping[str, Any]) -> Organization:
    """The organization with what the document says of EDITABLE; what it leaves out, or has as null, is empty then.

    Raises:
        Unacceptable: another member, or one of another kind.
    """
    if unknown := sorted(set(document) - set(EDITABLE)):
        raise Unacceptable(f"there is no {', '.join(unknown)[:200]}")
    empty: dict[str, Any] = {"name": "", "display_name": "", "branding": {}, "metadata": {}}
    return replace(organization, **{name: nothing if document.get(name) is None else document[name] for name, nothing in empty.items()})


def remove(org_id: str) -> bool:
    """Delete an organization, its name, memberships and invitations; False if there is none.

    Whatever joins it asks for it in that instant, so that the rest finds everything. Interrupted, it may be asked for again: the rest is
    done also for an organization that is gone.
    """
    found = get(org_id)
    if found:
        gone = table.Write(table.organization_key(org_id), where=[("version", "=", found.version)], delete=True)
        try:
            table.transact(gone, _release(found))
        except table.ConditionFailed:
            # Changed or removed meanwhile.
            return remove(org_id)
    memberships.end_all(org_id)
    for item in table.query(table.organization_partition(org_id), table.invitation_key("", "")["sk"]):
        table.delete({"pk": item["pk"], "sk": item["sk"]})
    return found is not None


def _claim(organization: Organization) -> table.Write:
    key = table.organization_name_key(organization.name)
    return table.Write(key, where=[("pk", "absent", None)], put={"org_id": organization.org_id})


def _release(organization: Organization) -> table.Write:
    return table.Write(table.organization_name_key(organization.name), where=[("org_id", "=", organization.org_id)], delete=True)


def _check(organization: Organization) -> None:
    for flaw in _flaws(organization):
        raise Unacceptable(flaw)


def _flaws(organization: Organization) -> Iterator[str]:
    name = organization.name
    # One that looks like an id could pass for another organization where either is taken.
    if not isinstance(name, str) or not re.fullmatch(_NAME, name) or name.startswith(PREFIX):
        yield f"name must be 1 to {LONGEST_NAME} of a to z, 0 to 9, _ and -, begin with a letter or digit and not with {PREFIX}"
    if not _is_text(organization.display_name):
        yield f"display_name must be a string of at most {LONGEST_TEXT} characters that can be seen"
    yield from _branding_flaws(organization.branding)
    metadata = organization.metadata
    if not isinstance(metadata, dict) or len(metadata) > MOST_METADATA:
        yield f"metadata must be an object of at most {MOST_METADATA} members"
    elif not all(key and _is_text(key) and _is_text(value) for key, value in metadata.items()):
        yield f"names and values in metadata must be strings of at most {LONGEST_TEXT} characters that can be seen"
    if len(organization.connections) > MOST_CONNECTIONS:
        yield f"at most {MOST_CONNECTIONS} connections can be enabled"


def _branding_flaws(branding: Any) -> Iterator[str]:
    if not isinstance(branding, dict) or not {"logo_url", "colors"}.issuperset(branding):
        yield "branding must be an object of logo_url and colors"
        return
    logo, colors = branding.get("logo_url") or "", branding.get("colors") or {}
    if not _is_text(logo) or (logo and not logo.startswith("https://")):
        yield f"branding.logo_url must be an https URL of at most {LONGEST_TEXT} characters"
    if not isinstance(colors, dict) or not _COLORS.issuperset(colors):
        yield f"branding.colors must be an object of {' and '.join(sorted(_COLORS))}"
    elif not all(isinstance(value, str) and re.fullmatch(_COLOR, value) for value in colors.values()):
        yield "branding.colors must be written as #rrggbb"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and value.isprintable()
