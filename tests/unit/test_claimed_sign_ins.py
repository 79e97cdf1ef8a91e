"""The claims parameter on the sign-in itself (OpenID Connect Core 5.5.1): who it must be, and how sure we must be of it."""

import time
from typing import Any

import pytest

from tests.unit.flows import (
    PASSWORD,
    Browser,
    browser_of,
    claims_of,
    exchange,
    later,
    new_client,
    new_user,
    tokens_of,
)
from tests.unit.test_claims_parameter import ACR, ask, granted, wish
from tests.unit.test_login import opened


@pytest.mark.parametrize("where", ["userinfo", "id_token"])
def test_the_person_who_is_named_is_let_through_and_another_signs_in(where: str) -> None:
    ada, grace = new_user(), new_user("grace@example.com")
    client_id = new_client().client_id
    claims = wish(**{where: {"sub": {"value": ada.user_id}}})

    assert "code" in ask(client_id, claims, browser=browser_of(ada), prompt="none").sent_back
    assert "/u/login" in ask(client_id, claims, browser=browser_of(grace)).location
    for browser in (browser_of(grace), Browser()):
        assert ask(client_id, claims, browser=browser, prompt="none").sent_back["error"] == "login_required"


def test_another_persons_password_is_no_answer() -> None:
    ada, _ = new_user(), new_user("grace@example.com")
    app = new_client()
    claims = wish(id_token={"sub": {"value": ada.user_id}})

    browser = Browser()
    page = opened(browser, app.client_id, claims=claims)
    refused = browser.fill(page, "/u/login", email="grace@example.com", password=PASSWORD)
    assert refused.sent_back["error"] == "login_required"
    back = Browser().sign_in(app.client_id, claims=claims)
    assert claims_of(exchange(app.client_id, back.sent_back["code"]).json["id_token"])["sub"] == ada.user_id


def test_two_people_cannot_be_meant() -> None:
    ada, grace = new_user(), new_user("grace@example.com")
    app = new_client()
    hint = tokens_of(app.client_id, browser_of(ada))["id_token"]
    both = wish(userinfo={"sub": {"value": ada.user_id}}, id_token={"sub": {"value": grace.user_id}})

    assert ask(app.client_id, both, browser=browser_of(ada)).sent_back["error"] == "invalid_request"
    other = wish(id_token={"sub": {"value": grace.user_id}})
    assert ask(app.client_id, other, browser=browser_of(ada), id_token_hint=hint).sent_back["error"] == "invalid_request"
    same = wish(id_token={"sub": {"value": ada.user_id}})
    assert "code" in ask(app.client_id, same, browser=browser_of(ada), id_token_hint=hint).sent_back


def test_nobody_is_a_person_without_an_id() -> None:
    answer = ask(new_client().client_id, wish(id_token={"sub": {"value": ""}}), browser=browser_of(new_user()))

    assert "code" not in answer.sent_back


def test_the_id_token_tells_how_and_when_the_person_signed_in() -> None:
    app = new_client()
    with later(0):
        at = int(time.time())
        browser = browser_of(new_user())
    with later(1000):
        told = claims_of(tokens_of(app.client_id, browser)["id_token"])

    assert (told["acr"], told["amr"], told["auth_time"]) == (ACR, ["pwd"], at)


@pytest.mark.parametrize(
    "acr",
    [
        {"essential": True},
        {"essential": True, "value": ACR},
        {"essential": True, "values": ["urn:other", ACR]},
        {"value": "urn:other"},
        None,
    ],
    ids=repr,
)
def test_an_acr_that_is_reached_or_only_wished_for(acr: Any) -> None:
    _, _ = granted(wish(id_token={"acr": acr}))


@pytest.mark.parametrize(
    "acr",
    [
        {"essential": True, "value": "urn:other"},
        {"essential": True, "values": ["urn:other", "1"]},
        {"essential": True, "values": []},
        {"essential": True, "values": ACR},
        {"essential": True, "value": None},
        {"essential": True, "values": [[ACR]]},
    ],
    ids=repr,
)
def test_an_essential_acr_that_no_sign_in_reaches_is_refused(acr: dict[str, Any]) -> None:
    answer = ask(new_client().client_id, wish(id_token={"acr": acr}), browser=browser_of(new_user()))

    assert answer.sent_back["error"] == "unmet_authentication_requirements"
    assert answer.sent_back["state"] == "state-1"


def test_acr_values_are_a_wish_and_the_truth_is_told() -> None:
    tokens = tokens_of(new_client().client_id, browser_of(new_user()), acr_values="urn:other 2")

    assert claims_of(tokens["id_token"])["acr"] == ACR
