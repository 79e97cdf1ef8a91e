"""/api/v2/hooks/{id}/test: what a hook answers to an event, and what would be made of that."""

import json
from typing import Any

import pytest

from gatehouse import users
from gatehouse.hooks import POST_LOGIN, PRE_SIGN_UP, PRE_TOKEN, TRIGGERS, USER_MIGRATION
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.faults import trouble
from tests.unit.flows import new_client, new_user
from tests.unit.hooks import FAILURES, Hooked, hooked, passes, raw, refusing, responding, throttled
from tests.unit.operators import api, machine
from tests.unit.teams import operator_of, two

pytestmark = pytest.mark.usefixtures("lambdas", "laptop")
ATTRIBUTES = {"email": "ada@example.com", "email_verified": "true"}
EVENTS: dict[str, dict[str, Any]] = {
    PRE_SIGN_UP: {"triggerSource": "PreSignUp_SignUp", "userName": "u", "request": {"userAttributes": ATTRIBUTES}},
    USER_MIGRATION: {"triggerSource": "UserMigration_Authentication", "userName": "ada@example.com", "request": {"password": "hunter2"}},
    POST_LOGIN: {"triggerSource": "PostAuthentication_Authentication", "userName": "u", "request": {"userAttributes": ATTRIBUTES}},
    PRE_TOKEN: {"triggerSource": "TokenGeneration_HostedAuth", "userName": "u", "request": {"scopes": ["openid"]}},
}
CLAIMS = {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"claimsToAddOrOverride": {"plan": "gold", "sub": "x"}}}}


def tried(hook: Hooked, **body: Any) -> Answer:
    return api("POST", f"/hooks/{hook.id}/test", machine("update:hooks", "read:users", "read:users_app_metadata"), body)


def ada(**fields: Any) -> User:
    user = new_user()
    found = users.get(user.user_id)
    assert found
    return found


def test_a_trace_tells_what_was_sent_what_came_back_and_what_would_be_made_of_it() -> None:
    hook, user = hooked(PRE_TOKEN, responding(CLAIMS)), ada()

    trace = tried(hook, user_id=user.user_id, client_id=new_client().client_id).json

    assert trace["outcome"] == "ok"
    assert 0 <= trace["ms"] < 5000
    assert hook.calls == [trace["event"]]
    assert trace["answer"] == trace["event"] | {"response": CLAIMS}
    assert trace["accepted"] == {"claims": {"access_token": {"plan": "gold"}}}
    assert trace["left_out"] == ["sub"]
    assert trace["bytes_added"] > 0
    assert (trace["event"]["userName"], trace["event"]["request"]["userAttributes"]["email"]) == (user.user_id, "ada@example.com")


SOURCES = ["PreSignUp_SignUp", "UserMigration_ForgotPassword", "PostAuthentication_Authentication", "TokenGeneration_HostedAuth"]


@pytest.mark.parametrize(("trigger", "source"), list(zip(TRIGGERS, SOURCES, strict=True)))
def test_the_event_of_somebody_is_that_of_the_trigger_and_nothing_is_written(trigger: str, source: str) -> None:
    hook, user = hooked(trigger, passes), ada()
    body = {"user_id": user.user_id, "client_id": new_client().client_id}
    bearer = machine("update:hooks", "read:users", "read:users_app_metadata")

    with trouble() as sent:
        answer = api("POST", f"/hooks/{hook.id}/test", bearer, body)

    assert (answer.status, answer.json["outcome"], answer.json["accepted"]) == (200, "ok", {})
    assert [event["triggerSource"] for event in hook.calls] == [source]
    assert {operation.partition(".")[2] for operation in sent} <= {"GetItem", "BatchGetItem", "Query", "Invoke", "Decrypt"}
    assert users.get(user.user_id) == user


def test_what_hooks_change_of_a_person_is_told_member_by_member() -> None:
    user = ada()
    prepared = tried(hooked(PRE_SIGN_UP, responding({"userMetadata": {"theme": "dark"}})), user_id=user.user_id).json
    login = {"appMetadata": {"plan": "gold"}, "claims": {"idToken": {"greeting": "hi", "iss": "x"}}}
    signed_in = tried(hooked(POST_LOGIN, responding(login)), user_id=user.user_id).json
    found = {"userAttributes": {"email": "ada@example.com", "given_name": "Ada", "email_verified": "true"}, "finalUserStatus": "CONFIRMED"}
    migrated = tried(hooked(USER_MIGRATION, responding(found)), event=EVENTS[USER_MIGRATION]).json

    assert prepared["accepted"] == {"user_metadata": {"theme": "dark"}}
    assert signed_in["accepted"] == {"app_metadata": {"plan": "gold"}, "claims": {"id_token": {"greeting": "hi"}}}
    assert signed_in["left_out"] == ["iss"]
    assert migrated["accepted"]["confirmed"] is True
    assert migrated["accepted"]["user"]["email"] == "ada@example.com"
    assert migrated["accepted"]["user"]["profile"] == {"given_name": "Ada"}


def test_a_scope_is_added_as_far_as_the_client_may_have_it() -> None:
    hook = hooked(
        PRE_TOKEN, responding({"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": ["profile", "admin"]}}})
    )
    client = new_client(scopes=["openid", "profile"]).client_id

    known = tried(hook, event=EVENTS[PRE_TOKEN], client_id=client).json
    unknown = tried(hook, event=EVENTS[PRE_TOKEN]).json

    assert (known["accepted"], known["left_out"]) == ({"scopes_added": ["profile"]}, ["scope admin"])
    assert (unknown["accepted"], unknown["left_out"]) == ({}, ["scope profile", "scope admin"])


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_recorded_event_is_sent_as_it_was_but_for_what_belongs_to_its_hook(trigger: str) -> None:
    secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf"
    hook = hooked(trigger, passes, configuration={"mine": 1}, secret_arn=secret)
    others = {
        "configuration": {"theirs": 1},
        "secretArn": "x",
        "clientMetadata": {"hook_id": "hook_x", "idempotency_id": "sign-in-7", "a": "b"},
    }
    recorded = EVENTS[trigger] | {"request": EVENTS[trigger]["request"] | others, "version": "7", "callerContext": {"clientId": "a"}}

    assert tried(hook, event=recorded).json["outcome"] == "ok"

    own = {"configuration": {"mine": 1}, "secretArn": secret}
    metadata = {"hook_id": hook.id, "idempotency_id": "sign-in-7", "a": "b"}
    [sent] = hook.calls
    assert sent == recorded | {"request": {**EVENTS[trigger]["request"], **own, "clientMetadata": metadata}, "response": {}}


@pytest.mark.row(91)
def test_a_recorded_event_says_nothing_to_a_function_that_serves_other_events_too() -> None:
    hook = hooked(POST_LOGIN, passes)
    # Of schedules, rotation, CloudFormation, queues, streams and API Gateway.
    theirs = ("schedule_id", "scheduled_time", "by_hand", "force", "RequestType", "ResponseURL", "Records", "requestContext", "headers")
    others = dict.fromkeys(theirs, "x")

    assert tried(hook, event=EVENTS[POST_LOGIN] | others).json["outcome"] == "ok"

    assert {*hook.calls[0]} == {*EVENTS[POST_LOGIN], "response"}


def test_an_id_that_could_break_a_header_is_replaced() -> None:
    hook = hooked(POST_LOGIN, passes, at_url=True)
    for bad in ("x\r\nx-evil: 1", "ü", "", 7, "x" * 65):
        event = EVENTS[POST_LOGIN] | {"request": {"clientMetadata": {"idempotency_id": bad}}}

        assert tried(hook, event=event).json["outcome"] == "ok"

    assert all(headers["webhook-id"].startswith("trial-") for headers in hook.function.headers)


@pytest.mark.row(91)
def test_a_password_in_an_event_is_not_repeated() -> None:
    hook = hooked(USER_MIGRATION, passes)

    answer = tried(hook, event=EVENTS[USER_MIGRATION])

    assert hook.calls[0]["request"]["password"] == "hunter2"
    assert "hunter2" not in answer.body


def test_a_hook_that_refuses_or_fails_is_a_trace_like_any_other() -> None:
    user = ada()
    refused = tried(hooked(POST_LOGIN, refusing("not today")), user_id=user.user_id).json
    denied = tried(hooked(PRE_TOKEN, responding({"deny": {"reason": "no"}})), user_id=user.user_id).json
    wrong = tried(hooked(PRE_TOKEN, responding({"claimsAndScopeOverrideDetails": 7})), user_id=user.user_id).json

    assert (refused["outcome"], refused["reason"], refused["accepted"]) == ("vetoed", "not today", {})
    assert (denied["outcome"], denied["reason"]) == ("vetoed", "no")
    assert (wrong["outcome"], wrong["reason"]) == ("failed", "claimsAndScopeOverrideDetails is no object")
    assert wrong["answer"]["response"]["claimsAndScopeOverrideDetails"] == 7


@pytest.mark.parametrize("kind", FAILURES)
def test_no_failure_of_a_hook_is_one_of_the_api(kind: str) -> None:
    handler, at_url = FAILURES[kind]

    answer = tried(hooked(POST_LOGIN, handler, at_url=at_url), event=EVENTS[POST_LOGIN])

    assert (answer.status, answer.json["outcome"]) == (200, "failed")
    assert answer.json["reason"]


def test_a_hook_that_is_left_alone_after_failures_is_tried_nevertheless() -> None:
    hook = hooked(POST_LOGIN, throttled)

    reasons = [tried(hook, event=EVENTS[POST_LOGIN]).json["reason"] for _ in range(7)]

    assert reasons == ["TooManyRequestsException"] * 7


def test_one_that_is_switched_off_can_be_tried() -> None:
    assert tried(hooked(POST_LOGIN, passes, enabled=False), event=EVENTS[POST_LOGIN]).json["outcome"] == "ok"


STRANGE: list[Any] = [None, 7, True, "x", [], {}, [[]], {"a": {"b": [None]}}, "x" * 10_000]


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_whatever_an_event_or_an_answer_has_is_no_fault_of_ours(trigger: str) -> None:
    names = ("user", "userAttributes", "clientMetadata", "scopes", "context", "groupConfiguration", "password")
    recorded = EVENTS[trigger]
    broken = [recorded | {member: value} for member in ("userName", "request", "response", "version") for value in STRANGE]
    broken += [recorded | {"request": recorded["request"] | {name: value}} for name in names for value in STRANGE]
    said: list[Any] = []
    hook, bearer = hooked(trigger, lambda event, _context: said[-1] if said else event), machine("update:hooks", "read:users")
    path = f"/hooks/{hook.id}/test"
    for event in broken:
        assert api("POST", path, bearer, {"event": event}).status in (200, 400), event
    members = ("userMetadata", "profile", "customDocument", "claims", "deny", "userAttributes", "claimsOverrideDetails", "autoVerifyEmail")
    for member in (*members, "claimsAndScopeOverrideDetails"):
        for value in STRANGE:
            said.append({"response": {member: value}})
            assert api("POST", path, bearer, {"event": recorded}).status == 200, (member, value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "either event or user_id"),
        ({"event": {}, "user_id": "x"}, "either event or user_id"),
        ({"event": {}}, "triggerSource must begin with"),
        ({"event": {"triggerSource": "CustomMessage_SignUp"}}, "triggerSource must begin with"),
        ({"event": {"triggerSource": ["PostAuthentication_Authentication"]}}, "triggerSource must begin with"),
        ({"event": {"triggerSource": "PreSignUp_SignUp"}}, "the event is none of post_login"),
        ({"event": {"triggerSource": "PostAuthentication_Authentication", "request": []}}, "request must be an object"),
        ({"event": EVENTS[POST_LOGIN], "client_id": "nobody"}, "client_id is none of a client"),
        ({"event": EVENTS[POST_LOGIN], "client_id": "a#b"}, "client_id is none of a client"),
        ({"event": EVENTS[POST_LOGIN], "org_id": "a#b"}, "org_id is none of an organization"),
    ],
)
def test_what_no_hook_would_be_sent_is_refused(body: dict[str, Any], message: str) -> None:
    hook = hooked(POST_LOGIN, passes)

    answer = tried(hook, **body)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert message in answer.json["message"]
    assert hook.calls == []


def test_nobody_is_at_the_id_of_nobody() -> None:
    hook = hooked(POST_LOGIN, passes)

    for user_id in ("gatehouse|nobody", "a#b"):
        assert tried(hook, user_id=user_id).json["errorCode"] == "inexistent_user"
    assert api("POST", "/hooks/hook_x/test", machine("update:hooks", "read:users"), {"event": {}}).status == 404


@pytest.mark.row(84)
def test_who_may_not_read_people_learns_nothing_of_them_by_a_test() -> None:
    hook, user = hooked(POST_LOGIN, passes), ada()

    for scopes in (("update:hooks",), ("update:hooks", "read:users"), ("update:hooks", "read:users_app_metadata")):
        assert api("POST", f"/hooks/{hook.id}/test", machine(*scopes), {"user_id": user.user_id}).status == 403
    # An event names whom it likes, and the function may tell of them.
    named = {"event": EVENTS[POST_LOGIN] | {"userName": user.user_id}}
    assert api("POST", f"/hooks/{hook.id}/test", machine("update:hooks"), named).status == 403
    assert hook.calls == []
    assert api("POST", f"/hooks/{hook.id}/test", machine("update:hooks", "read:users"), named).status == 200


@pytest.mark.row(85)
def test_an_organizations_operator_never_reaches_hooks() -> None:
    acme, _ = two()
    scopes = ("create:hooks", "read:hooks", "update:hooks", "delete:hooks", "read:users", "read:users_app_metadata")
    boss, hook = operator_of(acme, "boss@example.com", *scopes), hooked(POST_LOGIN, passes)

    for method, path, body in (
        ("GET", "/hooks", None),
        ("POST", "/hooks", {"name": "x", "trigger": "post_login", "target": hook.function.arn}),
        ("GET", f"/hooks/{hook.id}", None),
        ("PATCH", f"/hooks/{hook.id}", {"enabled": False}),
        ("DELETE", f"/hooks/{hook.id}", None),
        ("POST", f"/hooks/{hook.id}/rotate-secret", None),
        ("POST", f"/hooks/{hook.id}/test", {"user_id": boss.user.user_id}),
    ):
        assert boss.ask(method, path, body).status == 403, (method, path)
    assert hook.calls == []


@pytest.mark.parametrize("depth", [100, 900, 2_000, 9_000, 30_000])
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_however_deep_an_event_or_an_answer_is_it_is_no_fault_of_ours(trigger: str, depth: int) -> None:
    deep, bearer = "[" * depth + "]" * depth, machine("update:hooks", "read:users")
    text = json.dumps({"event": EVENTS[trigger] | {"callerContext": "deep"}}).replace('"deep"', deep)
    details = ",".join(f'"{name}":{{"claimsToAddOrOverride":{{"x":{deep}}}}}' for name in ("accessTokenGeneration", "idTokenGeneration"))
    members = [*DEEP, f'"claimsAndScopeOverrideDetails":{{{details}}}']
    answers = [f'{{"response":{{{member.replace("deep", deep)}}}}}'.encode() for member in members]
    odd = hooked(trigger, lambda event, _context: raw(answers.pop())(event, None) if answers else event)

    for _ in members:
        assert api("POST", f"/hooks/{odd.id}/test", bearer, {"event": EVENTS[trigger]}).status == 200
    assert api("POST", f"/hooks/{odd.id}/test", bearer, text).status in (200, 400, 413)


DEEP = [
    '"userMetadata":{"x":deep}',
    '"appMetadata":{"x":deep}',
    '"profile":{"x":deep}',
    '"profile":{"name":deep}',
    '"customDocument":{"x":deep}',
    '"claims":{"idToken":{"x":deep}}',
    '"deny":{"reason":deep}',
    '"userAttributes":{"custom:x":deep}',
    '"unknown":deep',
]
