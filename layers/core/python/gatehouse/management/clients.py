"""/api/v2/clients: applications, in the shape of Auth0's Management API."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from gatehouse import client_registration, table
from gatehouse.client_rules import InvalidRegistration
from gatehouse.errors import NotFound
from gatehouse.management import callers, client_powers, paging
from gatehouse.management.client_documents import (
    MERGED,
    ClientAnswer,
    ClientPatch,
    NewClient,
    editable,
    refusal,
    shown,
    taken_apart,
    validated,
)
from gatehouse.management.fields import FieldsQuery, only
from gatehouse.management.paging import PageQuery
from gatehouse.management.patches import patched
from gatehouse.management.refusals import Conflict, PreconditionFailed
from gatehouse.management.routes import Body, Call, Route, sent
from gatehouse.web import Response

LONGEST_OVERLAP_SECONDS = 30 * 86400
# What a client proves itself with. Whoever changes it can pass for the client from then on.
_KEYS = ("token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "jwks", "jwks_uri")


class NoSuchClient(NotFound):
    code = "inexistent_client"

    def __init__(self) -> None:
        super().__init__("The client does not exist.")


class ListQuery(PageQuery, FieldsQuery):
    """app_type: one or several, separated by commas. is_global: there is no global client."""

    app_type: str = ""
    is_global: bool | None = None
    is_first_party: bool | None = None


class Rotation(Body):
    """overlap_seconds: how long the old secret is good beside the new one. Auth0 has no such thing, and 0."""

    overlap_seconds: int = Field(default=0, ge=0, le=LONGEST_OVERLAP_SECONDS)


def listed(call: Call) -> Any:
    """GET clients. What is filtered is read as a whole: 1 RRU for every client or so."""
    query: ListQuery = call.query
    if query.is_global:
        return paging.sliced(query, [], "clients")
    if query.app_type or query.is_first_party is not None:
        fitting = [document for document in map(shown, client_registration.everyone()) if _fits(document, query)]
        purpose = f"clients {query.app_type} {query.is_first_party}"
        return paging.sliced(query, [only(document, query) for document in fitting], "clients", purpose=purpose)

    def load(keys: Sequence[table.Key]) -> list[dict[str, Any]]:
        return [only(shown(item), query) for item in client_registration.found(keys)]

    return paging.listed(query, ["CLIENTS"], load, what="CLIENTS", name="clients", purpose="clients")


def get(call: Call) -> Response:
    """GET clients/{id}"""
    item = existing(call.path["id"])
    return sent(only(shown(item), call.query), version=client_registration.version_of(item))


def create(call: Call) -> Response:
    """POST clients: 201 with the secret, if it has one, shown this once."""
    properties, notes = taken_apart(call.body.model_dump(exclude_none=True))
    client_powers.demand(call.caller, [properties])
    try:
        registered = client_registration.register(notes=notes, **properties)
    except InvalidRegistration as invalid:
        raise refusal(invalid) from invalid
    call.request.outcome["registered"] = registered.client_id
    item = existing(registered.client_id)
    return sent(shown(item, registered.secret), status=201, version=client_registration.version_of(item))


def patch(call: Call) -> Response:
    """PATCH clients/{id}. A client that from now on needs a secret has it in the answer, this once."""

    def edit(item: table.Item) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        document, _ = patched(editable(item), call, merging=MERGED)
        properties, notes = taken_apart(validated(document))
        if any(properties.get(name) != item.get(name) for name in _KEYS):
            callers.demand(call.caller, "update:client_keys")
        return properties, notes

    return changed(call, call.path["id"], edit)


def changed(call: Call, client_id: str, edit: client_registration.Edit) -> Response:
    """The answer after `edit`, as client_registration.amend wants it, of a client that may do no more than the caller, before and after.

    Raises:
        NoSuchClient, PreconditionFailed, InvalidBody, Conflict, NotPermitted: as they say; nothing was changed.
    """
    item, secret = amended(call, client_id, edit)
    return sent(shown(item, secret), version=client_registration.version_of(item))


def amended(call: Call, client_id: str, edit: client_registration.Edit) -> tuple[table.Item, str]:
    """The client after `edit`, and its secret if that is new. Raises as `changed` does."""

    def permitted(item: table.Item) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        properties, notes = edit(item)
        client_powers.demand(call.caller, [item, properties])
        return properties, notes

    try:
        return client_registration.amend(client_id, permitted, if_version=call.if_version)
    except client_registration.Unknown as unknown:
        raise NoSuchClient from unknown
    except client_registration.Stale as stale:
        raise PreconditionFailed from stale
    except client_registration.Outrun as outrun:
        raise Conflict("The client is being changed by others; try again.") from outrun
    except InvalidRegistration as invalid:
        raise refusal(invalid) from invalid


def delete(call: Call) -> None:
    """DELETE clients/{id}, also done if there is none. What it was issued is over within remembered.CACHE_SECONDS."""
    client_registration.delete(call.path["id"])


def rotate_secret(call: Call) -> Response:
    """POST clients/{id}/rotate-secret: the client with its new secret, shown once. The old one ends within remembered.CACHE_SECONDS."""
    client_id = call.path["id"]
    item = existing(client_id)
    client_powers.demand(call.caller, [item])
    if not item["secret_digests"]:
        raise Conflict("The client proves itself without a secret.")
    try:
        secret = client_registration.rotate_secret(client_id, overlap_seconds=call.body.overlap_seconds)
    except InvalidRegistration as raced:
        raise Conflict("The client is being changed by others; try again.") from raced
    item = existing(client_id)
    return sent(shown(item, secret), version=client_registration.version_of(item))


def existing(client_id: str) -> table.Item:
    """The client of this id as it is now.

    Raises:
        NoSuchClient: there is none.
    """
    item = client_registration.find(client_id)
    if item is None:
        raise NoSuchClient
    return item


def _fits(document: Mapping[str, Any], query: ListQuery) -> bool:
    if query.app_type and document["app_type"] not in query.app_type.split(","):
        return False
    return query.is_first_party in (None, document["is_first_party"])


ROUTES = [
    Route(
        method="GET",
        path="/clients",
        serve=listed,
        summary="List applications",
        scopes=("read:clients", "read:client_keys"),
        query=ListQuery,
        answers=list[ClientAnswer],
    ),
    Route(
        method="POST",
        path="/clients",
        serve=create,
        summary="Register an application",
        scopes=("create:clients",),
        body=NewClient,
        answers=ClientAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/clients/{id}",
        serve=get,
        summary="Get an application",
        scopes=("read:clients", "read:client_keys"),
        query=FieldsQuery,
        answers=ClientAnswer,
    ),
    Route(
        method="PATCH",
        path="/clients/{id}",
        serve=patch,
        summary="Change an application",
        scopes=("update:clients",),
        body=ClientPatch,
        patchable=True,
        answers=ClientAnswer,
    ),
    Route(method="DELETE", path="/clients/{id}", serve=delete, summary="Delete an application", scopes=("delete:clients",), status=204),
    Route(
        method="POST",
        path="/clients/{id}/rotate-secret",
        serve=rotate_secret,
        summary="Give an application a new secret",
        scopes=("update:client_keys",),
        body=Rotation,
        body_optional=True,
        answers=ClientAnswer,
    ),
]
