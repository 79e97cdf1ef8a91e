"""A notice is handed to its application as a logout token: now, or later and later, or put aside (Back-Channel Logout 1.0, F6, F11, F12)."""

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

    attempts = []
    with later(0):
        for seconds in (0, 9, 1, 29, 1, 59, 1, 3600):
            with later(seconds):
                attempts.append(worked_off())
                continue
        assert attempts[0] == [1]
    seen = attempts_over_time(0)
    assert seen == []
    assert len(receiver.requests) >= 1


def attempts_over_time(seconds: float) -> list[int]:
    with later(seconds):
        return worked_off()
