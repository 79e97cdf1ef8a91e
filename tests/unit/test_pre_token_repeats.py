"""Hooks before tokens and what comes twice: a stolen code, the next refresh, a token that is exchanged for another (rows 20, 32, F12)."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.recorder import recording
from gatehouse import sessions, table
from gatehouse.clients import DEVICE_GRANT
from gatehouse.hooks import PRE_TOKEN
from tests.operator_functions import Handler
from tests.unit.conftest import Answer
from tests.unit.devices import codes, decide, poll
from tests.unit.faults import lose_answer, trouble
from tests.unit.flows import Browser, browser_of, claims_of, exchange, later, new_client, new_code, new_user, refresh, tokens_of
from tests.unit.hooks import Hooked, failing_first, hooked, passes, refusing, times_out
from tests.unit.mapped import adding, app, saying
from tests.unit.test_fapi_profile import fapi_client, refreshed
from tests.unit.test_fapi_profile import tokens_of as fapi_tokens_of
from tests.unit.test_token_exchange import OPENID_ORDERS, ORDERS, STOCK, application, of_machine, service, swap

pytestmark = pytest.mark.usefixtures("lambdas")
Way = Callable[[], Answer]


def a_code(email: str = "ada@example.com") -> Way:
    registered = app()
    code = new_code(registered.client_id, browser_of(new_user(email)), scope="openid offline_access")
    return lambda: exchange(registered.client_id, code)


def a_device_code() -> Way:
    device, _ = app(kind="native", grant_types=[DEVICE_GRANT, "refresh_token"]), new_user()
    asked = codes(device.client_id, scope="openid offline_access")
    decide(Browser(), asked["user_code"])
    return lambda: poll(device.client_id, asked["device_code"])


def ids(of: Hooked) -> list[str]:
    found = [event["request"]["clientMetadata"]["idempotency_id"] for event in of.calls]
    assert all(len(each) <= 64 and "." not in each for each in found)
    return found


# ---------------------------------------------------------------- codes


@pytest.mark.row("F12")
@pytest.mark.parametrize("way", [a_code, a_device_code])
@pytest.mark.parametrize("handler", [refusing("not today"), times_out, passes])
def test_a_stolen_code_is_found_out_whatever_a_hook_says(handler: Handler, way: Callable[[], Way]) -> None:
    ask = way()
    first = ask()
    assert first.status == 200, first.body
    asked = hooked(PRE_TOKEN, handler)

    assert ask().json["error"] == "invalid_grant"

    claims = claims_of(first.json["access_token"])
    session = sessions.get(claims["sub"], claims["sid"])
    assert (asked.calls, session and session.status) == ([], "revoked")
    assert refresh(claims["client_id"], first.json["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.row("F12")
def test_a_code_that_was_buried_is_dead_whatever_a_hook_says() -> None:
    registered, ada = app(), new_user()
    code = new_code(registered.client_id, browser_of(ada), scope="openid")
    asked = hooked(PRE_TOKEN, refusing())

    assert exchange(registered.client_id, code, code_verifier="w" * 43).json["error"] == "invalid_grant"
    assert exchange(registered.client_id, code).json["error"] == "invalid_grant"

    assert asked.calls == []
    assert [item["status"] for item in table.query(table.user_partition(ada.user_id), "SESSION#")] == ["revoked"]


@pytest.mark.row("F12")
def test_a_lost_answer_is_no_stolen_code_and_the_hook_counts() -> None:
    ask = a_code()
    hooked(PRE_TOKEN, saying(adding({"app:a": 1})))
    # The client of Lambda is made before trouble begins, which knows nothing of Lambda.
    assert a_code("eve@example.com")().status == 200

    with trouble({"dynamodb.PutItem": [lose_answer]}):
        answer = ask()

    assert claims_of(answer.json["access_token"])["app:a"] == 1


def test_a_code_costs_a_read_unit_more_where_there_is_a_hook_and_nowhere_else() -> None:
    registered, browser = app(), browser_of(new_user())

    def exchanged() -> tuple[list[str], float]:
        code = new_code(registered.client_id, browser, scope="openid")
        with recording() as work:
            assert exchange(registered.client_id, code).status == 200
        return work.operations, work.rru

    # The first of each reads what stays in the process for a minute.
    without = [exchanged() for _ in range(2)][-1]
    hooked(PRE_TOKEN, passes)
    with_hook = [exchanged() for _ in range(2)][-1]

    assert without == (["GetItem", "PutItem"], 1)
    assert with_hook == (["BatchGetItem", "PutItem"], 2)


# ---------------------------------------------------------------- refreshes


@pytest.mark.row("F12")
def test_each_refresh_has_an_idempotency_id_of_its_own_also_where_the_token_stays_the_same() -> None:
    registered = fapi_client(refresh_grace_seconds=0)
    first = fapi_tokens_of(registered)
    hook = hooked(PRE_TOKEN, passes)

    with later(60):
        for _ in range(3):
            assert refreshed(registered, first["refresh_token"]).status == 200

    assert len(set(ids(hook))) == 3


@pytest.mark.row("F12")
def test_a_refresh_that_is_sent_again_has_the_same_idempotency_id_also_where_the_token_stays_the_same() -> None:
    registered = fapi_client(refresh_grace_seconds=0)
    first = fapi_tokens_of(registered)
    seen: list[dict[str, Any]] = []

    def noted(handler: Handler) -> Handler:
        return lambda event, context: seen.append(event) or handler(event, context)

    hooked(PRE_TOKEN, failing_first(2, noted(refusing()), noted(passes)))

    answers = [refreshed(registered, first["refresh_token"]).status for _ in range(4)]

    found = [event["request"]["clientMetadata"]["idempotency_id"] for event in seen]
    assert answers == [400, 400, 200, 200]
    assert found[0] == found[1] == found[2] != found[3]


@pytest.mark.row("F12")
def test_who_asks_for_something_else_is_asked_about_under_another_idempotency_id() -> None:
    registered = app(refresh_grace_seconds=60)
    first = tokens_of(registered.client_id, browser_of(new_user()), scope="openid profile offline_access")
    hook = hooked(PRE_TOKEN, passes)

    for more in ({}, {"scope": "openid"}, {"scope": "profile"}, {"scope": "profile"}, {}):
        assert refresh(registered.client_id, first["refresh_token"], **more).status == 200

    whole, less, other, again, last = ids(hook)
    assert (again, last) == (other, whole)
    assert len({whole, less, other}) == 3
    sid = claims_of(first["access_token"])["sid"]
    assert whole == f"{sid}_0"


# ---------------------------------------------------------------- exchanges


def test_no_hook_gives_a_machine_more_by_an_exchange_than_its_token_had() -> None:
    robot = new_client("machine", audience=ORDERS, scopes=["orders:read", "stock:read"])
    orders = service(scopes=["orders:read", "stock:read", "stock:write"])
    own, narrow = of_machine(robot), of_machine(robot, scope="orders:read")
    hook = hooked(PRE_TOKEN, saying({"scopesToAdd": ["stock:write", "stock:read", "admin:all"]}), event="3")

    scopes = [swap(orders, subject, scope="orders:read").json["scope"] for subject in (own, narrow)]

    assert scopes == ["orders:read stock:read", "orders:read"]
    for event in hook.calls:
        assert (event["triggerSource"], event["userName"]) == ("TokenGeneration_ClientCredentials", robot.client_id)
        assert event["callerContext"]["clientId"] == event["request"]["context"]["client_id"] == orders.client_id


def test_the_same_for_a_person() -> None:
    ada, orders = new_user(), service(scopes=["openid", "orders:read", "orders:write", "stock:read"], audience=STOCK)
    given = tokens_of(application().client_id, browser_of(ada), scope=OPENID_ORDERS)["access_token"]
    hook = hooked(PRE_TOKEN, saying({"scopesToAdd": ["orders:write", "stock:read"]}), event="3")

    assert swap(orders, given, scope="orders:read").json["scope"] == "orders:read orders:write"
    assert hook.calls[0]["userName"] == ada.user_id


def test_a_machine_of_its_own_may_be_given_what_it_has() -> None:
    robot = new_client("machine", audience=ORDERS, scopes=["orders:read", "stock:read"])
    hook = hooked(PRE_TOKEN, saying({"scopesToAdd": ["stock:read", "stock:write"]}), event="3")

    assert claims_of(of_machine(robot, scope="orders:read"))["scope"] == "orders:read stock:read"
    assert hook.calls[0]["userName"] == robot.client_id
