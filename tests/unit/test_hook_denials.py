"""response.deny: whatever it is, except null and false, it is a refusal, for every trigger and in every fail mode."""

from collections.abc import Callable
from typing import Any

import pytest

from gatehouse import users
from gatehouse.hooks import CONTINUE, DENY, POST_LOGIN, PRE_SIGN_UP, PRE_TOKEN
from tests.unit.flows import Browser, browser_of, exchange, new_code, new_user
from tests.unit.hooks import hooked, responding
from tests.unit.mapped import app
from tests.unit.test_sign_up import EMAIL, asked, chosen

pytestmark = [pytest.mark.usefixtures("lambdas"), pytest.mark.row(91)]
REFUSALS: list[Any] = [{}, {"reason": 5}, {"reason": None}, {"reason": "no"}, True, "no", "", [], ["no"], 0, 1, {"because": "no"}]


def gets_a_token() -> bool:
    registered = app()
    code = new_code(registered.client_id, browser_of(new_user()), scope="openid")
    answer = exchange(registered.client_id, code)
    assert answer.status == 200 or (answer.status, answer.json["error"]) == (400, "access_denied")
    return answer.status == 200


def signs_in() -> bool:
    new_user()
    sent_back = Browser().sign_in(app().client_id).sent_back
    assert "code" in sent_back or sent_back["error"] == "access_denied"
    return "code" in sent_back


def signs_up() -> bool:
    browser = Browser()
    asked(browser)
    answer = chosen(browser)
    there = users.get_by_email(EMAIL) is not None
    assert (answer.status, there) in ((200, True), (400, False))
    return there


WAYS: dict[tuple[str, str], Callable[[], bool]] = {
    (PRE_TOKEN, "1"): gets_a_token,
    (PRE_TOKEN, "2"): gets_a_token,
    (POST_LOGIN, "post_authentication"): signs_in,
    (POST_LOGIN, "pre_authentication"): signs_in,
    (PRE_SIGN_UP, "1"): signs_up,
}


@pytest.mark.parametrize("denial", REFUSALS, ids=str)
@pytest.mark.parametrize(("trigger", "event"), WAYS)
def test_a_denial_of_any_shape_is_one(trigger: str, event: str, denial: Any) -> None:
    hooked(trigger, responding({"deny": denial}), event=event, fail_mode=CONTINUE)

    assert not WAYS[trigger, event]()


@pytest.mark.parametrize("denial", [None, False])
@pytest.mark.parametrize(("trigger", "event"), WAYS)
def test_null_and_false_deny_nothing(trigger: str, event: str, denial: Any) -> None:
    hooked(trigger, responding({"deny": denial}), event=event, fail_mode=DENY)

    assert WAYS[trigger, event]()
