"""Devices that poll and people who decide, all at the same moment."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest

from gatehouse import consents, device_codes, limits, users
from gatehouse.client_registration import Registered
from tests.integration.device_scenes import allowed, decision, device_client
from tests.integration.faults import in_every_place
from tests.integration.scenes import (
    CALLERS,
    ROUNDS,
    Person,
    accepted,
    at_once,
    counted,
    new_network,
    refused_as,
    signed_on,
    times,
)
from tests.unit.conftest import Answer
from tests.unit.devices import ask_for_codes, codes, poll, stored_device, type_code
from tests.unit.flows import Browser, hidden_fields, refresh, sign_out_everywhere

pytestmark = pytest.mark.usefixtures("stack", "interleaved")


@pytest.fixture(scope="module")
def app(stack: object) -> Registered:
    return device_client()


@pytest.fixture(scope="module")
def third_party(stack: object) -> Registered:
    return device_client(first_party=False)


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
        assert 5 <= stored_device(given["user_code"])["interval"] <= 5 * CALLERS


def test_of_an_allowance_and_a_denial_at_once_one_counts(app: Registered) -> None:
    person = signed_on(app)
    for number in range(ROUNDS):
        given = codes(app.client_id)
        wanted = ["allow", "deny"] * 4 if number % 2 else ["deny", "allow"] * 4
        answers = at_once(*[decision(person, given["user_code"], each) for each in wanted])

        decided = stored_device(given["user_code"])["status"]
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
