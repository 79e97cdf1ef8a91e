"""The claims parameter (OpenID Connect Core 5.5): single claims where the client wants them, and never more than it may have (row 19)."""

import json
from typing import Any

import pytest

from gatehouse import users
from tests.unit.conftest import Answer
from tests.unit.flows import (
    PASSWORD,
    Browser,
    browser_of,
    claims_of,
    exchange,
    later,
    new_client,
    new_user,
    refresh,
    tokens_of,
    userinfo,
)
from tests.unit.test_login import opened
from tests.unit.test_userinfo import ADDRESS, PHONE, PROFILE, person

ACR = "urn:gatehouse:acr:1fa"
PROTOCOL = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"}


def wish(**members: Any) -> str:
    return json.dumps(members)


def ask(client_id: str, claims: str, *, browser: Browser | None = None, **parameters: str) -> Answer:
    return (browser or Browser()).authorize(client_id, **({"scope": "openid", "claims": claims} | parameters))


def granted(claims: str, *, scope: str = "openid", **properties: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What userinfo and the ID token then tell about a person of whom everything is known."""
    app = new_client(**({"scopes": ["openid", "profile", "email", "address", "phone", "app_metadata"]} | properties))
    tokens = tokens_of(app.client_id, browser_of(person()), scope=scope, claims=claims)
    assert tokens["scope"] == scope
    return userinfo(tokens["access_token"]).json, about(tokens["id_token"])


def about(id_token: str) -> dict[str, Any]:
    """What an ID token tells beyond its own claims."""
    return {name: value for name, value in claims_of(id_token).items() if name not in PROTOCOL}


def test_a_single_claim_is_told_where_it_was_asked_for_and_nowhere_else() -> None:
    at_userinfo, in_id_token = granted(wish(userinfo={"name": {"essential": True}}, id_token={"email": None}))

    assert set(at_userinfo) == {"sub", "name"}
    assert in_id_token == {"email": "ada@example.com"}


def test_it_comes_beside_what_the_scope_opens() -> None:
    at_userinfo, in_id_token = granted(wish(userinfo={"phone_number": None, "email": None}), scope="openid email")

    assert set(at_userinfo) == {"sub", "email", "email_verified", "phone_number"}
    assert in_id_token == {}


def test_every_standard_claim_can_be_asked_for_alone() -> None:
    everything = {**PROFILE, **PHONE, "address": ADDRESS, "email": "ada@example.com", "email_verified": True}

    at_userinfo, in_id_token = granted(wish(userinfo=dict.fromkeys(everything), id_token=dict.fromkeys(everything)))

    assert {name: value for name, value in at_userinfo.items() if name != "sub"} == everything == in_id_token


def test_value_and_values_of_a_voluntary_claim_change_nothing() -> None:
    wishes = {"name": {"value": "Somebody Else"}, "email": {"values": ["x@example.com"], "essential": True}}

    at_userinfo, _ = granted(wish(userinfo=wishes))

    assert (at_userinfo["name"], at_userinfo["email"]) == ("Ada Lovelace", "ada@example.com")


def test_what_the_person_does_not_have_is_left_out_even_if_essential() -> None:
    new_user()
    app = new_client()
    claims = wish(userinfo={"name": {"essential": True}, "phone_number_verified": {"essential": True}})

    code = Browser().sign_in(app.client_id, scope="openid", claims=claims).sent_back["code"]

    assert set(userinfo(exchange(app.client_id, code).json["access_token"]).json) == {"sub"}


@pytest.mark.row(19)
def test_claims_outside_the_policy_are_ignored() -> None:
    outside = [
        "app_metadata",
        "user_metadata",
        "custom_data",
        "roles",
        "password_hash",
        "blocked",
        "epoch",
        "user_id",
        "unknown",
        "",
        "a b",
    ]
    own = {"iss": {"value": "evil"}, "aud": None, "exp": {"value": 1}, "client_id": None, "scope": {"value": "admin"}, "act": None}

    at_userinfo, in_id_token = granted(wish(userinfo=dict.fromkeys(outside) | own, id_token=dict.fromkeys(outside) | own, more={"a": 1}))

    assert set(at_userinfo) == {"sub"}
    assert in_id_token == {}


@pytest.mark.row(19)
def test_a_client_without_the_scope_gets_nothing_by_asking_for_its_claims() -> None:
    at_userinfo, in_id_token = granted(
        wish(userinfo={"email": None, "name": None, "address": None}, id_token={"phone_number": None, "email": None}),
        scopes=["openid", "profile"],
    )

    assert set(at_userinfo) == {"sub", "name"}
    assert in_id_token == {}


@pytest.mark.row(19)
@pytest.mark.parametrize(
    "claims",
    [
        *("x", "[]", "7", "null", '"text"', "{", '{"userinfo": []}', '{"id_token": "email"}', '{"userinfo": {"name": true}}'),
        *('{"userinfo": {"name": "x"}}', '{"userinfo": {"name": []}}', '{"id_token": {"acr": 7}}', '{"userinfo": NaN}'),
        *("[" * 4000, '{"a":' * 800, "{" + '"a":1,' * 600 + '"b":Infinity}', '{"userinfo": {}} x', "\x00"),
        '{"id_token": {"sub": {"value": "\\ud800"}}}',
        '{"userinfo": {"\\ud800": null, "sub": {"value": "\\udfff"}}}',
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_claims_request_is_refused(claims: str) -> None:
    answer = ask(new_client().client_id, claims)

    assert answer.sent_back["error"] == "invalid_request"
    assert answer.sent_back["state"] == "state-1"


@pytest.mark.row(19)
def test_a_claims_request_has_a_length() -> None:
    client_id = new_client().client_id

    assert ask(client_id, json.dumps({"userinfo": {"name": {"value": "x" * 5000}}})).sent_back["error"] == "invalid_request"
    posted = {"client_id": client_id, "redirect_uri": "https://app.example.com/callback", "response_type": "code", "claims": "[" * 15_000}
    assert Browser().post("authorize", "/authorize", posted).sent_back["error"] == "invalid_request"
    assert "/u/login" in ask(client_id, '{"userinfo": {"name": null}}' + " " * 4000).location


@pytest.mark.parametrize(
    "claims", ["{}", '{"userinfo": null, "id_token": null}', '{"userinfo": {}, "other": 7}', '{"id_token": {"acr": {}}}']
)
def test_asking_for_nothing_is_no_error(claims: str) -> None:
    at_userinfo, in_id_token = granted(claims)

    assert set(at_userinfo) == {"sub"}
    assert in_id_token == {}


def test_a_third_party_asks_for_single_claims_as_for_scopes() -> None:
    new_user()
    app, browser = new_client(first_party=False), Browser()
    claims = wish(userinfo={"email": None})

    asked = browser.sign_in(app.client_id, scope="openid")
    browser.fill(browser.get("hosted_pages", asked.location), "/u/consent", decision="allow")
    assert "code" in ask(app.client_id, "", browser=browser, prompt="none").sent_back
    assert ask(app.client_id, claims, browser=browser, prompt="none").sent_back["error"] == "consent_required"
    page = browser.get("hosted_pages", ask(app.client_id, claims, browser=browser).location)
    assert "See your email address" in page.body
    browser.fill(page, "/u/consent", decision="allow")
    assert "code" in ask(app.client_id, claims, browser=browser, prompt="none").sent_back
    for more in (wish(id_token={"name": None}), wish(userinfo={"email": None, "email_verified": None})):
        assert ask(app.client_id, more, browser=browser, prompt="none").sent_back["error"] == "consent_required"


def test_the_page_names_each_single_claim() -> None:
    new_user()
    browser = Browser()
    app = new_client(first_party=False, scopes=["openid", "profile", "email", "address", "phone"])
    claims = wish(userinfo={"email": None, "address": None}, id_token={"phone_number": None, "name": None})

    page = browser.get("hosted_pages", browser.sign_in(app.client_id, scope="openid", claims=claims).location)

    for sentence in (
        "Know who you are",
        "See your full name",
        "See your email address",
        "See your postal address",
        "See your phone number",
    ):
        assert page.body.count(sentence) == 1, sentence


def test_the_wish_is_kept_over_refreshes_and_pages() -> None:
    user = person()
    app = new_client()
    claims = wish(userinfo={"name": None}, id_token={"email": None})
    tokens = tokens_of(app.client_id, browser_of(user), scope="openid", claims=claims)

    users.describe(user.user_id, profile={**PROFILE, "name": "Countess Lovelace"})
    renewed = refresh(app.client_id, tokens["refresh_token"]).json

    assert about(renewed["id_token"]) == {"email": "ada@example.com"}
    assert userinfo(renewed["access_token"]).json == {"sub": user.user_id, "name": "Countess Lovelace"}


def test_a_page_that_begins_anew_keeps_the_wish() -> None:
    person_there = person()
    app, browser = new_client(), Browser()
    claims = wish(userinfo={"name": None}, id_token={"email": None, "sub": {"value": person_there.user_id}})
    page = opened(browser, app.client_id, scope="openid", claims=claims)

    with later(1900):
        stale = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)
        assert stale.status in (400, 403)


def test_a_client_may_have_its_scopes_in_the_id_token_too() -> None:
    app = new_client(claims_in_id_token=True)
    tokens = tokens_of(app.client_id, browser_of(person()), scope="openid email", claims=wish(id_token={"name": None}))
    plain = new_client()

    told = about(tokens["id_token"])
    assert told == {"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}
    assert about(refresh(app.client_id, tokens["refresh_token"]).json["id_token"]) == told
    user = users.get_by_email("ada@example.com")
    assert user
    assert about(tokens_of(plain.client_id, browser_of(user), scope="openid email")["id_token"]) == {}


@pytest.mark.row(91)
def test_no_profile_overrules_a_claim_of_the_protocol() -> None:
    user = new_user(name="Ada", iss="https://evil.test", sub="evil", acr="urn:evil", email_verified=False)
    app = new_client(claims_in_id_token=True)

    tokens = tokens_of(app.client_id, browser_of(user), claims=wish(id_token={"sub": None, "name": None}))

    told = claims_of(tokens["id_token"])
    assert (told["iss"], told["sub"], told["acr"]) == ("https://id.example.com", user.user_id, ACR)
