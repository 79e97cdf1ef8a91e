"""When DynamoDB throttles, refuses or conflicts: nothing is burned or half done, and nobody is told to be wrong."""

import json
import re

import pytest

from gatehouse.errors import Unavailable
from tests.integration import faults, steps
from tests.integration.faults import DENIED, THROTTLED, befalls, conflicting, refused
from tests.integration.scenes import NEW_PASSWORD, authorized, with_tokens
from tests.integration.steps import Prepare, Setting, each, is_outage
from tests.unit.flows import PASSWORD

pytestmark = pytest.mark.usefixtures("stack")
# Every attempt but the third of each call.
TWICE_EACH = [n for n in range(1, 100) if n % 3]


def failed_line(captured: str) -> dict[str, object]:
    """The one line that a request wrote; it says which request failed and holds nothing that opens anything."""
    [line] = captured.splitlines()
    assert PASSWORD not in line and NEW_PASSWORD not in line
    assert not re.search(r"[\w-]{60}|eyJ", line)
    parsed: dict[str, object] = json.loads(line)
    assert parsed["function_request_id"]
    return parsed


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
    # The first time fills caches, and what is in them is not asked for again.
    prepare(setting).send()
    calls = [operation for operation in faults.calls_of(prepare(setting).send) if operation.startswith("dynamodb.")]
    for first in range(1, len(calls) + 1):
        step = prepare(setting)
        with befalls("dynamodb.", DENIED, range(first, 1000)):
            answer = step.send()

        assert is_outage(answer), first
        again = step.send()
        assert step.done(again), f"{first}: {again}"
        step.holds(again)


# A transaction, or a single write, that meets another one.
CONFLICTS: list[tuple[Prepare, str, faults.Effect]] = [
    (steps.sign_up, "dynamodb.TransactWriteItems", conflicting(3)),
    (steps.reset, "dynamodb.TransactWriteItems", conflicting(3)),
    (steps.exchange, "dynamodb.PutItem", refused("TransactionConflictException")),
    (steps.refresh, "dynamodb.UpdateItem", refused("TransactionConflictException")),
    (steps.sign_out, "dynamodb.UpdateItem", refused("TransactionConflictException")),
]
conflicts = pytest.mark.parametrize(("prepare", "operation", "conflict"), CONFLICTS, ids=[prepare.__name__ for prepare, *_ in CONFLICTS])


@pytest.mark.usefixtures("impatient")
@conflicts
def test_a_conflict_is_tried_again(setting: Setting, prepare: Prepare, operation: str, conflict: faults.Effect) -> None:
    step = prepare(setting)
    with befalls(operation, conflict, (1, 2)):
        answer = step.send()

    assert step.done(answer)
    step.holds(answer)


@pytest.mark.usefixtures("impatient")
@conflicts
def test_a_conflict_that_does_not_end_is_an_outage_that_changed_nothing(
    setting: Setting, prepare: Prepare, operation: str, conflict: faults.Effect
) -> None:
    step = prepare(setting)
    with befalls(operation, conflict):
        assert is_outage(step.send())

    again = step.send()
    assert step.done(again)
    step.holds(again)


def test_the_authorizer_fails_loudly_instead_of_denying_what_it_cannot_look_up(setting: Setting) -> None:
    access_token = with_tokens(setting.app).tokens["access_token"]
    with befalls("dynamodb.", DENIED), pytest.raises(Unavailable):
        authorized(access_token)

    assert authorized(access_token)
