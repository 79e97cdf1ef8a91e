"""Codes and tokens that are bound to a key, and those of clients under FAPI 2.0, when many callers act at the same moment."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gatehouse.client_registration import Registered
from tests.integration.faults import answer_lost, befalls
from tests.integration.scenes import (
    CALLERS,
    ROUNDS,
    Person,
    at_once,
    quick_client,
    refused_as,
    signed_on,
    times,
)
from tests.integration.steps import is_outage
from tests.integration.test_protocol_races import CLIENT, MANY, by_key, succeeded
from tests.unit.conftest import Answer, call
from tests.unit.flows import CALLBACK, CHALLENGE, VERIFIER, exchange, refresh, token
from tests.unit.signers import Key, assertion, bound_userinfo, by_assertion, go, key, nonce, proof, push, resource

pytestmark = pytest.mark.usefixtures("stack", "interleaved")
HOLDER, THIEF = key("ES256", "holder"), key("ES256", "thief")


@pytest.fixture(scope="module")
def app(stack: object) -> Registered:
    return quick_client(refresh_grace_seconds=10)


@pytest.fixture(scope="module")
def strict_app(stack: object) -> Registered:
    return quick_client(refresh_grace_seconds=0)


@pytest.fixture(scope="module")
def fapi_app(stack: object) -> Registered:
    return by_key("web", security_profile="fapi2", refresh_grace_seconds=0)


def opens(of: Key, answer: Answer) -> bool:
    return bound_userinfo(of, answer.json["access_token"]).status == 200


def sessions_of(person: Person) -> list[tuple[str, int]]:
    return [(session["status"], session["generation"]) for session in person.sessions()]


def bound_exchange(client_id: str, code: str, of: Key, given: str) -> Answer:
    return exchange(client_id, code, dpop=proof(of, nonce=given))


def bound_refresh(client_id: str, refresh_token: str, of: Key, given: str) -> Answer:
    return refresh(client_id, refresh_token, dpop=proof(of, nonce=given))


@pytest.mark.row(12)
def test_a_code_for_a_key_is_redeemed_once_or_everything_it_bought_is_dead(app: Registered) -> None:
    person, given = signed_on(app), nonce()
    for _ in range(ROUNDS):
        code = person.browser.authorize(app.client_id, dpop_jkt=HOLDER.thumbprint).sent_back["code"]
        answers = at_once(
            *times(CALLERS // 2, bound_exchange, app.client_id, code, HOLDER, given),
            *times(CALLERS // 4, bound_exchange, app.client_id, code, THIEF, given),
            *times(CALLERS // 4, exchange, app.client_id, code),
        )

        assert succeeded(answers[CALLERS // 2 :]) == []
        winners = succeeded(answers[: CALLERS // 2])
        assert len(winners) <= 1
        assert not [winner for winner in winners if opens(HOLDER, winner)]
        assert person.live_sessions() == []


@pytest.mark.row(12)
def test_thieves_without_the_key_do_not_disturb_its_holder(app: Registered) -> None:
    person, given = signed_on(app), nonce()
    for _ in range(ROUNDS):
        code = person.browser.authorize(app.client_id, dpop_jkt=HOLDER.thumbprint).sent_back["code"]
        thieves = times(CALLERS - 1, bound_exchange, app.client_id, code, THIEF, given)
        *refusals, bought = at_once(*thieves, partial(bound_exchange, app.client_id, code, HOLDER, given))

        assert succeeded(refusals) == []
        assert opens(HOLDER, bought)
        assert bound_userinfo(THIEF, bought.json["access_token"]).status == 401


def bound_tokens(person: Person, given: str) -> str:
    refresh_token: str = bound_exchange(person.app.client_id, person.code(), HOLDER, given).json["refresh_token"]
    return refresh_token


@pytest.mark.row(32)
def test_the_holder_of_the_key_gets_one_successor_within_the_grace(app: Registered) -> None:
    person, given = signed_on(app), nonce()
    refresh_token = bound_tokens(person, given)
    for generation in range(1, ROUNDS + 1):
        answers = at_once(
            *times(MANY, bound_refresh, app.client_id, refresh_token, HOLDER, given),
            *times(4, bound_refresh, app.client_id, refresh_token, THIEF, given),
            *times(4, refresh, app.client_id, refresh_token),
        )

        assert succeeded(answers[MANY:]) == []
        winners = succeeded(answers[:MANY])
        assert len(winners) == MANY
        [refresh_token] = {winner.json["refresh_token"] for winner in winners}
        assert sessions_of(person) == [("active", generation)]
        assert opens(HOLDER, winners[0]) and opens(HOLDER, winners[-1])


@pytest.mark.row(31, 32)
def test_without_grace_one_refresh_succeeds_and_the_family_is_revoked(strict_app: Registered) -> None:
    person, given = signed_on(strict_app), nonce()
    for _ in range(ROUNDS):
        refresh_token = bound_tokens(person, given)
        answers = at_once(*times(MANY, bound_refresh, strict_app.client_id, refresh_token, HOLDER, given))

        assert len(succeeded(answers)) == 1
        assert person.live_sessions() == []
        assert not [winner for winner in succeeded(answers) if opens(HOLDER, winner)]


@pytest.mark.row(31, 32)
def test_thieves_without_the_key_do_not_end_the_family(strict_app: Registered) -> None:
    person, given = signed_on(strict_app), nonce()
    refresh_token = bound_tokens(person, given)
    for generation in range(1, ROUNDS + 1):
        thieves = times(CALLERS, bound_refresh, strict_app.client_id, refresh_token, THIEF, given)
        *refusals, renewed = at_once(*thieves, partial(bound_refresh, strict_app.client_id, refresh_token, HOLDER, given))

        assert succeeded(refusals) == []
        refresh_token = renewed.json["refresh_token"]
        assert sessions_of(person) == [("active", generation)]


def fapi_token(app: Registered, given: str, **form: str) -> Answer:
    return token(**form, **by_assertion(assertion(CLIENT, app.client_id)), dpop=proof(HOLDER, nonce=given))


def fapi_tokens(person: Person, given: str) -> dict[str, Any]:
    form = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid offline_access"}
    form |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    pushed = push(form | by_assertion(assertion(CLIENT, person.app.client_id)))
    code = go(person.browser, person.app.client_id, pushed.json["request_uri"]).sent_back["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    tokens: dict[str, Any] = fapi_token(person.app, given, **form).json
    return tokens


def fapi_refresh(app: Registered, refresh_token: str, given: str) -> Answer:
    return fapi_token(app, given, grant_type="refresh_token", refresh_token=refresh_token)


@pytest.mark.row(32)
def test_refreshes_at_once_all_succeed_with_the_token_they_had(fapi_app: Registered) -> None:
    person, given = signed_on(fapi_app), nonce()
    refresh_token = fapi_tokens(person, given)["refresh_token"]
    for _ in range(ROUNDS // 2):
        answers = at_once(*times(CALLERS, fapi_refresh, fapi_app, refresh_token, given))

        assert {answer.json.get("refresh_token") for answer in answers} == {refresh_token}
        assert sessions_of(person) == [("active", 0)]


def by_themselves(person: Person, access_token: str) -> Answer:
    return resource(
        "global_sign_out", "/me/sign-out", access_token, proof(HOLDER, "/me/sign-out", access_token=access_token), method="POST"
    )


def by_revocation(person: Person, access_token: str) -> Answer:
    form = {"token": access_token} | by_assertion(assertion(CLIENT, person.app.client_id))
    return call("revoke", "POST", "/oauth/revoke", form=form)


@pytest.mark.row(37, 38)
@pytest.mark.parametrize("end", [by_themselves, by_revocation])
def test_a_refresh_never_outlives_what_ends_its_session(fapi_app: Registered, end: Callable[[Person, str], Answer]) -> None:
    given = nonce()
    for _ in range(ROUNDS):
        person = signed_on(fapi_app)
        tokens = fapi_tokens(person, given)
        refreshes = times(CALLERS - 4, fapi_refresh, fapi_app, tokens["refresh_token"], given)
        answers = at_once(*refreshes, *times(4, end, person, tokens["access_token"]))

        assert person.live_sessions() == []
        assert not [winner for winner in succeeded(answers[: CALLERS - 4]) if opens(HOLDER, winner)]
        assert refused_as(fapi_refresh(fapi_app, tokens["refresh_token"], given)) == "invalid_grant"


@pytest.mark.row(32)
@pytest.mark.usefixtures("impatient")
def test_a_refresh_whose_answer_was_lost_moves_the_idle_end_and_nothing_else(fapi_app: Registered) -> None:
    person, given = signed_on(fapi_app), nonce()
    refresh_token = fapi_tokens(person, given)["refresh_token"]
    for lost in ((1,), (1, 2)):
        with befalls("dynamodb.UpdateItem", answer_lost, lost):
            assert fapi_refresh(fapi_app, refresh_token, given).json["refresh_token"] == refresh_token
    with befalls("dynamodb.UpdateItem", answer_lost):
        assert is_outage(fapi_refresh(fapi_app, refresh_token, given))

    assert fapi_refresh(fapi_app, refresh_token, given).status == 200
    assert sessions_of(person) == [("active", 0)]
