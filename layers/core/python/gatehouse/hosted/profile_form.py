"""The profile as a form: which members people see and change themselves, under which names, and what came back from the form."""

from collections.abc import Mapping
from typing import Any

from gatehouse.dataclasses import dataclass
from gatehouse.users import User

# Members of the address that have a field of their own; a formatted one is kept until one of these changes.
_PLACES = ("street_address", "postal_code", "locality", "region", "country")


@dataclass(frozen=True, slots=True)
class Field:
    """kind: of the input. wide: it takes the whole line where two fit beside each other."""

    name: str
    label: str
    autocomplete: str
    kind: str = "text"
    hint: str = ""
    wide: bool = False


FIELDS = (
    Field("given_name", "First name", "given-name"),
    Field("family_name", "Last name", "family-name"),
    Field("name", "Full name", "name", hint="As it is shown to others", wide=True),
    Field("nickname", "Nickname", "nickname"),
    Field("birthdate", "Date of birth", "bday", "date"),
    Field("locale", "Language", "language", hint="For example en-GB"),
    Field("zoneinfo", "Time zone", "off", hint="For example Europe/Paris"),
    Field("website", "Website", "url", "url", hint="Begins with https://", wide=True),
    Field("picture", "Picture", "photo", "url", hint="The address of a picture of you, with https:// in front", wide=True),
)
PLACES = (
    Field("street_address", "Street and number", "street-address", "lines", wide=True),
    Field("postal_code", "Postal code", "postal-code"),
    Field("locality", "City", "address-level2"),
    Field("region", "Region", "address-level1"),
    Field("country", "Country", "country-name"),
)
# Members that only questions ask for.
_OTHERS = (
    Field("middle_name", "Middle name", "additional-name"),
    Field("preferred_username", "User name", "nickname"),
    Field("profile", "Profile page", "url", "url", hint="Begins with https://"),
    Field("gender", "Gender", "sex"),
)
_BY_NAME = {field.name: field for field in (*FIELDS, *PLACES, *_OTHERS)}
NAMES = " ".join(field.name for field in (*FIELDS, *PLACES))


def field_of(name: str) -> Field | None:
    """The field of a member of the profile."""
    return _BY_NAME.get(name)


def label(name: str) -> str:
    """What people know the member by."""
    return _BY_NAME[name].label if name in _BY_NAME else name


def shown(user: User, typed: Mapping[str, str] | None = None, invalid: str = "") -> dict[str, Any]:
    """What the template shows of each field. typed: what somebody typed, instead of what is kept. invalid: the field that is wrong."""
    values = _values(user) if typed is None else typed
    return {
        "profile_fields": [_shown(field, values, invalid) for field in FIELDS],
        "address_fields": [_shown(field, values, invalid) for field in PLACES],
    }


def _shown(field: Field, values: Mapping[str, str], invalid: str) -> dict[str, Any]:
    value = values.get(field.name, "")
    # A browser shows nothing in a field for dates that holds only a year, and would send nothing back.
    kind = "text" if field.kind == "date" and value and len(value) != len("1990-04-23") else field.kind
    return {
        "name": field.name,
        "label": field.label,
        "autocomplete": field.autocomplete,
        "kind": kind,
        "hint": field.hint,
        "wide": field.wide,
        "value": value,
        "invalid": field.name == invalid or (invalid == "address" and field.name in _PLACES),
    }


def _values(user: User) -> dict[str, str]:
    address = user.profile.get("address") or {}
    members = {field.name: user.profile.get(field.name, "") for field in FIELDS}
    return members | {name: address.get(name, "") for name in _PLACES}


def typed(fields: Mapping[str, str]) -> dict[str, str]:
    """What somebody typed into the form: all fields that it had, which browsers send even if they are empty, and nothing else."""
    had = {*fields.get("fields", "").split(), *fields}
    # A browser ends lines in two characters.
    return {name: fields.get(name, "").replace("\r\n", "\n").strip() for name in NAMES.split() if name in had}


def members(user: User, values: Mapping[str, str]) -> dict[str, Any]:
    """The members of the profile that the form speaks of, as they are to be; empty for what is to go."""
    changed: dict[str, Any] = {field.name: values[field.name] for field in FIELDS if field.name in values}
    before = user.profile.get("address") or {}
    places = {name: values[name] for name in _PLACES if name in values}
    if any(before.get(name, "") != value for name, value in places.items()):
        kept = {name: value for name, value in before.items() if name != "formatted"}
        changed["address"] = {name: value for name, value in {**kept, **places}.items() if value}
    return changed
