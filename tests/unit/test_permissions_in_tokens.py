"""What a token says that its holder may do: scope, permissions and roles, as they are when it is issued."""

from typing import Any

import pytest

from gatehouse import dynamic_registration, management_scopes, resource_servers, role_holders, roles, tokens
from gatehouse.clients import TOKEN_EXCHANGE
from gatehouse.management import catalogue, revoke_access
from gatehouse.remembered import CACHE_SECONDS
from gatehouse.resource_servers import ACCESS_TOKEN_AUTHZ
from tests.unit.conftest import ISSUER, context, function
from tests.unit.faults import DENIED, always, trouble
from tests.unit.flows import (
    basic,
    browser_of,
    claims_of,
    exchange,
    introspect,
    later,
    new_client,
    new_user,
    refresh,
    token,
    tokens_of,
    userinfo,
)
from tests.unit.operators import AUDIENCE
from tests.unit.test_roles_api import SONGS, new_api

ALBUMS = "https://albums.example.com"
ASKED = "openid read:songs edit:songs"


def person_with(*names: str, api: resource_servers.ResourceServer, **properties: Any) -> tuple[Any, str]:
    """A user whose role "editor" gives these permissions at the API, and the id of that role."""
    user, role = new_user(**properties), roles.create("editor")
    roles.change(role.role_id, lambda found: roles.with_permissions(found, {api.api_id: names}))
    role_holders.assign(user.user_id, [role.role_id])
    return user, role.role_id


def new_app(*scopes: str, **properties: Any) -> str:
    return new_client(scopes=["openid", "read:songs", "edit:songs", *scopes], **{"resources": [SONGS, ALBUMS], **properties}).client_id


def test_of_the_scopes_asked_for_those_count_that_the_person_has_as_permissions() -> None:
    api = new_api("read:songs", "edit:songs", enforce_policies=True)
    user, _ = person_with("read:songs", api=api)

    answer = tokens_of(new_app("play"), browser_of(user), scope=f"{ASKED} play", resource=SONGS)

    # What the API does not declare is none of its business.
    assert answer["scope"] == claims_of(answer["access_token"])["scope"] == "openid read:songs play"
    assert not {"permissions", "roles"} & claims_of(answer["access_token"]).keys()


@pytest.mark.parametrize("properties", [{}, {"token_dialect": ACCESS_TOKEN_AUTHZ}])
def test_an_api_that_does_not_enforce_them_and_one_that_nobody_registered_get_what_was_asked_for(properties: dict[str, Any]) -> None:
    api = new_api("read:songs", "edit:songs", **properties)
    user, _ = person_with("read:songs", api=api)
    browser, app = browser_of(user), new_app()

    for resource in (SONGS, ALBUMS):
        answer = tokens_of(app, browser, scope=ASKED, resource=resource)
        assert answer["scope"] == ASKED
        assert "permissions" not in claims_of(answer["access_token"])


def test_with_the_dialect_that_tells_them_permissions_are_a_claim_asked_for_or_not() -> None:
    api = new_api("read:songs", "edit:songs", "delete:songs", enforce_policies=True, token_dialect=ACCESS_TOKEN_AUTHZ)
    user, _ = person_with("read:songs", "edit:songs", "gone:scope", api=api)
    nobody = new_user("eve@example.com")
    app = new_app()

    answer = tokens_of(app, browser_of(user), scope="openid read:songs", resource=SONGS)
    assert claims_of(answer["access_token"])["permissions"] == ["edit:songs", "read:songs"]
    assert answer["scope"] == "openid read:songs"
    assert claims_of(tokens_of(app, browser_of(nobody), scope=ASKED, resource=SONGS)["access_token"])["permissions"] == []
    assert "permissions" not in claims_of(answer["id_token"])


def test_a_machines_permissions_are_its_scopes_at_that_api() -> None:
    new_api("read:songs", "edit:songs", enforce_policies=True, token_dialect=ACCESS_TOKEN_AUTHZ)
    machine = new_client("machine", scopes=["read:songs", "other", "roles"], audience=SONGS)

    answer = token(grant_type="client_credentials", authorization=basic(machine.client_id, machine.secret)).json
    claims = claims_of(answer["access_token"])
    assert (answer["scope"], claims["permissions"]) == ("read:songs other roles", ["read:songs"])
    assert "roles" not in claims


def test_what_two_apis_of_one_token_both_have_must_be_held_at_both() -> None:
    songs = new_api("read:songs", "edit:songs", enforce_policies=True, token_dialect=ACCESS_TOKEN_AUTHZ)
    new_api("edit:songs", identifier=ALBUMS, enforce_policies=True, token_dialect=ACCESS_TOKEN_AUTHZ)
    user, _ = person_with("read:songs", "edit:songs", api=songs)

    answer = tokens_of(new_app(), browser_of(user), scope=ASKED, resource=f"{SONGS} {ALBUMS}")

    assert answer["scope"] == "openid read:songs"
    assert claims_of(answer["access_token"])["permissions"] == ["read:songs"]


def test_a_refreshed_token_tells_what_is_so_now() -> None:
    with later(0):
        api = new_api("read:songs", "edit:songs", enforce_policies=True, token_dialect=ACCESS_TOKEN_AUTHZ)
        user, role_id = person_with("read:songs", api=api)
        app = new_app("offline_access")
        answer = tokens_of(app, browser_of(user), scope=f"{ASKED} offline_access", resource=SONGS)
        roles.change(role_id, lambda role: roles.with_permissions(role, {api.api_id: ["edit:songs"]}))
    with later(CACHE_SECONDS):
        answer = refresh(app, answer["refresh_token"]).json
        assert answer["scope"] == f"{ASKED} offline_access"
        assert claims_of(answer["access_token"])["permissions"] == ["edit:songs", "read:songs"]
        role_holders.unassign(user.user_id, [role_id])
        answer = refresh(app, answer["refresh_token"]).json
        assert answer["scope"] == "openid offline_access"


def test_when_permissions_cannot_be_read_the_refresh_token_is_as_good_as_before() -> None:
    api = new_api("read:songs", enforce_policies=True)
    user, _ = person_with("read:songs", api=api)
    app = new_app("offline_access", refresh_grace_seconds=0)
    answer = tokens_of(app, browser_of(user), scope=f"{ASKED} offline_access", resource=SONGS)
    roles.forget()
    resource_servers.forget()

    with trouble({"dynamodb.BatchGetItem": always(DENIED)}):
        assert refresh(app, answer["refresh_token"]).status == 503
    assert refresh(app, answer["refresh_token"]).json["scope"] == f"{ASKED} offline_access"


def test_an_exchanged_token_is_held_to_the_permissions_at_the_api_that_it_is_for() -> None:
    api = new_api("edit:songs", enforce_policies=True, token_dialect=ACCESS_TOKEN_AUTHZ)
    user, _ = person_with("read:songs", api=api)
    server = new_client(
        "machine",
        scopes=["read:songs", "edit:songs"],
        token_exchange="delegation",
        grant_types=[TOKEN_EXCHANGE],
        resources=[SONGS],
        audience=ALBUMS,
    )
    app = new_app(audience=server.client_id)
    subject = tokens_of(app, browser_of(user), scope=ASKED)["access_token"]

    answer = token(
        grant_type=TOKEN_EXCHANGE,
        subject_token=subject,
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
        resource=SONGS,
        authorization=basic(server.client_id, server.secret),
    )
    assert answer.json["scope"] == "read:songs"
    assert claims_of(answer.json["access_token"])["permissions"] == []


@pytest.mark.parametrize("in_id_token", [False, True])
def test_the_scope_roles_tells_the_names_of_roles_and_nothing_of_app_metadata(in_id_token: bool) -> None:
    user, _ = person_with(api=new_api())
    role_holders.assign(user.user_id, [roles.create("chief").role_id])
    app = new_client(scopes=["openid", "roles"], claims_in_id_token=in_id_token).client_id
    browser = browser_of(user)

    answer = tokens_of(app, browser, scope="openid roles")
    assert claims_of(answer["access_token"])["roles"] == ["chief", "editor"]
    assert userinfo(answer["access_token"]).json == {"sub": user.user_id, "roles": ["chief", "editor"]}
    assert claims_of(answer["id_token"]).get("roles") == (["chief", "editor"] if in_id_token else None)
    without = tokens_of(app, browser, scope="openid")
    assert "roles" not in {**claims_of(without["access_token"]), **userinfo(without["access_token"]).json}


def test_a_client_without_the_scope_roles_is_told_none() -> None:
    user, _ = person_with(api=new_api())

    answer = tokens_of(new_client(scopes=["openid"]).client_id, browser_of(user), scope="openid roles")
    assert (answer["scope"], "roles" in claims_of(answer["access_token"])) == ("openid", False)


def test_of_the_management_api_a_person_gets_their_own_scopes_and_what_a_role_gives() -> None:
    user, _ = person_with("read:users", api=resource_servers.management())
    app = new_client(scopes=["openid", "read:users", "update:users", "read:current_user"], resources=[AUDIENCE]).client_id

    answer = tokens_of(app, browser_of(user), scope="openid read:users update:users read:current_user", resource=AUDIENCE)
    assert answer["scope"] == "openid read:users read:current_user"


def test_a_token_lives_no_longer_than_its_api_lets_it_and_no_longer_than_its_client() -> None:
    new_api("read:songs", token_lifetime=60)
    new_api(identifier=ALBUMS, token_lifetime=86_400)
    app, browser = new_app(access_token_seconds=300), browser_of(new_user())

    lifetimes = [tokens_of(app, browser, scope=ASKED, resource=each)["expires_in"] for each in (SONGS, ALBUMS, f"{SONGS} {ALBUMS}")]
    assert lifetimes == [60, 300, 60]


@pytest.mark.row(90)
def test_what_would_make_a_token_too_long_is_left_out_and_named() -> None:
    names = [f"permission:{number:04d}:{'x' * 80}" for number in range(1000)]
    api = new_api(*names, enforce_policies=True, token_dialect=ACCESS_TOKEN_AUTHZ)
    user, role_id = person_with(*names, api=api)
    app, browser = new_app("roles"), browser_of(user)

    answer = tokens_of(app, browser, scope="openid roles", resource=SONGS)
    claims = claims_of(answer["access_token"])
    assert len(answer["access_token"]) < tokens.LONGEST
    assert (claims["overflow"], claims["roles"]) == (["permissions"], ["editor"])
    assert "permissions" not in claims
    # And the roles too, where even these are too many.
    role_holders.assign(user.user_id, [roles.create(f"{number}{'n' * 98}").role_id for number in range(49)])
    answer = tokens_of(app, browser, scope="openid roles", resource=SONGS)
    assert len(answer["access_token"]) < tokens.LONGEST
    assert claims_of(answer["access_token"])["overflow"] == ["permissions", "roles"]
    assert len(userinfo(answer["access_token"]).json["roles"]) == 50
    taken = {api.api_id: names[30:]}
    roles.change(role_id, lambda role: roles.without_permissions(role, taken))
    roles.forget()
    claims = claims_of(tokens_of(app, browser, scope="openid", resource=SONGS)["access_token"])
    assert (claims["permissions"], "overflow" in claims) == (names[:30], False)


def test_introspection_and_the_authorizer_pass_them_on() -> None:
    api = new_api("read:songs", enforce_policies=True, token_dialect=ACCESS_TOKEN_AUTHZ)
    user, _ = person_with("read:songs", api=api)
    answer = tokens_of(new_app("roles"), browser_of(user), scope="openid roles", resource=SONGS)
    server = new_client("machine", introspection_audiences=[SONGS])

    found = introspect(server, answer["access_token"])
    assert (found["permissions"], found["roles"]) == (["read:songs"], ["editor"])
    event = {
        "headers": {"authorization": f"Bearer {answer['access_token']}"},
        "stageVariables": {"audience": SONGS},
        "requestContext": {},
    }
    told = function("authorizer")(event, context())["context"]
    assert (told["permissions"], told["roles"]) == (["read:songs"], ["editor"])


def test_who_has_no_api_and_asks_for_no_roles_pays_nothing_for_them() -> None:
    browser, app = browser_of(new_user()), new_client().client_id
    code = browser.authorize(app).sent_back["code"]
    resource_servers.forget()

    with trouble() as sent:
        assert exchange(app, code).status == 200
    assert "dynamodb.BatchGetItem" not in sent


def test_every_scope_that_a_route_asks_for_is_one_of_the_management_api() -> None:
    asked = {scope for route in catalogue.everything() if route.prefix == "/api/v2" for scope in (*route.scopes, *route.own_scopes)}

    assert asked | {revoke_access.SCOPE, dynamic_registration.SCOPE} <= set(management_scopes.ALL)
    assert len(set(management_scopes.ALL)) == len(management_scopes.ALL)
    assert resource_servers.management().identifier == f"{ISSUER}/api/v2/"
