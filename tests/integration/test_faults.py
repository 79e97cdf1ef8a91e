"""When AWS throttles, refuses, conflicts, hangs or is gone: nothing is burned, nothing is half done, and nobody is told that they are wrong."""

import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gatehouse import clock, keys, table
from gatehouse.errors import Unavailable
from gatehouse.table import connection
from local import emulator as ministack
from local.instance import Instance
from tests.integration import faults, steps
from tests.integration.faults import DENIED, THROTTLED, befalls, conflicting, refused
from tests.integration.scenes import NEW_PASSWORD, authorized, resource_server, with_tokens
from tests.integration.steps import Setting, Step
from tests.unit.conftest import Answer, forget
from tests.unit.flows import PASSWORD, new_client

pytestmark = pytest.mark.usefixtures("stack")
Prepare = Callable[[Setting], Step]
# Every attempt but the third of each call.
TWICE_EACH = [n for n in range(1, 100) if n % 3]


@pytest.fixture
def setting(stack: Instance) -> Setting:
    return Setting(stack, new_client())


def each(prepares: list[Prepare]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("prepare", prepares, ids=lambda prepare: prepare.__name__)


def is_outage(answer: Answer) -> bool:
    """503 with Retry-After and the error that says so, or the same by way of the redirect."""
    if answer.status == 303:
        return answer.sent_back["error"] == "temporarily_unavailable"
    assert answer.status == 503, answer.body
    return "temporarily_unavailable" in answer.body and int(answer.headers["retry-after"]) > 0


def failed_line(captured: str) -> dict[str, object]:
    """The one line that a request wrote; it says which request failed and holds nothing that opens anything."""
    [line] = captured.splitlines()
    assert PASSWORD not in line and NEW_PASSWORD not in line
    assert not re.search(r"[\w-]{60}|eyJ", line)
    parsed: dict[str, object] = json.loads(line)
    assert parsed["function_request_id"]
    return parsed


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_BACKOFF_SECONDS", 0.001)


@pytest.mark.usefixtures("impatient")
@each(steps.STEPS)
def test_two_throttled_attempts_at_every_call_go_unnoticed(setting: Setting, prepare: Prepare) -> None:
    step = prepare(setting)
    with befalls("dynamodb.", THROTTLED, TWICE_EACH):
        answer = step.send()

    assert step.done(answer)
    step.holds(answer)


@pytest.mark.row(100)
@pytest.mark.usefixtures("impatient")
@each(steps.STEPS)
def test_a_throttled_table_is_an_outage_after_which_the_same_request_works(
    setting: Setting, prepare: Prepare, capsys: pytest.CaptureFixture[str]
) -> None:
    step = prepare(setting)
    capsys.readouterr()
    with befalls("dynamodb.", THROTTLED):
        answer = step.send()

    assert is_outage(answer)
    assert failed_line(capsys.readouterr().out)["status"] == answer.status
    again = step.send()
    assert step.done(again)
    step.holds(again)


@each(steps.STEPS)
def test_an_outage_from_any_call_on_leaves_nothing_half_done(setting: Setting, prepare: Prepare) -> None:
    calls = [operation for operation in faults.calls_of(prepare(setting).send) if operation.startswith("dynamodb.")]
    for first in range(1, len(calls) + 1):
        step = prepare(setting)
        with befalls("dynamodb.", DENIED, range(first, 1000)):
            answer = step.send()

        assert is_outage(answer), first
        again = step.send()
        assert step.done(again), f"{first}: {again}"
        step.holds(again)
