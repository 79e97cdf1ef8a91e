"""The main job, from the first request to the end of every session."""

import jwt

from tests.unit.conftest import ISSUER, call
from tests.unit.flows import Browser, exchange, new_client, new_user, refresh, sign_out_everywhere, signed_in, userinfo


def test_a_person_signs_in_and_the_client_gets_three_tokens_for_the_code() -> None:
    user, app = new_user(), new_client()
    back = Browser().sign_in(app.client_id)

    assert back.status == 303
    assert back.sent_back["state"] == "state-1"
    assert back.sent_back["iss"] == ISSUER
    answer = exchange(app.client_id, back.sent_back["code"])
    assert answer.status == 200
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    keys = jwt.PyJWKSet.from_dict(call("discovery", "GET", "/.well-known/jwks.json").json)
    kid = jwt.get_unverified_header(answer.json["id_token"])["kid"]
    claims = jwt.decode(answer.json["id_token"], keys[kid].key, algorithms=["RS256"], audience=app.client_id, issuer=ISSUER)
    assert claims["sub"] == user.user_id
    assert claims["nonce"] == "nonce-1"


def test_a_second_application_needs_no_password() -> None:
    new_user()
    first, second = new_client(), new_client()
    browser = Browser()
    browser.sign_in(first.client_id)

    assert "code" in browser.authorize(second.client_id).sent_back


def test_one_call_ends_every_session_on_every_device() -> None:
    new_user()
    app = new_client()
    laptop, phone = Browser(), Browser()
    on_laptop, on_phone = signed_in(app.client_id, laptop), signed_in(app.client_id, phone)

    assert userinfo(on_phone["access_token"]).status == 200
    assert sign_out_everywhere(on_laptop["access_token"]).status == 204

    for tokens in (on_laptop, on_phone):
        assert userinfo(tokens["access_token"]).status == 401
        assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
    for browser in (laptop, phone):
        assert browser.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"
    assert sign_out_everywhere(on_phone["access_token"]).status == 401


def test_a_refresh_gives_a_new_refresh_token_and_keeps_auth_time() -> None:
    new_user()
    app = new_client()
    first = signed_in(app.client_id)

    second = refresh(app.client_id, first["refresh_token"]).json

    assert second["refresh_token"] != first["refresh_token"]
    claims = [jwt.decode(tokens["id_token"], options={"verify_signature": False}) for tokens in (first, second)]
    assert claims[0]["auth_time"] == claims[1]["auth_time"]
    assert "nonce" not in claims[1]
