"""What the APIs about applications answer is read by Auth0's SDK: each answer by the type that the SDK has for it."""

from typing import Any

import pytest
from auth0.management.core.pydantic_utilities import parse_obj_as
from auth0.management.types.create_client_response_content import CreateClientResponseContent
from auth0.management.types.get_client_response_content import GetClientResponseContent
from auth0.management.types.get_connection_response_content import GetConnectionResponseContent
from auth0.management.types.get_resource_server_response_content import GetResourceServerResponseContent
from auth0.management.types.list_client_grant_paginated_response_content import ListClientGrantPaginatedResponseContent
from auth0.management.types.list_clients_offset_paginated_response_content import ListClientsOffsetPaginatedResponseContent
from auth0.management.types.list_connections_checkpoint_paginated_response_content import ListConnectionsCheckpointPaginatedResponseContent
from auth0.management.types.list_resource_server_offset_paginated_response_content import ListResourceServerOffsetPaginatedResponseContent
from auth0.management.types.rotate_client_secret_response_content import RotateClientSecretResponseContent

from gatehouse.clients import TOKEN_EXCHANGE
from tests.unit.flows import CALLBACK, new_client
from tests.unit.operators import api, machine
from tests.unit.signers import key

NUMBERED = {"page": 0, "per_page": 50, "include_totals": True}


def read(kind: Any, answered: Any) -> Any:
    return parse_obj_as(type_=kind, object_=answered)


def test_applications_of_every_kind() -> None:
    bearer = machine("create:clients", "read:clients", "update:client_keys")
    new_client("native")
    new_client("spa", refresh_cookie=True)
    new_client("web", grant_types=["authorization_code", TOKEN_EXCHANGE], backchannel_logout_uri="https://app.example.com/logged-out")
    new_client("web", security_profile="fapi2", jwks=[key().jwk])
    body = {"name": "Shop", "callbacks": [CALLBACK], "client_metadata": {"team": "shop"}, "token_exchange": {"mode": ""}}

    made = read(CreateClientResponseContent, api("POST", "/clients", bearer, body).json)
    found = read(ListClientsOffsetPaginatedResponseContent, api("GET", "/clients", bearer, query=NUMBERED).json)

    assert (found.total, {client.app_type for client in found.clients}) == (6, {"native", "spa", "regular_web", "non_interactive"})
    for client in found.clients:
        assert read(GetClientResponseContent, api("GET", f"/clients/{client.client_id}", bearer).json).name == client.name
    assert read(RotateClientSecretResponseContent, api("POST", f"/clients/{made.client_id}/rotate-secret", bearer).json).client_secret


@pytest.mark.parametrize("path", ["/client-grants", "/connections"])
def test_lists_from_a_cursor_on(path: str) -> None:
    bearer = machine("read:client_grants", "read:connections")
    kinds = {"/client-grants": ListClientGrantPaginatedResponseContent, "/connections": ListConnectionsCheckpointPaginatedResponseContent}

    found = read(kinds[path], api("GET", path, bearer, query={"take": 50, "include_totals": True}).json)

    assert not found.next
    assert len(found.client_grants if path == "/client-grants" else found.connections) == 1


def test_apis_and_connections() -> None:
    bearer = machine("create:connections", "read:connections", "create:resource_servers", "read:resource_servers")
    connection = api("POST", "/connections", bearer, {"name": "facebook", "strategy": "facebook"}).json
    server = api("POST", "/resource-servers", bearer, {"identifier": "urn:orders", "scopes": [{"value": "read:orders"}]}).json

    listed = read(ListResourceServerOffsetPaginatedResponseContent, api("GET", "/resource-servers", bearer, query=NUMBERED).json)

    assert [each.identifier for each in listed.resource_servers][1:] == ["urn:orders"]
    assert (
        read(GetResourceServerResponseContent, api("GET", f"/resource-servers/{server['id']}", bearer).json).scopes[0].value
        == "read:orders"
    )
    assert read(GetConnectionResponseContent, api("GET", f"/connections/{connection['id']}", bearer).json)
