"""Attempts that failed are noted and told of, at the same cost for whoever there is and whoever there is not (rows 67, 68; F8)."""

import hashlib
from typing import Any

import pytest

from gatehouse import limits, table, usage, users
from gatehouse.users import User
from tests.unit.buses import connect, heard
from tests.unit.faults import trouble
from tests.unit.flows import PASSWORD, Browser, later, new_client, new_user
from tests.unit.operators import api, machine, user_path
from tests.unit.streams import Record, after, passed_on, turn_on
from tests.unit.test_cleanup import sweep
from tests.unit.test_login import opened

TYPED = "My-Secret-Typed-In-The-Wrong-Field"


@pytest.fixture(autouse=True)
def bus(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_on()
    connect(monkeypatch)


@pytest.fixture
def ada() -> User:
    return new_user()


def attempt(email: str = "ada@example.com", password: str = "wrong", *, source_ip: str = "192.0.2.7") -> int:
    browser = Browser(source_ip=source_ip)
    return browser.fill(opened(browser, new_client().client_id), "/u/login", email=email, password=password).status


def failures(records: list[Record]) -> list[dict[str, Any]]:
    """What is told of these records."""
    assert passed_on(records) == []
    return [event["data"] for event in heard() if event["type"] == "user.sign_in_failed"]


def nobodys() -> list[table.Item]:
    return [item for item in table.scan(None, limit=10_000)[0] if item["pk"].startswith("NOBODY#")]


def logs(user: User) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api("GET", user_path(user.user_id, "logs"), machine("read:logs")).json
    return found


def test_a_wrong_password_is_told_of_and_stands_in_the_persons_history(ada: User) -> None:
    (told,) = failures(after(attempt))

    assert (told["user_id"], told["reason"], told["ip"]) == (ada.user_id, "wrong_password", "192.0.2.7")
    (entry,) = logs(ada)
    assert (entry["type"], entry["description"], entry["ip"]) == ("fp", "The password was another.", "192.0.2.7")
    after_all = users.get(ada.user_id)
    assert after_all is not None and after_all.logins_count == 0 and after_all.version == ada.version


def test_the_right_password_of_a_blocked_person_is_told_apart_from_a_wrong_one(ada: User) -> None:
    users.set_blocked(ada.user_id, True)

    (told,) = failures(after(lambda: attempt(password=PASSWORD)))

    assert told["reason"] == "blocked"
    assert logs(ada)[0]["type"] == "f"


def test_a_person_without_a_password_fails_like_others() -> None:
    user = users.create("ada@example.com", email_verified=True, password_hash="")

    assert failures(after(attempt))[0]["reason"] == "no_password"
    assert logs(user)[0]["type"] == "fp"


@pytest.mark.row(68)
@pytest.mark.parametrize("typed", ["evelyn@example.com", "evelyn.unknown", TYPED, "two words", ""])
def test_an_attempt_for_nobody_is_told_of_without_what_was_typed(ada: User, typed: str) -> None:
    records = after(lambda: attempt(typed))

    (told,) = failures(records)
    assert (told["user_id"], told["reason"]) == ("", "unknown")
    (item,) = nobodys()
    # Nor does a guess at what was typed lead to it.
    assert not [made for made in (typed, typed.casefold()) if hashlib.sha256(made.encode()).hexdigest() in repr((records, item))]
    assert item["ttl"] <= item["at_ms"] // 1000 + 86400
    if typed:
        assert typed.casefold() not in repr((records, told, item)).casefold()
    assert logs(ada) == []


@pytest.mark.row(67, 68)
def test_what_is_written_for_somebody_and_for_nobody_is_alike(ada: User) -> None:
    attempt("warm@example.com")
    work = []
    for email in (ada.email, "eve@example.com"):
        with trouble() as sent:
            attempt(email)
        work.append(sent)
    (mine,), (nobodys_own, _) = list(table.query(table.user_partition(ada.user_id), "LOGIN#")), nobodys()

    assert work[0] == work[1]
    assert mine.keys() == nobodys_own.keys()


@pytest.mark.parametrize("email", ["ada@example.com", "eve@example.com"])
def test_no_more_is_written_than_the_limit_lets_through(ada: User, email: str) -> None:
    with later(0):
        records = after(lambda: [attempt(email, source_ip=f"192.0.2.{number}") for number in range(limits.PASSWORD.attempts + 5)])

    assert len(failures(records)) == limits.PASSWORD.attempts


def test_failed_attempts_are_no_sign_ins_of_the_statistics(ada: User) -> None:
    with later(0):
        failures(after(lambda: (attempt(), attempt("eve@example.com"), attempt(password=PASSWORD))))
        (day,) = usage.daily("0000-01-01", "9999-12-31")

    assert (day.logins, day.signups) == (1, 0)


def test_what_belongs_to_nobody_is_swept_when_it_is_over(ada: User) -> None:
    with later(0):
        attempt("eve@example.com")
        sweep()
        assert len(nobodys()) == 1
        with later(86400 + 1):
            sweep()
    assert nobodys() == []
