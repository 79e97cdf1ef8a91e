"""Clients that change and delete their registration at once: one of the updates stands, whole, and nothing comes back."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gatehouse import client_registration, clients, table
from gatehouse.client_rules import PROPERTIES, InvalidRegistration, checked
from tests.integration.faults import Scene, answer_lost, befalls, in_every_place
from tests.integration.scenes import ROUNDS, at_once, times
from tests.unit.conftest import Answer
from tests.unit.registrations import METADATA, Registration, initial_access_token, post

pytestmark = pytest.mark.usefixtures("stack", "impatient", "interleaved")
CALLERS = 8
# Two updates that share nothing: a mixture of them is seen at once.
ONE: dict[str, Any] = {
    "client_name": "One",
    "redirect_uris": ["https://one.example/cb"],
    "tos_uri": "https://one.example/tos",
    "software_id": "one",
}
OTHER: dict[str, Any] = {
    "client_name": "Other",
    "redirect_uris": ["https://other.example/cb"],
    "contacts": ["ops@other.example"],
    "require_pkce": False,
    "software_version": "other",
}


@pytest.fixture(scope="module")
def access_token(stack: object) -> str:
    return initial_access_token(access_token_alg="ES256")


@pytest.fixture
def new(access_token: str) -> Callable[..., Registration]:
    """Registers a client."""

    def register(**metadata: Any) -> Registration:
        answer = post(METADATA | metadata, access_token)
        assert answer.status == 201, answer.body
        return Registration(answer.json)

    return register


def update(app: Registration, metadata: dict[str, Any], **more: Any) -> Callable[[], Answer]:
    """PUT of exactly these members."""
    return partial(app.manage, "PUT", json.dumps({"client_id": app.client_id} | metadata | more))


def stored(app: Registration) -> table.Item | None:
    return table.get(table.client_key(app.client_id))


def change(app: Registration, **properties: Any) -> bool:
    """By an administrator; False if somebody else was faster."""
    try:
        client_registration.change(app.client_id, **properties)
    except InvalidRegistration:
        return False
    return True


def is_whole(app: Registration, *answers: Answer) -> None:
    """One of the updates stands, and each answer that says it was done shows one of them and nothing of the other."""
    for shown in (app.get().json, *(answer.json for answer in answers)):
        mine, others = (ONE, OTHER) if shown["client_name"] == "One" else (OTHER, ONE)
        assert {name: shown[name] for name in mine} == mine
        assert not (others.keys() - mine.keys() - {"require_pkce"}) & shown.keys()
    client = clients.get(app.client_id)
    assert client and client.name == app.get().json["client_name"]


def test_of_many_updates_at_once_one_stands_and_it_is_whole(new: Callable[..., Registration]) -> None:
    for _ in range(ROUNDS):
        app = new()
        answers = at_once(*times(CALLERS // 2, update(app, ONE)), *times(CALLERS // 2, update(app, OTHER)))

        assert {answer.status for answer in answers} <= {200, 503}
        assert [answer for answer in answers if answer.status == 200]
        is_whole(app, *(answer for answer in answers if answer.status == 200))


@pytest.mark.parametrize("begins", [ONE, OTHER])
def test_an_update_in_the_middle_of_another_is_wholly_before_or_after_it(new: Callable[..., Registration], begins: dict[str, Any]) -> None:
    def scene() -> Scene:
        app = new()
        meanwhile = OTHER if begins is ONE else ONE
        return update(app, begins), update(app, meanwhile), lambda answer: is_whole(app, answer)

    in_every_place(scene)


def test_of_two_secrets_that_are_given_at_once_the_one_that_stands_was_told(new: Callable[..., Registration]) -> None:
    for _ in range(ROUNDS):
        app = new(token_endpoint_auth_method="none")
        answers = at_once(*times(4, update(app, ONE, token_endpoint_auth_method="client_secret_basic")))

        told = {answer.json["client_secret"] for answer in answers if "client_secret" in answer.json}
        client = clients.get(app.client_id)
        assert client and len(client.secret_digests) == 1
        assert len(told) == 1 and client.knows_secret(told.pop())


def test_a_deletion_in_the_middle_of_an_update_stays_one(new: Callable[..., Registration]) -> None:
    def scene() -> Scene:
        app = new()

        def holds(answer: Answer) -> None:
            assert answer.status in (200, 401)
            assert stored(app) is None
            assert app.get().status == 401

        return update(app, ONE), app.delete, holds

    in_every_place(scene)


def test_an_update_in_the_middle_of_a_deletion_is_deleted_with_it(new: Callable[..., Registration]) -> None:
    def scene() -> Scene:
        app = new()

        def holds(answer: Answer) -> None:
            assert answer.status == 204
            assert stored(app) is None

        return app.delete, update(app, ONE), holds

    in_every_place(scene)


def test_after_updates_and_deletions_at_once_nothing_is_left(new: Callable[..., Registration]) -> None:
    for _ in range(ROUNDS):
        app = new()
        answers = at_once(*times(3, update(app, ONE)), *times(2, app.delete), *times(3, update(app, OTHER)))

        assert {answer.status for answer in answers[3:5]} <= {204, 401} and 204 in {answer.status for answer in answers[3:5]}
        assert {answer.status for answer in answers} <= {200, 204, 401, 503}
        assert stored(app) is None


def test_an_administrators_change_and_an_update_at_once_lose_nothing_of_each_other(new: Callable[..., Registration]) -> None:
    for _ in range(ROUNDS):
        app = new()
        changed, updated = at_once(partial(change, app, access_token_seconds=77), update(app, ONE))
        clients.forget()
        client = clients.get(app.client_id)

        assert client and updated.status == 200
        assert client.name == "One"
        assert (client.access_token_seconds == 77) == changed


def test_a_secret_that_is_rotated_in_the_middle_of_an_update_stays(new: Callable[..., Registration]) -> None:
    def scene() -> Scene:
        app, rotated = new(), list[str]()

        def holds(answer: Answer) -> None:
            client = clients.get(app.client_id)
            assert answer.status == 200
            assert client and client.name == "One" and client.knows_secret(rotated.pop())

        meanwhile = partial(client_registration.rotate_secret, app.client_id, overlap_seconds=60)
        return update(app, ONE), lambda: rotated.append(meanwhile()), holds

    in_every_place(scene)


def test_an_administrators_change_in_the_middle_of_an_update_makes_no_client_that_breaks_a_rule(new: Callable[..., Registration]) -> None:
    """A refresh cookie is for browser applications, which this update makes it cease to be."""

    def scene() -> Scene:
        app = new(token_endpoint_auth_method="none")

        def holds(answer: Answer) -> None:
            item = stored(app)
            assert item and checked({name: item[name] for name in PROPERTIES if name in item})
            assert (answer.status, item["type"]) in ((200, "web"), (400, "spa"))

        cookie = {"refresh_cookie": True, "web_origins": ["https://one.example"]}
        return update(app, ONE, token_endpoint_auth_method="client_secret_basic"), partial(change, app, **cookie), holds

    in_every_place(scene)


def test_a_client_whose_registration_token_is_taken_away_in_the_middle_of_its_deletion_stays(new: Callable[..., Registration]) -> None:
    def scene() -> Scene:
        app = new()

        def holds(answer: Answer) -> None:
            assert answer.status == 401
            assert stored(app)

        taken = partial(table.update, table.client_key(app.client_id), where=[("pk", "exists", None)], remove=["registration_digest"])
        return app.delete, taken, holds

    in_every_place(scene)


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "DeleteItem"])
def test_what_was_done_is_answered_so_although_the_first_answer_was_lost(
    new: Callable[..., Registration], access_token: str, operation: str
) -> None:
    app = new(token_endpoint_auth_method="none")
    steps: dict[str, tuple[Callable[[], Answer], int]] = {
        "PutItem": (lambda: post(METADATA, access_token), 201),
        "UpdateItem": (update(app, ONE, token_endpoint_auth_method="client_secret_basic"), 200),
        "DeleteItem": (app.delete, 204),
    }
    send, status = steps[operation]
    with befalls(f"dynamodb.{operation}", answer_lost, (1,)) as fault:
        answer = send()

    assert (answer.status, len(fault.calls)) == (status, 2), answer.body
    if status != 204:
        client = clients.get(answer.json["client_id"])
        assert client and client.knows_secret(answer.json["client_secret"])
    else:
        assert stored(app) is None
