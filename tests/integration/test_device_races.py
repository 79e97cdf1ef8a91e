"""Devices that poll and people who decide, all at the same moment; answers that are lost, and processes that end in between."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest

from gatehouse import consents, device_codes, limits, table, users
from gatehouse.client_registration import Registered
from gatehouse.clients import DEVICE_GRANT
from tests.integration.faults import CRASHED, Effect, answer_lost, befalls, calls_of, crash_after, crash_before, in_every_place
from tests.integration.processes import in_copies
from tests.integration.scenes import (
    CALLERS,
    ROUNDS,
    Person,
    accepted,
    at_once,
    counted,
    new_network,
    quick_client,
    refused_as,
    signed_on,
    times,
)
from tests.unit.conftest import Answer
from tests.unit.devices import ask_for_codes, codes, poll, question, type_code
from tests.unit.flows import Browser, hidden_fields, refresh, sign_out_everywhere

pytestmark = pytest.mark.usefixtures("stack", "interleaved")


@pytest.fixture(scope="module")
def app(stack: object) -> Registered:
    return quick_client("native", grant_types=["authorization_code", "refresh_token", DEVICE_GRANT])


@pytest.fixture(scope="module")
def third_party(stack: object) -> Registered:
    return quick_client("native", grant_types=[DEVICE_GRANT, "refresh_token"], first_party=False)


def decision(person: Person, user_code: str, wanted: str = "allow") -> Callable[[], Answer]:
    """The person's answer on a page that they have before them, ready to be sent."""
    page = question(person.browser, user_code)
    return partial(person.browser.fill, page, "/u/consent", decision=wanted)


def allowed(person: Person) -> str:
    """The device code of a device that the person has just allowed."""
    given = codes(person.app.client_id)
    assert decision(person, given["user_code"])().status == 200
    code: str = given["device_code"]
    return code


def item(user_code: str) -> table.Item:
    found = table.get(table.device_key(device_codes.typed(user_code)))
    assert found is not None
    return found


@pytest.mark.row(12)
def test_of_polls_at_once_after_the_decision_one_gets_tokens_and_the_others_end_them(app: Registered) -> None:
    person = signed_on(app)
    for _ in range(ROUNDS):
        answers = at_once(*times(24, poll, app.client_id, allowed(person)))

        assert Counter(map(refused_as, answers)) == {"": 1, "invalid_grant": 23}
        [tokens] = [answer.json for answer in answers if answer.status == 200]
        assert person.live_sessions() == []
        assert not accepted(tokens["access_token"])
        assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_polls_at_once_before_the_decision_wait_and_none_is_refused_for_good(app: Registered) -> None:
    for _ in range(ROUNDS):
        given = codes(app.client_id)
        answers = at_once(*times(CALLERS, poll, app.client_id, given["device_code"]))

        heard = Counter(map(refused_as, answers))
        assert heard["authorization_pending"] == 1
        assert heard["slow_down"] == CALLERS - 1
        # Each write takes the place of the one that it has read: as many slow_downs are counted as found their place unchanged.
        assert 5 <= item(given["user_code"])["interval"] <= 5 * CALLERS


def test_of_an_allowance_and_a_denial_at_once_one_counts(app: Registered) -> None:
    person = signed_on(app)
    for number in range(ROUNDS):
        given = codes(app.client_id)
        wanted = ["allow", "deny"] * 4 if number % 2 else ["deny", "allow"] * 4
        answers = at_once(*[decision(person, given["user_code"], each) for each in wanted])

        decided = item(given["user_code"])["status"]
        counts = {"approved": "allow", "denied": "deny"}[decided]
        assert [answer.status for answer in answers] == [200 if each == counts else 400 for each in wanted]
        outcome = poll(app.client_id, given["device_code"])
        assert refused_as(outcome) == ("" if counts == "allow" else "access_denied")


def test_of_two_people_who_allow_one_device_one_signs_it_in(app: Registered) -> None:
    for _ in range(ROUNDS // 2):
        given = codes(app.client_id)
        people = [signed_on(app) for _ in range(4)]
        answers = at_once(*[decision(person, given["user_code"]) for person in people])
        tokens = poll(app.client_id, given["device_code"])

        assert Counter(answer.status for answer in answers) == {200: 1, 400: 3}
        assert tokens.status == 200
        winners = [person for person in people if person.live_sessions()]
        assert [answer.status for answer, person in zip(answers, people, strict=True) if person in winners] == [200]


def test_a_poll_beside_the_decision_waits_or_is_served(app: Registered) -> None:
    person = signed_on(app)
    for _ in range(ROUNDS):
        given = codes(app.client_id)
        answers = at_once(decision(person, given["user_code"]), partial(poll, app.client_id, given["device_code"]))

        assert answers[0].status == 200
        assert refused_as(answers[1]) in ("", "authorization_pending")
        if answers[1].status != 200:
            assert poll(app.client_id, given["device_code"]).status == 200


@pytest.mark.row(38)
def test_a_device_never_outlives_a_sign_out_beside_it(app: Registered) -> None:
    for _ in range(ROUNDS):
        person = signed_on(app)
        person.tokens = poll(app.client_id, allowed(person)).json
        answers = at_once(
            *[partial(poll, app.client_id, allowed(person)) for _ in range(6)],
            partial(sign_out_everywhere, person.tokens["access_token"]),
        )

        assert answers[-1].status == 204
        assert person.live_sessions() == []
        assert not any(accepted(answer.json["access_token"]) for answer in answers[:-1] if answer.status == 200)


@pytest.mark.row(37)
def test_a_device_never_outlives_a_block_or_a_withdrawn_consent_wherever_that_comes_between(third_party: Registered) -> None:
    def block(person: Person) -> bool:
        return users.set_blocked(person.user.user_id, True)

    def withdraw(person: Person) -> None:
        consents.withdraw(person.user.user_id, third_party.client_id)

    for end in (block, withdraw):

        def scene(end: Callable[[Person], object] = end) -> Any:
            person = signed_on(third_party)

            def holds(answer: Answer) -> None:
                assert refused_as(answer) in ("", "invalid_grant")
                assert person.live_sessions() == []

            return partial(poll, third_party.client_id, allowed(person)), partial(end, person), holds

        in_every_place(scene)


def test_devices_that_draw_one_code_at_once_get_different_ones(app: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = count()
    # Each letter is drawn sixteen times before the next: all devices begin with the same code.
    monkeypatch.setattr(
        device_codes.secrets, "choice", lambda letters: letters[next(drawn) // (CALLERS * device_codes.LENGTH) % len(letters)]
    )
    answers = at_once(*times(CALLERS, ask_for_codes, app.client_id))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["user_code"] for answer in answers}) == CALLERS
    for answer in answers:
        assert poll(app.client_id, answer.json["device_code"]).json["error"] == "authorization_pending"


@pytest.mark.row(62, 63)
def test_guesses_at_once_are_all_counted(app: Registered) -> None:
    given, network = codes(app.client_id), new_network()
    guesser = Browser(network)
    page = guesser.get("hosted_pages", "/u/device")
    form = hidden_fields(page) | {"user_code": "BCDF-GHJK"}
    answers = at_once(*times(40, guesser.post, "hosted_pages", "/u/device", form))

    assert Counter(answer.status for answer in answers) == {400: limits.DEVICE_CODE.attempts, 429: 40 - limits.DEVICE_CODE.attempts}
    assert counted(limits.DEVICE_CODE, network) == limits.DEVICE_CODE.attempts
    assert type_code(Browser(new_network()), given["user_code"]).status == 303


Prepare = Callable[[Registered], tuple[Callable[[], Answer], Callable[[Answer], None]]]


def beginning(app: Registered) -> tuple[Callable[[], Answer], Callable[[Answer], None]]:
    def holds(answer: Answer) -> None:
        assert poll(app.client_id, answer.json["device_code"]).json["error"] == "authorization_pending"

    return partial(ask_for_codes, app.client_id), holds


def waiting(app: Registered) -> tuple[Callable[[], Answer], Callable[[Answer], None]]:
    given = codes(app.client_id)

    def holds(answer: Answer) -> None:
        assert answer.json["error"] == "authorization_pending"
        assert item(given["user_code"])["interval"] == 5

    return partial(poll, app.client_id, given["device_code"]), holds


def hurrying(app: Registered) -> tuple[Callable[[], Answer], Callable[[Answer], None]]:
    given = codes(app.client_id)
    poll(app.client_id, given["device_code"])

    def holds(answer: Answer) -> None:
        assert answer.json["error"] == "slow_down"
        assert item(given["user_code"])["interval"] == 10

    return partial(poll, app.client_id, given["device_code"]), holds


def typing(app: Registered) -> tuple[Callable[[], Answer], Callable[[Answer], None]]:
    given, browser = codes(app.client_id), Browser(new_network())
    form = hidden_fields(browser.get("hosted_pages", "/u/device")) | {"user_code": given["user_code"]}

    def holds(answer: Answer) -> None:
        assert "/u/login?" in answer.location
        assert counted(limits.DEVICE_CODE, browser.source_ip) == 0

    return partial(browser.post, "hosted_pages", "/u/device", form), holds


def allowing(app: Registered) -> tuple[Callable[[], Answer], Callable[[Answer], None]]:
    person, given = signed_on(app), codes(app.client_id)

    def holds(answer: Answer) -> None:
        assert answer.status == 200
        assert poll(app.client_id, given["device_code"]).status == 200
        assert len(person.live_sessions()) == 1

    return decision(person, given["user_code"]), holds


def denying(app: Registered) -> tuple[Callable[[], Answer], Callable[[Answer], None]]:
    person, given = signed_on(app), codes(app.client_id)

    def holds(answer: Answer) -> None:
        assert answer.status == 200
        assert poll(app.client_id, given["device_code"]).json["error"] == "access_denied"

    return decision(person, given["user_code"], "deny"), holds


def redeeming(app: Registered) -> tuple[Callable[[], Answer], Callable[[Answer], None]]:
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


def crashed(app: Registered, prepare: Prepare) -> Iterator[tuple[Callable[[], Answer], Callable[[Answer], None]]]:
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
