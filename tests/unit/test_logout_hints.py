"""The id_token_hint of a logout: whose word it is, and what it is worth (row 44)."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gatehouse import keys
from tests.unit.flows import Browser, later, new_client, new_user, refresh, signed_in, userinfo
from tests.unit.test_logout import BYE, SIGNED_OUT, is_a_page_that_leads_nowhere, log_out
from tests.unit.test_sessions import silent

pytestmark = pytest.mark.row(44)


def forged(token: str, *, algorithm: str) -> str:
    """The token's claims under another signature."""
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    if algorithm == "none":
        header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT", "kid": kid}).encode()).rstrip(b"=").decode()
        return f"{header}.{token.split('.')[1]}."
    key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048) if algorithm == "RS256" else "public" * 8
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


@pytest.mark.parametrize("algorithm", ["none", "RS256", "HS256"])
def test_a_hint_that_we_did_not_sign_is_not_believed(algorithm: str) -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    answer = log_out(browser, id_token_hint=forged(tokens["id_token"], algorithm=algorithm), post_logout_redirect_uri=BYE)

    assert is_a_page_that_leads_nowhere(answer)
    assert silent(browser, app.client_id) == "code"
    assert userinfo(tokens["access_token"]).status == 200


@pytest.mark.row(52)
def test_another_kind_of_token_is_no_hint() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    for value in (tokens["access_token"], tokens["refresh_token"], "x", "a.b.c"):
        assert is_a_page_that_leads_nowhere(log_out(browser, id_token_hint=value, post_logout_redirect_uri=BYE))
    assert silent(browser, app.client_id) == "code"


def test_an_expired_hint_is_good_enough() -> None:
    new_user()
    app, browser = new_client(), Browser()
    with later(0):
        tokens = signed_in(app.client_id, browser)
        with later(4000):
            assert log_out(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE).location == BYE
            assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(54)
def test_a_hint_of_one_client_is_no_hint_for_another() -> None:
    new_user()
    app, other, browser = new_client(), new_client(post_logout_redirect_uris=["https://other.example/bye"]), Browser()
    tokens = signed_in(app.client_id, browser)

    hint = {"id_token_hint": tokens["id_token"]}
    assert is_a_page_that_leads_nowhere(log_out(browser, **hint, client_id=other.client_id))
    assert is_a_page_that_leads_nowhere(log_out(browser, **hint, post_logout_redirect_uri="https://other.example/bye"))
    assert silent(browser, app.client_id) == "code"


def test_a_hint_for_somebody_else_asks_before_it_ends_anything() -> None:
    new_user()
    new_user("eve@example.com")
    app, ada, eve = new_client(), Browser(), Browser()
    of_ada = signed_in(app.client_id, ada)
    eve.sign_in(app.client_id, "eve@example.com")

    page = log_out(eve, id_token_hint=of_ada["id_token"], post_logout_redirect_uri=BYE)

    assert page.status == 200 and "eve@example.com" in page.body
    assert silent(eve, app.client_id) == silent(ada, app.client_id) == "code"
    assert userinfo(of_ada["access_token"]).status == 200


def test_a_hint_without_a_cookie_ends_the_session_it_names() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    assert log_out(Browser(), id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE).location == BYE
    assert userinfo(tokens["access_token"]).status == 401
    assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.row(57)
def test_a_hint_under_a_superseded_key_is_good_while_the_key_is_published() -> None:
    new_user()
    app, browser = new_client(), Browser()
    with later(0):
        tokens = signed_in(app.client_id, browser)
        with later(keys.RING_SECONDS + 1):
            assert log_out(browser, id_token_hint=tokens["id_token"]).location == SIGNED_OUT
