"""The claims parameter (OpenID Connect Core 5.5): single claims, at userinfo or in the ID token."""

import json
from typing import Any

from gatehouse import assurance
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass
from gatehouse.errors import InvalidRequest, UnmetAuthenticationRequirements
from gatehouse.users import SCOPE_OF

_FLAW = "claims must be a JSON object of userinfo and id_token, each an object of claims"


@dataclass(frozen=True, slots=True)
class Claims:
    """userinfo, id_token: names separated by spaces. subject: who alone may sign in, empty for anybody."""

    userinfo: str = ""
    id_token: str = ""
    subject: str = ""


def read(value: str, client: Client) -> Claims:
    """What is asked for and may be: the claims of scopes that the client has. Others are left out, as the specification wants.

    Raises:
        InvalidRequest: it is no claims request.
        UnmetAuthenticationRequirements: it insists on an acr that no sign-in here reaches.
    """
    if not value:
        return Claims()
    try:
        document = json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InvalidRequest(_FLAW) from None
    if not isinstance(document, dict):
        raise InvalidRequest(_FLAW)
    for_userinfo, for_id_token = _members(document, "userinfo"), _members(document, "id_token")
    _check_acr(for_id_token.get("acr"))
    return Claims(_names(for_userinfo, client), _names(for_id_token, client), _subject(for_userinfo, for_id_token))


def written(wishes: dict[str, str], subject: str) -> str:
    """The parameter that asks for these names again, by where they are to stand; empty if there are none."""
    document: dict[str, Any] = {where: dict.fromkeys(names.split()) for where, names in wishes.items() if names}
    if subject:
        document.setdefault("id_token", {})["sub"] = {"value": subject}
    return json.dumps(document, separators=(",", ":")) if document else ""


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _members(document: dict[str, Any], name: str) -> dict[str, Any]:
    members = document.get(name)
    if members is None:
        return {}
    if not isinstance(members, dict) or not all(wish is None or isinstance(wish, dict) for wish in members.values()):
        raise InvalidRequest(_FLAW)
    return members


def _names(members: dict[str, Any], client: Client) -> str:
    return " ".join(name for name in SCOPE_OF if name in members and SCOPE_OF[name] in client.scopes)


def _check_acr(wish: Any) -> None:
    if not wish or wish.get("essential") is not True:
        return
    values = wish.get("values", [wish["value"]] if "value" in wish else list(assurance.ACR_VALUES))
    if not isinstance(values, list) or not any(value in assurance.ACR_VALUES for value in values):
        raise UnmetAuthenticationRequirements("no sign-in here reaches an acr that is asked for as essential")


def _subject(*wishes: dict[str, Any]) -> str:
    named = {wish["sub"]["value"] for wish in wishes if wish.get("sub") and isinstance(wish["sub"].get("value"), str)}
    if len(named) > 1:
        raise InvalidRequest("claims names two people")
    # A subject identifier is of ASCII and not empty (OpenID Connect Core 2), so that this is nobody's.
    if not all(subject and subject.isascii() for subject in named):
        raise InvalidRequest("claims names a sub that nobody can have")
    return named.pop() if named else ""
