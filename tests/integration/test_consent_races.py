"""Taking a consent back while the application is at work: whatever it began before ends, and nothing begins after."""

from collections.abc import Callable
from functools import partial

import pytest

from gatehouse import consents
from gatehouse.client_registration import Registered
from tests.integration.faults import Action, Scene, answer_lost, befalls, conflicting, in_every_place
from tests.integration.scenes import ROUNDS, Person, accepted, at_once, quick_client, signed_on, times
from tests.unit.conftest import Answer
from tests.unit.flows import claims_of

pytestmark = pytest.mark.usefixtures("stack", "impatient", "interleaved")
SCOPE, LESS = "openid email", "openid"


@pytest.fixture(scope="module")
def stranger(stack: object) -> Registered:
    return quick_client(name="Third party", first_party=False)


def asks(person: Person, scope: str = SCOPE) -> Action:
    """Allow pressed on the consent page."""
    page = person.browser.get("hosted_pages", person.browser.authorize(person.app.client_id, scope=scope, prompt="consent").location)
    return partial(person.browser.fill, page, "/u/consent", decision="allow")


def code_of(person: Person, scope: str = SCOPE) -> str:
    return person.browser.authorize(person.app.client_id, scope=scope).sent_back["code"]


def let_in(stranger: Registered) -> Person:
    """Somebody who uses the application of others."""
    person = signed_on(stranger)
    person.tokens = person.exchange(asks(person)().sent_back["code"]).json
    return person


def removes(person: Person) -> Action:
    """Remove access pressed on the account page."""
    page = person.browser.get("hosted_pages", "/u/account")
    return partial(person.browser.fill, page, "/u/account", remove=person.app.client_id)


def redeem(person: Person) -> Action:
    return partial(person.exchange, code_of(person))


def refresh(person: Person) -> Action:
    return person.refresh


def authorize(person: Person) -> Action:
    return partial(person.browser.authorize, person.app.client_id, scope=SCOPE)


def nothing_lives(person: Person, *answers: Answer) -> None:
    """Of what was answered meanwhile, nothing opens anything any more, nor buys what does."""
    for answer in answers:
        assert answer.status in (200, 303, 400), answer.body
        if answer.status == 303 and "code" in answer.sent_back:
            answer = person.exchange(answer.sent_back["code"])
        if answer.status == 200 and "access_token" in answer.body:
            assert not accepted(answer.json["access_token"])
            assert person.refresh(answer.json["refresh_token"]).json["error"] == "invalid_grant"
    assert person.live_sessions() == []
    assert consents.get(person.user.user_id, person.app.client_id) is None


@pytest.mark.parametrize("use", [redeem, refresh, authorize])
def test_a_removal_in_the_middle_of_a_use_ends_it(stranger: Registered, use: Callable[[Person], Action]) -> None:
    def scene() -> Scene:
        person = let_in(stranger)
        return use(person), removes(person), partial(nothing_lives, person)

    in_every_place(scene)


@pytest.mark.parametrize("use", [redeem, refresh, authorize])
def test_a_use_in_the_middle_of_a_removal_ends_with_it(stranger: Registered, use: Callable[[Person], Action]) -> None:
    def scene() -> Scene:
        person, seen = let_in(stranger), list[Answer]()
        action = use(person)
        return removes(person), lambda: seen.append(action()), lambda answer: nothing_lives(person, answer, *seen)

    in_every_place(scene)


@pytest.mark.parametrize("removal_begins", [False, True])
def test_allowing_and_removing_at_once_leaves_both_consent_and_session_or_neither(stranger: Registered, removal_begins: bool) -> None:
    def scene() -> Scene:
        person, seen = let_in(stranger), list[Answer]()
        outer, inner = asks(person), removes(person)
        if removal_begins:
            outer, inner = inner, outer
        return outer, lambda: seen.append(inner()), lambda answer: holds(person, [answer, *seen])

    def holds(person: Person, answers: list[Answer]) -> None:
        [allowed] = [answer for answer in answers if answer.status == 303]
        bought = person.exchange(allowed.sent_back["code"])
        stands = consents.get(person.user.user_id, person.app.client_id) is not None
        assert bought.status == (200 if stands else 400), bought.body
        assert len(person.live_sessions()) == stands
        assert not accepted(person.tokens["access_token"])

    in_every_place(scene)


def test_what_was_taken_back_does_not_come_back_with_a_smaller_consent(stranger: Registered) -> None:
    """The page that allows less read what there was, which a removal then deletes."""

    def scene() -> Scene:
        person = let_in(stranger)
        return asks(person, LESS), removes(person), partial(holds, person)

    def holds(person: Person, answer: Answer) -> None:
        consent = consents.get(person.user.user_id, person.app.client_id)
        assert consent is None or (consent["scopes"] == [LESS] and "code" in answer.sent_back)

    in_every_place(scene)


@pytest.mark.row(46)
def test_many_codes_redeemed_while_the_person_removes_the_application(stranger: Registered) -> None:
    for _ in range(ROUNDS):
        person = let_in(stranger)
        codes = [code_of(person) for _ in range(6)]

        answers = at_once(removes(person), *(partial(person.exchange, code) for code in codes))

        nothing_lives(person, *answers)


def test_two_removals_and_a_refresh_at_once(stranger: Registered) -> None:
    for _ in range(ROUNDS // 2):
        person = let_in(stranger)

        answers = at_once(*times(2, removes(person)), person.refresh)

        assert [answer.status for answer in answers[:2]] == [200, 200]
        nothing_lives(person, *answers)


def test_a_code_is_redeemed_once_although_the_answer_was_lost_or_the_write_met_another(stranger: Registered) -> None:
    person = let_in(stranger)
    for effect in (answer_lost, conflicting(2)):
        code = code_of(person)
        with befalls("dynamodb.TransactWriteItems", effect, (1,)) as fault:
            answer = person.exchange(code)
        assert len(fault.calls) == 2
        assert answer.status == 200 and accepted(answer.json["access_token"])
        assert person.exchange(code).json["error"] == "invalid_grant"
        assert not accepted(answer.json["access_token"])


def test_a_code_of_a_third_party_that_is_redeemed_many_times_at_once_buys_nothing_in_the_end(stranger: Registered) -> None:
    for _ in range(ROUNDS // 2):
        person = let_in(stranger)
        code = code_of(person)

        answers = at_once(*times(6, person.exchange, code))

        assert sum(answer.status == 200 for answer in answers) <= 1
        assert {answer.json["error"] for answer in answers if answer.status != 200} == {"invalid_grant"}
        assert [session["sid"] for session in person.live_sessions()] == [claims_of(person.tokens["access_token"])["sid"]]
        assert all(not accepted(answer.json["access_token"]) for answer in answers if answer.status == 200)
