"""When a function ends before or after any of its AWS calls: repeating converges, and nothing is left half done."""

from collections.abc import Iterator
from functools import partial

import pytest

from local.instance import Instance
from tests.integration import steps
from tests.integration.faults import CRASHED, Effect, befalls, calls_of, crash_after, crash_before
from tests.integration.processes import in_copies
from tests.integration.scenes import Person, with_tokens
from tests.integration.steps import Prepare, Setting, Step, each
from tests.unit.flows import new_client, sign_out_everywhere

pytestmark = pytest.mark.usefixtures("stack")


def crash(step: Step, where: Effect, point: int) -> None:
    with befalls("", where, (point,)):
        step.send()


def calls_when_new(step: Step) -> int:
    """How many calls the request takes in a new execution environment."""
    [number] = in_copies(lambda: len(calls_of(step.send)))
    assert 0 < number < CRASHED
    return number


def crashed(setting: Setting, prepare: Prepare) -> Iterator[Step]:
    """The same request again and again, each crashed at another point."""
    for where in (crash_before, crash_after):
        for point in range(1, calls_when_new(prepare(setting)) + 1):
            step = prepare(setting)
            assert in_copies(partial(crash, step, where, point)) == [CRASHED]
            yield step


@each([steps.exchange, steps.sign_up, steps.sign_up_on_the_way_in, steps.reset, steps.sign_out])
def test_a_request_that_crashed_anywhere_can_be_repeated(setting: Setting, prepare: Prepare) -> None:
    for step in crashed(setting, prepare):
        step.holds(step.send())


@pytest.mark.row(32)
def test_a_refresh_that_crashed_anywhere_goes_on_within_the_grace(setting: Setting) -> None:
    for step in crashed(setting, steps.refresh):
        answer = step.send()
        assert step.done(answer)
        step.holds(answer)


@pytest.mark.row(31)
def test_without_grace_a_refresh_that_crashed_goes_on_or_ends_for_good(stack: Instance) -> None:
    outcomes = []
    for step in crashed(Setting(stack, new_client(refresh_grace_seconds=0)), steps.refresh):
        answer = step.send()
        step.holds(answer)
        outcomes.append(step.done(answer))

    # Only the crash after the last call, the write, costs the session.
    assert outcomes == [True] * (len(outcomes) - 1) + [False]


@pytest.mark.row(12, 38)
def test_a_session_that_nobody_heard_of_ends_with_the_others(setting: Setting) -> None:
    """The exchange crashed after its write: the code is spent, nobody saw the tokens, and the person can end them."""
    person = with_tokens(setting.app)
    code = person.code()
    assert in_copies(partial(crash_after_write, person, code)) == [CRASHED]
    assert len(person.live_sessions()) == 2

    assert sign_out_everywhere(person.tokens["access_token"]).status == 204
    assert person.live_sessions() == []
    assert person.exchange(code).json["error"] == "invalid_grant"


def crash_after_write(person: Person, code: str) -> None:
    with befalls("dynamodb.PutItem", crash_after):
        person.exchange(code)
