"""Claims that the operator takes from what is known of a person into tokens, without code (requirements S17, S66 to S71)."""

from typing import Any

import pytest

from gatehouse import custom_data, memberships, organizations, role_holders, roles, table
from gatehouse.clients import DEVICE_GRANT, TOKEN_EXCHANGE
from gatehouse.remembered import CACHE_SECONDS
from tests.unit.devices import codes, decide, poll
from tests.unit.flows import Browser, basic, browser_of, claims_of, introspect, later, new_user, refresh, token, tokens_of, userinfo
from tests.unit.mapped import NAMESPACE, PLAN, app, given, mapping, read, rule, signed
from tests.unit.teams import join
from tests.unit.user_data import switch_off, switch_on

GOOGLE = {
    "connection": "google",
    "connection_id": "con_1",
    "provider": "google-oauth2",
    "user_id": "g-1",
    "profile": {"picture": "https://pics.example.com/1.png", "locale": "fr"},
}


def test_a_value_of_the_persons_data_stands_in_the_tokens_that_the_rule_names() -> None:
    mapping(rule("app_metadata.plan.name", tokens=("access",)), rule("user_metadata", f"{NAMESPACE}chosen", tokens=("id", "userinfo")))
    ada = given(new_user(), app_metadata={"plan": {"name": "gold"}}, user_metadata={"theme": "dark"})

    tokens = signed(ada, app())

    assert tokens["access"][PLAN] == "gold"
    assert PLAN not in tokens["id"]
    assert tokens["id"][f"{NAMESPACE}chosen"] == {"theme": "dark"}
    assert f"{NAMESPACE}chosen" not in tokens["access"]
    assert userinfo(tokens["answer"]["access_token"]).json[f"{NAMESPACE}chosen"] == {"theme": "dark"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("email", "ada@example.com"),
        ("email_verified", True),
        ("username", None),
        ("phone_number", None),
        ("phone_number_verified", None),
        ("logins_count", 0),
        ("last_login", None),
        ("profile.given_name", "Ada"),
        ("profile.family_name", None),
        ("user_metadata", {"theme": "dark", "colours": [1, 2]}),
        ("user_metadata.theme", "dark"),
        ("user_metadata.theme.of", None),
        ("user_metadata.colours", [1, 2]),
        ("app_metadata", {}),
        ("custom_data.seats", 3),
        ("custom_data.gone", None),
        ("identities.google.user_id", "g-1"),
        ("identities.google.profile.locale", "fr"),
        ("identities.google.profile", GOOGLE["profile"]),
        ("identities.facebook.profile", None),
        ("roles", ["editor"]),
        ("organization.name", None),
        ("membership.metadata", None),
    ],
)
def test_every_source_gives_what_it_says_and_nothing_for_nothing(source: str, found: Any) -> None:
    switch_on()
    mapping(rule(source))
    ada = given(new_user(given_name="Ada"), user_metadata={"theme": "dark", "colours": [1, 2]}, identities=[GOOGLE])
    custom_data.insert({"user_id": ada.user_id, "seats": 3})
    role_holders.assign(ada.user_id, [roles.create("editor").role_id])

    tokens = signed(ada, app())

    assert tokens["access"].get(PLAN) == tokens["id"].get(PLAN) == found


def test_in_an_organization_there_are_its_own_values_and_the_roles_that_count_there() -> None:
    sources = ("organization.name", "organization.display_name", "organization.metadata.tier", "membership.metadata.desk", "roles")
    mapping(*(rule(source, f"{NAMESPACE}{source}") for source in sources))
    acme = organizations.create("acme", display_name="Acme Ltd", metadata={"tier": "gold"})
    ada = new_user()
    role_holders.assign(ada.user_id, [roles.create("everywhere").role_id])
    join(acme, ada, roles.create("local").role_id)
    memberships.change(ada.user_id, acme.org_id, lambda _: {"metadata": {"desk": 12}})
    registered = app()
    expected = dict(zip((f"{NAMESPACE}{source}" for source in sources), ("acme", "Acme Ltd", "gold", 12, ["local"]), strict=True))

    tokens = signed(ada, registered, organization=acme.org_id)
    renewed = read(refresh(registered.client_id, tokens["answer"]["refresh_token"]).json)

    for made in (tokens, renewed):
        assert {name: made["access"].get(name) for name in expected} == expected
    assert {name for name in signed(ada, registered)["access"] if name.startswith(NAMESPACE)} == {f"{NAMESPACE}roles"}


def test_a_rule_for_a_scope_holds_where_the_scope_is_granted() -> None:
    mapping(rule("email", scope="plans"))
    ada, registered, poor = new_user(), app(), app(scopes=["openid", "profile"])

    assert PLAN in signed(ada, registered, "openid plans")["access"]
    assert PLAN not in signed(ada, registered, "openid profile")["access"]
    assert PLAN not in signed(ada, poor, "openid plans")["access"]


def test_less_scope_at_a_refresh_is_less_of_the_claims() -> None:
    mapping(rule("email", scope="plans"))
    ada, registered = new_user(), app()
    first = tokens_of(registered.client_id, browser_of(ada), scope="openid plans offline_access")

    narrow = refresh(registered.client_id, first["refresh_token"], scope="openid").json

    assert PLAN not in claims_of(narrow["access_token"])
    assert PLAN in claims_of(refresh(registered.client_id, narrow["refresh_token"]).json["access_token"])


def test_a_rule_for_some_clients_or_organizations_holds_for_those() -> None:
    acme, globex = organizations.create("acme"), organizations.create("globex")
    ada, theirs, other = new_user(), app(), app()
    for organization in (acme, globex):
        join(organization, ada)
    mapping(
        rule("email", clients=(theirs.client_id,)),
        rule("email", f"{NAMESPACE}at-acme", organizations=(acme.org_id,)),
    )

    assert PLAN in signed(ada, theirs)["access"]
    assert PLAN not in signed(ada, other)["access"]
    assert f"{NAMESPACE}at-acme" in signed(ada, other, organization=acme.org_id)["access"]
    assert f"{NAMESPACE}at-acme" not in signed(ada, other, organization=globex.org_id)["access"]
    assert f"{NAMESPACE}at-acme" not in signed(ada, other)["access"]


def test_of_several_rules_for_a_claim_the_first_with_a_value_counts() -> None:
    mapping(rule("profile.nickname"), rule("profile.name"), rule("email"))
    registered = app()

    assert signed(new_user(name="Ada Lovelace"), registered)["access"][PLAN] == "Ada Lovelace"
    assert signed(new_user("eve@example.com"), registered)["access"][PLAN] == "eve@example.com"


def test_devices_and_exchanged_tokens_have_them_too_and_machines_do_not() -> None:
    mapping(rule("email"), rule("custom_data.seats", f"{NAMESPACE}seats"))
    switch_on()
    ada = new_user()
    custom_data.insert({"user_id": ada.user_id, "seats": 3})
    api = "https://songs.example.com"
    device = app(kind="native", grant_types=[DEVICE_GRANT, "refresh_token"])
    asked = codes(device.client_id, scope="openid profile")
    decide(Browser(), asked["user_code"])
    on_device = claims_of(poll(device.client_id, asked["device_code"]).json["access_token"])
    web = app(kind="web", token_exchange="impersonation", grant_types=[TOKEN_EXCHANGE, "authorization_code"], resources=[api])
    subject = tokens_of(web.client_id, browser_of(ada), secret=web.secret, scope="openid profile")["access_token"]
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token": subject, "audience": api}
    form["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token"
    exchanged = claims_of(token(**form, authorization=basic(web.client_id, web.secret)).json["access_token"])
    robot = app(kind="machine", scopes=["plans"])
    machine = token(grant_type="client_credentials", authorization=basic(robot.client_id, robot.secret)).json

    for claims in (on_device, exchanged):
        assert (claims[PLAN], claims[f"{NAMESPACE}seats"]) == ("ada@example.com", 3)
    assert PLAN not in claims_of(machine["access_token"])


def test_introspection_does_not_tell_them() -> None:
    mapping(rule("email"))
    registered = app(kind="web")
    access = tokens_of(registered.client_id, browser_of(new_user()), secret=registered.secret)["access_token"]

    assert PLAN in claims_of(access)
    assert PLAN not in introspect(registered, access)


def test_without_custom_data_a_rule_for_it_finds_nothing() -> None:
    switch_on()
    mapping(rule("custom_data.seats"))
    ada, registered = new_user(), app()
    custom_data.insert({"user_id": ada.user_id, "seats": 3})
    switch_off()

    assert PLAN not in signed(ada, registered)["access"]


SENSITIVE = ("app_metadata.billing", "custom_data.iban", "profile.gender", "identities.google.profile.locale")


def test_what_is_sensitive_stands_in_no_token_and_no_answer_of_userinfo() -> None:
    switch_on()
    sources = ("app_metadata", "custom_data", "identities.google.profile", "user_metadata")
    mapping(*(rule(source, f"{NAMESPACE}{source}", tokens=("access", "id", "userinfo")) for source in sources), sensitive=SENSITIVE)
    data = {"billing": {"card": "canary-1"}, "plan": "gold", "seen": [{"password": "canary-2", "at": 1}]}
    ada = given(new_user(gender="canary-3", name="Ada"), app_metadata=data, user_metadata={"secret": "canary-4"})
    ada = given(ada, identities=[GOOGLE | {"profile": {"locale": "canary-5", "picture": "p"}}])
    custom_data.insert({"user_id": ada.user_id, "iban": "canary-6", "ssn": "canary-7", "seats": 3})
    scopes = ["openid", "profile", "app_metadata", "user_metadata", "custom_data"]
    registered = app(scopes=scopes, claims_in_id_token=True)

    tokens = signed(ada, registered, " ".join(scopes))
    told = userinfo(tokens["answer"]["access_token"]).json

    for claims in (tokens["access"], tokens["id"], told):
        assert "canary" not in str(claims)
        assert claims[f"{NAMESPACE}app_metadata"] == {"plan": "gold", "seen": [{"at": 1}]}
        assert claims[f"{NAMESPACE}custom_data"] == {"user_id": ada.user_id, "seats": 3}
        assert claims[f"{NAMESPACE}identities.google.profile"] == {"picture": "p"}
        assert claims[f"{NAMESPACE}user_metadata"] == {}
    for claims in (tokens["id"], told):
        assert (claims["app_metadata"], claims["user_metadata"]) == ({"plan": "gold", "seen": [{"at": 1}]}, {})
        assert claims["custom_data"] == {"user_id": ada.user_id, "seats": 3}
        assert ("gender" in claims, claims["name"]) == (False, "Ada")


def test_another_process_maps_by_the_new_rules_within_a_minute() -> None:
    mapping(rule("email"))
    ada, registered = new_user(), app()
    assert PLAN in signed(ada, registered)["access"]

    # Elsewhere.
    table.update(table.claims_key(), where=[("pk", "exists", None)], set={"rules": []})

    assert PLAN in signed(ada, registered)["access"]
    with later(CACHE_SECONDS):
        assert PLAN not in signed(ada, registered)["access"]
