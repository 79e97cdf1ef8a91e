"""Asking the person before a third-party application gets anything, on every way to a code."""

from typing import Any

import pytest

from gatehouse import client_registration, clients, users
from gatehouse.clients import STANDARD_SCOPES
from gatehouse.hosted.permissions import in_words
from gatehouse.userinfo import CUSTOM_SCOPES
from gatehouse.users import SCOPE_OF
from tests.unit.conftest import ISSUER
from tests.unit.flows import (
    PASSWORD,
    Browser,
    browser_of,
    exchange,
    hidden_fields,
    later,
    new_client,
    new_user,
    sign_out_everywhere,
    signed_in,
)
from tests.unit.test_login import START_AGAIN, opened
from tests.unit.test_sessions import BROWSER, SIGN_ON, silent


def third_party(**properties: Any) -> str:
    return new_client(name="Third Party", first_party=False, client_uri="https://third.example", **properties).client_id


def decide(browser: Browser, location: str, decision: str = "allow") -> dict[str, str]:
    """What the application gets back."""
    page = browser.get("hosted_pages", location)
    assert page.status == 200, page.body
    return browser.fill(page, "/u/consent", decision=decision).sent_back


def test_after_the_password_the_person_is_asked_and_then_sent_back() -> None:
    new_user()
    app, browser = third_party(), Browser()
    asked = browser.sign_in(app, state="here")

    assert "/u/consent" in asked.location
    page = browser.get("hosted_pages", asked.location)
    assert "Third Party" in page.body and "ada@example.com" in page.body
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    back = browser.fill(page, "/u/consent", decision="allow").sent_back
    assert back["state"] == "here"
    assert exchange(app, back["code"]).status == 200


def test_a_browser_that_is_signed_on_is_asked_too() -> None:
    new_user()
    first_party, app, browser = new_client(), third_party(), Browser()
    browser.sign_in(first_party.client_id)

    asked = browser.authorize(app)

    assert "/u/consent" in asked.location
    assert "code" in decide(browser, asked.location)


def test_prompt_none_never_goes_around_the_question() -> None:
    new_user()
    first_party, app, browser = new_client(), third_party(), Browser()
    browser.sign_in(first_party.client_id)

    assert silent(browser, app) == "consent_required"
    decide(browser, browser.authorize(app, scope="openid").location)
    assert browser.authorize(app, prompt="none", scope="openid").sent_back.keys() >= {"code"}
    assert browser.authorize(app, prompt="none", scope="openid email").sent_back["error"] == "consent_required"


def test_what_was_allowed_is_remembered_for_this_application_and_these_scopes_only() -> None:
    new_user()
    app, other, browser = third_party(), third_party(), Browser()
    decide(browser, browser.sign_in(app, scope="openid email").location)

    assert "code" in browser.authorize(app, scope="openid email").sent_back
    assert "code" in browser.authorize(app, scope="openid").sent_back
    assert "/u/consent" in browser.authorize(app, scope="openid profile").location
    assert "/u/consent" in browser.authorize(other, scope="openid").location
    assert "/u/consent" in browser.authorize(app, scope="openid", prompt="consent").location


def test_what_one_person_allowed_is_not_allowed_for_the_next() -> None:
    new_user()
    new_user("eve@example.com")
    app, browser = third_party(), Browser()
    decide(browser, browser.sign_in(app).location)

    assert "/u/consent" in browser.sign_in(app, "eve@example.com", prompt="login").location


def test_a_client_that_turns_third_party_has_to_ask() -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)
    client_registration.change(app.client_id, first_party=False)
    clients.forget()

    assert silent(browser, app.client_id) == "consent_required"


def test_a_first_party_client_asks_when_it_wants_to() -> None:
    new_user()
    app, browser = new_client(), Browser()
    asked = browser.sign_in(app.client_id, prompt="consent")

    assert "/u/consent" in asked.location
    assert "code" in decide(browser, asked.location)


def test_a_refusal_goes_back_as_access_denied_and_is_not_remembered() -> None:
    new_user()
    app, browser = third_party(), Browser()
    asked = browser.sign_in(app, state="here")

    back = decide(browser, asked.location, "deny")

    assert (back["error"], back["state"]) == ("access_denied", "here")
    assert silent(browser, app) == "consent_required"


@pytest.mark.parametrize("decision", ["", "yes", "ALLOW", "allow "])
def test_only_a_clear_yes_is_a_yes(decision: str) -> None:
    new_user()
    app, browser = third_party(), Browser()
    page = browser.get("hosted_pages", browser.sign_in(app).location)

    assert browser.fill(page, "/u/consent", decision=decision).status == 400
    assert silent(browser, app) == "consent_required"


def test_the_page_cannot_be_reached_before_the_password() -> None:
    new_user()
    app, browser = third_party(), Browser()
    sign_in = hidden_fields(opened(browser, app))["signin"]
    page = browser.get("hosted_pages", f"/u/forgot?signin={sign_in}")

    seen = browser.get("hosted_pages", f"/u/consent?signin={sign_in}")
    sent = browser.fill(page, "/u/consent", decision="allow")

    for answer in (seen, sent):
        assert answer.status == 400
        assert "location" not in answer.headers


def test_a_prompt_for_the_password_cannot_be_skipped_by_going_to_the_question() -> None:
    new_user()
    first_party, app, browser = new_client(), third_party(), Browser()
    browser.sign_in(first_party.client_id)
    sign_in = hidden_fields(opened(browser, app, prompt="login"))["signin"]

    assert browser.get("hosted_pages", f"/u/consent?signin={sign_in}").status == 400


def test_another_site_and_another_browser_allow_nothing() -> None:
    new_user()
    app, browser = third_party(), Browser()
    asked = browser.sign_in(app)
    page = browser.get("hosted_pages", asked.location)
    fields = hidden_fields(page) | {"decision": "allow"}

    assert browser.post("hosted_pages", "/u/consent", fields, headers={"origin": "https://third.example"}).status == 403
    assert browser.post("hosted_pages", "/u/consent", fields | {"csrf": "x"}).status == 403
    assert Browser().post("hosted_pages", "/u/consent", fields).status == 403
    assert Browser().get("hosted_pages", asked.location).status == 403
    assert silent(browser, app) == "consent_required"


@pytest.mark.row(42)
def test_whoever_planted_the_browser_s_cookie_cannot_answer_in_its_place() -> None:
    new_user()
    app, browser = third_party(), Browser()
    page = opened(browser, app)
    planted = Browser(cookies={BROWSER: browser.cookies[BROWSER]})
    asked = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)

    assert planted.get("hosted_pages", asked.location).status == 403
    assert planted.fill(page, "/u/consent", decision="allow").status == 403
    assert "code" in decide(browser, asked.location)


@pytest.mark.row(37, 38)
@pytest.mark.parametrize("end", ["sign-out", "block", "logout"])
def test_who_was_signed_out_meanwhile_is_not_asked_but_has_to_sign_in_again(end: str) -> None:
    user = new_user()
    first_party, app, browser = new_client(), third_party(), Browser()
    tokens = signed_in(first_party.client_id, browser)
    page = browser.get("hosted_pages", browser.authorize(app).location)
    kept = Browser(cookies=dict(browser.cookies))
    if end == "sign-out":
        sign_out_everywhere(tokens["access_token"])
    elif end == "block":
        users.set_blocked(user.user_id, True)
    else:
        browser.get("logout", f"/oidc/logout?id_token_hint={tokens['id_token']}")

    answer = kept.fill(page, "/u/consent", decision="allow")

    assert answer.status == 400
    assert START_AGAIN.search(answer.body)
    assert SIGN_ON in kept.cookies and silent(kept, app) == "login_required"


def test_a_double_click_is_two_codes_and_one_consent() -> None:
    new_user()
    app, browser = third_party(), Browser()
    page = browser.get("hosted_pages", browser.sign_in(app).location)

    codes = {browser.fill(page, "/u/consent", decision="allow").sent_back["code"] for _ in range(2)}

    assert [exchange(app, code).status for code in codes] == [200, 200]


def test_the_answer_counts_for_the_time_of_the_password_and_not_of_the_answer() -> None:
    new_user()
    app, browser = third_party(session_seconds=1000), Browser()
    with later(0):
        asked = browser.sign_in(app)
        with later(999):
            back = decide(browser, asked.location)
            assert exchange(app, back["code"]).json["expires_in"] == 1
            late = browser.fill(browser.get("hosted_pages", asked.location), "/u/consent", decision="allow").sent_back["code"]
        with later(1010):
            assert exchange(app, late).json["error"] == "invalid_grant"


def test_scopes_that_the_client_may_not_have_are_neither_shown_nor_granted() -> None:
    new_user()
    app, browser = third_party(scopes=["openid", "email"]), Browser()
    asked = browser.sign_in(app, scope="openid email app_metadata profile")

    page = browser.get("hosted_pages", asked.location)
    assert "mail address" in page.body and "what you have earned" not in page.body and "picture" not in page.body
    back = browser.fill(page, "/u/consent", decision="allow", scope="openid email app_metadata").sent_back
    assert exchange(app, back["code"]).json["scope"] == "openid email"


def test_claims_that_are_asked_for_one_by_one_are_shown_in_words() -> None:
    new_user()
    app, browser = third_party(), Browser()
    wishes = '{"userinfo":{"birthdate":null,"phone_number":{"essential":true}},"id_token":{"email":null,"name":null}}'

    page = browser.get("hosted_pages", browser.sign_in(app, scope="openid email", claims=wishes).location)

    for sentence in ("Know who you are", "See your email address", "your full name", "your date of birth", "your phone number"):
        assert page.body.count(sentence) == 1, sentence
    assert "birthdate" not in page.body and "your profile" not in page.body
    back = browser.fill(page, "/u/consent", decision="allow").sent_back
    assert "code" in back
    assert "/u/consent" in browser.authorize(app, scope="openid email", claims='{"userinfo":{"gender":null}}').location
    assert "code" in browser.authorize(app, scope="openid", claims='{"userinfo":{"birthdate":null}}').sent_back


def test_there_are_words_for_every_scope_and_claim_that_can_be_asked_for() -> None:
    sentences = [sentence for _, sentence in in_words([*STANDARD_SCOPES, *CUSTOM_SCOPES], [])]
    single = [sentence for _, sentence in in_words([], [*SCOPE_OF])]

    assert not [sentence for sentence in (*sentences, *single) if "_" in sentence or sentence.startswith("Use ")]
    assert (len(sentences), len(single)) == (len(STANDARD_SCOPES) + len(CUSTOM_SCOPES), len(SCOPE_OF))
    assert in_words(["orders:read"], []) == [("orders:read", "Use orders:read")]


@pytest.mark.parametrize("redirect_uri", ["http://127.0.0.1/cb", "com.example.app:/cb"])
def test_what_any_program_on_a_device_could_claim_to_be_is_asked_for_each_time(redirect_uri: str) -> None:
    app, browser = new_client("native", first_party=False, redirect_uris=[redirect_uri]), browser_of(new_user())
    for _ in range(2):
        started = browser.authorize(app.client_id, redirect_uri=redirect_uri)

        assert started.location.startswith(f"{ISSUER}/u/consent")
        assert "code" in decide(browser, started.location)
    silent = browser.authorize(app.client_id, redirect_uri=redirect_uri, prompt="none")
    assert silent.sent_back["error"] == "consent_required"


def test_an_api_that_was_not_named_before_is_asked_for_and_named() -> None:
    app, browser = third_party(resources=["https://bank.example"]), browser_of(new_user())
    decide(browser, browser.authorize(app).location)
    silent_one = browser.authorize(app, resource="https://bank.example", prompt="none")
    asked = browser.authorize(app, resource="https://bank.example")

    assert silent_one.sent_back["error"] == "consent_required"
    assert "Call https://bank.example in your name" in browser.get("hosted_pages", asked.location).body
    decide(browser, asked.location)
    assert "code" in browser.authorize(app, resource="https://bank.example", prompt="none").sent_back


def test_a_claim_of_a_scope_that_was_allowed_is_not_asked_for_again() -> None:
    app, browser = third_party(), browser_of(new_user())
    decide(browser, browser.authorize(app, scope="openid email").location)

    answer = browser.authorize(app, scope="openid", claims='{"userinfo":{"email":null}}', prompt="none")

    assert "code" in answer.sent_back
