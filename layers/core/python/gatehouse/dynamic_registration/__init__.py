"""Clients that register themselves, and then manage their registration (RFC 7591, RFC 7592, OpenID Connect Registration 1.0)."""

import json
from collections.abc import Mapping
from typing import Any

from gatehouse import bearer, client_registration, clients, outbound, table
from gatehouse.client_registration import SECRET_LENGTH
from gatehouse.client_rules import InvalidRegistration
from gatehouse.clients import Client, new_identifier, secret_digest
from gatehouse.dynamic_registration import metadata
from gatehouse.errors import InvalidToken, Unavailable
from gatehouse.management import callers
from gatehouse.settings import settings
from gatehouse.web import Request, Response, json_response

SCOPE = "register:clients"
PATH = "/oidc/register"
LARGEST_SECTOR = 65_536
_ATTEMPTS = 5
_MESSAGE = "the registration access token is not that of a client that is registered"
# What a client says who it is with at an update, and what only we say (RFC 7592 2.2).
_OURS = ("registration_access_token", "registration_client_uri", "client_id_issued_at", "client_secret_expires_at")


def register(request: Request) -> Response:
    """POST with an access token for the Management API: 201 with the client, its secret and the token to manage it, both shown once.

    Raises:
        InvalidToken, InvalidDpopProof: no such token, or that of a person who signed out.
        InsufficientScope: without register:clients, or that of a person to whom no role gives it.
        InvalidRedirectUri, InvalidClientMetadata: the metadata break a rule. InvalidRequest: the body is no JSON object.
    """
    caller = callers.authenticate(request)
    callers.demand_for_tenant(caller, SCOPE)
    document, token = request.json_object, new_identifier(SECRET_LENGTH)
    try:
        members = _checked(document)
        properties, kept = metadata.properties_of(members, pkce=_demands_pkce(caller.client_id)), metadata.kept_of(members)
        attributes = {"registration_digest": secret_digest(token), "metadata": kept}
        registered = client_registration.register(self_registered=attributes, first_party=False, **properties)
    except InvalidRegistration as invalid:
        raise metadata.refusal(invalid) from invalid
    request.outcome["registered"] = registered.client_id
    return json_response(201, _information(_found(registered.client_id, token), token, registered.secret))


def manage(request: Request, client_id: str) -> Response:
    """GET, PUT and DELETE with the client's registration access token: what is registered, something else instead, or an end.

    Raises:
        InvalidToken: the token is not this client's, or there is no such client; never which.
        InvalidRedirectUri, InvalidClientMetadata: the metadata break a rule. InvalidRequest: the body is no JSON object.
    """
    token = _presented(request)
    item = _found(client_id, token)
    request.outcome["client_id"] = client_id
    if request.method == "DELETE":
        return _removed(item)
    if request.method == "PUT":
        return json_response(200, _replaced(item, token, request.json_object))
    return json_response(200, _information(item, token))


def _demands_pkce(desk_id: str) -> bool:
    """What the client that the initial access token was issued to is held to is what those it registers are held to by default."""
    desk = clients.get(desk_id)
    return desk is None or desk.require_pkce


def _presented(request: Request) -> str:
    scheme, token = bearer.presented(request)
    if scheme != "bearer":
        raise InvalidToken(_MESSAGE, detail=f"presented as {scheme}")
    return token


def _found(client_id: str, token: str) -> table.Item:
    item = client_registration.find_self_registered(client_id, token)
    if item is None:
        raise InvalidToken(_MESSAGE)
    return item


def _removed(item: table.Item) -> Response:
    try:
        client_registration.remove(item)
    except client_registration.Outrun as outrun:
        raise InvalidToken(_MESSAGE) from outrun
    return Response(204)


def _replaced(item: table.Item, token: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The client's information after an update, which happens as a whole or not at all."""
    try:
        _check_update(item, document)
        members = _checked(document)
        kept = metadata.kept_of(members)
        for _ in range(_ATTEMPTS):
            properties = metadata.properties_of(members, Client.from_item(item))
            try:
                changed, secret = client_registration.replace(item, properties, kept, governed=metadata.PROPERTIES)
                return _information(changed, token, secret or document.get("client_secret") or "")
            except client_registration.Outrun:
                item = _found(item["client_id"], token)
    except InvalidRegistration as invalid:
        raise metadata.refusal(invalid) from invalid
    raise Unavailable(detail="others change the client all the time")


def _check_update(item: table.Item, document: Mapping[str, Any]) -> None:
    """The client says who it is, and names nothing that is ours to give (RFC 7592 2.2)."""
    for name in _OURS:
        if name in document:
            raise InvalidRegistration(name, "must not be in an update")
    if document.get("client_id") != item["client_id"]:
        raise InvalidRegistration("client_id", "must be the client's own")
    secret = document.get("client_secret")
    if secret is not None and not (isinstance(secret, str) and Client.from_item(item).knows_secret(secret)):
        raise InvalidRegistration("client_secret", "is not the client's; it cannot be chosen")


def _checked(document: Mapping[str, Any]) -> dict[str, Any]:
    """The members that count, and the file behind sector_identifier_uri names every redirect URI (OpenID Connect Registration 5)."""
    members = metadata.given(document)
    if uri := members.get("sector_identifier_uri"):
        missing = set(members.get("redirect_uris", ())) - _sector(uri)
        if missing:
            raise InvalidRegistration("sector_identifier_uri", f"does not list {sorted(missing)[0]}")
    return members


def _sector(uri: str) -> set[str]:
    try:
        listed = json.loads(outbound.fetch(uri, limit=LARGEST_SECTOR))
    except outbound.Refused as refused:
        raise InvalidRegistration("sector_identifier_uri", str(refused)) from refused
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise InvalidRegistration("sector_identifier_uri", "is not a JSON array of redirect URIs")
    return {entry for entry in listed if isinstance(entry, str)}


def _information(item: table.Item, token: str, secret: str = "") -> dict[str, Any]:
    """The client information response (RFC 7591 3.2.1, RFC 7592 section 3)."""
    client = Client.from_item(item)
    issued = {"client_id": client.client_id, "client_id_issued_at": item["created_at"]}
    if client.secret_digests:
        # Only its digest is kept, so that it is told when it is new and to those who know it.
        issued |= ({"client_secret": secret} if secret else {}) | {"client_secret_expires_at": 0}
    uri = f"{settings().base_url}{PATH}/{client.client_id}"
    management = {"registration_access_token": token, "registration_client_uri": uri}
    return issued | management | metadata.document_of(client, item["metadata"])
