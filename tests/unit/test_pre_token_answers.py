"""What hooks before tokens may say in them, and what not: reserved claims, sizes and shapes (row 91), scopes and roles."""

import json
from typing import Any

import pytest

from gatehouse import claim_rules, client_registration, resource_servers, role_holders, roles
from gatehouse.claim_rules import PROTOTYPES, RESERVED, SECRETS
from gatehouse.configuration import Invalid
from gatehouse.hooks import CONTINUE, DENY, PRE_TOKEN
from tests.unit.conftest import Answer
from tests.unit.flows import (
    browser_of,
    claims_of,
    exchange,
    new_client,
    new_code,
    new_user,
    refresh,
    tokens_of,
    userinfo,
)
from tests.unit.hooks import hooked, responding
from tests.unit.mapped import NAMESPACE, PLAN, adding, app, given, lasting, mapping, rule, saying, says_v1, signed
from tests.unit.test_roles_api import SONGS, new_api

pytestmark = pytest.mark.usefixtures("lambdas")


_UNPRINTABLE = ["", "a\nb", "x" * 257]
HARMFUL = [*sorted(RESERVED), *sorted(PROTOTYPES), *sorted(SECRETS), "https://app.example.com/password", "app:secret", *_UNPRINTABLE]


@pytest.mark.row(91)
@pytest.mark.parametrize("event", ["1", "2", "3"])
def test_reserved_claims_are_dropped_and_logged(event: str, capsys: pytest.CaptureFixture[str]) -> None:
    ada, registered = new_user(), app(claims_in_id_token=True)
    before = signed(ada, registered)
    claims = dict.fromkeys(HARMFUL, "evil") | {"app:good": "1"}
    generation = {**adding(claims), "claimsToSuppress": ["sub", "exp", "sid", "iss", "aud", "scope", "client_id", "cnf", "at_hash"]}
    hooked(PRE_TOKEN, says_v1(**generation) if event == "1" else saying(generation, generation), event=event)
    capsys.readouterr()

    after = signed(ada, registered)

    for name in ("access", "id"):
        kept = {name: value for name, value in after[name].items() if name != "app:good"}
        assert lasting(kept) == lasting(before[name])
        assert "evil" not in str(after[name])
        assert after[name].keys() >= before[name].keys()
    assert after["id"]["app:good"] == "1"
    [line] = [found for text in capsys.readouterr().out.splitlines() if (found := json.loads(text))["message"] == "hook"]
    assert line["outcome"] == "ok"
    assert line["left_out"].split()[:3] == [name for name in claims if name and name != "app:good"][:3]


@pytest.mark.row(91)
@pytest.mark.parametrize(
    "value",
    [{"__proto__": {"admin": True}}, {"a": [{"constructor": 1}]}, {"prototype": 1}, {"password": "p"}, "\ud800", {"\udfff": 1}, 10**40],
)
def test_values_that_others_would_read_differently_are_dropped(value: Any) -> None:
    hooked(PRE_TOKEN, saying(adding({"app:bad": value, "app:good": 1}), adding({"app:bad": value})))

    tokens = signed(new_user(), app())

    assert tokens["access"]["app:good"] == 1
    assert "app:bad" not in tokens["access"].keys() | tokens["id"].keys()


def test_a_value_that_is_nested_too_deep_is_dropped() -> None:
    deep: Any = 1
    for _ in range(12):
        deep = [deep]
    hooked(PRE_TOKEN, saying(adding({"app:deep": deep, "app:good": 1})))

    access = signed(new_user(), app())["access"]

    assert ("app:deep" in access, access["app:good"]) == (False, 1)


def test_what_is_sensitive_cannot_be_added_under_its_name() -> None:
    mapping(sensitive=("app_metadata.billing.card",))
    hooked(PRE_TOKEN, saying(adding({"card": 1, "app:card": 1, f"{NAMESPACE}card": 1, "app:cards": 1})))

    access = signed(new_user(), app())["access"]

    assert {name for name in access if "card" in name} == {"app:cards"}


@pytest.mark.row(91)
@pytest.mark.parametrize("name", ["Card", "app:CARD", f"{NAMESPACE}c\uff41rd"])
def test_what_is_sensitive_is_so_however_its_name_is_written_and_however_deep_it_lies(name: str) -> None:
    mapping(sensitive=("app_metadata.Card",))
    hooked(PRE_TOKEN, saying(adding({name: 1, "app:all": {"list": [{claim_rules.local(name): 1}]}, "app:cards": {"a": 1}})))

    access = signed(new_user(), app())["access"]

    assert {claim for claim in access if claim.startswith(("app:", NAMESPACE, "Card"))} == {"app:cards"}


@pytest.mark.row(91)
@pytest.mark.parametrize("name", ["Scope", "ORG_ID", "Permissions", "\uff53ub", "\u017fub", "groups", "Entitlements", "app:Secret"])
def test_a_reserved_name_is_reserved_however_it_is_written(name: str) -> None:
    assert claim_rules.accepted({name: "evil", "app:good": 1}) == ({"app:good": 1}, [name])


@pytest.mark.row(91)
def test_a_password_in_a_persons_data_stays_out_however_it_is_written() -> None:
    mapping(rule("app_metadata", PLAN))
    ada = given(new_user(), app_metadata={"Password": "p", "kept": {"SSN": 1, "kept": 2}})

    assert signed(ada, app())["access"][PLAN] == {"kept": {"kept": 2}}
    with pytest.raises(Invalid, match="is sensitive"):
        mapping(rule("app_metadata.Password", PLAN))


def _v2(details: Any) -> dict[str, Any]:
    return {"claimsAndScopeOverrideDetails": details}


MALFORMED = {
    "1": [
        {"claimsOverrideDetails": []},
        {"claimsOverrideDetails": {"claimsToAddOrOverride": ["a"]}},
        {"claimsOverrideDetails": {"claimsToAddOrOverride": {"app:a": 1}}},
        {"claimsOverrideDetails": {"claimsToSuppress": "name"}},
        {"claimsOverrideDetails": {"groupOverrideDetails": []}},
    ],
    "2": [
        _v2("x"),
        _v2({"accessTokenGeneration": []}),
        _v2({"accessTokenGeneration": {"scopesToAdd": "openid"}}),
        _v2({"accessTokenGeneration": {"scopesToSuppress": [1]}}),
        _v2({"idTokenGeneration": {"claimsToAddOrOverride": "x"}}),
        _v2({"idTokenGeneration": {"claimsToSuppress": {"name": 1}}}),
        _v2({"groupOverrideDetails": {"groupsToOverride": "editor"}}),
        _v2({"groupOverrideDetails": {"groupsToOverride": [None]}}),
    ],
}
MALFORMED["3"] = MALFORMED["2"]


@pytest.mark.row(91)
@pytest.mark.parametrize("fail_mode", [DENY, CONTINUE])
@pytest.mark.parametrize(("event", "response"), [(event, response) for event, found in MALFORMED.items() for response in found])
def test_an_answer_of_a_wrong_shape_is_a_failure_and_the_fail_mode_decides(event: str, response: dict[str, Any], fail_mode: str) -> None:
    hooked(PRE_TOKEN, responding(response), event=event, fail_mode=fail_mode)

    answer = _exchanged(app())

    if fail_mode == DENY:
        assert (answer.status, answer.json["error"], answer.headers["retry-after"]) == (503, "temporarily_unavailable", "1")
    else:
        assert answer.status == 200


def _exchanged(registered: client_registration.Registered) -> Answer:
    return exchange(registered.client_id, new_code(registered.client_id, browser_of(new_user()), scope="openid profile"))


@pytest.mark.row(91)
@pytest.mark.parametrize("fail_mode", [DENY, CONTINUE])
def test_an_answer_of_a_megabyte_is_a_failure(fail_mode: str) -> None:
    hooked(PRE_TOKEN, saying(adding({"app:a": "x" * 1_000_000})), fail_mode=fail_mode)

    assert _exchanged(app()).status == (503 if fail_mode == DENY else 200)


@pytest.mark.row(90)
def test_more_claims_than_the_budget_has_room_for_leave_the_token_and_it_stays_short() -> None:
    many = {f"app:{'n' * 60}{number}": "v" * number for number in range(500)}
    hooked(PRE_TOKEN, saying(adding(many), adding({"app:large": "x" * 60_000})))

    tokens = signed(new_user(), app())

    assert max(len(tokens["answer"][name]) for name in ("access_token", "id_token")) <= 7000
    assert tokens["access"]["overflow"][0] == f"app:{'n' * 60}499"
    assert tokens["id"]["overflow"] == ["app:large"]


def test_scopes_are_added_among_the_clients_own_and_openid_is_never_touched() -> None:
    asked = ["plans", "unknown", "openid", "offline_access", "email"]
    hooked(PRE_TOKEN, saying({"scopesToAdd": asked, "scopesToSuppress": ["openid", "profile"]}))
    mapping(rule("email", scope="plans"))

    tokens = signed(new_user(), app(), "openid profile")

    assert tokens["answer"]["scope"] == tokens["access"]["scope"] == "openid plans email"
    assert tokens["access"][PLAN] == "ada@example.com"
    assert tokens["id"]
    assert userinfo(tokens["answer"]["access_token"]).json["email"] == "ada@example.com"


def test_a_session_keeps_the_scope_that_was_agreed_to_whatever_hooks_say() -> None:
    ada, registered = new_user(), app()
    first = tokens_of(registered.client_id, browser_of(ada), scope="openid profile")
    hook = hooked(PRE_TOKEN, saying({"scopesToAdd": ["plans"], "scopesToSuppress": ["profile"]}))

    second = refresh(registered.client_id, first["refresh_token"]).json
    third = refresh(registered.client_id, second["refresh_token"]).json

    assert second["scope"] == third["scope"] == "openid plans"
    assert [event["request"]["scopes"] for event in hook.calls] == [["openid", "profile"]] * 2


def test_a_third_party_gets_no_scope_that_the_person_did_not_agree_to() -> None:
    hooked(PRE_TOKEN, saying({"scopesToAdd": ["plans", "email"], "scopesToSuppress": ["profile"]}))
    registered = app(first_party=False)
    browser = browser_of(new_user())
    page = browser.get("hosted_pages", browser.authorize(registered.client_id, scope="openid profile").location)
    code = browser.fill(page, "/u/consent", decision="allow").sent_back["code"]

    assert exchange(registered.client_id, code).json["scope"] == "openid"


def test_an_api_that_enforces_permissions_takes_away_what_a_hook_adds() -> None:
    new_api("read:songs", "edit:songs", enforce_policies=True)
    hooked(PRE_TOKEN, saying({"scopesToAdd": ["edit:songs"]}))
    registered = new_client(scopes=["openid", "read:songs", "edit:songs"], resources=[SONGS])

    assert tokens_of(registered.client_id, browser_of(new_user()), scope="openid", resource=SONGS)["scope"] == "openid"


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, ["editor"]),
        ({"groupOverrideDetails": None}, []),
        ({"groupOverrideDetails": {}}, []),
        ({"groupOverrideDetails": {"groupsToOverride": None, "iamRolesToOverride": None, "preferredRole": None}}, []),
        ({"groupOverrideDetails": {"groupsToOverride": []}}, []),
        ({"groupOverrideDetails": {"groupsToOverride": ["playlist_editor", "editor"]}}, ["playlist_editor", "editor"]),
        ({"groupOverrideDetails": {"groupsToOverride": ["ok", "x" * 101, "a\nb", ""]}}, ["ok"]),
    ],
)
@pytest.mark.parametrize("event", ["1", "2"])
def test_an_override_of_groups_is_one_of_the_roles_claim(event: str, details: dict[str, Any], expected: list[str]) -> None:
    hooked(PRE_TOKEN, says_v1(**details) if event == "1" else saying(**details), event=event)
    mapping(rule("roles", "cognito:groups"))
    ada, registered = new_user(), app(claims_in_id_token=True)
    role_holders.assign(ada.user_id, [roles.create("editor").role_id])

    tokens = signed(ada, registered, "openid roles")

    assert tokens["access"]["roles"] == tokens["id"]["roles"] == tokens["access"]["cognito:groups"] == expected
    assert "roles" not in signed(ada, registered, "openid")["access"]


def test_roles_from_a_hook_give_no_permissions() -> None:
    api = new_api("edit:songs", enforce_policies=True, token_dialect=resource_servers.ACCESS_TOKEN_AUTHZ)
    role = roles.create("editor")
    roles.change(role.role_id, lambda found: roles.with_permissions(found, {api.api_id: ["edit:songs"]}))
    hooked(PRE_TOKEN, saying(groupOverrideDetails={"groupsToOverride": ["editor"]}))
    registered = new_client(scopes=["openid", "roles", "edit:songs"], resources=[SONGS])

    answer = tokens_of(registered.client_id, browser_of(new_user()), scope="openid roles edit:songs", resource=SONGS)

    claims = claims_of(answer["access_token"])
    assert (claims["roles"], claims["permissions"], answer["scope"]) == (["editor"], [], "openid roles")
