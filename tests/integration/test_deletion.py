"""Deleting a person beside everything else that goes on: whatever comes first, no token works afterwards, and it is written down once."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import boto3
import pytest

from gatehouse import table, users
from gatehouse.settings import settings
from gatehouse.table.marshal import from_item
from tests.integration.faults import CRASHED, Effect, Scene, befalls, calls_of, crash_after, crash_before, in_every_place
from tests.integration.processes import in_copies
from tests.integration.scenes import Person, accepted, at_once, everything, refused_as, signed_on, times, with_tokens
from tests.integration.steps import Setting
from tests.unit.conftest import Answer
from tests.unit.operators import api, machine, user_path

pytestmark = pytest.mark.usefixtures("stack")
PARALLEL = 8


@pytest.fixture
def bearer() -> str:
    return machine("delete:users", "create:users")


def delete(person: Person, bearer: str) -> Answer:
    return api("DELETE", user_path(person.user.user_id), bearer)


def entries(person: Person) -> list[dict[str, Any]]:
    found = boto3.client("dynamodb").scan(TableName=settings().audit_table_name)["Items"]
    return [entry for entry in map(from_item, found) if entry["subject"] == person.user.user_id]


def left(person: Person) -> set[str]:
    """The kinds of items that name the person, but for pending sign-ins, which end by themselves."""
    named = [item for item in everything() if person.user.user_id in repr(item) or person.user.email in repr(item)]
    return {item["pk"].partition("#")[0] for item in named} - {"SIGNIN", "LIMIT"}


def is_gone(person: Person) -> None:
    assert users.get(person.user.user_id) is None
    assert table.get(table.gone_key(person.user.user_id)) is not None
    assert len(entries(person)) == 1
    if person.tokens:
        assert not accepted(person.tokens["access_token"])
        assert refused_as(person.refresh()) == "invalid_grant"


def no_token_of(person: Person, answer: Answer) -> None:
    """Nothing in a token response, whether or not there is one, opens anything."""
    if answer.status == 200:
        assert not accepted(answer.json["access_token"])
        assert refused_as(person.refresh(answer.json["refresh_token"])) == "invalid_grant"


@pytest.mark.row(37, 95)
def test_a_refresh_and_a_deletion_in_every_order_leave_no_token_that_works(setting: Setting, bearer: str) -> None:
    def refreshing() -> Scene:
        person = with_tokens(setting.app)

        def holds(answer: Answer) -> None:
            no_token_of(person, answer)
            is_gone(person)

        return person.refresh, partial(delete, person, bearer), holds

    def deleting() -> Scene:
        person = with_tokens(setting.app)
        answers: list[Answer] = []

        def holds(answer: Answer) -> None:
            assert answer.status == 204
            for met in answers:
                no_token_of(person, met)
            is_gone(person)
            assert left(person) == set()

        return partial(delete, person, bearer), lambda: answers.append(person.refresh()), holds

    in_every_place(refreshing)
    in_every_place(deleting)


@pytest.mark.row(37, 95)
def test_an_exchange_and_a_deletion_in_every_order_leave_no_token_that_works(setting: Setting, bearer: str) -> None:
    def exchanging() -> Scene:
        person = signed_on(setting.app)
        code = person.code()

        def holds(answer: Answer) -> None:
            no_token_of(person, answer)
            is_gone(person)

        return partial(person.exchange, code), partial(delete, person, bearer), holds

    def deleting() -> Scene:
        person = signed_on(setting.app)
        code = person.code()
        answers: list[Answer] = []

        def holds(answer: Answer) -> None:
            assert answer.status == 204
            for met in answers:
                no_token_of(person, met)
            is_gone(person)
            assert left(person) == set()

        return partial(delete, person, bearer), lambda: answers.append(person.exchange(code)), holds

    in_every_place(exchanging)
    in_every_place(deleting)


@pytest.mark.row(95, 96)
def test_of_parallel_deletions_one_is_written_down(setting: Setting, bearer: str) -> None:
    for _ in range(3):
        person = with_tokens(setting.app)

        answers = at_once(*times(PARALLEL, delete, person, bearer))

        # A rival may meet the other's transaction so often that it gives up; asking again is what 503 means.
        assert {answer.status for answer in answers} <= {204, 503}
        assert delete(person, bearer).status == 204
        is_gone(person)
        assert left(person) == set()


def test_the_count_of_users_goes_down_once(setting: Setting, bearer: str) -> None:
    person = with_tokens(setting.app)
    key = table.count_key("USERS", table.bucket_of(person.user.user_id))
    before = table.get(key)

    at_once(*times(PARALLEL, delete, person, bearer))
    delete(person, bearer)

    after = table.get(key)
    assert before is not None and after is not None
    assert after["total"] == before["total"] - 1


def crashed(setting: Setting, bearer: str) -> Iterator[Person]:
    """People whose deletion crashed, each at another call."""
    [number] = in_copies(lambda: len(calls_of(partial(delete, with_tokens(setting.app), bearer))))
    assert 8 < number < CRASHED
    for where in (crash_before, crash_after):
        for point in range(1, number + 1):
            person = with_tokens(setting.app)
            if in_copies(partial(crash, person, bearer, where, point)) == [CRASHED]:
                yield person


def crash(person: Person, bearer: str, where: Effect, point: int) -> None:
    with befalls("", where, (point,)):
        delete(person, bearer)


@pytest.mark.row(95)
def test_a_deletion_that_crashed_anywhere_is_finished_by_the_next(setting: Setting, bearer: str) -> None:
    for person in crashed(setting, bearer):
        assert delete(person, bearer).status == 204
        is_gone(person)
        assert left(person) == set()


def test_from_the_first_write_on_nothing_of_the_person_works(setting: Setting, bearer: str) -> None:
    for person in crashed(setting, bearer):
        item = table.get(table.user_key(person.user.user_id))
        if item and "deleting" not in item:
            # It crashed before that.
            assert accepted(person.tokens["access_token"])
            continue
        assert not accepted(person.tokens["access_token"])
        assert refused_as(person.refresh()) == "invalid_grant"
