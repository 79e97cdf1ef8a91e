"""Nobody gives an application more of the Management API than they have themselves, or takes over one that has more; by no way round."""

from collections.abc import Callable
from typing import Any

import pytest

from gatehouse import clients, roles, table, users
from gatehouse.management import client_powers
from gatehouse.permissions import api_id
from gatehouse.settings import settings
from tests.unit.conftest import Answer
from tests.unit.flows import CALLBACK, basic, new_client, new_user, token
from tests.unit.operators import AUDIENCE, api, machine, person
from tests.unit.signers import key

pytestmark = pytest.mark.row(86)

# What a caller has below: it may write every application, and nothing else.
CLERK = ("create:clients", "read:clients", "update:clients", "delete:clients", "update:client_keys")
CLERK += ("create:client_grants", "read:client_grants", "update:client_grants", "delete:client_grants")
BEYOND = "delete:users"
MACHINE: dict[str, Any] = {"name": "Robot", "app_type": "non_interactive"}
PAGE: dict[str, Any] = {"name": "Page", "app_type": "spa", "callbacks": [CALLBACK]}
WEB: dict[str, Any] = {"name": "Web", "app_type": "regular_web", "callbacks": [CALLBACK]}


def made(bearer: str, document: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = api("POST", "/clients", bearer, document | more)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def denied(answer: Answer) -> None:
    assert (answer.status, answer.json["errorCode"]) == (403, "access_denied"), answer.body
    assert BEYOND in answer.json["message"]


def reach(client_id: str) -> set[str]:
    item = table.get(table.client_key(client_id))
    assert item
    return client_powers.of(item)


@pytest.mark.parametrize("document", [MACHINE, PAGE, WEB], ids=["machine", "spa", "web"])
@pytest.mark.parametrize("place", ["audience", "resources", "introspection_audiences"])
def test_no_application_is_registered_with_more_than_its_maker_has(document: dict[str, Any], place: str) -> None:
    bearer = machine(*CLERK)
    named = {place: AUDIENCE if place == "audience" else ["https://orders.example.com", AUDIENCE]}

    denied(api("POST", "/clients", bearer, document | named | {"scopes": ["read:clients", BEYOND]}))

    assert reach(made(bearer, document, **named, scopes=["read:clients"])["client_id"]) == {"read:clients"}


@pytest.mark.parametrize("steps", [("scopes", "audience"), ("audience", "scopes"), ("resources", "scopes"), ("scopes", "resources")])
def test_it_makes_no_difference_which_half_comes_first(steps: tuple[str, str]) -> None:
    bearer = machine(*CLERK)
    changes = {"scopes": ["read:clients", BEYOND], "audience": AUDIENCE, "resources": [AUDIENCE]}
    app = made(bearer, MACHINE)

    first = api("PATCH", f"/clients/{app['client_id']}", bearer, {steps[0]: changes[steps[0]]})
    second = api("PATCH", f"/clients/{app['client_id']}", bearer, {steps[1]: changes[steps[1]]})

    assert first.status == 200
    denied(second)
    assert reach(app["client_id"]) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": [BEYOND]},
        {"grant_types": ["client_credentials", "authorization_code"], "scopes": ["openid", BEYOND]},
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
def test_no_kind_of_patch_leads_round_it(change: dict[str, Any], media_type: str) -> None:
    bearer = machine(*CLERK)
    app = made(bearer, WEB, resources=[AUDIENCE])

    denied(api("PATCH", f"/clients/{app['client_id']}", bearer, change, content_type=media_type))
    operations = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in change.items()]
    denied(api("PATCH", f"/clients/{app['client_id']}", bearer, operations, content_type="application/json-patch+json"))


TAKE_OVERS: dict[str, Callable[[], dict[str, Any]]] = {
    "name": lambda: {"name": "Other"},
    "redirect": lambda: {"callbacks": ["https://evil.example.com/"]},
    "first party": lambda: {"is_first_party": True},
    "token exchange": lambda: {
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "token_exchange": {"mode": "impersonation"},
    },
    "for itself": lambda: {"grant_types": ["authorization_code", "client_credentials"]},
    "key": lambda: {"token_endpoint_auth_method": "private_key_jwt", "jwks": [key().jwk]},
    "keys": lambda: {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://evil.example.com/jwks"},
    "introspection": lambda: {"introspection_audiences": [AUDIENCE]},
    "less, and a key": lambda: {"token_endpoint_auth_method": "private_key_jwt", "jwks": [key().jwk], "scopes": ["openid"]},
    "elsewhere, and a key": lambda: {"token_endpoint_auth_method": "private_key_jwt", "jwks": [key().jwk], "resources": []},
    "nothing": dict,
}


@pytest.mark.parametrize("way", TAKE_OVERS)
def test_an_application_that_may_more_is_not_taken_over(way: str) -> None:
    bearer = machine(*CLERK)
    app = new_client("web", scopes=["openid", BEYOND], resources=[AUDIENCE], first_party=False)
    before = table.get(table.client_key(app.client_id))

    denied(api("PATCH", f"/clients/{app.client_id}", bearer, TAKE_OVERS[way]()))

    assert table.get(table.client_key(app.client_id)) == before


def test_the_secret_of_an_application_that_may_more_is_not_given_out() -> None:
    bearer, powerful = machine(*CLERK), new_client("machine", scopes=[BEYOND], audience=AUDIENCE)

    denied(api("POST", f"/clients/{powerful.client_id}/rotate-secret", bearer))

    assert token(grant_type="client_credentials", authorization=basic(powerful.client_id, powerful.secret)).status == 200


def test_grants_give_no_more_than_their_maker_has() -> None:
    bearer = machine(*CLERK)
    app = made(bearer, MACHINE)
    grant = {"client_id": app["client_id"], "audience": AUDIENCE}

    denied(api("POST", "/client-grants", bearer, grant | {"scope": ["read:clients", BEYOND]}))
    given = api("POST", "/client-grants", bearer, grant | {"scope": ["read:clients"]})
    assert given.status == 201, given.body
    denied(api("PATCH", f"/client-grants/{given.json['id']}", bearer, {"scope": ["read:clients", BEYOND]}))
    assert api("PATCH", f"/client-grants/{given.json['id']}", bearer, {"scope": ["update:clients"]}).json["scope"] == ["update:clients"]
    assert reach(app["client_id"]) == {"update:clients"}


def test_a_scope_that_another_api_has_under_the_same_name_leads_nowhere() -> None:
    bearer = machine(*CLERK, "create:resource_servers", "update:resource_servers")
    api("POST", "/resource-servers", bearer, {"identifier": "https://orders.example.com", "scopes": [{"value": BEYOND}]})
    app = made(bearer, MACHINE, audience=AUDIENCE, scopes=["read:clients"])
    orders = {"client_id": app["client_id"], "audience": "https://orders.example.com", "scope": [BEYOND]}

    denied(api("POST", "/client-grants", bearer, orders))

    other = made(bearer, MACHINE)
    assert api("POST", "/client-grants", bearer, orders | {"client_id": other["client_id"]}).status == 201
    denied(api("POST", "/client-grants", bearer, {"client_id": other["client_id"], "audience": AUDIENCE, "scope": ["read:clients"]}))
    for identifier in (AUDIENCE, settings().issuer):
        assert api("POST", "/resource-servers", bearer, {"identifier": identifier}).status == 409
    answer = api("PATCH", f"/resource-servers/{api_id(AUDIENCE)}", bearer, {"scopes": [], "enforce_policies": False})
    assert (answer.status, answer.json["errorCode"]) == (403, "access_denied")


def test_a_machine_gives_itself_nothing() -> None:
    app = new_client("machine", scopes=[*CLERK, BEYOND], audience=AUDIENCE)
    narrow = token(grant_type="client_credentials", scope=" ".join(CLERK), authorization=basic(app.client_id, app.secret)).json[
        "access_token"
    ]
    path = f"/clients/{app.client_id}"

    for change in ({"scopes": [*CLERK, BEYOND, "read:users"]}, {"name": "Me"}, {"access_token_seconds": 86400}):
        assert api("PATCH", path, narrow, change).status == 403
    assert api("POST", f"{path}/rotate-secret", narrow).status == 403
    whole = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).json["access_token"]
    answer = api("PATCH", path, whole, {"scopes": [*CLERK, BEYOND, "read:users"]})
    assert (answer.status, "read:users" in answer.json["message"]) == (403, True)
    assert api("PATCH", path, whole, {"name": "Me"}).status == 200


def test_a_person_gives_no_more_than_their_roles_give_them_now() -> None:
    ada = new_user()
    table.put(
        table.role_key("rol_clerk"), {"role_id": "rol_clerk", "name": "Clerk", "permissions": {api_id(AUDIENCE): [*CLERK, "read:users"]}}
    )
    table.update(table.user_key(ada.user_id), where=[("pk", "exists", None)], set={"roles": ["rol_clerk"]})
    roles.forget()
    bearer = person(None, *CLERK, "read:users", BEYOND)

    assert users.get(ada.user_id)
    denied(api("POST", "/clients", bearer, MACHINE | {"audience": AUDIENCE, "scopes": [BEYOND]}))
    app = made(bearer, MACHINE, audience=AUDIENCE, scopes=["read:users"])
    denied(api("PATCH", f"/clients/{app['client_id']}", bearer, {"scopes": ["read:users", BEYOND]}))
    denied(api("PATCH", f"/client-grants/cgr_{app['client_id']}_{api_id(AUDIENCE)}", bearer, {"scope": [BEYOND]}))


def test_what_everybody_may_with_their_own_record_is_anybodys_to_give() -> None:
    app = made(machine(*CLERK), PAGE, resources=[AUDIENCE], scopes=["openid", "read:current_user", "update:current_user_metadata"])

    client = clients.get(app["client_id"])
    assert client
    assert "read:current_user" in client.scopes
