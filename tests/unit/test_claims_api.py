"""/api/v2/claims: the mapping of claims for operators, and the dry run, which says what tokens would."""

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gatehouse import claim_mapping, custom_data, organizations, role_holders, roles
from gatehouse.client_registration import Registered
from gatehouse.hooks import CONTINUE, DENY, PRE_TOKEN
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.faults import trouble
from tests.unit.flows import new_user, userinfo
from tests.unit.hooks import crashes, hooked, refusing
from tests.unit.mapped import NAMESPACE, PLAN, SCOPES, adding, app, given, mapping, rule, saying, signed
from tests.unit.operators import api, machine
from tests.unit.teams import join, operator_of
from tests.unit.user_data import switch_on

RULE = {"claim": PLAN, "source": "app_metadata.plan"}
COMPLETE = RULE | {"tokens": ["access"], "scope": "", "clients": [], "organizations": []}
FIRST = {"rules": [], "sensitive": [], "budget_bytes": 3000}


def operating() -> str:
    return machine("read:claims", "update:claims", "read:users")


def dry_run(bearer: str, user: User, registered: Registered, **more: Any) -> Answer:
    return api("POST", "/claims/dry-run", bearer, {"user_id": user.user_id, "client_id": registered.client_id, **more})


def test_a_mapping_is_read_changed_and_reset() -> None:
    bearer = operating()

    first = api("GET", "/claims", bearer)
    changed = api("PATCH", "/claims", bearer, {"rules": [RULE], "sensitive": ["app_metadata.card"], "budget_bytes": 1000})
    more = api("PATCH", "/claims", bearer, {"budget_bytes": 2000})
    reset = api("PATCH", "/claims", bearer, {"rules": None, "sensitive": None, "budget_bytes": None})

    assert (first.json, first.headers["etag"]) == (FIRST, '"0"')
    assert changed.json.items() >= {"rules": [COMPLETE], "sensitive": ["app_metadata.card"], "budget_bytes": 1000}.items()
    assert "updated_at" in changed.json
    assert (more.json["rules"], more.json["budget_bytes"], more.headers["etag"]) == ([COMPLETE], 2000, '"2"')
    assert reset.json.items() >= FIRST.items()


def test_what_is_in_force_is_what_was_written() -> None:
    api("PATCH", "/claims", operating(), {"rules": [RULE | {"tokens": ["id"], "scope": "plans", "clients": ["c"], "organizations": ["o"]}]})

    assert claim_mapping.settings().rules == (
        rule("app_metadata.plan", tokens=("id",), scope="plans", clients=("c",), organizations=("o",)),
    )


def test_of_two_changes_to_one_version_one_is_refused() -> None:
    bearer = operating()

    assert api("PATCH", "/claims", bearer, {"rules": [RULE]}, if_match='"0"').status == 200
    refused = api("PATCH", "/claims", bearer, {"rules": []}, if_match='"0"')

    assert (refused.status, refused.json["errorCode"]) == (412, "precondition_failed")
    assert api("GET", "/claims", bearer).json["rules"] == [COMPLETE]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"rules": [RULE | {"claim": "plan"}]}, "rules.0.claim"),
        ({"rules": [RULE, RULE | {"source": "password_hash"}]}, "rules.1.source"),
        ({"rules": [RULE], "sensitive": ["app_metadata.plan"]}, "rules.0.source is sensitive"),
        ({"rules": [RULE | {"tokens": ["refresh"]}]}, "rules.0.tokens.0"),
        ({"rules": [RULE | {"token": "id"}]}, "rules.0.token"),
        ({"rules": "all"}, "rules"),
        ({"budget_bytes": 9000}, "budget_bytes"),
        ({"budget_bytes": "3000"}, "budget_bytes"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(body: dict[str, Any], said: str) -> None:
    bearer = operating()

    answer = api("PATCH", "/claims", bearer, body)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert said in answer.json["message"]
    assert api("GET", "/claims", bearer).json == FIRST


@pytest.mark.row(86)
def test_who_may_do_what() -> None:
    ada, registered = new_user(), app()
    organization = organizations.create("acme")
    theirs = operator_of(organization, "boss@example.com", "read:claims", "update:claims", "read:users").bearer
    reader, writer, of_users = machine("read:claims"), machine("update:claims"), machine("read:users")

    assert [api("GET", "/claims", bearer).status for bearer in (reader, writer, of_users, theirs, "")] == [200, 403, 403, 403, 401]
    assert [api("PATCH", "/claims", bearer, {}).status for bearer in (reader, writer, of_users, theirs, "")] == [403, 200, 403, 403, 401]
    assert [dry_run(bearer, ada, registered).status for bearer in (reader, writer, of_users, theirs, "")] == [403, 403, 403, 403, 401]
    assert dry_run(machine("read:claims", "read:users"), ada, registered).status == 200


def test_a_dry_run_tells_claims_bytes_and_why_others_are_not_there() -> None:
    mapping(
        rule("app_metadata.plan"),
        rule("email", "app:scope", scope="plans"),
        rule("email", "app:client", clients=("another",)),
        rule("email", "app:organization", organizations=("another",)),
        rule("profile.nickname", "app:nothing"),
        rule("app_metadata.large", "app:large"),
        rule("user_metadata.theme", "app:told", tokens=("userinfo",)),
    )
    ada = given(new_user(), app_metadata={"plan": "gold", "large": "x" * 4000}, user_metadata={"theme": "dark"})
    registered = app()

    told = dry_run(operating(), ada, registered, scope="openid profile").json

    assert (told["outcome"], told["scope"], told["budget_bytes"], told["hooks"]) == ("issued", "openid profile", 3000, [])
    for name in ("access_token", "id_token"):
        assert told[name]["claims"] == {PLAN: "gold"}
        assert told[name]["bytes"] == {PLAN: len(f'"{PLAN}":"gold",')}
        assert told[name]["total_bytes"] == told[name]["bytes"][PLAN]
        assert {entry["claim"]: entry["reason"] for entry in told[name]["left_out"]} == {
            "app:scope": "scope not granted",
            "app:client": "client does not match",
            "app:organization": "organization does not match",
            "app:nothing": "no value",
            "app:large": "over budget",
        }
        assert len(signed(ada, registered)["answer"][name]) <= told[name]["token_bytes"] <= 7000
    assert told["userinfo"]["claims"] == {"app:told": "dark"}


def test_a_dry_run_without_openid_has_no_id_token() -> None:
    mapping(rule("email"))

    told = dry_run(operating(), new_user(), app(), scope="profile").json

    assert (told["id_token"], told["access_token"]["claims"]) == (None, {PLAN: "ada@example.com"})


@pytest.mark.usefixtures("lambdas")
def test_a_dry_run_asks_hooks_only_when_told_and_traces_them() -> None:
    mapping(rule("email"))
    hook = hooked(PRE_TOKEN, saying({**adding({"app:a": 1, "sub": "eve"}), "scopesToSuppress": ["profile"]}), name="Claims")
    hooked(PRE_TOKEN, crashes, fail_mode=CONTINUE, name="Broken", order=2)
    bearer, ada, registered = operating(), new_user(), app()

    without = dry_run(bearer, ada, registered, scope="openid profile").json
    assert (hook.calls, without["hooks"], without["access_token"]["claims"]) == ([], [], {PLAN: "ada@example.com"})
    told = dry_run(bearer, ada, registered, scope="openid profile", hooks=True).json

    assert told["access_token"]["claims"] == {PLAN: "ada@example.com", "app:a": 1}
    assert told["scope"] == "openid"
    first, second = told["hooks"]
    assert (first["id"], first["name"], first["outcome"], first["left_out"], first["bytes_added"]) == (hook.id, "Claims", "ok", ["sub"], 10)
    assert (second["name"], second["outcome"]) == ("Broken", "failed")
    assert second["reason"]


@pytest.mark.usefixtures("lambdas")
@pytest.mark.parametrize(("handler", "outcome"), [(refusing("not today"), "denied"), (crashes, "unavailable")])
def test_a_dry_run_tells_that_a_hook_would_let_nothing_be_issued(handler: Any, outcome: str) -> None:
    hooked(PRE_TOKEN, handler, fail_mode=DENY)

    told = dry_run(operating(), new_user(), app(), hooks=True).json

    assert (told["outcome"], told["access_token"], told["id_token"], told["userinfo"]) == (outcome, None, None, None)
    assert told["hooks"][0]["reason"]


def test_a_dry_run_is_for_people_clients_and_members_that_there_are() -> None:
    bearer, ada, registered = operating(), new_user(), app()
    acme = organizations.create("acme")

    def asked(**more: Any) -> tuple[int, str]:
        body = {"user_id": ada.user_id, "client_id": registered.client_id} | more
        answer = api("POST", "/claims/dry-run", bearer, body)
        return answer.status, answer.json.get("errorCode", "")

    assert asked(user_id="auth0|nobody") == (404, "inexistent_user")
    assert asked(user_id="x" * 3000) == (404, "inexistent_user")
    assert asked(client_id="nobody") == (404, "inexistent_client")
    assert asked(organization=acme.org_id) == asked(organization="#") == (400, "invalid_body")
    assert asked(scope=7)[0] == asked(hooks="yes")[0] == 400
    join(acme, ada)
    assert asked(organization=acme.org_id)[0] == 200


def test_a_dry_run_writes_nothing_and_takes_one_read_of_the_person() -> None:
    switch_on()
    mapping(rule("custom_data.seats"), rule("roles", "app:roles"))
    bearer, ada, registered = operating(), new_user(), app()
    dry_run(bearer, ada, registered)

    with trouble() as sent:
        assert dry_run(bearer, ada, registered).status == 200

    assert sent == ["dynamodb.BatchGetItem"]


_SOURCES = [
    "email",
    "profile.name",
    "app_metadata",
    "app_metadata.text",
    "custom_data",
    "roles",
    "organization.name",
    "membership.metadata",
]
_RULES = st.builds(
    lambda claim, source, tokens, scope: rule(source, f"{NAMESPACE}{claim}", tokens=tuple(sorted(tokens)), scope=scope),
    st.sampled_from("abcdef"),
    st.sampled_from(_SOURCES),
    st.sets(st.sampled_from(["access", "id", "userinfo"]), min_size=1),
    st.sampled_from(["", "plans", "roles", "profile"]),
)
_SCOPES = st.lists(st.sampled_from(SCOPES), unique=True).map(lambda names: " ".join(["openid", *names]))


@pytest.mark.usefixtures("lambdas")
def test_a_dry_run_says_what_the_tokens_then_say() -> None:
    switch_on()
    bearer, ada, registered, acme = operating(), new_user(name="Ada"), app(), organizations.create("acme")
    role_id = roles.create("editor").role_id
    role_holders.assign(ada.user_id, [role_id])
    join(acme, ada, role_id)
    custom_data.insert({"user_id": ada.user_id, "seats": 3})
    answers = {"accessTokenGeneration": {"scopesToAdd": ["plans"]}}
    hooked(PRE_TOKEN, saying(adding({f"{NAMESPACE}f": "hook"}), adding({"nickname": "A"}), **answers), order=1)
    hooked(PRE_TOKEN, saying({"claimsToSuppress": [f"{NAMESPACE}a"]}), order=2)

    @hypothesis_settings(max_examples=40)
    @drawn(st.lists(_RULES, max_size=8), st.integers(0, 5000), st.integers(0, 6000), _SCOPES, st.booleans())
    def holds(rules: list[Any], budget: int, length: int, scope: str, in_organization: bool) -> None:
        mapping(*rules, budget_bytes=budget)
        given(ada, app_metadata={"text": "é" * (length // 2)})
        organization = {"organization": acme.org_id} if in_organization else {}

        told = dry_run(bearer, ada, registered, scope=scope, hooks=True, **organization).json
        tokens = signed(ada, registered, scope, **organization)

        assert told["scope"] == tokens["answer"]["scope"]
        for name, token in (("access_token", "access"), ("id_token", "id")):
            said = {claim: value for claim, value in tokens[token].items() if claim.startswith(NAMESPACE) or claim == "nickname"}
            assert told[name]["claims"] == said
            over = {entry["claim"] for entry in told[name]["left_out"] if entry["reason"] == "over budget"}
            assert over == set(tokens[token].get("overflow", [])) - {"roles", "permissions"}
        at_userinfo = userinfo(tokens["answer"]["access_token"]).json
        assert told["userinfo"]["claims"] == {name: value for name, value in at_userinfo.items() if name.startswith(NAMESPACE)}

    holds()
