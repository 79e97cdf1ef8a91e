"""Keys, secrets and registrations that two administrators or two schedules change at the same moment."""

from functools import partial

import pytest
import time_machine

from gatehouse import client_registration, clients, clock, key_rotation, keys, table
from gatehouse.client_registration import Registered
from gatehouse.client_rules import InvalidRegistration
from tests.integration.processes import in_copies
from tests.integration.scenes import ROUNDS, accepted, at_once, quick_client, ring_is_sound, times, with_tokens
from tests.unit.conftest import forget
from tests.unit.flows import introspect, new_client

pytestmark = pytest.mark.usefixtures("stack", "interleaved")


@pytest.fixture
def app(stack: object) -> Registered:
    return quick_client()


def rotate() -> None:
    key_rotation.rotate("test")


def empty_ring() -> None:
    for item in table.query(table.keys_partition):
        table.delete(table.ring_key(item["sk"]))
    forget()


@pytest.mark.row(57)
@pytest.mark.usefixtures("quick_keys")
def test_two_first_rotations_leave_a_ring_that_works(app: Registered) -> None:
    for _ in range(ROUNDS // 2):
        empty_ring()

        assert in_copies(rotate, rotate) == [0, 0]
        ring_is_sound()
        person = with_tokens(app)
        assert accepted(person.tokens["access_token"])
        assert person.refresh().status == 200


@pytest.mark.row(57)
@pytest.mark.usefixtures("quick_keys")
def test_two_rotations_that_are_due_keep_every_token_alive(app: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_ROTATION_DAYS", "1")
    empty_ring()
    rotate()
    person = with_tokens(app)
    with time_machine.travel(clock.now()) as travel:
        for _ in range(4):
            due = max(key.active_from for key in keys.ring().values())
            travel.move_to(due - 30)
            person.tokens = person.refresh().json
            travel.move_to(due)

            assert in_copies(rotate, rotate) == [0, 0]
            ring_is_sound()
            assert accepted(person.tokens["access_token"])


@pytest.mark.row(57)
@pytest.mark.usefixtures("quick_keys")
def test_a_forced_rotation_signs_with_the_key_that_was_published_before(app: Registered) -> None:
    empty_ring()
    rotate()
    leaked = with_tokens(app)
    following = max(keys.verification_keys(), key=lambda kid: keys.ring()[kid].active_from)
    force()

    ring_is_sound()
    assert keys.current("ES256").kid == following
    assert not accepted(leaked.tokens["access_token"])
    assert accepted(leaked.refresh().json["access_token"])


@pytest.mark.row(57)
@pytest.mark.usefixtures("quick_keys")
def test_two_forced_rotations_leave_a_ring_that_works_without_the_leaked_key(app: Registered) -> None:
    for _ in range(ROUNDS // 4):
        leaked = with_tokens(app)

        assert in_copies(force, force) == [0, 0]
        ring_is_sound()
        assert not accepted(leaked.tokens["access_token"])
        assert accepted(leaked.refresh().json["access_token"])


def force() -> None:
    key_rotation.rotate("test", force=True)


@pytest.mark.row(26)
def test_two_rotations_of_one_secret_lose_neither_of_the_secrets_they_return() -> None:
    for _ in range(ROUNDS):
        app = new_client("web")
        secrets = [secret for secret in at_once(*times(2, new_secret, app.client_id)) if secret]
        clients.forget()

        assert 1 <= len(secrets) <= 2
        assert all(opens(app.client_id, secret) for secret in secrets)
        assert opens(app.client_id, app.secret) == (len(secrets) == 1)


def new_secret(client_id: str) -> str:
    try:
        return client_registration.rotate_secret(client_id, overlap_seconds=3600)
    except InvalidRegistration:
        return ""


def opens(client_id: str, secret: str) -> bool:
    return introspect(Registered(client_id, secret), "anything") == {"active": False}


@pytest.mark.row(87)
def test_two_changes_of_one_client_never_undo_each_other() -> None:
    for _ in range(ROUNDS):
        app = new_client("web", name="Before")
        renamed, moved = at_once(
            partial(changed, app.client_id, name="After"),
            partial(changed, app.client_id, redirect_uris=["https://new.example.com/cb"]),
        )
        item = table.get(table.client_key(app.client_id))

        assert renamed or moved
        assert item is not None
        assert (item["name"] == "After") == renamed
        assert (item["redirect_uris"] == ["https://new.example.com/cb"]) == moved


def changed(client_id: str, **properties: object) -> bool:
    try:
        client_registration.change(client_id, **properties)
    except InvalidRegistration:
        return False
    return True
