"""The reference receiver takes what is signed and fresh, once, and nothing else (row 93)."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from examples.webhook_receiver.receiver import Inbox, serve
from gatehouse import webhooks
from tests.unit.flows import later
from tests.unit.webhooks import happening, subscribed, told, worked_off

pytestmark = pytest.mark.row(93)
# The example of Standard Webhooks' own libraries.
SECRET, ID, AT, BODY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}


def inbox(*secrets: str) -> tuple[Inbox, list[Any]]:
    seen: list[Any] = []
    return Inbox(secrets, seen.append), seen


def received(headers: dict[str, str], body: bytes = BODY, *, now: float = AT, secrets: tuple[str, ...] = (SECRET,)) -> int:
    made, _ = inbox(*secrets)
    status = made.receive(headers, body, now=now)
    made.close()
    return status


def test_the_example_of_the_standard_is_taken() -> None:
    assert received(HEADERS) == 204


@pytest.mark.parametrize("secrets", [(OTHER, SECRET), (SECRET, OTHER)])
def test_any_of_several_secrets_will_do(secrets: tuple[str, ...]) -> None:
    assert received(HEADERS, secrets=secrets) == 204
    assert received(HEADERS | {"webhook-signature": f"v1,AAAA {SIGNATURE} v2,x"}, secrets=secrets) == 204


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_another"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(AT + 1)},
        {"webhook-timestamp": f"{AT}.0"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": SIGNATURE.replace("v1", "v1a")},
        {"webhook-signature": SIGNATURE[:-2]},
        {"webhook-signature": "v1,\N{LATIN SMALL LETTER E WITH ACUTE}"},
        {"webhook-signature": "v1,"},
    ],
)
def test_what_is_not_signed_as_it_stands_is_refused(change: dict[str, str]) -> None:
    assert received(HEADERS | change) == 401


def test_a_changed_body_and_another_secret_are_refused() -> None:
    assert received(HEADERS, BODY + b" ") == 401
    assert received(HEADERS, secrets=(OTHER,)) == 401
    assert received({}) == 401


@pytest.mark.parametrize(("seconds", "status"), [(300, 204), (301, 401), (-300, 204), (-301, 401)])
def test_what_is_older_or_newer_than_five_minutes_is_refused(seconds: int, status: int) -> None:
    assert received(HEADERS, now=AT + seconds) == status


def test_an_event_that_is_known_is_answered_and_dropped_and_one_that_failed_is_not_known() -> None:
    seen: list[Any] = []

    def act(event: Any) -> None:
        seen.append(event)
        if len(seen) == 1:
            raise OSError("disk is full")

    made = Inbox([SECRET], act)
    with pytest.raises(OSError, match="disk is full"):
        made.receive(HEADERS, BODY, now=AT)
    assert [made.receive(HEADERS, BODY, now=AT) for _ in range(3)] == [204, 204, 204]
    assert seen == [{"test": 2432232314}] * 2
    made.close()


@pytest.fixture
def running(laptop: None) -> Iterator[tuple[str, Inbox, list[Any]]]:
    """Its URL, the inbox behind it, and what it acted on."""
    made, seen = inbox()
    server = serve(made)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield f"http://localhost:{server.server_port}/", made, seen
    server.shutdown()
    thread.join()
    server.server_close()
    made.close()


def test_it_takes_what_gatehouse_sends_once_also_in_the_middle_of_a_rotation(running: tuple[str, Inbox, list[Any]]) -> None:
    url, made, seen = running
    hook, old = subscribed(url)
    made.secrets = [old]
    told(happening("e-1"))
    worked_off()
    _, new = webhooks.rotate_secret(hook.id, overlap_seconds=3600)
    told(happening("e-2"))
    worked_off()
    made.secrets = [new]
    told(happening("e-3"))
    worked_off()

    assert [event["id"] for event in seen] == ["e-1", "e-2", "e-3"]


def test_it_drops_what_the_stream_tells_again_after_hours(running: tuple[str, Inbox, list[Any]]) -> None:
    url, made, seen = running
    made.secrets = [subscribed(url)[1]]
    for seconds in (0, 7200):
        with later(seconds):
            told(happening("e"))
            assert worked_off() == [("e", 1)]

    assert [event["id"] for event in seen] == ["e"]


def test_it_answers_a_stranger_with_401_and_what_is_too_large_with_413(running: tuple[str, Inbox, list[Any]]) -> None:
    url, _, seen = running
    for headers, status in (({}, 401), ({"content-length": "1000001"}, 413)):
        request = urllib.request.Request(url, data=json.dumps({}).encode(), headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        assert refused.value.code == status
        refused.value.close()
    assert seen == []
