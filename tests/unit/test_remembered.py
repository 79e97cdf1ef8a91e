"""What functions remember of clients, roles and APIs: for a minute, and for ten while the table is away, but for what must be new."""

from collections.abc import Callable
from typing import Any

import pytest

from gatehouse import clients, keys, remembered, resource_servers, roles
from gatehouse.errors import Unavailable
from gatehouse.remembered import CACHE_SECONDS, RETRY_SECONDS, STALE_SECONDS, Remembered
from gatehouse.table import connection
from tests.unit.faults import THROTTLED, always, hang, trouble
from tests.unit.flows import basic, later, new_client, token

API = "https://songs.example.com"


def _client() -> Callable[[], Any]:
    client_id = new_client("machine").client_id
    return lambda: clients.get(client_id)


def _role() -> Callable[[], Any]:
    role_id = roles.create("editor").role_id
    return lambda: roles.known([role_id])


def _api() -> Callable[[], Any]:
    resource_servers.create(API, "Songs", token_lifetime=60)
    return lambda: resource_servers.known([API])


def _no_api() -> Callable[[], Any]:
    return lambda: resource_servers.known([API])


@pytest.mark.parametrize("made", [_client, _role, _api, _no_api])
def test_the_last_known_stand_in_for_ten_minutes_while_the_table_is_away(made: Callable[[], Callable[[], Any]]) -> None:
    with later(0):
        read = made()
        known = read()
    with later(CACHE_SECONDS + 5), trouble({"dynamodb": always(THROTTLED)}):
        assert read() == known
    with later(STALE_SECONDS - 10), trouble({"dynamodb": always(THROTTLED)}):
        assert read() == known
    with later(STALE_SECONDS + 10), trouble({"dynamodb": always(THROTTLED)}), pytest.raises(Unavailable):
        read()
    with later(STALE_SECONDS + 20):
        assert read() == known


def test_the_table_is_not_asked_by_every_request_while_it_is_away() -> None:
    with later(0):
        read = _client()
        read()
    with later(CACHE_SECONDS + 5), trouble({"dynamodb": always(THROTTLED)}) as sent:
        read()
        tried = len(sent)
        read()
    assert len(sent) == tried > 0
    with later(CACHE_SECONDS + 5 + RETRY_SECONDS + 1), trouble() as sent:
        read()
    assert sent == ["dynamodb.GetItem"]


def test_the_pause_begins_when_the_wait_for_the_table_is_over() -> None:
    numbers: Remembered[int] = Remembered("numbers")
    with later(0) as moved:

        def waits() -> int:
            moved.shift(RETRY_SECONDS)
            raise Unavailable

        assert numbers.one("1", lambda: 1) == 1
        moved.shift(CACHE_SECONDS)
        assert numbers.one("1", waits) == 1
        assert numbers.one("1", lambda: 2) == 1
        moved.shift(RETRY_SECONDS)
        assert numbers.one("1", lambda: 2) == 2


def test_a_request_waits_once_for_a_table_that_is_out_of_reach_however_much_it_asks_for() -> None:
    with later(0):
        resource_servers.create(API, "Songs")
        app = new_client("machine", scopes=["orders:read"], audience=API)
        assert token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).status == 200
    with later(keys.RING_SECONDS + 5), trouble({"dynamodb": always(hang)}) as sent:
        assert token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).status == 200
    assert sent == ["dynamodb.GetItem"] * connection.ATTEMPTS
    with later(keys.RING_SECONDS + 5 + RETRY_SECONDS), trouble() as sent:
        assert token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).status == 200
    assert set(sent) == {"dynamodb.BatchGetItem", "dynamodb.GetItem", "dynamodb.Query"}


def test_one_item_that_too_many_want_makes_nothing_else_older() -> None:
    with later(0):
        client, api = _client(), _api()
        client(), api()
        resource_servers.remove(resource_servers.api_id(API))
    with later(CACHE_SECONDS + 5), trouble({"dynamodb.GetItem": always(THROTTLED)}):
        assert client()
        assert api() == []


def test_a_client_that_was_unknown_is_no_longer_so_in_an_outage_as_it_may_be_registered_by_now() -> None:
    with later(0):
        assert clients.get("nobody") is None
    with later(CACHE_SECONDS + 5), trouble({"dynamodb": always(THROTTLED)}), pytest.raises(Unavailable):
        clients.get("nobody")


def test_what_must_be_newer_than_usual_is_never_the_last_known() -> None:
    with later(0):
        client = new_client("machine")
        assert clients.get(client.client_id)
    with later(5), trouble({"dynamodb": always(THROTTLED)}), pytest.raises(Unavailable):
        clients.get(client.client_id, no_older_than_seconds=1)


def test_machines_get_tokens_in_an_outage_and_whoever_guesses_secrets_gets_no_verdict() -> None:
    with later(0):
        app = new_client("machine", scopes=["orders:read"])
        assert token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).status == 200
    with later(CACHE_SECONDS + 5), trouble({"dynamodb": always(THROTTLED)}):
        assert token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).status == 200
        assert token(grant_type="client_credentials", authorization=basic(app.client_id, "wrong")).status == 503


def test_no_more_are_remembered_than_there_is_room_for_and_all_that_were_asked_for_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_MOST", 3)
    numbers: Remembered[int] = Remembered("numbers")

    def read(missing: list[str]) -> dict[str, int | None]:
        return {name: int(name) for name in missing}

    with later(0):
        assert numbers.many(["1", "2"], read) == [1, 2]
        assert numbers.many(["2", "3", "4", "2"], read) == [2, 3, 4]
        assert len(numbers._entries) <= 3


def test_a_clock_that_goes_back_prolongs_nothing() -> None:
    numbers: Remembered[int] = Remembered("numbers")
    with later(100):
        assert numbers.one("1", lambda: 1) == 1
    with later(0):
        assert numbers.one("1", lambda: 2) == 2
