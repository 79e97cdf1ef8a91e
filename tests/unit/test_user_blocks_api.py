"""Accounts that guessing has locked, as operators see and open them."""

import pytest

from gatehouse import limits
from gatehouse.limits import LONGEST_STREAK, PASSWORD
from gatehouse.users import User
from tests.unit.flows import PASSWORD as GOOD
from tests.unit.flows import Browser, later, new_client, new_user
from tests.unit.operators import api, machine
from tests.unit.test_login import opened


@pytest.fixture
def user() -> User:
    return new_user()


@pytest.fixture
def bearer() -> str:
    return machine("read:users", "update:users")


def guess(email: str, times: int = PASSWORD.attempts) -> None:
    for _ in range(times):
        limits.count(PASSWORD, email)


def signs_in(email: str) -> bool:
    browser = Browser()
    return browser.fill(opened(browser, new_client().client_id), "/u/login", email=email, password=GOOD).status == 303


def test_nobody_is_blocked_before_too_many_attempts(user: User, bearer: str) -> None:
    guess(user.email, PASSWORD.attempts - 1)

    assert api("GET", f"/user-blocks/{user.user_id}", bearer).json == {"blocked_for": []}


@pytest.mark.row(61)
def test_a_block_is_shown_by_user_and_by_identifier_and_opened_by_either(user: User, bearer: str) -> None:
    shown = {"blocked_for": [{"identifier": user.email, "ip": ""}]}
    ways = [(f"/user-blocks/{user.user_id}", {}), ("/user-blocks", {"identifier": "Ada@Example.com"})]
    for path, query in ways:
        guess(user.email)
        assert not signs_in(user.email)
        assert [api("GET", other, bearer, query=given).json for other, given in ways] == [shown, shown]

        assert api("DELETE", path, bearer, query=query).status == 204

        assert [api("GET", other, bearer, query=given).json["blocked_for"] for other, given in ways] == [[], []]
        assert signs_in(user.email)


def test_a_block_ends_with_its_window_but_a_long_streak_does_not(user: User, bearer: str) -> None:
    guess(user.email)
    with later(PASSWORD.window_seconds + 1):
        assert api("GET", f"/user-blocks/{user.user_id}", machine("read:users")).json["blocked_for"] == []

    for window in range(LONGEST_STREAK // PASSWORD.attempts - 1):
        with later((window + 1) * (PASSWORD.window_seconds + 1)):
            guess(user.email)
    with later(LONGEST_STREAK * PASSWORD.window_seconds):
        assert api("GET", f"/user-blocks/{user.user_id}", machine("read:users")).json["blocked_for"] != []


def test_an_identifier_that_nobody_has_is_answered_too(bearer: str) -> None:
    guess("nobody@example.com")

    assert api("GET", "/user-blocks", bearer, query={"identifier": "nobody@example.com"}).json["blocked_for"][0]["ip"] == ""
    assert api("GET", "/user-blocks", bearer, query={"identifier": "+49 30 123456"}).json == {"blocked_for": []}
    assert api("DELETE", "/user-blocks", bearer, query={"identifier": "nobody@example.com"}).status == 204
    assert api("GET", "/user-blocks", bearer, query={"identifier": "a b\n"}).json["errorCode"] == "invalid_query_string"
    assert api("GET", "/user-blocks", bearer).json["errorCode"] == "invalid_query_string"


def test_a_user_who_is_not_there_is_a_404_and_reading_opens_nothing(user: User) -> None:
    reader = machine("read:users")

    assert api("GET", "/user-blocks/gatehouse|nobody", reader).json["errorCode"] == "inexistent_user"
    assert api("DELETE", f"/user-blocks/{user.user_id}", reader).status == 403
