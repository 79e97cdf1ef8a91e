"""The steps of the device grant when answers are lost, or processes end in the middle of them."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from gatehouse import limits
from gatehouse.client_registration import Registered
from tests.integration.device_scenes import allowed, decision, device_client
from tests.integration.faults import CRASHED, Effect, answer_lost, befalls, calls_of, crash_after, crash_before
from tests.integration.processes import in_copies
from tests.integration.scenes import (
    accepted,
    counted,
    new_network,
    refused_as,
    signed_on,
)
from tests.unit.conftest import Answer
from tests.unit.devices import ask_for_codes, codes, poll, stored_device
from tests.unit.flows import Browser, hidden_fields, refresh

pytestmark = pytest.mark.usefixtures("stack")


@pytest.fixture(scope="module")
def app(stack: object) -> Registered:
    return device_client()


@pytest.fixture(scope="module")
def third_party(stack: object) -> Registered:
    return device_client(first_party=False)


# A request, ready to be sent, and what must hold of its answer.
Step = tuple[Callable[[], Answer], Callable[[Answer], None]]
Prepare = Callable[[Registered], Step]


def beginning(app: Registered) -> Step:
    def holds(answer: Answer) -> None:
        assert poll(app.client_id, answer.json["device_code"]).json["error"] == "authorization_pending"

    return partial(ask_for_codes, app.client_id), holds


def waiting(app: Registered) -> Step:
    given = codes(app.client_id)

    def holds(answer: Answer) -> None:
        assert answer.json["error"] == "authorization_pending"
        assert stored_device(given["user_code"])["interval"] == 5

    return partial(poll, app.client_id, given["device_code"]), holds


def hurrying(app: Registered) -> Step:
    given = codes(app.client_id)
    poll(app.client_id, given["device_code"])

    def holds(answer: Answer) -> None:
        assert answer.json["error"] == "slow_down"
        assert stored_device(given["user_code"])["interval"] == 10

    return partial(poll, app.client_id, given["device_code"]), holds


def typing(app: Registered) -> Step:
    given, browser = codes(app.client_id), Browser(new_network())
    form = hidden_fields(browser.get("hosted_pages", "/u/device")) | {"user_code": given["user_code"]}

    def holds(answer: Answer) -> None:
        assert "/u/login?" in answer.location
        assert counted(limits.DEVICE_CODE, browser.source_ip) == 0

    return partial(browser.post, "hosted_pages", "/u/device", form), holds


def allowing(app: Registered) -> Step:
    person, given = signed_on(app), codes(app.client_id)

    def holds(answer: Answer) -> None:
        assert answer.status == 200
        assert poll(app.client_id, given["device_code"]).status == 200
        assert len(person.live_sessions()) == 1

    return decision(person, given["user_code"]), holds


def denying(app: Registered) -> Step:
    person, given = signed_on(app), codes(app.client_id)

    def holds(answer: Answer) -> None:
        assert answer.status == 200
        assert poll(app.client_id, given["device_code"]).json["error"] == "access_denied"

    return decision(person, given["user_code"], "deny"), holds


def redeeming(app: Registered) -> Step:
    person = signed_on(app)

    def holds(answer: Answer) -> None:
        assert answer.status == 200
        assert len(person.live_sessions()) == 1
        assert accepted(answer.json["access_token"])
        assert refresh(app.client_id, answer.json["refresh_token"]).status == 200

    return partial(poll, app.client_id, allowed(person)), holds


STEPS: list[Prepare] = [beginning, waiting, hurrying, typing, allowing, denying, redeeming]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("first_party", [True, False])
@pytest.mark.parametrize("prepare", STEPS, ids=[step.__name__ for step in STEPS])
def test_whichever_answer_is_lost_each_step_is_done_once(
    app: Registered, third_party: Registered, prepare: Prepare, first_party: bool
) -> None:
    client = app if first_party else third_party
    calls = calls_of(prepare(client)[0])
    for lost in range(1, len(calls) + 1):
        send, holds = prepare(client)
        with befalls("", answer_lost, (lost,)):
            answer = send()
        holds(answer)


def crashed(app: Registered, prepare: Prepare) -> Iterator[Step]:
    """The same step again and again, each time begun in a new process that ended before or after another call."""
    usual, _ = prepare(app)
    [number] = in_copies(lambda: len(calls_of(usual)))
    assert 0 < number < CRASHED
    for where in (crash_before, crash_after):
        for place in range(1, number + 1):
            send, holds = prepare(app)
            assert in_copies(partial(crash, send, where, place)) == [CRASHED]
            yield send, holds


def crash(send: Callable[[], Answer], where: Effect, place: int) -> None:
    with befalls("", where, (place,)):
        send()


@pytest.mark.parametrize("prepare", [allowing, denying], ids=["allowing", "denying"])
def test_a_decision_that_crashed_anywhere_can_be_sent_again(app: Registered, prepare: Prepare) -> None:
    for send, holds in crashed(app, prepare):
        holds(send())


def test_a_device_whose_redemption_crashed_goes_on_or_must_begin_again(app: Registered) -> None:
    served = []
    for send, _ in crashed(app, redeeming):
        answer = send()
        assert refused_as(answer) in ("", "invalid_grant")
        served.append(answer.status == 200)

    # Only a crash after the session began costs the device its code: what comes then cannot be told from a thief's poll.
    assert served.count(False) == 1
