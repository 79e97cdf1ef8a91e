"""Hooks before tokens: Cognito's trigger PreTokenGeneration in its three versions, at every grant."""

from typing import Any

import pytest

from gatehouse import client_registration, organizations, role_holders, roles
from gatehouse.clients import DEVICE_GRANT, TOKEN_EXCHANGE
from gatehouse.hooks import PRE_TOKEN
from tests.operator_functions import Handler
from tests.unit.devices import codes, decide, poll
from tests.unit.flows import (
    Browser,
    basic,
    browser_of,
    claims_of,
    new_user,
    refresh,
    token,
    tokens_of,
    userinfo,
)
from tests.unit.hooks import Hooked, answering, hooked, passes, responding
from tests.unit.mapped import PLAN, adding, app, given, lasting, mapping, read, rule, saying, says_v1, signed
from tests.unit.teams import join
from tests.unit.test_roles_api import SONGS

pytestmark = pytest.mark.usefixtures("lambdas")


def test_version_2_adds_any_json_to_either_token() -> None:
    hooked(PRE_TOKEN, saying(adding({"app:a": {"deep": [1, None, True]}}), adding({"app:i": 1.5, "nickname": "Countess"})))

    tokens = signed(new_user(), app())

    assert tokens["access"]["app:a"] == {"deep": [1, None, True]}
    assert (tokens["id"]["app:i"], tokens["id"]["nickname"]) == (1.5, "Countess")
    assert not {"app:i", "nickname"} & tokens["access"].keys()
    assert "app:a" not in tokens["id"]


def test_version_1_speaks_of_the_id_token_alone() -> None:
    hook = hooked(PRE_TOKEN, says_v1(claimsToAddOrOverride={"app:i": "1"}, claimsToSuppress=["name"]), event="1")
    registered = app(claims_in_id_token=True)

    tokens = signed(new_user(name="Ada"), registered)

    assert (tokens["id"]["app:i"], "name" in tokens["id"], "app:i" in tokens["access"]) == ("1", False, False)
    assert userinfo(tokens["answer"]["access_token"]).json["name"] == "Ada"
    assert hook.calls[0]["version"] == "1"
    assert "scopes" not in hook.calls[0]["request"]
    assert hook.calls[0]["response"] == {"claimsOverrideDetails": None}


def test_what_a_hook_is_told() -> None:
    acme = organizations.create("acme")
    ada = new_user(name="Ada")
    join(acme, ada, roles.create("editor").role_id)
    hook = hooked(PRE_TOKEN, passes, configuration={"colour": "red"})
    mapping(rule("email", tokens=("access",)), rule("profile.name", "app:name", tokens=("id",)))
    registered = app(name="Example App")

    answer = signed(ada, registered, "openid roles", organization=acme.org_id)["answer"]
    refresh(registered.client_id, answer["refresh_token"])

    first, second = hook.calls
    assert (first["triggerSource"], second["triggerSource"]) == ("TokenGeneration_HostedAuth", "TokenGeneration_RefreshTokens")
    for event in hook.calls:
        request = event["request"]
        assert event["userName"] == request["userAttributes"]["sub"] == request["user"]["user_id"] == ada.user_id
        assert event["callerContext"]["clientId"] == registered.client_id
        assert (event["version"], event["response"]) == ("2", {"claimsAndScopeOverrideDetails": None})
        assert request["groupConfiguration"] == {"groupsToOverride": ["editor"], "iamRolesToOverride": [], "preferredRole": None}
        assert request["scopes"] == ["openid", "roles"]
        assert request["configuration"] == {"colour": "red"}
        assert request["context"] == {
            "client_id": registered.client_id,
            "client_name": "Example App",
            "first_party": True,
            "organization": {"id": acme.org_id, "name": "acme"},
            "scope": "openid roles",
            "claims": {"accessToken": {PLAN: "ada@example.com"}, "idToken": {"app:name": "Ada"}},
        }
    ids = [event["request"]["clientMetadata"]["idempotency_id"] for event in hook.calls]
    sid = claims_of(answer["access_token"])["sid"]
    assert ids == [sid, f"{sid}_0"]
    assert "password_hash" not in str(hook.calls)


@pytest.mark.parametrize("event", ["1", "2", "3"])
@pytest.mark.parametrize("answer", [passes, responding({}), answering({}), answering({"response": {}})])
def test_an_echo_and_an_answer_without_a_word_change_nothing(event: str, answer: Handler) -> None:
    mapping(rule("email"))
    ada, registered = new_user(name="Ada"), app(claims_in_id_token=True)
    role_holders.assign(ada.user_id, [roles.create("editor").role_id])
    before = signed(ada, registered, "openid profile roles")
    hooked(PRE_TOKEN, answer, event=event)

    after = signed(ada, registered, "openid profile roles")

    for name in ("access", "id"):
        assert lasting(after[name]) == lasting(before[name])


def test_members_that_are_null_change_nothing() -> None:
    nothing = {"claimsToAddOrOverride": None, "claimsToSuppress": None, "scopesToAdd": None, "scopesToSuppress": None}
    hooked(PRE_TOKEN, saying(nothing, nothing), order=1)
    hooked(PRE_TOKEN, responding({"claimsAndScopeOverrideDetails": None, "deny": None}), order=2)
    hooked(PRE_TOKEN, saying(adding({"app:a": None})), order=3)
    mapping(rule("email"))

    tokens = signed(new_user(), app())

    assert tokens["access"][PLAN] == "ada@example.com"
    assert "app:a" not in tokens["access"]


def test_hooks_run_in_order_and_each_sees_what_those_before_made() -> None:
    mapping(rule("email"))
    hooked(PRE_TOKEN, saying({**adding({"app:a": 1, "app:b": 1}), "claimsToSuppress": [PLAN], "scopesToSuppress": ["email"]}), order=1)
    second = hooked(PRE_TOKEN, saying({**adding({"app:b": 2, PLAN: "back"}), "claimsToSuppress": ["app:a"]}), order=2)
    third = hooked(PRE_TOKEN, says_v1(groupOverrideDetails={"groupsToOverride": ["guest"]}), order=3, event="1")
    fourth = hooked(PRE_TOKEN, passes, order=4)

    tokens = signed(new_user(), app())

    def so_far(hook: Hooked) -> Any:
        return hook.calls[0]["request"]["context"]["claims"]["accessToken"]

    assert so_far(second) == {"app:a": 1, "app:b": 1}
    assert so_far(third) == so_far(fourth) == {"app:b": 2, PLAN: "back"}
    assert second.calls[0]["request"]["scopes"] == ["openid", "profile"]
    assert fourth.calls[0]["request"]["groupConfiguration"]["groupsToOverride"] == ["guest"]
    assert {name: tokens["access"].get(name) for name in ("app:a", "app:b", PLAN)} == {"app:a": None, "app:b": 2, PLAN: "back"}
    assert tokens["answer"]["scope"] == "openid profile"


def test_who_adds_and_suppresses_a_claim_suppresses_it() -> None:
    hooked(PRE_TOKEN, saying({**adding({"app:a": 1}), "claimsToSuppress": ["app:a"]}))

    assert "app:a" not in signed(new_user(), app())["access"]


def test_facts_about_the_person_can_be_suppressed_in_the_id_token_and_not_replaced() -> None:
    names = ["name", "email", "email_verified"]
    hooked(PRE_TOKEN, saying(None, {"claimsToSuppress": names, **adding({"email": "eve@example.com"})}))
    registered = app(claims_in_id_token=True)

    tokens = signed(new_user(name="Ada"), registered)

    assert not set(names) & tokens["id"].keys()
    assert userinfo(tokens["answer"]["access_token"]).json["email"] == "ada@example.com"


def test_devices_exchanges_and_machines() -> None:
    ada = new_user()
    web = app(kind="web", token_exchange="impersonation", grant_types=[TOKEN_EXCHANGE, "authorization_code"], resources=[SONGS])
    subject = tokens_of(web.client_id, browser_of(ada), secret=web.secret, scope="openid profile email")["access_token"]
    for_people = hooked(PRE_TOKEN, saying(adding({"app:v2": 1})), order=1)
    hooked(PRE_TOKEN, says_v1(claimsToAddOrOverride={"app:v1": "1"}), event="1", order=2)
    for_all = hooked(PRE_TOKEN, saying({**adding({"app:v3": 1}), "scopesToAdd": ["plans", "email"]}), event="3", order=3)
    device = app(kind="native", grant_types=[DEVICE_GRANT, "refresh_token"])
    asked = codes(device.client_id, scope="openid profile")
    decide(Browser(), asked["user_code"])
    on_device = claims_of(poll(device.client_id, asked["device_code"]).json["access_token"])
    exchanged = _exchange(web, subject, scope="profile")
    robot = app(kind="machine", scopes=["plans", "read:songs"])
    machine = token(grant_type="client_credentials", scope="read:songs", authorization=basic(robot.client_id, robot.secret)).json
    of_machine = claims_of(machine["access_token"])

    for claims in (on_device, claims_of(exchanged["access_token"])):
        assert (claims["app:v2"], claims["app:v3"]) == (1, 1)
    # Of the scopes of the token that was exchanged, and no other.
    assert exchanged["scope"] == "profile email"
    assert (of_machine.get("app:v2"), of_machine["app:v3"], machine["scope"]) == (None, 1, "read:songs plans")
    sources = [event["triggerSource"] for event in for_all.calls]
    assert sources == [f"TokenGeneration_{kind}" for kind in ("Authentication", "Authentication", "ClientCredentials")]
    assert len(for_people.calls) == 2
    last = for_all.calls[-1]
    assert (last["userName"], last["request"]["userAttributes"], "user" in last["request"]) == (robot.client_id, {}, False)
    assert last["request"]["scopes"] == ["read:songs"]


def _exchange(web: client_registration.Registered, subject: str, **more: str) -> dict[str, Any]:
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token": subject, "audience": SONGS} | more
    form["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token"
    answer = token(**form, authorization=basic(web.client_id, web.secret))
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def test_a_hook_for_some_clients_and_organizations_runs_for_those() -> None:
    acme, ada = organizations.create("acme"), new_user()
    join(acme, ada)
    theirs, other = app(), app()
    hooked(PRE_TOKEN, saying(adding({"app:client": 1})), clients=(theirs.client_id,))
    hooked(PRE_TOKEN, saying(adding({"app:org": 1})), organizations=(acme.org_id,))
    hooked(PRE_TOKEN, saying(adding({"app:off": 1})), enabled=False)

    def added(registered: client_registration.Registered, **more: str) -> set[str]:
        return {name for name in signed(ada, registered, "openid", **more)["access"] if name.startswith("app:")}

    assert added(theirs) == {"app:client"}
    assert added(other) == set()
    assert added(other, organization=acme.org_id) == {"app:org"}


def test_the_mapping_comes_before_hooks_and_what_is_the_tokens_own_wins() -> None:
    mapping(rule("email"), rule("profile.name", "app:name"))
    hooked(PRE_TOKEN, saying(adding({PLAN: "by the hook"})))
    ada = given(new_user(name="Ada"), app_metadata={})

    claims = signed(ada, app())["access"]

    assert (claims[PLAN], claims["app:name"], claims["sub"]) == ("by the hook", "Ada", ada.user_id)


def test_the_same_successor_in_the_grace_has_what_the_hook_says_then() -> None:
    ada, registered = new_user(), app(refresh_grace_seconds=10)
    first = tokens_of(registered.client_id, browser_of(ada), scope="openid offline_access")
    hook = hooked(PRE_TOKEN, saying(adding({"app:a": 1})))

    answers = [refresh(registered.client_id, first["refresh_token"]) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json["refresh_token"] == answers[1].json["refresh_token"]
    assert [read(answer.json)["access"]["app:a"] for answer in answers] == [1, 1]
    ids = {event["request"]["clientMetadata"]["idempotency_id"] for event in hook.calls}
    assert len(ids) == 1
