"""When a hook before an account fails: there is the account with all that was prepared, or none (S61, rows 91 and F12)."""

import time
from typing import Any

import pytest

from gatehouse import custom_data, identifiers, keys, table, users
from gatehouse.hooks import CONTINUE, DENY, PRE_SIGN_UP
from tests.unit.faults import THROTTLED, lose_answer, trouble
from tests.unit.flows import Browser, later, new_user
from tests.unit.hooks import FAILURES, failing_first, hangs, hooked, refusing, responding
from tests.unit.test_key_rotation import rotate
from tests.unit.test_pre_sign_up import PREPARED, created, everything, grace, signed_up
from tests.unit.test_sign_up import EMAIL, asked, chosen
from tests.unit.user_data import demand, switch_on

pytestmark = pytest.mark.usefixtures("lambdas")
KINDS = [name for name, (_, at_url) in FAILURES.items() if not at_url]
MALFORMED: dict[str, dict[str, Any]] = {
    "a flag that is text": {"autoVerifyEmail": "yes"},
    "a flag that is a number": {"autoConfirmUser": 1},
    "metadata that is text": {"userMetadata": "dark"},
    "metadata too large": {"appMetadata": {"a": "x" * 17_000}},
    "a profile with other members": {"profile": {"email": "other@example.com"}},
    "a profile that is not kept": {"profile": {"picture": "javascript:alert(1)"}},
    "a document that is a list": {"customDocument": []},
    "a document of somebody else": {"customDocument": {"user_id": "gatehouse|other"}},
    "a document with half a character": {"customDocument": {"a": "\ud800"}},
    "a document that its schema forbids": {"customDocument": {"seats": "many"}},
}


def test_an_account_that_somebody_else_makes_while_the_hook_runs_is_theirs_alone() -> None:
    switch_on()

    def meanwhile(event: dict[str, Any], _context: Any) -> Any:
        new_user(EMAIL)
        return responding(PREPARED)(event, None)

    hooked(PRE_SIGN_UP, meanwhile)

    assert signed_up().status == 400
    assert grace().app_metadata == {}
    assert [item for item in everything() if item["sk"].startswith("CUSTOM#")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_hook_that_must_be_heard_there_is_no_account_and_the_form_can_be_sent_again(kind: str) -> None:
    browser = Browser()
    asked(browser)
    before = everything()
    hook = hooked(PRE_SIGN_UP, failing_first(1, FAILURES[kind][0]), fail_mode=DENY)

    failed = chosen(browser)
    between = everything()

    assert (failed.status, failed.headers["retry-after"]) == (503, "1")
    assert between == before
    assert chosen(browser).status == 200
    assert {call["userName"] for call in hook.calls} == {grace().user_id}
    assert len({call["request"]["clientMetadata"]["idempotency_id"] for call in hook.calls}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_for_an_operator(kind: str) -> None:
    before = everything()
    hook = hooked(PRE_SIGN_UP, failing_first(1, FAILURES[kind][0]), fail_mode=DENY)

    with later(0):
        failed = created()
        between = everything()
        again = created()

    assert (failed.status, failed.json["errorCode"], failed.headers["retry-after"]) == (503, "temporarily_unavailable", "1")
    assert between == before
    assert again.status == 201
    assert len({call["request"]["clientMetadata"]["idempotency_id"] for call in hook.calls}) == 1


def test_a_person_whom_the_same_link_makes_is_the_same_and_another_link_makes_another() -> None:
    browser, hook = Browser(), hooked(PRE_SIGN_UP, refusing())
    for _ in range(2):
        asked(browser)
        for _ in range(2):
            assert chosen(browser).status == 400

    first, again, second, last = ((call["userName"], id_of(call)) for call in hook.calls)
    assert first == again and second == last
    assert first[0] != second[0] and first[1] != second[1]
    assert all(identifiers.valid_user_id(name) and len(name) == len(identifiers.new_user_id()) for name, _ in (first, second))


def id_of(event: dict[str, Any]) -> str:
    found: str = event["request"]["clientMetadata"]["idempotency_id"]
    return found


def test_what_an_operator_sends_again_is_the_same_that_day_and_nobody_can_tell_its_id_beforehand() -> None:
    hook = hooked(PRE_SIGN_UP, refusing())
    midnight = 86400 - time.time() % 86400

    with later(midnight + 1):
        created()
        created()
        created(user_metadata={"theme": "dark"})
        created(user_id="7")
    with later(midnight + 86399):
        created()
        # It takes a key of ours to make one.
        for key in [key for key in keys.ring().values() if key.algorithm == keys.SEALING]:
            table.delete(table.ring_key(key.kid))
        rotate()
        created()
    with later(midnight + 86400):
        created()

    first, again, other, chosen_id, evening, other_key, tomorrow = map(id_of, hook.calls)
    assert first == again == evening
    assert len({first, other, chosen_id, other_key, tomorrow}) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_hook_that_need_not_be_heard_there_is_an_account_as_if_it_were_not_there(kind: str) -> None:
    hooked(PRE_SIGN_UP, FAILURES[kind][0], fail_mode=CONTINUE)

    assert signed_up().status == 200
    assert grace().app_metadata == {}


def test_a_hook_that_hangs_is_given_up() -> None:
    hooked(PRE_SIGN_UP, hangs, timeout_seconds=1)

    assert signed_up().status == 503
    assert users.get_by_email(EMAIL) is None


@pytest.mark.row(91)
@pytest.mark.parametrize("kind", MALFORMED)
@pytest.mark.parametrize("fail_mode", [DENY, CONTINUE])
def test_an_answer_of_the_wrong_shape_is_a_failure_and_nothing_of_it_counts(kind: str, fail_mode: str) -> None:
    switch_on()
    demand("custom_data", {"properties": {"seats": {"type": "integer"}}})
    hooked(PRE_SIGN_UP, responding(PREPARED | MALFORMED[kind]), fail_mode=fail_mode)

    answer = signed_up()

    assert answer.status == (503 if fail_mode == DENY else 200)
    user = users.get_by_email(EMAIL)
    assert (user is None) == (fail_mode == DENY)
    if user:
        assert (user.user_metadata, user.app_metadata, user.profile) == ({}, {}, {})
        assert custom_data.claim(user.user_id) is None


def test_a_document_needs_a_store() -> None:
    hooked(PRE_SIGN_UP, responding({"customDocument": {"seats": 5}}))

    assert signed_up().status == 503
    assert users.get_by_email(EMAIL) is None


def test_of_the_account_and_its_document_there_are_both_or_none() -> None:
    switch_on()
    hooked(PRE_SIGN_UP, responding(PREPARED))
    browser = Browser()
    asked(browser)
    # The client of Lambda is made before trouble begins, which knows nothing of Lambda.
    assert created(email="first@example.com").status == 201
    before = everything()

    with trouble({"dynamodb.TransactWriteItems": [THROTTLED] * 20}):
        assert chosen(browser).status == 503
    assert everything() == before
    with trouble({"dynamodb.TransactWriteItems": [lose_answer]}):
        assert chosen(browser).status == 200

    assert custom_data.get(grace().user_id).document["seats"] == 5
