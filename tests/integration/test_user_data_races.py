"""Documents of users when many change them at once: nothing is lost, nothing is mixed, and of two firsts there is one."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from gatehouse import connections, custom_data, table, tenant, users
from gatehouse.users import User
from tests.integration.scenes import ROUNDS, at_once, new_address
from tests.unit.conftest import Answer
from tests.unit.flows import new_user
from tests.unit.operators import api, machine, user_path
from tests.unit.user_data import switch_on

pytestmark = pytest.mark.usefixtures("stack", "impatient", "interleaved")
THREADS, EACH = 8, 10
SCOPES = ("read:users", "update:users", "create:custom_data", "read:custom_data", "update:custom_data", "delete:custom_data")


@pytest.fixture(scope="module")
def bearer(stack: object) -> str:
    switch_on()
    return machine(*SCOPES)


def somebody() -> User:
    return new_user(new_address())


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def each_in_turn(write: Callable[[str, int], Answer]) -> list[Answer]:
    """THREADS writers at once, each with EACH changes of names of its own."""

    def writer(number: int) -> list[Answer]:
        return [write(f"w{number}_{turn}", turn) for turn in range(EACH)]

    return [answer for answers in at_once(*(partial(writer, number) for number in range(THREADS))) for answer in answers]


WRITTEN = {f"w{number}_{turn}": turn for number in range(THREADS) for turn in range(EACH)}


@pytest.mark.row(87)
@pytest.mark.parametrize("namespace", ["user_metadata", "app_metadata"])
def test_parallel_patches_of_different_members_lose_nothing(bearer: str, namespace: str) -> None:
    path = user_path(somebody().user_id)

    answers = each_in_turn(lambda name, value: api("PATCH", path, bearer, {namespace: {name: value}}))

    assert statuses(answers) == {200: THREADS * EACH}
    assert api("GET", path, bearer).json[namespace] == WRITTEN


@pytest.mark.row(87)
def test_parallel_patches_of_custom_data_lose_nothing(bearer: str) -> None:
    user_id = somebody().user_id
    custom_data.insert({"user_id": user_id})

    answers = each_in_turn(lambda name, value: api("PATCH", f"/custom-data/{user_id}", bearer, {name: value}))

    assert statuses(answers) == {200: THREADS * EACH}
    assert api("GET", f"/custom-data/{user_id}", bearer).json == {"user_id": user_id, **WRITTEN}


@pytest.mark.row(87)
def test_of_two_with_the_same_if_match_one_is_served(bearer: str) -> None:
    for _ in range(ROUNDS):
        user_id = somebody().user_id
        custom_data.insert({"user_id": user_id})
        for path, body in ((user_path(user_id), {"user_metadata": {"a": 1}}), (f"/custom-data/{user_id}", {"a": 1})):
            fresh = api("GET", path, bearer).headers["etag"]
            other: dict[str, Any] = {"user_metadata": {"a": 2}} if "user_metadata" in body else {"a": 2}

            answers = at_once(*(partial(api, "PATCH", path, bearer, sent, if_match=fresh) for sent in (body, other)))

            assert statuses(answers) == {200: 1, 412: 1}


@pytest.mark.row(87)
def test_of_two_first_documents_one_is_inserted(bearer: str) -> None:
    for _ in range(ROUNDS):
        user_id = somebody().user_id

        documents = [{"user_id": user_id, "from": number} for number in range(2)]
        answers = at_once(*(partial(api, "POST", "/custom-data", bearer, document) for document in documents))

        assert statuses(answers) == {201: 1, 409: 1}
        (winner,) = [answer.json for answer in answers if answer.status == 201]
        assert api("GET", f"/custom-data/{user_id}", bearer).json == winner


@pytest.mark.row(87)
def test_one_identity_is_linked_to_one_of_many_who_claim_it(bearer: str) -> None:
    connection = connections.create("google-oauth2", "google-oauth2")
    for number in range(ROUNDS // 2):
        people = [somebody() for _ in range(THREADS)]
        body = {"provider": "google-oauth2", "connection_id": connection.id, "user_id": f"contested-{number}"}

        answers = at_once(*(partial(api, "POST", user_path(person.user_id, "identities"), bearer, body) for person in people))

        assert statuses(answers) == {201: 1, 409: THREADS - 1}
        found = [user for person in people if (user := users.get(person.user_id)) and user.identities]
        claimed = table.get(table.identity_key(connection.id, f"contested-{number}"))
        assert claimed and [user.user_id for user in found] == [claimed["user_id"]]


@pytest.mark.row(87)
def test_linking_and_unlinking_at_once_leaves_both_sides_agreeing(bearer: str) -> None:
    connection = connections.create("github", "github")
    ada, bob = somebody(), somebody()
    body = {"provider": "github", "connection_id": connection.id, "user_id": "7"}
    for _ in range(ROUNDS):
        calls = [partial(api, "POST", user_path(person.user_id, "identities"), bearer, body) for person in (ada, bob)]
        calls += [partial(api, "DELETE", user_path(person.user_id, "identities", "github", "7"), bearer) for person in (ada, bob)]

        answers = at_once(*calls)

        assert set(statuses(answers)) <= {200, 201, 404, 409}
        holders = [user.user_id for person in (ada, bob) if (user := users.get(person.user_id)) and user.identities]
        claimed = table.get(table.identity_key(connection.id, "7"))
        assert holders == ([claimed["user_id"]] if claimed else [])


def test_of_connections_of_one_name_there_is_one() -> None:
    for number in range(ROUNDS // 2):

        def made(name: str = f"staff{number}") -> str:
            try:
                return connections.create(name, "oidc").id
            except connections.NameTaken:
                return ""

        (winner,) = filter(None, at_once(*[made] * THREADS))
        found = connections.by_name(f"staff{number}")
        assert found and found.id == winner


@pytest.mark.row(87)
def test_parallel_changes_of_different_settings_lose_nothing() -> None:
    for number in range(ROUNDS // 2):
        searchable, questions = (f"user_metadata.field{number}",), number % 10
        at_once(
            lambda searchable=searchable: tenant.change(lambda before: replace(before, searchable=searchable)),
            lambda questions=questions: tenant.change(lambda before: replace(before, profile_questions_at_once=questions)),
        )

        after = tenant.current()
        assert (after.searchable, after.profile_questions_at_once) == (searchable, questions)
