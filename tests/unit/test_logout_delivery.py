"""A notice is handed to its application as a logout token: now, or later and later, or it is put aside (F6, F11, F12)."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import jwt
import pytest

from gatehouse import backchannel_logout, client_registration, clients, clock, deliveries, keys, queues, table
from gatehouse.settings import settings
from tests.permissions import template
from tests.receiver import Receiver, receiving
from tests.unit.conftest import call, context, function
from tests.unit.faults import DENIED, THROTTLED, always, trouble
from tests.unit.flows import claims_of, later, new_client
from tests.unit.streams import as_record, waiting, worked_off

EVENT = "http://schemas.openid.net/event/backchannel-logout"
NOTICE = {"id": "an-id", "user_id": "gatehouse|1", "sid": "a-sid"}


@pytest.fixture
def receiver(laptop: None) -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def app(receiver: Receiver) -> str:
    """A client that listens there."""
    return new_client(backchannel_logout_uri=f"{receiver.url}/back?tenant=hush").client_id


def post(client_id: str, **members: str) -> None:
    queues.send(settings().logout_queue_url, [NOTICE | {"client_id": client_id} | members])


def received() -> dict[str, Any]:
    """The one message that is visible, as a record."""
    url = settings().logout_queue_url
    (message,) = boto3.client("sqs").receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    return as_record(message)


def delivered(*records: dict[str, Any]) -> list[str]:
    answer = function("logout_delivery")({"Records": list(records)}, context())
    return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_logout_token_says_who_and_which_session_and_is_for_one_client(receiver: Receiver, algorithm: str) -> None:
    client_id = new_client(backchannel_logout_uri=receiver.url, id_token_alg=algorithm).client_id
    post(client_id)

    with later(0):
        assert worked_off() == [1]
        now = clock.now()

    ((headers, _),) = receiver.requests
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    (token,) = receiver.logout_tokens
    assert jwt.get_unverified_header(token).items() >= {"typ": "logout+jwt", "alg": algorithm}.items()
    assert claims_of(token) == {
        "iss": "http://localhost:8080",
        "sub": "gatehouse|1",
        "aud": client_id,
        "iat": now,
        "exp": now + 120,
        "jti": "an-id",
        "sid": "a-sid",
        "events": {EVENT: {}},
    }


def test_the_token_verifies_against_the_key_set(receiver: Receiver, app: str) -> None:
    post(app)
    worked_off()
    (token,) = receiver.logout_tokens
    key_set = jwt.PyJWKSet.from_dict(call("discovery", "GET", "/.well-known/jwks.json").json)
    key = key_set[jwt.get_unverified_header(token)["kid"]]

    assert jwt.decode(token, key, algorithms=["RS256"], audience=app, issuer="http://localhost:8080")["sid"] == "a-sid"


def test_a_logout_token_is_taken_for_no_other_token(receiver: Receiver, app: str) -> None:
    post(app)
    worked_off()
    (token,) = receiver.logout_tokens

    assert call("userinfo", "GET", "/userinfo", headers={"authorization": f"Bearer {token}"}).status == 401
    assert call("logout", "GET", "/oidc/logout", query={"id_token_hint": token}).status == 400


def test_an_application_that_is_down_and_then_slow_is_told_in_the_end_and_knows_repeats_by_their_id(
    receiver: Receiver, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backchannel_logout, "_PATIENCE_SECONDS", 0.3)
    receiver.answers += [503, 503, 30.0, 200]
    post(app)

    with later(0):
        attempts = {seconds: at(seconds) for seconds in (0, 9, 11, 40, 42, 101, 103, 99_999)}

    assert attempts == {0: [1], 9: [], 11: [2], 40: [], 42: [3], 101: [], 103: [4], 99_999: []}
    tokens = [claims_of(token) for token in receiver.logout_tokens]
    assert {token["jti"] for token in tokens} == {"an-id"}
    assert [token["iat"] - tokens[0]["iat"] for token in tokens] == [0, 11, 42, 103]


def at(seconds: float) -> list[int]:
    """What is delivered when so many seconds have passed."""
    with later(seconds):
        return worked_off()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_an_application_that_says_no_is_taken_at_its_word_the_third_time(
    receiver: Receiver, app: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.answers += [status] * 4
    post(app)

    with later(0):
        assert [at(seconds) for seconds in (0, 11, 42, 99_999)] == [[1], [2], [3], []]

    events = [line for line in lines(capsys) if line["message"] == "LogoutRefused"]
    assert [(event["client_id"], event["reason"], event["id"]) for event in events] == [(app, f"answers {status}", "an-id")]


def test_one_that_said_no_by_mistake_is_told_later(receiver: Receiver, app: str) -> None:
    receiver.answers += [404, 404, 200]
    post(app)

    with later(0):
        assert [at(seconds) for seconds in (0, 11, 42, 99_999)] == [[1], [2], [3], []]


@pytest.mark.parametrize("answer", [301, 302, 307, 408, 425, 429, 500, 502, 503, 504, b"", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 9000])
def test_everything_else_is_tried_again_for_hours_before_it_is_put_aside(receiver: Receiver, app: str, answer: Any) -> None:
    receiver.answers += [answer] * 30
    post(app)

    with later(0):
        waits = [0, *(seconds + 1 for seconds in deliveries.RETRY_SECONDS)]
        found = [at(sum(waits[: number + 1])) for number in range(len(waits))]

    assert found == [[number] for number in range(1, deliveries.ATTEMPTS + 1)]
    assert len(receiver.requests) == deliveries.ATTEMPTS
    assert all(headers["host"] in receiver.url for headers, _ in receiver.requests)


def test_pauses_grow_from_seconds_to_an_hour_over_hours_and_the_queue_counts_as_many_attempts() -> None:
    pauses = list(deliveries.RETRY_SECONDS)
    queue = template()["Resources"]["LogoutNotices"]["Properties"]

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (10, 3600)
    assert 6 * 3600 < sum(pauses) < queue["MessageRetentionPeriod"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == deliveries.ATTEMPTS


def test_after_the_last_attempt_the_queue_puts_it_aside_at_once(receiver: Receiver, app: str) -> None:
    receiver.answers.append(503)
    post(app)
    record = received()
    record["attributes"]["ApproximateReceiveCount"] = str(deliveries.ATTEMPTS)

    assert delivered(record) == [record["messageId"]]
    assert received()["messageId"] == record["messageId"]


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_success_will_do(receiver: Receiver, app: str, status: int) -> None:
    receiver.answers.append(status)
    post(app)

    assert worked_off() == [1]
    assert at(99_999) == []


def test_how_much_an_application_answers_is_its_own_affair(receiver: Receiver, app: str) -> None:
    receiver.answers.append(b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n" + b"x" * 5_000_000)
    post(app)

    assert worked_off() == [1]
    assert at(99_999) == []


def test_who_is_gone_or_does_not_want_to_know_any_more_is_not_told(receiver: Receiver, app: str) -> None:
    post(app)
    post("nobody")
    client_registration.change(app, backchannel_logout_uri="")
    clients.forget()

    assert worked_off() == [1, 1]
    assert at(99_999) == []
    assert receiver.requests == []


def test_an_address_that_has_become_private_is_not_called(receiver: Receiver, app: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISSUER", "https://id.example.com")
    settings.cache_clear()
    post(app)

    assert worked_off() == [1]
    assert receiver.requests == []


@pytest.mark.parametrize("operation", ["kms", "dynamodb.GetItem", "dynamodb.Query"])
@pytest.mark.parametrize("fate", [DENIED, THROTTLED])
def test_while_a_token_cannot_be_made_the_notice_waits(
    receiver: Receiver, app: str, operation: str, fate: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    post(app)
    with later(0):
        keys.forget()
        clients.forget()
        with trouble({operation: always(fate)}):
            assert worked_off() == [1]
        assert receiver.requests == []
        assert any(line["level"] == "ERROR" and line["message"] == "unavailable" for line in lines(capsys))
        assert at(11) == [2]
    assert len(receiver.requests) == 1


def test_a_notice_that_cannot_be_postponed_comes_again_all_the_same(receiver: Receiver, app: str) -> None:
    receiver.answers.append(503)
    post(app)
    record = received()
    with trouble({"sqs.ChangeMessageVisibility": always(DENIED)}):
        assert delivered(record) == [record["messageId"]]


@pytest.mark.parametrize("body", ["", "no JSON", "[]", "null", "{}", '{"id": "x", "client_id": 7}', '{"id": "x", "client_id": "y"}'])
def test_a_message_that_nobody_can_read_is_put_aside_in_the_end_and_holds_up_no_other(receiver: Receiver, app: str, body: str) -> None:
    post(app)
    good = received()
    client_id = json.loads(good["body"])["client_id"]
    bad = good | {"messageId": "bad", "body": body.replace('"y"', f'"{client_id}"')}

    assert delivered(bad, good, bad | {"messageId": "worse"}) == ["bad", "worse"]
    assert len(receiver.requests) == 1


def test_one_that_does_not_answer_holds_up_no_other_in_the_batch(receiver: Receiver, app: str) -> None:
    receiver.answers += [503, 200, 400]
    post(app)
    record = received()
    batch = [record | {"messageId": name} for name in ("down", "well", "no")]

    assert delivered(*batch) == ["down", "no"]


def test_no_token_and_no_query_is_logged(receiver: Receiver, app: str, capsys: pytest.CaptureFixture[str]) -> None:
    receiver.answers += [503, 400, 200]
    for number in range(3):
        post(app, id=f"id-{number}")
    worked_off()

    out = capsys.readouterr().out
    assert [line["message"] for line in map(json.loads, out.splitlines())] == ["failed", "refused", "delivered"]
    assert "hush" not in out
    assert not any(token in out or token.rpartition(".")[2] in out for token in receiver.logout_tokens)


def test_a_queue_takes_more_than_ten_at_once(app: str) -> None:
    queues.send(settings().logout_queue_url, [NOTICE | {"number": number} for number in range(23)])

    assert sorted(notice["number"] for notice in waiting()) == list(range(23))


def test_a_client_that_is_read_from_the_table_keeps_its_address(receiver: Receiver, app: str) -> None:
    item = table.get(table.client_key(app))

    assert item is not None
    assert item["backchannel_logout_uri"] == f"{receiver.url}/back?tenant=hush"
