"""Codes, refresh tokens and sign-outs when many callers act at the same moment."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from gatehouse import users
from gatehouse.client_registration import Registered
from tests.integration.scenes import (
    CALLERS,
    ROUNDS,
    Person,
    accepted,
    at_once,
    quick_client,
    refused_as,
    signed_on,
    times,
    with_tokens,
)
from tests.unit.conftest import Answer, call
from tests.unit.flows import exchange, sign_out_everywhere, userinfo

pytestmark = pytest.mark.usefixtures("stack", "interleaved")


@pytest.fixture(scope="module")
def app(stack: object) -> Registered:
    return quick_client(refresh_grace_seconds=10)


@pytest.fixture(scope="module")
def strict_app(stack: object) -> Registered:
    return quick_client(refresh_grace_seconds=0)


def issued(answers: list[Answer]) -> list[Answer]:
    """The answers that brought tokens; the others must be verdicts on the grant."""
    assert {refused_as(answer) for answer in answers} <= {"", "invalid_grant"}
    return [answer for answer in answers if answer.status == 200]


def nothing_lives(person: Person, answers: list[Answer]) -> None:
    """Everything that was issued is dead everywhere, and stays so."""
    assert person.live_sessions() == []
    granted = [tokens for tokens in (person.tokens, *(answer.json for answer in issued(answers))) if tokens]
    assert not any(accepted(tokens["access_token"]) for tokens in granted[-1:])
    assert {userinfo(tokens["access_token"]).status for tokens in granted} <= {401}
    for refresh_token in {tokens["refresh_token"] for tokens in granted}:
        assert refused_as(person.refresh(refresh_token)) == "invalid_grant"
    assert person.live_sessions() == []


@pytest.mark.row(11, 12)
def test_one_code_buys_tokens_once_and_its_replay_takes_them_back(app: Registered) -> None:
    person = signed_on(app)
    for _ in range(ROUNDS):
        answers = at_once(*times(24, person.exchange, person.code()))

        assert len(issued(answers)) == 1
        nothing_lives(person, answers)


@pytest.mark.row(8, 12)
def test_a_thief_without_the_verifier_and_the_holder_cannot_both_profit(app: Registered) -> None:
    person = signed_on(app)
    for _ in range(ROUNDS):
        code = person.code()
        thieves = times(CALLERS - 1, partial(exchange, app.client_id, code, code_verifier="x" * 43))
        answers = at_once(*thieves, partial(person.exchange, code))

        assert issued(answers[:-1]) == []
        nothing_lives(person, answers)


@pytest.mark.row(12)
def test_as_many_codes_of_one_person_make_as_many_sessions(app: Registered) -> None:
    for _ in range(ROUNDS // 4):
        person = signed_on(app)
        answers = at_once(*(partial(person.exchange, person.code()) for _ in range(CALLERS)))

        assert len(issued(answers)) == CALLERS == len(person.live_sessions())
        assert len({answer.json["refresh_token"] for answer in answers}) == CALLERS


@pytest.mark.row(32)
def test_callers_within_the_grace_share_one_successor(app: Registered) -> None:
    person = with_tokens(app)
    for generation in range(1, ROUNDS + 1):
        answers = at_once(*times(24, person.refresh))

        assert len(issued(answers)) == 24
        [successor] = {answer.json["refresh_token"] for answer in answers}
        [session] = person.live_sessions()
        assert session["generation"] == generation
        assert accepted(answers[0].json["access_token"]) and accepted(answers[-1].json["access_token"])
        person.tokens = {"refresh_token": successor}


@pytest.mark.row(31, 32)
def test_without_grace_one_caller_succeeds_and_the_family_is_revoked(strict_app: Registered) -> None:
    person = signed_on(strict_app)
    for _ in range(ROUNDS):
        person.tokens = person.exchange(person.code()).json
        answers = at_once(*times(24, person.refresh))

        assert len(issued(answers)) == 1
        assert {(session["status"], session["generation"]) for session in person.sessions()} == {("revoked", 1)}
        nothing_lives(person, answers)


@pytest.mark.row(33)
def test_the_newest_token_dies_beside_one_that_is_two_generations_old(app: Registered) -> None:
    person = signed_on(app)
    for _ in range(ROUNDS):
        oldest = person.exchange(person.code()).json["refresh_token"]
        newest = person.refresh(person.refresh(oldest).json["refresh_token"]).json["refresh_token"]
        answers = at_once(*times(8, person.refresh, oldest), *times(8, person.refresh, newest))

        assert issued(answers[:8]) == []
        nothing_lives(person, answers)


def by_themselves(person: Person) -> Answer:
    return sign_out_everywhere(person.tokens["access_token"])


def by_revocation(person: Person) -> Answer:
    form = {"client_id": person.app.client_id, "token": person.tokens["refresh_token"]}
    return call("revoke", "POST", "/oauth/revoke", form=form)


def by_a_block(person: Person) -> bool:
    return users.set_blocked(person.user.user_id, True)


def by_a_logout(person: Person) -> Answer:
    query = {"id_token_hint": person.tokens["id_token"]}
    return call("logout", "GET", "/oidc/logout", query=query, cookies=person.browser.cookies)


@pytest.mark.row(32, 37, 38)
@pytest.mark.parametrize("end", [by_themselves, by_revocation, by_a_block, by_a_logout])
def test_a_refresh_never_outlives_what_ends_its_session(app: Registered, end: Callable[[Person], object]) -> None:
    for _ in range(ROUNDS):
        person = with_tokens(app)
        answers = at_once(*times(CALLERS - 4, person.refresh), *times(4, end, person))

        nothing_lives(person, answers[: CALLERS - 4])


@pytest.mark.row(38)
def test_a_code_never_outlives_a_global_sign_out(app: Registered) -> None:
    for _ in range(ROUNDS):
        person = with_tokens(app)
        exchanges = [partial(person.exchange, person.code()) for _ in range(CALLERS - 4)]
        answers = at_once(*exchanges, *times(4, by_themselves, person))

        assert Counter(answer.status for answer in answers[CALLERS - 4 :]) == {204: 1, 401: 3}
        nothing_lives(person, answers[: CALLERS - 4])


@pytest.mark.row(38)
def test_sign_outs_at_once_are_one_and_leave_no_way_back_in(app: Registered) -> None:
    for _ in range(ROUNDS):
        person = with_tokens(app)
        answers = at_once(*times(CALLERS, by_themselves, person))

        assert Counter(answer.status for answer in answers) == {204: 1, 401: CALLERS - 1}
        assert person.item()["epoch"] == person.user.epoch + 1
        assert "code" not in person.browser.authorize(app.client_id).sent_back
        nothing_lives(person, [])
