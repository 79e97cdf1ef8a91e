"""/api/v2/client-grants: which client may have which scopes of which API. A view of the clients, which hold nothing else for it.

The scopes of a client are one set for all its APIs. So a scope that two of them declare is granted at both, and taken away at both.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from gatehouse import client_registration, resource_servers, table
from gatehouse.client_rules import PROPERTIES
from gatehouse.clients import LONGEST_CLIENT_ID, STANDARD_SCOPES
from gatehouse.errors import NotFound
from gatehouse.management import paging
from gatehouse.management.clients import amended, existing
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import Conflict, InvalidBody, NoSuchApi
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.permissions import api_id
from gatehouse.resource_servers import MOST_SCOPES
from gatehouse.web import Response

_PREFIX: Final = "cgr_"


class NoSuchGrant(NotFound):
    code = "inexistent_client_grant"

    def __init__(self) -> None:
        super().__init__("The client grant does not exist.")


class GrantsQuery(PageQuery):
    client_id: str = Field(default="", max_length=LONGEST_CLIENT_ID)
    audience: str = ""


class GrantPatch(Body):
    scope: list[str] = Field(max_length=MOST_SCOPES)


class NewGrant(GrantPatch):
    client_id: str
    audience: str


class GrantAnswer(Answer):
    id: str
    client_id: str
    audience: str
    scope: list[str]


def listed(call: Call) -> Any:
    """GET client-grants. Without client_id all clients are read."""
    query: GrantsQuery = call.query
    if query.client_id:
        item = client_registration.find(query.client_id)
        items = [item] if item else []
    else:
        items = list(client_registration.everyone())
    declared = {api.identifier: api.scope_values for api in resource_servers.listed()}
    found = [(item, audience) for item in items for audience in _audiences(item) if query.audience in ("", audience)]
    grants = [_shown(item, audience, declared) for item, audience in found]
    return paging.sliced(query, grants, "client_grants", purpose=f"client_grants {query.client_id} {query.audience}")


def get(call: Call) -> dict[str, Any]:
    """GET client-grants/{id}"""
    client_id, granted = _parts(call.path["id"])
    return _grant(existing_client(client_id), granted)


def create(call: Call) -> Response:
    """POST client-grants: the API is the client's audience if a machine has none yet, else one of its resources."""
    audience = call.body.audience
    _check(audience, call.body.scope)

    def edit(item: table.Item) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        if audience in _audiences(item):
            raise Conflict("The client has a grant for this API.")
        first = item["type"] == "machine" and not item.get("audience")
        reached = {"audience": audience} if first else {"resources": [*item.get("resources", []), audience]}
        return _with(item, scopes=_united(item["scopes"], call.body.scope), **reached)

    existing(call.body.client_id)
    item, _ = amended(call, call.body.client_id, edit)
    return sent(_grant(item, api_id(audience)), status=201)


def patch(call: Call) -> dict[str, Any]:
    """PATCH client-grants/{id}: these scopes of the API, and no others of it."""
    client_id, granted = _parts(call.path["id"])

    def edit(item: table.Item) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        grant = _grant(item, granted)
        _check(grant["audience"], call.body.scope)
        kept = [scope for scope in item["scopes"] if scope not in grant["scope"]]
        return _with(item, scopes=_united(kept, call.body.scope))

    existing_client(client_id)
    item, _ = amended(call, client_id, edit)
    return _grant(item, granted)


def delete(call: Call) -> None:
    """DELETE client-grants/{id}: the API, and the scopes that no other API of the client has. Also done if there is no such grant."""

    def edit(item: table.Item) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        audience = _grant(item, granted)["audience"]
        rest = [each for each in _audiences(item) if each != audience]
        declared = _declared(_audiences(item))
        kept = {scope for each in rest for scope in _scopes(item, each, declared)}
        taken = set(_scopes(item, audience, declared)) - kept
        first, others = (rest[:1], rest[1:]) if item["type"] == "machine" or item.get("audience") != audience else ([], rest)
        scopes = [scope for scope in item["scopes"] if scope not in taken]
        return _with(item, scopes=scopes, audience="".join(first), resources=others)

    try:
        client_id, granted = _parts(call.path["id"])
        amended(call, client_id, edit)
    except NotFound:
        return


def existing_client(client_id: str) -> table.Item:
    """The client that the id of a grant names.

    Raises:
        NoSuchGrant: there is none.
    """
    item = client_registration.find(client_id)
    if item is None:
        raise NoSuchGrant
    return item


def _parts(grant_id: str) -> tuple[str, str]:
    """Client id and API id of a grant's id."""
    prefix, _, rest = grant_id.partition("_")
    client_id, underscore, granted = rest.rpartition("_")
    if f"{prefix}_" != _PREFIX or not underscore:
        raise NoSuchGrant
    return client_id, granted


def _audiences(item: Mapping[str, Any]) -> list[str]:
    """The APIs that the client is registered for, the one that its tokens are for by default first."""
    return list(dict.fromkeys(filter(None, (item.get("audience"), *item.get("resources", ())))))


def _grant(item: table.Item, granted: str) -> dict[str, Any]:
    for audience in _audiences(item):
        if api_id(audience) == granted:
            return _shown(item, audience, _declared([audience]))
    raise NoSuchGrant


def _shown(item: table.Item, audience: str, declared: Mapping[str, frozenset[str]]) -> dict[str, Any]:
    return {
        "id": f"{_PREFIX}{item['client_id']}_{api_id(audience)}",
        "client_id": item["client_id"],
        "audience": audience,
        "scope": _scopes(item, audience, declared),
        "subject_type": "client",
    }


def _declared(audiences: Sequence[str]) -> dict[str, frozenset[str]]:
    """The scopes of those of the APIs that are registered, as they are now: 1 RRU each."""
    found = (resource_servers.get(api_id(audience)) for audience in audiences)
    return {api.identifier: api.scope_values for api in found if api}


def _scopes(item: table.Item, audience: str, declared: Mapping[str, frozenset[str]]) -> list[str]:
    """The scopes that the client's tokens can have for the API: of one that nobody registered all but the standard ones."""
    known = declared.get(audience)
    return [scope for scope in item["scopes"] if (scope not in STANDARD_SCOPES if known is None else scope in known)]


def _check(audience: str, scopes: Sequence[str]) -> None:
    """Accept scopes that the API has.

    Raises:
        InvalidBody, NoSuchApi: it has not, or there is none.
    """
    known = _declared([audience]).get(audience)
    if known is None:
        raise NoSuchApi
    if beyond := sorted(set(scopes) - known):
        raise InvalidBody(f"scope: the API does not have {beyond[0][:200]}")


def _united(scopes: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*scopes, *more]))


def _with(item: table.Item, **properties: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The client's properties and notes with these properties instead; those without a value are gone."""
    changed = {**{name: item[name] for name in PROPERTIES if name in item}, **properties}
    return {name: value for name, value in changed.items() if name == "scopes" or value not in ("", [])}, item.get("notes", {})


ROUTES = [
    Route(
        method="GET",
        path="/client-grants",
        serve=listed,
        summary="List which applications may have which scopes of which API",
        scopes=("read:client_grants",),
        query=GrantsQuery,
        answers=list[GrantAnswer],
    ),
    Route(
        method="POST",
        path="/client-grants",
        serve=create,
        summary="Give an application scopes of an API",
        scopes=("create:client_grants",),
        body=NewGrant,
        answers=GrantAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/client-grants/{id}",
        serve=get,
        summary="Get a client grant",
        scopes=("read:client_grants",),
        answers=GrantAnswer,
    ),
    Route(
        method="PATCH",
        path="/client-grants/{id}",
        serve=patch,
        summary="Change the scopes of a client grant",
        scopes=("update:client_grants",),
        body=GrantPatch,
        answers=GrantAnswer,
    ),
    Route(
        method="DELETE",
        path="/client-grants/{id}",
        serve=delete,
        summary="Take an API from an application",
        scopes=("delete:client_grants",),
        status=204,
    ),
]
