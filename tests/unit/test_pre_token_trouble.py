"""Hooks before tokens that refuse, fail or are slow: nothing is consumed, and it can be asked for again (row F12)."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bench.recorder import recording
from gatehouse import clock, device_codes, hooks, session_ids, sessions, table
from gatehouse.clients import DEVICE_GRANT
from gatehouse.hooks import CONTINUE, DENY, PRE_TOKEN, Hook, calls
from tests.operator_functions import Handler, Refused
from tests.unit.conftest import Answer, call
from tests.unit.devices import codes, poll
from tests.unit.faults import THROTTLED, trouble
from tests.unit.flows import basic, browser_of, claims_of, exchange, later, new_code, new_user, refresh, token, tokens_of
from tests.unit.hooks import FAILURES, Hooked, failing_first, hooked, huge, passes, refusing, responding, throttled, times_out
from tests.unit.mapped import adding, app, mapping, rule, saying
from tests.unit.user_data import switch_on

pytestmark = pytest.mark.usefixtures("lambdas", "laptop")

# How an application gets tokens, as a function that can be asked again.
Way = Callable[[], Answer]


def a_code() -> Way:
    registered = app()
    code = new_code(registered.client_id, browser_of(new_user()), scope="openid profile")
    return lambda: exchange(registered.client_id, code)


def a_refresh_token(**properties: Any) -> Way:
    registered = app(**properties)
    first = tokens_of(registered.client_id, browser_of(new_user()), scope="openid offline_access")
    return lambda: refresh(registered.client_id, first["refresh_token"])


def a_refresh_token_without_grace() -> Way:
    return a_refresh_token(refresh_grace_seconds=0)


def a_device_code() -> Way:
    device, ada, now = app(kind="native", grant_types=[DEVICE_GRANT, "refresh_token"]), new_user(), clock.now()
    asked = codes(device.client_id, scope="openid profile")
    decided = {"status": device_codes.APPROVED, "user_id": ada.user_id, "sid": session_ids.new(ada.epoch), "decided_at": now}
    key = table.device_key(device_codes.typed(asked["user_code"]))
    table.update(key, where=[("pk", "exists", None)], set=decided | {"auth_time": now, "amr": ["pwd"]})
    return lambda: poll(device.client_id, asked["device_code"])


def a_machine() -> Way:
    robot = app(kind="machine", scopes=["plans"])
    return lambda: token(grant_type="client_credentials", authorization=basic(robot.client_id, robot.secret))


WAYS = [a_code, a_refresh_token, a_refresh_token_without_grace, a_device_code, a_machine]
KINDS = [*((kind, way) for kind in FAILURES for way in (a_code, a_refresh_token_without_grace)), *(("crashed", way) for way in WAYS)]


def hook(handler: Handler, *, at_url: bool = False, **fields: Any) -> Hooked:
    """Of version 3, which all grants ask."""
    return hooked(PRE_TOKEN, handler, at_url=at_url, event="3", **fields)


@pytest.mark.row("F12")
@pytest.mark.parametrize(("kind", "way"), KINDS)
def test_a_failure_that_must_not_be_is_trouble_and_costs_nothing(kind: str, way: Callable[[], Way]) -> None:
    handler, at_url = FAILURES[kind]
    ask = way()
    failing = hook(failing_first(1, handler), at_url=at_url, fail_mode=DENY)

    with trouble() as sent:
        answer = ask()

    assert (answer.status, answer.json["error"], answer.headers["retry-after"]) == (503, "temporarily_unavailable", "1")
    assert not [operation for operation in sent if operation in ("dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.TransactWriteItems")]
    again = ask()
    assert again.status == 200, again.body
    first, second = failing.calls
    if way is not a_machine:
        assert _id(first) == _id(second)


def _id(event: dict[str, Any]) -> str:
    found: str = event["request"]["clientMetadata"]["idempotency_id"]
    assert len(found) <= 64
    assert "." not in found
    return found


@pytest.mark.row("F12")
@pytest.mark.parametrize(("kind", "way"), KINDS)
def test_a_failure_that_may_be_goes_on_without_what_the_hook_would_have_said(kind: str, way: Callable[[], Way]) -> None:
    handler, at_url = FAILURES[kind]
    ask = way()
    hook(handler, at_url=at_url, fail_mode=CONTINUE, order=1)
    hook(saying(adding({"app:later": 1})), order=2)

    answer = ask()

    assert answer.status == 200
    assert claims_of(answer.json["access_token"])["app:later"] == 1


@pytest.mark.row("F12")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("says_no", "fields", "reason"),
    [
        (refusing("not today"), {"fail_mode": DENY}, "not today"),
        (refusing("not today"), {"fail_mode": CONTINUE, "at_url": True}, "not today"),
        (refusing(), {"fail_mode": CONTINUE}, "a hook refused"),
        (responding({"deny": {"reason": "no plan"}}), {"fail_mode": CONTINUE}, "no plan"),
        (responding({"deny": {}}), {"fail_mode": DENY}, "a hook refused"),
        (responding({"deny": {"reason": 'caf\u00e9 "closed" \\ \n now'}}), {"fail_mode": DENY}, "caf? 'closed' /   now"),
    ],
)
def test_a_refusal_is_told_and_costs_nothing(says_no: Handler, fields: dict[str, Any], reason: str, way: Callable[[], Way]) -> None:
    ask = way()
    no = hook(says_no, **fields)

    with trouble() as sent:
        answer = ask()

    assert (answer.status, answer.json) == (400, {"error": "access_denied", "error_description": reason})
    assert not [operation for operation in sent if operation.endswith(("PutItem", "UpdateItem", "WriteItems"))]
    hooks.change(no.id, _off)
    assert ask().status == 200


def _off(found: Hook) -> Hook:
    return replace(found, enabled=False)


@pytest.mark.row("F12")
def test_a_refusal_keeps_the_refresh_cookie() -> None:
    registered = app(refresh_cookie=True)
    browser = browser_of(new_user())
    origin = {"origin": "https://app.example.com"}
    answer = exchange(registered.client_id, new_code(registered.client_id, browser, scope="openid offline_access"), **origin)
    [cookie] = [cookie for cookie in answer.cookies if "refresh" in cookie]
    name, _, value = cookie.split(";")[0].partition("=")
    no = hook(refusing("not today"))

    def ask() -> Answer:
        query = f"client_id={registered.client_id}"
        return call(
            "token_refresh",
            "POST",
            "/session/refresh",
            query=query,
            form={"client_id": registered.client_id},
            headers=origin,
            cookies={name: value},
        )

    refused = ask()

    assert (refused.status, refused.json["error"], refused.cookies) == (400, "access_denied", [])
    hooks.change(no.id, _off)
    assert ask().status == 200


@pytest.mark.row("F12")
@pytest.mark.parametrize("handler", [refusing(), times_out])
def test_a_stolen_refresh_token_is_found_out_whatever_a_hook_says(handler: Handler) -> None:
    registered = app(refresh_grace_seconds=0)
    first = tokens_of(registered.client_id, browser_of(new_user()), scope="openid offline_access")
    second = refresh(registered.client_id, first["refresh_token"]).json
    asked = hook(handler)

    with later(30):
        assert refresh(registered.client_id, first["refresh_token"]).json["error"] == "invalid_grant"
        claims = claims_of(second["access_token"])
        session = sessions.get(claims["sub"], claims["sid"])

    assert (asked.calls, session and session.status) == ([], "revoked")


@pytest.mark.row("F12")
@pytest.mark.parametrize(("second", "status"), [(9.4, 200), (9.6, 503)])
def test_hooks_together_have_twenty_seconds(monkeypatch: pytest.MonkeyPatch, second: float, status: int) -> None:
    ask, now = a_code(), [1000.0]
    monkeypatch.setattr(calls, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def taking(seconds: float) -> Handler:
        def handler(event: dict[str, Any], _context: Any) -> Any:
            now[0] += seconds
            return event

        return handler

    for order, seconds in enumerate((9.5, second)):
        hook(taking(seconds), order=order, timeout_seconds=10)
    last = hook(passes, order=9)

    assert ask().status == status
    assert len(last.calls) == (status == 200)


@pytest.mark.row("F12")
def test_a_hook_that_keeps_silent_to_several_people_is_left_alone_for_a_while() -> None:
    registered = app()
    browsers = [browser_of(new_user(f"{name}@example.com")) for name in ("ada", "eve", "joe")]
    asked = hook(throttled, fail_mode=CONTINUE)

    for browser in browsers * 3:
        assert exchange(registered.client_id, new_code(registered.client_id, browser, scope="openid")).status == 200

    assert len(asked.calls) == 5


@pytest.mark.row("F12")
def test_one_person_whose_data_a_hook_cannot_bear_keeps_nobody_else_from_being_judged_by_it() -> None:
    def judges(event: dict[str, Any], context: Any) -> Any:
        if event["request"]["userAttributes"]["email"].startswith("mallory"):
            return huge(event, context)
        raise Refused("banned")

    registered, mallory, bob = app(), browser_of(new_user("mallory@example.com")), browser_of(new_user("bob@example.com"))
    hook(judges, fail_mode=CONTINUE)

    for _ in range(6):
        assert exchange(registered.client_id, new_code(registered.client_id, mallory, scope="openid")).status == 200
    answer = exchange(registered.client_id, new_code(registered.client_id, bob, scope="openid"))

    assert (answer.status, answer.json["error"]) == (400, "access_denied")


def test_without_the_list_of_hooks_no_token_is_made() -> None:
    ask = a_code()
    hooks.forget()
    with trouble({"dynamodb.GetItem": [THROTTLED] * 8}):
        assert ask().status == 503
    assert ask().status == 200


# ---------------------------------------------------------------- what it costs


@pytest.mark.parametrize("way", [a_code, a_refresh_token])
@pytest.mark.parametrize("mapped", [False, True])
def test_a_lambda_hook_costs_one_call(way: Callable[[], Way], mapped: bool) -> None:
    switch_on()
    if mapped:
        mapping(rule("custom_data.seats"), rule("roles", "app:roles"))
    asked = hook(saying(adding({"app:a": 1})))
    # What stays in the process for a minute.
    assert way()().status == 200
    asked.calls.clear()
    ask = _again(way)
    asked.calls.clear()

    with trouble() as sent:
        assert ask().status == 200

    written = "dynamodb.PutItem" if way is a_code else "dynamodb.UpdateItem"
    assert sent == ["dynamodb.BatchGetItem", "lambda.Invoke", written]
    assert len(asked.calls) == 1


def _again(way: Callable[[], Way]) -> Way:
    registered = app()
    browser = browser_of(new_user("eve@example.com"))
    if way is a_code:
        code = new_code(registered.client_id, browser, scope="openid profile")
        return lambda: exchange(registered.client_id, code)
    first = tokens_of(registered.client_id, browser, scope="openid offline_access")
    return lambda: refresh(registered.client_id, first["refresh_token"])


def test_a_refresh_with_a_hook_reads_the_session_beside_the_person() -> None:
    hook(passes)
    ask = _again(a_refresh_token)

    with recording() as work:
        assert ask().status == 200

    assert (work.operations, work.rru, work.wru) == (["BatchGetItem", "UpdateItem"], 2, 1)


def test_where_no_hook_is_for_the_client_nothing_is_read_for_any() -> None:
    hook(passes, clients=("another",))
    ask = _again(a_refresh_token)

    with recording() as work:
        assert ask().status == 200

    assert (work.operations, work.rru, work.wru) == (["GetItem", "UpdateItem"], 1, 1)
