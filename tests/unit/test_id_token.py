"""The ID token: who signed in where, when and how, bound to its access token, and nothing beside (OpenID Connect Core 2)."""

import base64
import hashlib
import time

import jwt
import pytest

from tests.unit.conftest import ISSUER, call
from tests.unit.flows import browser_of, claims_of, later, new_client, new_user, refresh, tokens_of

HASHES = {"RS256": hashlib.sha256, "ES256": hashlib.sha256, "EdDSA": hashlib.sha512}


@pytest.mark.parametrize("algorithm", HASHES)
def test_it_is_signed_as_the_client_asked_and_bound_to_its_access_token(algorithm: str) -> None:
    user, app = new_user(), new_client(id_token_alg=algorithm)
    tokens = tokens_of(app.client_id, browser_of(user))

    header = jwt.get_unverified_header(tokens["id_token"])
    published = {key["kid"]: key for key in call("discovery", "GET", "/.well-known/jwks.json").json["keys"]}
    claims = jwt.decode(
        tokens["id_token"], jwt.PyJWK(published[header["kid"]]), algorithms=[algorithm], audience=app.client_id, issuer=ISSUER
    )

    digest = HASHES[algorithm](tokens["access_token"].encode()).digest()
    left_half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    assert (header["alg"], header["typ"]) == (algorithm, "JWT")
    assert claims["at_hash"] == left_half
    assert claims["sub"] == user.user_id
    assert claims["nonce"] == "nonce-1"
    assert claims["amr"] == ["pwd"]


def test_times_are_in_seconds_and_of_now() -> None:
    app = new_client(id_token_seconds=300)

    claims = claims_of(tokens_of(app.client_id, browser_of(new_user()))["id_token"])

    assert abs(claims["iat"] - time.time()) < 5
    assert claims["exp"] - claims["iat"] == 300
    assert 0 <= claims["iat"] - claims["auth_time"] < 5
    assert all(type(claims[name]) is int for name in ("iat", "exp", "auth_time"))


def test_a_refresh_keeps_who_and_when_and_makes_the_rest_anew() -> None:
    app = new_client()
    first = tokens_of(app.client_id, browser_of(new_user()))

    with later(120):
        second = refresh(app.client_id, first["refresh_token"]).json

    before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
    for name in ("iss", "sub", "aud", "auth_time", "amr", "sid"):
        assert before[name] == after[name]
    assert "azp" not in before | after
    assert after["iat"] - before["iat"] >= 120
    assert before["at_hash"] != after["at_hash"]
    assert "nonce" not in after


def test_the_access_token_is_of_rfc_9068_and_names_no_person() -> None:
    user, app = new_user(name="Ada Lovelace"), new_client()
    access = tokens_of(app.client_id, browser_of(user))["access_token"]

    claims = claims_of(access)

    assert jwt.get_unverified_header(access)["typ"] == "at+jwt"
    assert set(claims) == {"iss", "sub", "aud", "client_id", "scope", "sid", "iat", "exp", "jti"}
    assert (claims["aud"], claims["client_id"], claims["scope"]) == (ISSUER, app.client_id, "openid profile email")


def test_no_two_tokens_are_the_same() -> None:
    app, browser = new_client(access_token_alg="EdDSA"), browser_of(new_user())
    with later(0):
        tokens = [tokens_of(app.client_id, browser)["access_token"] for _ in range(5)]

    assert len({claims_of(token)["jti"] for token in tokens}) == 5


def test_headers_stay_small_enough_for_api_gateway() -> None:
    """API Gateway takes 10,240 bytes for the request line and all headers."""
    app = new_client(audience="https://" + "a" * 200 + ".example.com", scopes=["openid", *(f"orders:{n}" for n in range(20))])

    tokens = tokens_of(app.client_id, browser_of(new_user()), scope=" ".join(["openid", *(f"orders:{n}" for n in range(20))]))

    assert len(tokens["access_token"]) < 2048
    assert len(tokens["refresh_token"]) < 256
