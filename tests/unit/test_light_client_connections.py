"""Connections that gatehouse.aws keeps, and what became of them while the function was frozen."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import time_machine

from gatehouse import aws, clock
from gatehouse.errors import Unavailable
from gatehouse.table import connection as table_connection
from tests.unit.raw_servers import FOUND, OK, Behaviour, Connection, answer, answering, aws_is, get, untouched

pytestmark = pytest.mark.usefixtures(untouched.__name__)


# Long beside what a busy machine takes for an answer.
WAIT_SECONDS = 1.0


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is waited for so long, and between attempts there is no pause."""
    monkeypatch.setattr(aws, "DYNAMODB", replace(aws.DYNAMODB, read_seconds=WAIT_SECONDS))
    monkeypatch.setattr(table_connection, "_BACKOFF_SECONDS", 0.001)


def silent(connection: Connection) -> None:
    """Answers once, and then takes requests without a word."""
    connection.request()
    connection.send(OK)
    connection.request()
    time.sleep(2 * WAIT_SECONDS)


def leaving(connection: Connection) -> None:
    """Answers once, and closes the connection under the next request."""
    connection.request()
    connection.send(OK)
    connection.request()


def test_a_connection_serves_for_more_than_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(OK, OK, OK), monkeypatch=monkeypatch) as server:
        assert [get(), get(), get()] == [FOUND] * 3

    assert (server.connections, len(server.heads)) == (1, 3)
    assert b"x-amz-target: DynamoDB_20120810.GetItem" in server.heads[0]


def test_a_connection_that_was_closed_meanwhile_is_replaced_and_nobody_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(OK), answering(OK), monkeypatch=monkeypatch) as server:
        get()
        time.sleep(0.05)
        assert get() == FOUND

    assert len(server.heads) == 2


def test_a_connection_that_was_reset_meanwhile_is_replaced_and_nobody_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    def resets(connection: Connection) -> None:
        connection.request()
        connection.send(OK)
        # Not together with the answer, which it would undo.
        time.sleep(0.05)
        connection.reset()

    with aws_is(resets, answering(OK), monkeypatch=monkeypatch) as server:
        get()
        time.sleep(0.1)
        assert get() == FOUND

    assert len(server.heads) == 2


@pytest.mark.parametrize("end", [lambda connection: None, Connection.reset], ids=["closed", "reset"])
def test_a_connection_that_ends_under_a_request_is_replaced(end: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves(connection: Connection) -> None:
        leaving(connection)
        end(connection)

    with aws_is(leaves, answering(OK), monkeypatch=monkeypatch) as server:
        get()
        assert get() == FOUND

    assert len(server.heads) == 3


def at_once(times: int) -> None:
    """So many requests that each need a connection of their own."""
    with ThreadPoolExecutor(times) as threads:
        assert [found.result() for found in [threads.submit(get) for _ in range(times)]] == [FOUND] * times


def together(times: int, then: Behaviour) -> list[Behaviour]:
    """So many connections, whose first answers come when all of them have their request."""
    everybody = threading.Barrier(times)

    def behave(connection: Connection) -> None:
        connection.request()
        everybody.wait(5)
        connection.send(OK)
        then(connection)

    return [behave] * times


def test_where_one_kept_connection_is_dead_the_others_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(*together(3, Connection.request), answering(OK), monkeypatch=monkeypatch) as server:
        at_once(3)
        assert get() == FOUND

    # The first three, the one that met a dead connection, and the same again over a new one.
    assert (server.connections, len(server.heads)) == (4, 5)


@pytest.mark.usefixtures("hurried")
def test_where_one_kept_connection_is_silent_the_next_attempt_has_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def unheard(connection: Connection) -> None:
        connection.request()
        time.sleep(2 * WAIT_SECONDS)

    with aws_is(*together(3, unheard), answering(OK), monkeypatch=monkeypatch) as server:
        at_once(3)
        began = time.monotonic()
        assert table_connection.call("GetItem") == FOUND
        waited = time.monotonic() - began

    assert (server.connections, len(server.heads)) == (4, 5)
    assert WAIT_SECONDS <= waited < 2 * WAIT_SECONDS


@pytest.mark.usefixtures("hurried")
def test_a_silent_connection_is_trouble_for_whoever_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(silent, answering(OK), monkeypatch=monkeypatch):
        get()
        with pytest.raises(aws.Unreachable, match="ReadTimeoutError"):
            get()
        assert get() == FOUND


def test_a_connection_that_nobody_used_for_a_minute_is_not_trusted_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(OK, OK, OK), answering(OK), monkeypatch=monkeypatch) as server:
        get()
        with time_machine.travel(clock.now() + 50):
            get()
        assert server.connections == 1
        with time_machine.travel(clock.now() + 150):
            assert get() == FOUND

    assert (server.connections, len(server.heads)) == (2, 3)


UNASKED = answer(b'{"Item":{"pk":{"S":"of another"}}}')


def unasked_later(connection: Connection) -> None:
    connection.request()
    connection.send(OK)
    time.sleep(0.05)
    connection.send(UNASKED)
    connection.request()


@pytest.mark.parametrize("server", [answering(OK + UNASKED, OK), unasked_later], ids=["together", "later"])
def test_an_answer_that_nobody_asked_for_is_no_answer_to_the_next_request(server: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(server, answering(OK), monkeypatch=monkeypatch):
        assert get() == FOUND
        time.sleep(0.1)
        assert get() == FOUND


def test_an_answer_that_comes_too_late_is_no_answer_to_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(connection: Connection) -> None:
        connection.request()
        time.sleep(0.4)
        connection.send(UNASKED)

    monkeypatch.setattr(aws, "DYNAMODB", replace(aws.DYNAMODB, read_seconds=0.2))
    with aws_is(late, answering(OK), monkeypatch=monkeypatch):
        with pytest.raises(aws.Unreachable, match="ReadTimeoutError"):
            get()
        time.sleep(0.3)
        assert get() == FOUND


def test_a_connection_that_the_server_means_to_close_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(answer(b"{}", headers="Connection: close\r\n"), OK), answering(OK), monkeypatch=monkeypatch) as server:
        get()
        assert get() == FOUND

    assert server.connections == 2


def test_a_new_connection_that_is_closed_under_a_request_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(Connection.request, monkeypatch=monkeypatch), pytest.raises(aws.Unreachable, match="ConnectionClosedError"):
        get()


def test_an_answer_that_is_cut_off_is_trouble_and_the_request_is_not_sent_again_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_is(answering(OK, OK[:-3]), answering(OK), monkeypatch=monkeypatch) as server:
        get()
        with pytest.raises(aws.Unreachable, match="ResponseStreamingError"):
            get()

    assert len(server.heads) == 2


def test_an_answer_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(connection: Connection) -> None:
        connection.request()
        time.sleep(1.3)

    with aws_is(hangs, monkeypatch=monkeypatch), pytest.raises(aws.Unreachable, match="ReadTimeoutError"):
        get()


@pytest.mark.usefixtures("hurried")
def test_an_answer_that_drips_in_is_given_up_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def drips(connection: Connection) -> None:
        connection.request()
        for byte in OK:
            connection.send(bytes([byte]))
            time.sleep(0.05)

    began = time.monotonic()
    with aws_is(drips, monkeypatch=monkeypatch):
        with pytest.raises(aws.Unreachable, match="ReadTimeoutError"):
            get()
        waited = time.monotonic() - began

    assert WAIT_SECONDS <= waited < 2 * WAIT_SECONDS


def test_a_closed_port_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    aws.forget()

    with pytest.raises(aws.Unreachable, match="EndpointConnectionError"):
        get()


def test_a_table_that_never_answers_is_an_outage_by_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def unheard(connection: Connection) -> None:
        connection.request()
        time.sleep(1.2)

    began = time.monotonic()
    with aws_is(*[unheard] * 4, monkeypatch=monkeypatch) as server:
        with pytest.raises(Unavailable) as outage:
            table_connection.call("GetItem")
        waited = time.monotonic() - began
        attempts = len(server.heads)

    assert outage.value.detail == "GetItem: ReadTimeoutError"
    # The attempt that begins before the deadline is waited for.
    assert attempts <= table_connection.ATTEMPTS
    assert waited < table_connection.DEADLINE_SECONDS + aws.DYNAMODB.read_seconds + 0.2


def echo(connection: Connection) -> None:
    """Answers each request with the item that it names."""
    while True:
        asked = json.loads(connection.request())
        time.sleep(0.0005)
        connection.send(answer(json.dumps({"Item": asked["Key"]}).encode()))


def test_threads_never_share_a_connection_nor_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(thread: int) -> int:
        keys = [{"pk": {"S": f"{thread}-{number}"}} for number in range(40)]
        return sum(aws.call(aws.DYNAMODB, "GetItem", {"Key": key}) == {"Item": key} for key in keys)

    with aws_is(*[echo] * 400, monkeypatch=monkeypatch), ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [40] * 8
