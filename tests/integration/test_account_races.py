"""Addresses, links, guesses and the broom when many callers act at the same moment."""

import threading
from collections import Counter
from functools import partial
from typing import Any

import argon2
import pytest
import time_machine

from gatehouse import cleanup, clock, limits, users
from gatehouse.client_registration import Registered
from local.instance import Instance
from tests.integration.scenes import (
    CALLERS,
    NEW_PASSWORD,
    ROUNDS,
    accepted,
    accounts_of,
    ask_for_link,
    at_once,
    counted,
    mailed_links,
    new_address,
    new_network,
    quick_client,
    signed_on,
    times,
    use_link,
    with_tokens,
)
from tests.unit.conftest import context, function
from tests.unit.flows import PASSWORD, Browser, new_user, sign_out_everywhere

pytestmark = pytest.mark.usefixtures("stack", "interleaved")


@pytest.fixture(scope="module")
def app(stack: object) -> Registered:
    return quick_client(refresh_grace_seconds=10)


@pytest.mark.row(71, 74)
def test_one_address_becomes_one_account_however_many_ask_and_however_many_links_are_used(stack: Instance) -> None:
    for _ in range(ROUNDS):
        address = new_address()
        asked = at_once(*(partial(ask_for_link, Browser(new_network()), "/u/signup", address) for _ in range(8)))
        links = mailed_links(stack, address)
        used = at_once(*(partial(use_link, Browser(), links[n % len(links)], NEW_PASSWORD) for n in range(CALLERS)))

        assert {answer.status for answer in asked} == {200}
        assert len(links) == limits.MAIL.attempts
        assert Counter(answer.status for answer in used) == {200: 1, 400: CALLERS - 1}
        assert len(accounts_of(address)) == 1


@pytest.mark.row(71)
def test_one_address_becomes_one_account_without_any_link_too() -> None:
    for _ in range(ROUNDS):
        address = new_address()
        made = at_once(*times(CALLERS, account, address))

        assert accounts_of(address) == [user_id for user_id in made if user_id]


def account(address: str) -> str:
    try:
        return new_user(address).user_id
    except users.Taken:
        return ""


@pytest.mark.row(72, 74)
def test_of_two_uses_of_one_reset_link_one_succeeds(stack: Instance, app: Registered) -> None:
    for _ in range(ROUNDS):
        person = with_tokens(app)
        ask_for_link(Browser(new_network()), "/u/forgot", person.user.email)
        [link] = mailed_links(stack, person.user.email)
        passwords = [f"{NEW_PASSWORD} {n}" for n in range(2)]
        used = at_once(*(partial(use_link, Browser(), link, password) for password in passwords))

        assert sorted(answer.status for answer in used) == [200, 400]
        assert person.item()["epoch"] == person.user.epoch + 1
        assert not accepted(person.tokens["access_token"])
        sign_ins = [Browser().sign_in(app.client_id, person.user.email, password) for password in [PASSWORD, *passwords]]
        assert [answer.status for answer in sign_ins] == [
            400,
            *(303 if answer.status == 200 else 400 for answer in used),
        ]


@pytest.mark.row(37, 72)
def test_who_signs_in_with_the_old_password_during_a_reset_is_out_after_it(stack: Instance, app: Registered) -> None:
    for _ in range(ROUNDS // 2):
        person = with_tokens(app)
        ask_for_link(Browser(new_network()), "/u/forgot", person.user.email)
        [link] = mailed_links(stack, person.user.email)
        intruders = [Browser(new_network()) for _ in range(6)]
        attempts = [partial(intruder.sign_in, app.client_id, person.user.email) for intruder in intruders]
        *entered, reset = at_once(*attempts, partial(use_link, Browser(), link, NEW_PASSWORD))

        assert reset.status == 200
        codes = [answer.sent_back["code"] for answer in entered if answer.status == 303]
        assert {person.exchange(code).status for code in codes} <= {400}
        assert not any("code" in intruder.authorize(app.client_id).sent_back for intruder in intruders)


@pytest.mark.row(62)
def test_fifty_guesses_at_once_are_fifty_counted_and_ten_verified(app: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    work: Counter[str] = Counter()
    lock = threading.Lock()
    for name in ("verify", "hash"):
        _count_calls(monkeypatch, name, work, lock)
    for _ in range(3):
        person = signed_on(app)
        browser = Browser(new_network())
        page = browser.get("hosted_pages", browser.authorize(app.client_id).location)
        work.clear()
        answers = at_once(*times(50, partial(browser.fill, page, "/u/login", email=person.user.email, password="wrong")))

        assert {answer.status for answer in answers} == {400}
        assert work == {"verify": limits.PASSWORD.attempts, "hash": 50 - limits.PASSWORD.attempts}
        assert counted(limits.PASSWORD, person.user.email) == limits.PASSWORD.attempts
        assert counted(limits.ADDRESS_SIGN_IN, browser.source_ip) == 50
        assert browser.fill(page, "/u/login", email=person.user.email, password=PASSWORD).status == 429


def _count_calls(monkeypatch: pytest.MonkeyPatch, name: str, work: Counter[str], lock: threading.Lock) -> None:
    real = getattr(argon2.PasswordHasher, name)

    def seen(*arguments: Any, **options: Any) -> Any:
        with lock:
            work[name] += 1
        return real(*arguments, **options)

    monkeypatch.setattr(argon2.PasswordHasher, name, seen)


@pytest.mark.row(61, 62)
def test_a_window_that_ends_under_a_crowd_gives_its_attempts_once_more_and_no_more() -> None:
    def attempt(subject: str) -> bool:
        try:
            limits.count(limits.PASSWORD, subject)
        except limits.Exhausted:
            return False
        return True

    for _ in range(ROUNDS):
        subject = new_address()
        with time_machine.travel(clock.now()) as travel:
            for window in (1, 2):
                allowed = sum(at_once(*times(24, attempt, subject)))

                assert allowed == limits.PASSWORD.attempts
                assert counted(limits.PASSWORD, subject) == allowed
                assert counted(limits.PASSWORD, subject, "streak") == allowed * window
                travel.shift(limits.PASSWORD.window_seconds)


@pytest.mark.row(62, 64)
def test_a_streak_that_ends_under_a_crowd_ends_exactly() -> None:
    limit = limits.Limit("PASSWORD", 40, 900, limits.LONGEST_STREAK)

    def attempt(subject: str) -> bool:
        try:
            limits.count(limit, subject)
        except limits.Exhausted:
            return False
        return True

    for _ in range(2):
        subject = new_address()
        with time_machine.travel(clock.now()) as travel:
            allowed = []
            for _ in range(4):
                allowed.append(sum(at_once(*times(48, attempt, subject))))
                travel.shift(limit.window_seconds)

        assert allowed == [40, 40, 20, 0]


@pytest.mark.usefixtures("cleared")
def test_the_broom_takes_what_is_dead_and_leaves_what_is_being_refreshed(app: Registered) -> None:
    for _ in range(ROUNDS):
        living, dead = with_tokens(app), with_tokens(app)
        sign_out_everywhere(dead.tokens["access_token"])
        with time_machine.travel(clock.now() + cleanup.STREAM_SECONDS):
            answers = at_once(*times(2, function("cleanup"), {}, context()), *times(14, living.refresh))

            assert {answer.status for answer in answers[2:]} == {200}
            assert [session["generation"] for session in living.live_sessions()] == [1]
            assert accepted(answers[-1].json["access_token"])
            assert dead.sessions() == []
