"""The APIs that tokens are for: resource indicators (RFC 8707) and Auth0's audience, never beyond the client's own."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from gatehouse import client_registration, clients
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.faults import trouble
from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    Browser,
    basic,
    browser_of,
    claims_of,
    exchange,
    new_client,
    new_code,
    new_user,
    refresh,
    signed_in,
    token,
    userinfo,
)
from tests.unit.forgery import authorizer_allows
from tests.unit.signers import go, machine, push

API, ORDERS, STOCK = "https://api.example.com", "https://orders.example.com", "urn:example:stock"


def app_of(**properties: Any) -> str:
    """May have tokens for three APIs, the first of which is its own."""
    return new_client(**({"audience": API, "resources": [ORDERS, STOCK]} | properties)).client_id


def audience(answer: Answer) -> object:
    assert answer.status == 200, answer.body
    return claims_of(answer.json["access_token"])["aud"]


def code_of(client_id: str, **parameters: str) -> str:
    return new_code(client_id, browser_of(new_user()), **parameters)


def target_refused(answer: Answer) -> bool:
    return (answer.status, answer.json["error"]) == (400, "invalid_target")


def raw(client_id: str, code: str, query: str) -> Answer:
    """The exchange of a code with these parameters as they are."""
    form = {"grant_type": "authorization_code", "client_id": client_id, "code": code}
    form |= {"redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return call("token_exchange", "POST", "/oauth/token", form=f"{urlencode(form)}&{query}")


@pytest.mark.parametrize("name", ["resource", "audience"])
def test_both_names_mean_the_same(name: str) -> None:
    client_id = app_of()

    assert audience(exchange(client_id, code_of(client_id, scope="offline_access", **{name: ORDERS}))) == ORDERS


def test_without_one_the_token_is_for_the_clients_own_api_as_ever() -> None:
    own, ordinary, browser = app_of(), new_client().client_id, browser_of(new_user())

    assert audience(exchange(own, new_code(own, browser, scope="offline_access"))) == API
    assert audience(exchange(own, new_code(own, browser))) == [API, ISSUER]
    assert audience(exchange(ordinary, new_code(ordinary, browser, scope="offline_access"))) == ISSUER
    assert audience(exchange(ordinary, new_code(ordinary, browser))) == ISSUER


def test_with_openid_the_token_opens_userinfo_too_and_without_it_does_not() -> None:
    client_id, browser = app_of(), browser_of(new_user())

    with_openid = exchange(client_id, new_code(client_id, browser, resource=ORDERS))
    without = exchange(client_id, new_code(client_id, browser, resource=ORDERS, scope="offline_access"))

    assert audience(with_openid) == [ORDERS, ISSUER]
    assert audience(without) == ORDERS
    assert userinfo(with_openid.json["access_token"]).status == 200
    assert userinfo(without.json["access_token"]).status == 401


def test_several_are_asked_for_by_repeating_the_name_or_by_both_names() -> None:
    client_id, browser = app_of(), browser_of(new_user())
    query = f"client_id={client_id}&response_type=code&scope=openid&code_challenge={CHALLENGE}"
    query += f"&code_challenge_method=S256&resource={quote(ORDERS)}&resource={quote(STOCK)}&audience={quote(ORDERS)}"

    back = browser.get("authorize", f"/authorize?{query}")

    assert audience(exchange(client_id, back.sent_back["code"], redirect_uri="")) == [ORDERS, STOCK, ISSUER]


REFUSED = [
    "https://elsewhere.example",
    f"{ORDERS}/",
    ORDERS.upper(),
    f"{ORDERS}#fragment",
    f"{ORDERS} https://elsewhere.example",
    f"{ISSUER}/api/v2/",
    ISSUER,
    "x" * 1025,
    "é",
    "\x00",
    '"',
]


@pytest.mark.parametrize("target", REFUSED, ids=lambda text: text[:40])
@pytest.mark.parametrize("name", ["resource", "audience"])
def test_an_api_that_the_client_has_no_business_with_is_refused(name: str, target: str) -> None:
    client_id, worker = app_of(), machine(audience=API, resources=[ORDERS])
    wanted = {name: target}

    assert Browser().authorize(client_id, **wanted).sent_back["error"] == "invalid_target"
    code = code_of(client_id)
    assert target_refused(exchange(client_id, code, **wanted))
    tokens = exchange(client_id, code)
    assert tokens.status == 200
    assert target_refused(refresh(client_id, tokens.json["refresh_token"], **wanted))
    assert refresh(client_id, tokens.json["refresh_token"]).status == 200
    by_machine = token(grant_type="client_credentials", authorization=basic(worker.client_id, worker.secret), **wanted)
    assert target_refused(by_machine)


def test_the_management_api_is_for_those_who_are_registered_for_it() -> None:
    management = f"{ISSUER}/api/v2/"
    app, worker = new_client(), machine()

    assert Browser().authorize(app.client_id, audience=management).sent_back["error"] == "invalid_target"
    proof = basic(worker.client_id, worker.secret)
    assert target_refused(token(grant_type="client_credentials", authorization=proof, audience=management))


def test_a_code_is_exchanged_for_some_of_what_was_agreed_to_and_never_for_more() -> None:
    client_id, browser = app_of(), browser_of(new_user())
    both = f"{ORDERS} {STOCK}"

    assert audience(exchange(client_id, new_code(client_id, browser, resource=both), resource=STOCK)) == [STOCK, ISSUER]
    assert audience(exchange(client_id, new_code(client_id, browser, resource=both))) == [ORDERS, STOCK, ISSUER]
    code = new_code(client_id, browser, resource=ORDERS)
    for more in (STOCK, API, f"{ORDERS} {STOCK}"):
        assert target_refused(exchange(client_id, code, resource=more))
    assert target_refused(raw(client_id, code, f"resource={quote(ORDERS)}&audience={quote(STOCK)}"))
    assert audience(exchange(client_id, code, resource=ORDERS)) == [ORDERS, ISSUER]


def test_a_refresh_stays_within_what_was_agreed_to() -> None:
    client_id = app_of(refresh_grace_seconds=0)
    first = exchange(client_id, code_of(client_id, resource=f"{ORDERS} {STOCK}"), resource=ORDERS).json["refresh_token"]

    assert target_refused(refresh(client_id, first, resource=API))
    less = refresh(client_id, first, audience=STOCK)
    assert audience(less) == [STOCK, ISSUER]
    all_again = refresh(client_id, less.json["refresh_token"])
    assert audience(all_again) == [ORDERS, STOCK, ISSUER]
    narrow = refresh(client_id, all_again.json["refresh_token"], resource=ORDERS, scope="profile")
    assert audience(narrow) == ORDERS


@pytest.mark.row(35)
def test_what_is_refused_does_not_cost_the_session() -> None:
    client_id = app_of(refresh_grace_seconds=0)
    given = exchange(client_id, code_of(client_id)).json["refresh_token"]

    for _ in range(3):
        assert target_refused(refresh(client_id, given, resource="https://elsewhere.example"))
    assert refresh(client_id, given).status == 200


def test_machines_choose_among_their_apis() -> None:
    worker = machine(audience=API, resources=[ORDERS, STOCK], scopes=["orders:read"])
    proof = basic(worker.client_id, worker.secret)

    for wanted, expected in (
        ({}, API),
        ({"resource": ORDERS}, ORDERS),
        ({"audience": API}, API),
        ({"resource": f"{STOCK} {API}"}, [STOCK, API]),
    ):
        assert audience(token(grant_type="client_credentials", authorization=proof, **wanted)) == expected
    bought = token(grant_type="client_credentials", authorization=proof, resource=ORDERS).json["access_token"]
    assert authorizer_allows(bought, audience=ORDERS)
    assert not authorizer_allows(bought, audience=API)
    assert not authorizer_allows(bought)


def test_an_api_does_not_take_a_token_for_another() -> None:
    client_id = app_of()
    bought = exchange(client_id, code_of(client_id, resource=ORDERS)).json["access_token"]

    assert authorizer_allows(bought, audience=ORDERS)
    for other in (API, STOCK, f"{ORDERS}/", ORDERS[:-1]):
        assert not authorizer_allows(bought, audience=other)


def test_the_choice_survives_pages_and_pushing() -> None:
    new_user()
    client_id = app_of(first_party=False)
    browser = Browser()
    asked = browser.sign_in(client_id, resource=ORDERS)
    back = browser.fill(browser.get("hosted_pages", asked.location), "/u/consent", decision="allow")
    assert audience(exchange(client_id, back.sent_back["code"])) == [ORDERS, ISSUER]

    form = {"client_id": client_id, "response_type": "code", "scope": "openid", "resource": STOCK, "redirect_uri": ""}
    form |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    pushed = push({name: value for name, value in form.items() if value})
    asked = go(browser, client_id, pushed.json["request_uri"])
    back = browser.fill(browser.get("hosted_pages", asked.location), "/u/consent", decision="allow")
    assert audience(exchange(client_id, back.sent_back["code"], redirect_uri="")) == [STOCK, ISSUER]
    evil = push({name: value for name, value in (form | {"resource": ISSUER}).items() if value})
    assert target_refused(evil)


def test_a_signed_in_tokens_default_costs_no_further_read() -> None:
    client_id = app_of(refresh_grace_seconds=0)
    new_user()
    # What is registered of the client's APIs is remembered from here on.
    tokens = refresh(client_id, signed_in(client_id, resource=ORDERS)["refresh_token"]).json

    with trouble() as sent:
        assert audience(refresh(client_id, tokens["refresh_token"])) == [ORDERS, ISSUER]

    assert [name for name in sent if name.startswith("dynamodb")][-2:] == ["dynamodb.GetItem", "dynamodb.UpdateItem"]


@pytest.mark.parametrize("resource", ["", " ", "a b", f"{ORDERS} {STOCK}"])
def test_what_names_no_api_is_not_registered(resource: str) -> None:
    with pytest.raises(client_registration.InvalidRegistration, match="resources"):
        new_client(resources=[resource])


def test_a_withdrawn_api_is_not_to_be_had_anew() -> None:
    client_id = app_of()
    given = exchange(client_id, code_of(client_id)).json["refresh_token"]
    assert audience(refresh(client_id, given, resource=STOCK)) == [STOCK, ISSUER]

    client_registration.change(client_id, resources=[ORDERS])
    clients.forget()

    assert target_refused(refresh(client_id, given, resource=STOCK))
