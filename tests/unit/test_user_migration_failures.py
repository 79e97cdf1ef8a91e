"""When the other store fails or is slow: nobody comes over by half, no attempt is lost, and nothing is told (S42, rows 91 and F12)."""

from typing import Any

import pytest

from gatehouse import limits, users
from gatehouse.hooks import CONTINUE, DENY, USER_MIGRATION
from tests.unit.flows import Browser, later, mails, new_client
from tests.unit.hooks import FAILURES, Hooked, denied, failing_first, hangs, hooked, refusing, responding, times_out
from tests.unit.test_login import opened
from tests.unit.test_user_migration import CANARY, EMAIL, attempt, forgotten, old_store

pytestmark = pytest.mark.usefixtures("lambdas")
KINDS = [name for name, (_, at_url) in FAILURES.items() if not at_url]
MALFORMED: dict[str, dict[str, Any]] = {
    "attributes that are text": {"userAttributes": "grace"},
    "an address that is none": {"userAttributes": {"email": "grace"}},
    "another address": {"userAttributes": {"email": "ada@example.com"}},
    "a name that is no text": {"userAttributes": {"email": EMAIL, "name": {"first": "Grace"}}},
    "a picture that is none": {"userAttributes": {"email": EMAIL, "picture": "javascript:alert(1)"}},
    "half a character": {"userAttributes": {"email": EMAIL, "custom:a": "\ud800"}},
    "too much": {"userAttributes": {"email": EMAIL, "custom:a": "x" * 17_000}},
    "a status that is none": {"userAttributes": {"email": EMAIL}, "finalUserStatus": "ARCHIVED"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fail_mode", [DENY, CONTINUE])
def test_trouble_while_resetting_tells_nothing(kind: str, fail_mode: str) -> None:
    usual = forgotten("nobody@example.com").body
    hooked(USER_MIGRATION, FAILURES[kind][0], fail_mode=fail_mode)
    sent = len(mails())

    answer = forgotten()

    assert (answer.status, answer.body.replace(EMAIL, "nobody@example.com")) == (200, usual)
    # That there is no account is said only where it is known.
    assert len(mails()) == sent + (fail_mode == CONTINUE)
    assert users.get_by_email(EMAIL) is None


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_old_store_the_form_can_be_sent_again_and_no_attempt_is_lost(kind: str) -> None:
    browser, app = Browser(), new_client()
    page = opened(browser, app.client_id)
    with later(0):
        for _ in range(limits.PASSWORD.attempts - 1):
            browser.fill(page, "/u/login", email=EMAIL, password="wrong")
        hooked(USER_MIGRATION, failing_first(3, FAILURES[kind][0], old_store), fail_mode=DENY)

        failed = [browser.fill(page, "/u/login", email=EMAIL, password=CANARY) for _ in range(3)]
        again = browser.fill(page, "/u/login", email=EMAIL, password=CANARY)

    assert {(answer.status, answer.headers["retry-after"]) for answer in failed} == {(503, "1")}
    assert again.status == 303


def attempts(password: str, times: int) -> set[int]:
    """At one page, within a second."""
    browser, app = Browser(), new_client()
    page = opened(browser, app.client_id)
    with later(0):
        return {browser.fill(page, "/u/login", email=EMAIL, password=password).status for _ in range(times)}


@pytest.mark.row(67)
@pytest.mark.parametrize("judging", [old_store, responding({}), responding(MALFORMED["another address"])])
@pytest.mark.parametrize("failing", [denied, times_out])
def test_a_second_store_that_fails_makes_no_room_for_guesses_at_the_first(judging: Any, failing: Any) -> None:
    first = hooked(USER_MIGRATION, judging, order=1)
    hooked(USER_MIGRATION, failing, order=2)

    answers = attempts("a guess", limits.PASSWORD.attempts + 5)

    assert answers == {503, 400}
    assert len(first.calls) == limits.PASSWORD.attempts
    # Nor is the right one let in, where it is one too many.
    first.function.handler = old_store
    assert attempt().status == 400


def test_a_first_store_that_fails_before_anybody_has_judged_costs_no_attempt() -> None:
    hooked(USER_MIGRATION, failing_first(limits.PASSWORD.attempts + 5, denied), order=1)
    hooked(USER_MIGRATION, old_store, order=2)

    assert attempts(CANARY, limits.PASSWORD.attempts + 5) == {503}
    assert attempt().status == 303


@pytest.mark.row(68)
def test_who_tries_names_to_see_which_meet_trouble_is_soon_stopped() -> None:
    hooked(USER_MIGRATION, denied)
    browser, app = Browser(), new_client()
    page = opened(browser, app.client_id)

    with later(0):
        answers = [
            browser.fill(page, "/u/login", email=f"name{number}@example.com", password="any").status
            for number in range(limits.ADDRESS_SIGN_IN.attempts + 2)
        ]

    assert answers == [503] * limits.ADDRESS_SIGN_IN.attempts + [429] * 2


@pytest.mark.parametrize("failing", [denied, refusing()])
def test_trouble_while_resetting_after_another_store_has_answered_tells_nothing(failing: Any) -> None:
    usual = forgotten("nobody@example.com").body
    hooked(USER_MIGRATION, refusing(), order=1)
    hooked(USER_MIGRATION, failing, order=2)

    assert forgotten().body.replace(EMAIL, "nobody@example.com") == usual


@pytest.mark.parametrize("kind", KINDS)
def test_an_old_store_that_need_not_answer_leaves_strangers_strangers(kind: str) -> None:
    hooked(USER_MIGRATION, FAILURES[kind][0], fail_mode=CONTINUE)

    assert attempt().status == 400
    assert users.get_by_email(EMAIL) is None


def test_a_hook_that_hangs_is_given_up() -> None:
    hooked(USER_MIGRATION, hangs, timeout_seconds=1)

    assert attempt().status == 503


@pytest.mark.row(91)
@pytest.mark.parametrize("kind", MALFORMED)
@pytest.mark.parametrize("fail_mode", [DENY, CONTINUE])
def test_an_answer_of_the_wrong_shape_is_a_failure_and_makes_nobody(kind: str, fail_mode: str) -> None:
    hooked(USER_MIGRATION, responding(MALFORMED[kind]), fail_mode=fail_mode)

    assert attempt().status == (503 if fail_mode == DENY else 400)
    assert users.get_by_email(EMAIL) is None
    assert users.get_by_email("ada@example.com") is None


def test_somebody_who_came_over_by_another_attempt_meanwhile_is_found() -> None:
    hook: list[Hooked] = []

    def meanwhile(event: dict[str, Any], context: Any) -> Any:
        if len(hook[0].calls) == 1:
            assert attempt().status == 303
        return old_store(event, context)

    hook.append(hooked(USER_MIGRATION, meanwhile))

    assert attempt().status == 303
    assert len(hook[0].calls) == 2
    assert attempt().status == 303


def test_a_password_is_in_no_log_whatever_the_function_says_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "canary-5f1c2a"
    hook = hooked(USER_MIGRATION, old_store)

    assert attempt(password=secret).status == 400
    hook.function.handler = responding({"userAttributes": {"email": EMAIL, "name": [secret], secret: secret}})
    assert attempt(password=secret).status == 503
    hook.function.handler = FAILURES["crashed"][0]
    assert attempt(password=secret).status == 503

    assert len(hook.calls) == 3
    logged = capsys.readouterr().out
    assert '"outcome":"vetoed"' in logged
    assert secret not in logged
