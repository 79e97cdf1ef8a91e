"""Userinfo: the claims that the token's scopes open, as they are now, while its session lives (OpenID Connect Core 5.3)."""

from typing import Any

import pytest

from gatehouse import custom_data, users
from tests.unit.conftest import Answer, call
from tests.unit.faults import THROTTLED, always, trouble, unreachable
from tests.unit.flows import (
    basic,
    browser_of,
    claims_of,
    later,
    new_client,
    new_user,
    refresh,
    token,
    tokens_of,
    userinfo,
)
from tests.unit.user_data import switch_on

PROFILE: dict[str, Any] = {
    "name": "Ada Lovelace",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "middle_name": "Augusta",
    "nickname": "A.",
    "preferred_username": "ada",
    "profile": "https://example.com/ada",
    "picture": "https://example.com/ada.png",
    "website": "https://ada.example.com",
    "gender": "female",
    "birthdate": "1815-12-10",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
}
ADDRESS = {"formatted": "12 St James’s Square\nLondon", "locality": "London", "country": "GB"}
PHONE: dict[str, Any] = {"phone_number": "+44 20 7946 0000", "phone_number_verified": True}
OWN_DATA = {"user_metadata": {"theme": "dark"}, "app_metadata": {"plan": "gold"}}
ALL_SCOPES = "openid profile email address phone offline_access user_metadata app_metadata custom_data"


def everything(user: users.User) -> dict[str, dict[str, Any]]:
    """What each scope opens."""
    return {
        "openid": {"sub": user.user_id},
        "profile": PROFILE | {"updated_at": user.updated_at},
        "email": {"email": "ada@example.com", "email_verified": True},
        "address": {"address": ADDRESS},
        "phone": PHONE,
        "offline_access": {},
        **{name: {name: value} for name, value in OWN_DATA.items()},
        "custom_data": {"custom_data": {"user_id": user.user_id, "seats": 3}},
    }


def person() -> users.User:
    user = new_user(**PROFILE, address=ADDRESS, **PHONE)
    users.describe(user.user_id, **OWN_DATA)
    switch_on()
    custom_data.insert({"user_id": user.user_id, "seats": 3})
    described = users.get(user.user_id)
    assert described
    return described


def access_token(user: users.User, scope: str, **properties: Any) -> str:
    app = new_client(scopes=ALL_SCOPES.split(), **properties)
    return str(tokens_of(app.client_id, browser_of(user), scope=scope)["access_token"])


@pytest.mark.parametrize("scope", ALL_SCOPES.split())
def test_a_scope_opens_its_claims_and_nothing_else(scope: str) -> None:
    user = person()

    answer = userinfo(access_token(user, f"openid {scope}"))

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == everything(user)["openid"] | everything(user)[scope]


@pytest.mark.parametrize("verified", [True, False])
def test_the_number_by_which_a_person_is_found_is_the_one_that_is_told(verified: bool) -> None:
    user = users.create("ada@example.com", email_verified=True, password_hash="", phone_number="+4930123456", phone_verified=verified)

    told = userinfo(access_token(user, "openid phone")).json

    assert told == {"sub": user.user_id, "phone_number": "+4930123456", "phone_number_verified": verified}


def test_all_scopes_together_open_all_claims() -> None:
    user = person()

    expected = {name: value for claims in everything(user).values() for name, value in claims.items()}

    assert userinfo(access_token(user, ALL_SCOPES)).json == expected


def test_what_a_person_has_not_is_left_out_and_never_null_or_blank() -> None:
    user = new_user(name="", address=None)

    found = userinfo(access_token(user, ALL_SCOPES)).json

    assert set(found) == {
        "sub",
        "updated_at",
        "email",
        "email_verified",
        "user_metadata",
        "app_metadata",
    }


def test_the_id_token_stays_minimal_whatever_the_scopes() -> None:
    app = new_client(scopes=ALL_SCOPES.split())

    tokens = tokens_of(app.client_id, browser_of(person()), scope=ALL_SCOPES)

    protocol = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"}
    assert set(claims_of(tokens["id_token"])) == protocol


def test_claims_are_those_of_now_and_not_of_the_sign_in() -> None:
    user = person()
    access = access_token(user, "openid profile")

    users.describe(user.user_id, profile={"name": "Countess of Lovelace"})

    assert userinfo(access).json["name"] == "Countess of Lovelace"


def test_a_refresh_with_less_scope_opens_less() -> None:
    app = new_client()
    tokens = tokens_of(app.client_id, browser_of(person()))

    narrowed = refresh(app.client_id, tokens["refresh_token"], scope="openid").json

    assert set(userinfo(narrowed["access_token"]).json) == {"sub"}


def test_without_openid_the_scope_is_insufficient() -> None:
    answer = userinfo(access_token(person(), "email profile"))

    assert (answer.status, answer.json["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope", scope="openid"' in answer.headers["www-authenticate"]


def post(**form: str) -> Answer:
    return call("userinfo", "POST", "/userinfo", form=form)


def test_the_token_may_come_in_a_form_or_in_a_post_header() -> None:
    user = person()
    access = access_token(user, "openid")
    bearer = {"authorization": f"bearer {access}"}

    assert post(access_token=access).json == {"sub": user.user_id}
    assert call("userinfo", "POST", "/userinfo", headers=bearer).json == {"sub": user.user_id}
    assert call("userinfo", "POST", "/userinfo", headers=bearer, form={"other": "x"}).json == {"sub": user.user_id}


def test_a_token_in_the_query_is_not_read() -> None:
    access = access_token(person(), "openid")

    assert call("userinfo", "GET", "/userinfo", query={"access_token": access}).status == 401
    assert call("userinfo", "GET", "/userinfo", form={"access_token": access}).status == 401


def test_two_tokens_in_one_request_are_refused() -> None:
    access = access_token(person(), "openid")
    headers = {"authorization": f"Bearer {access}"}

    twice = call("userinfo", "POST", "/userinfo", form={"access_token": access}, headers=headers)
    repeated = call("userinfo", "POST", "/userinfo", form=f"access_token={access}&access_token={access}")

    for answer in (twice, repeated):
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_without_a_token_the_challenge_names_no_error() -> None:
    for headers in (
        {},
        {"authorization": ""},
        {"authorization": basic("a", "b")},
        {"authorization": "Bearer"},
        {"authorization": "Bearer  "},
    ):
        answer = call("userinfo", "GET", "/userinfo", headers=headers)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="gatehouse"'


@pytest.mark.parametrize("value", ["x", "a.b.c", "é", "\x00", '"', "x" * 9000, "null, Bearer x"])
def test_what_is_no_token_is_refused_with_a_challenge(value: str) -> None:
    answer = userinfo(value)

    assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="gatehouse", error="invalid_token"')


def test_it_ends_with_the_lifetime_of_the_token() -> None:
    access = access_token(person(), "openid", access_token_seconds=60)

    with later(59):
        assert userinfo(access).status == 200
    with later(60):
        assert userinfo(access).json["error"] == "invalid_token"


def test_a_machine_is_no_person() -> None:
    app = new_client("machine", scopes=["openid"])

    access = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).json["access_token"]

    assert userinfo(access).status == 401


def test_a_token_for_an_api_opens_userinfo_only_with_openid() -> None:
    user = person()

    assert userinfo(access_token(user, "openid", audience="https://orders.example.com")).status == 200
    assert userinfo(access_token(user, "email", audience="https://orders.example.com")).status == 401


@pytest.mark.parametrize("fate", [THROTTLED, unreachable])
def test_trouble_with_the_table_is_never_an_invalid_token(fate: Any) -> None:
    access = access_token(person(), "openid")

    with trouble({"dynamodb": always(fate)}):
        answer = userinfo(access)

    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert "www-authenticate" not in answer.headers
    assert "retry-after" in answer.headers


def test_any_page_may_call_it_but_never_with_cookies() -> None:
    access = access_token(person(), "openid")

    answer = userinfo(access)
    asked = call("userinfo", "OPTIONS", "/userinfo", headers={"origin": "https://app.example.com"})

    for given in (answer, asked, userinfo("x")):
        assert given.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in given.headers
    assert asked.status == 204
    assert "authorization" in asked.headers["access-control-allow-headers"]
