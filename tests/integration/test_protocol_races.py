"""Assertions and pushed requests when many callers act at the same moment, and when an answer is lost on the way."""

from collections import Counter
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
    everything,
    new_network,
    quick_client,
    refused_as,
    signed_on,
    times,
)
from tests.integration.steps import is_outage
from tests.unit.conftest import Answer, call
from tests.unit.flows import CALLBACK, CHALLENGE, PASSWORD, Browser, exchange, token
from tests.unit.signers import assertion, by_assertion, go, key, push

pytestmark = pytest.mark.usefixtures("stack", "interleaved")
CLIENT = key("ES256", "client")
MANY = 24


@pytest.fixture(scope="module")
def app(stack: object) -> Registered:
    return quick_client(refresh_grace_seconds=10)


@pytest.fixture(scope="module")
def worker(stack: object) -> Registered:
    return by_key("machine")


def by_key(kind: str, **properties: Any) -> Registered:
    return quick_client(kind, jwks=[CLIENT.jwk], token_endpoint_auth_method="private_key_jwt", **properties)


def succeeded(answers: list[Answer], error: str = "invalid_grant") -> list[Answer]:
    """The answers that brought something; the others must be verdicts, this one."""
    assert {refused_as(answer) for answer in answers} <= {"", error}, Counter(refused_as(answer) for answer in answers)
    return [answer for answer in answers if answer.status == 200]


def machines_token(signed: str) -> Answer:
    return token(grant_type="client_credentials", **by_assertion(signed))


@pytest.mark.row(30)
def test_of_many_requests_with_one_assertion_one_is_served(worker: Registered) -> None:
    for _ in range(ROUNDS):
        answers = at_once(*times(MANY, machines_token, assertion(CLIENT, worker.client_id)))

        assert Counter(answer.status for answer in answers) == {200: 1, 401: MANY - 1}
        assert len(succeeded(answers, "invalid_client")) == 1


@pytest.mark.row(30)
def test_so_it_is_over_several_endpoints(stack: object) -> None:
    app = by_key("web")
    form = {"token": "x", "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    places = {"introspect": "/oauth/introspect", "revoke": "/oauth/revoke", "push_authorization": "/oauth/par"}
    for _ in range(ROUNDS):
        signed = by_assertion(assertion(CLIENT, app.client_id))
        calls = [partial(call, name, "POST", path, form=form | signed) for name, path in places.items()]
        answers = at_once(*calls * 5)

        assert Counter(answer.status < 300 for answer in answers) == {True: 1, False: 14}


def test_as_many_assertions_serve_as_many_requests(worker: Registered) -> None:
    for _ in range(ROUNDS // 4):
        answers = at_once(*(partial(machines_token, assertion(CLIENT, worker.client_id)) for _ in range(MANY)))

        assert len(succeeded(answers, "invalid_client")) == MANY


@pytest.mark.row(30)
@pytest.mark.usefixtures("impatient")
def test_an_assertion_whose_answer_was_lost_in_the_table_is_used_once(worker: Registered) -> None:
    for lost in ((1,), (1, 2)):
        signed = assertion(CLIENT, worker.client_id)
        with befalls("dynamodb.PutItem", answer_lost, lost):
            assert machines_token(signed).status == 200
        assert refused_as(machines_token(signed)) == "invalid_client"


@pytest.mark.row(30)
@pytest.mark.usefixtures("impatient")
def test_an_assertion_whose_every_answer_is_lost_is_no_verdict_and_a_new_one_serves(worker: Registered) -> None:
    signed = assertion(CLIENT, worker.client_id)
    with befalls("dynamodb.PutItem", answer_lost):
        assert is_outage(machines_token(signed))

    # It is used now, and nobody can tell by whom; whoever signs can sign again.
    assert refused_as(machines_token(signed)) == "invalid_client"
    assert machines_token(assertion(CLIENT, worker.client_id)).status == 200


def request_uri_of(app: Registered, **more: str) -> str:
    form = {"client_id": app.client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid offline_access"}
    answer = push(form | {"code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "pushed"} | more)
    assert answer.status == 201, answer.body
    request_uri: str = answer.json["request_uri"]
    return request_uri


def codes(answers: list[Answer]) -> list[str]:
    """Each that was issued; the others hear that the request was answered, or that it is over."""
    for answer in answers:
        assert answer.status == 400 or answer.sent_back.get("error", "invalid_request") == "invalid_request", answer
    return [answer.sent_back["code"] for answer in answers if answer.status == 303 and "code" in answer.sent_back]


def redeemed_once(app: Registered, people: list[Person], found: list[str]) -> None:
    """One session of one person is all that the codes can buy, and sent all at once they buy nothing that lives."""
    assert found
    winners = succeeded(at_once(*(partial(exchange, app.client_id, code) for code in found)))
    assert len(winners) == 1
    assert [len(person.live_sessions()) for person in people].count(1) == (len(found) == 1)
    assert sum(len(person.live_sessions()) for person in people) == (len(found) == 1)


@pytest.mark.row(11, 12)
def test_a_pushed_request_begins_one_session_however_many_browsers_come_with_it(app: Registered) -> None:
    for _ in range(ROUNDS):
        people = [signed_on(app) for _ in range(4)]
        request_uri = request_uri_of(app)
        answers = at_once(*(partial(go, people[number % 4].browser, app.client_id, request_uri) for number in range(CALLERS)))

        redeemed_once(app, people, codes(answers))


@pytest.mark.row(11, 12)
def test_so_it_is_when_people_sign_in_at_the_same_moment(app: Registered) -> None:
    for _ in range(ROUNDS // 4):
        request_uri, people, sends = request_uri_of(app), [signed_on(app) for _ in range(4)], []
        for person in people:
            browser = Browser(new_network())
            page = browser.get("hosted_pages", go(browser, app.client_id, request_uri).location)
            sends.append(partial(browser.fill, page, "/u/login", email=person.user.email, password=PASSWORD))

        [code] = codes(at_once(*sends))
        redeemed_once(app, people, [code])


@pytest.mark.usefixtures("impatient")
def test_a_pushed_request_whose_use_was_lost_in_the_table_brings_its_code(app: Registered) -> None:
    person = signed_on(app)
    for lost in ((1,), (1, 2)):
        request_uri = request_uri_of(app)
        with befalls("dynamodb.UpdateItem", answer_lost, lost):
            back = go(person.browser, app.client_id, request_uri)

        assert exchange(app.client_id, back.sent_back["code"]).status == 200
        assert codes([go(person.browser, app.client_id, request_uri)]) == []


@pytest.mark.usefixtures("impatient")
def test_a_pushed_request_whose_every_answer_is_lost_brings_none(app: Registered) -> None:
    person = signed_on(app)
    request_uri = request_uri_of(app)
    with befalls("dynamodb.UpdateItem", answer_lost):
        assert is_outage(go(person.browser, app.client_id, request_uri))

    assert codes([go(person.browser, app.client_id, request_uri)]) == []
    assert len(codes([go(person.browser, app.client_id, request_uri_of(app))])) == 1


@pytest.mark.usefixtures("impatient")
def test_a_push_whose_answer_was_lost_is_there_once(app: Registered) -> None:
    before = [item for item in everything() if item["pk"].startswith("PAR#")]
    with befalls("dynamodb.PutItem", answer_lost, (1,)):
        request_uri = request_uri_of(app)

    assert len([item for item in everything() if item["pk"].startswith("PAR#")]) == len(before) + 1
    assert len(codes([go(signed_on(app).browser, app.client_id, request_uri)])) == 1
