"""What becomes of a sign-in when a hook fails: all of it or nothing, and it can be tried again (rows 91 and F12)."""

import json
from typing import Any

import pytest

from gatehouse import users
from gatehouse.authorization import LONGEST_ENCODED_STATE
from gatehouse.hooks import CONTINUE, DENY, POST_LOGIN
from gatehouse.hooks.post_login import LONGEST_CLAIMS
from tests.unit.flows import PASSWORD, Browser, browser_of, exchange, hidden_fields, new_client, new_user
from tests.unit.hooks import FAILURES, failing_first, hangs, hooked, responding
from tests.unit.test_sessions import SIGN_ON
from tests.unit.test_sign_up import asked, begun, chosen

pytestmark = pytest.mark.usefixtures("lambdas")
KINDS = [name for name, (_, at_url) in FAILURES.items() if not at_url]
# What comes as an answer and is none.
MALFORMED: dict[str, dict[str, Any]] = {
    "metadata that is text": {"userMetadata": "dark"},
    "metadata that is a list": {"appMetadata": [1]},
    "metadata with a dot in a name": {"appMetadata": {"a.b": 1}},
    "metadata too deep": {"userMetadata": {"a": [[[[[[[[[[[1]]]]]]]]]]]}},
    "metadata too large": {"userMetadata": {"a": "x" * 17_000}},
    "metadata with half a character": {"userMetadata": {"a": "\ud800"}},
    "claims that are text": {"claims": "admin"},
    "claims of one token that are a list": {"claims": {"accessToken": []}},
    "claims too long": {"claims": {"idToken": {"a": "x" * LONGEST_CLAIMS}}},
}
NAMED = "https://app.example.com/plan"


@pytest.mark.row(91)
@pytest.mark.parametrize("kind", KINDS)
def test_who_cannot_be_let_in_without_the_hook_is_told_to_try_again_and_can(kind: str) -> None:
    user, app, browser = new_user(), new_client(), Browser()
    page = browser.get("hosted_pages", browser.authorize(app.client_id).location)
    hooked(POST_LOGIN, failing_first(1, FAILURES[kind][0]), fail_mode=DENY)
    form = hidden_fields(page) | {"email": "ada@example.com", "password": PASSWORD}

    failed = browser.post("hosted_pages", "/u/login", form)
    unchanged = users.get(user.user_id) == user
    again = browser.post("hosted_pages", "/u/login", form)

    assert (failed.status, failed.headers["retry-after"]) == (503, "1")
    assert SIGN_ON not in " ".join(failed.cookies)
    assert unchanged
    assert exchange(app.client_id, again.sent_back["code"]).status == 200


@pytest.mark.row(91)
@pytest.mark.parametrize("kind", KINDS)
def test_who_can_be_let_in_without_the_hook_is(kind: str) -> None:
    new_user()
    app = new_client()
    hooked(POST_LOGIN, FAILURES[kind][0], fail_mode=CONTINUE)

    assert exchange(app.client_id, Browser().sign_in(app.client_id).sent_back["code"]).status == 200


@pytest.mark.row(91)
@pytest.mark.parametrize("kind", MALFORMED)
@pytest.mark.parametrize("fail_mode", [DENY, CONTINUE])
def test_an_answer_of_the_wrong_shape_is_a_failure_and_nothing_of_it_counts(kind: str, fail_mode: str) -> None:
    user, app = new_user(), new_client()
    good = {"appMetadata": {"seen": True}} if "appMetadata" not in MALFORMED[kind] else {"userMetadata": {"seen": True}}
    hooked(POST_LOGIN, responding({**good, **MALFORMED[kind]}), fail_mode=fail_mode)

    answer = Browser().sign_in(app.client_id)

    assert answer.status == (503 if fail_mode == DENY else 303)
    stored = users.get(user.user_id)
    assert stored is not None and (stored.user_metadata, stored.app_metadata) == ({}, {})


def test_a_hook_that_fails_and_may_leaves_what_the_others_did() -> None:
    user, app = new_user(), new_client()
    hooked(POST_LOGIN, responding({"appMetadata": {"a": 1}}), order=1)
    hooked(POST_LOGIN, FAILURES["crashed"][0], order=2, fail_mode=CONTINUE)
    hooked(POST_LOGIN, responding({"appMetadata": {"c": 3}}), order=3)

    Browser().sign_in(app.client_id)

    stored = users.get(user.user_id)
    assert stored is not None and stored.app_metadata == {"a": 1, "c": 3}


def test_nobody_s_data_keeps_others_out() -> None:
    ada, app = new_user(), new_client()
    new_user("bob@example.com")
    users.describe(ada.user_id, user_metadata={"full": "x" * 16_350})
    hook = hooked(POST_LOGIN, responding({"userMetadata": {"displayName": "somebody with a name"}}))

    for _ in range(6):
        assert Browser().sign_in(app.client_id).status == 503

    assert Browser().sign_in(app.client_id, "bob@example.com").status == 303
    assert len(hook.calls) == 7


@pytest.mark.parametrize("prompt", ["", "none"])
def test_a_sign_on_is_answered_by_an_error_that_can_pass_and_is_kept(prompt: str) -> None:
    user, app = new_user(), new_client()
    browser = browser_of(user)
    hooked(POST_LOGIN, failing_first(1, FAILURES["crashed"][0]))

    assert browser.authorize(app.client_id, prompt=prompt).sent_back["error"] == "temporarily_unavailable"
    assert "code" in browser.authorize(app.client_id, prompt=prompt).sent_back


def test_a_hook_that_hangs_is_given_up() -> None:
    new_user()
    hooked(POST_LOGIN, hangs, timeout_seconds=1)

    assert Browser().sign_in(new_client().client_id).status == 503


def test_a_new_account_is_told_to_be_ready_when_only_its_first_sign_in_fails() -> None:
    app, browser = new_client(), Browser()
    asked(browser, sign_in=begun(browser, app.client_id))
    hooked(POST_LOGIN, failing_first(1, FAILURES["crashed"][0]))

    answer = chosen(browser)

    assert answer.status == 200 and "Your account is ready" in answer.body
    assert SIGN_ON not in browser.cookies
    assert Browser().sign_in(app.client_id, "grace@example.com", "tin umbrella forgets nothing").status == 303


def test_the_longest_claims_fit_into_an_answer_beside_the_longest_state() -> None:
    new_user()
    app = new_client()
    claims = {f"{NAMED}/{number:02}": "x" for number in range(24)}
    assert LONGEST_CLAIMS - 100 < len(json.dumps({"access_token": claims}, separators=(",", ":"))) <= LONGEST_CLAIMS
    hooked(POST_LOGIN, responding({"claims": {"accessToken": claims}}))

    answer = Browser().sign_in(app.client_id, state="%" * (LONGEST_ENCODED_STATE // 3))

    assert "code" in answer.sent_back
    lines = [f"{name}: {value}" for name, value in answer.headers.items()] + [f"set-cookie: {cookie}" for cookie in answer.cookies]
    # What API Gateway adds itself takes some hundred bytes.
    assert sum(len(line) + 2 for line in lines) < 10_240 - 512
