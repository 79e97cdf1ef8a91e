"""Refresh tokens under the FAPI 2.0 Security Profile: they stay the same, and the session lives on (5.3.2.1)."""

import time

import pytest

from gatehouse import sessions, table, users
from tests.unit.faults import lose_answer, trouble
from tests.unit.flows import (
    later,
    new_client,
    token,
)
from tests.unit.forgery import part
from tests.unit.signers import bound_userinfo, nonce, proof
from tests.unit.test_fapi_profile import CLIENT, HOLDER, REQUEST, authenticated, fapi_client, refreshed, tokens_of


def session() -> sessions.Session:
    """The only one that Ada has."""
    user = users.get_by_email("ada@example.com")
    assert user
    [item] = table.query(table.user_partition(user.user_id), "SESSION#")
    return sessions.Session.from_item(item)


def test_the_refresh_token_stays_the_same_however_often_it_is_used() -> None:
    app = fapi_client(refresh_grace_seconds=0)
    first = tokens_of(app)

    for number in range(1, 5):
        with later(number * 3600):
            renewed = refreshed(app, first["refresh_token"]).json
            assert renewed["refresh_token"] == first["refresh_token"]
            assert renewed["access_token"] != first["access_token"]
            assert bound_userinfo(HOLDER, renewed["access_token"]).status == 200
    assert (session().status, session().generation) == ("active", 0)


@pytest.mark.row(36)
def test_each_use_moves_the_idle_end_and_none_the_last_one() -> None:
    app = fapi_client(session_idle_seconds=1000, session_seconds=3000)
    with later(0):
        began = int(time.time())
        tokens = tokens_of(app)

    for seconds in (900, 1800, 2700):
        with later(began + seconds - time.time()):
            assert refreshed(app, tokens["refresh_token"]).status == 200
            assert session().idle_expires_at == began + seconds + 1000
            assert session().expires_at == began + 3000
    with later(began + 3000 - time.time()):
        assert refreshed(app, tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.row(36)
def test_left_alone_it_is_over_at_the_idle_end() -> None:
    tokens = tokens_of(app := fapi_client(session_idle_seconds=1000))

    with later(1001):
        assert refreshed(app, tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.row(35)
def test_another_client_does_not_get_in_with_it_nor_cost_its_owner_anything() -> None:
    app, other = fapi_client(), fapi_client()
    ordinary = new_client("web", token_endpoint_auth_method="private_key_jwt", jwks=[CLIENT.jwk])
    tokens = tokens_of(app)

    for stranger in (other, ordinary):
        assert refreshed(stranger, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert refreshed(app, tokens["refresh_token"]).status == 200


@pytest.mark.row(37, 38)
@pytest.mark.parametrize("end", ["sign-out", "block", "revocation"])
def test_what_ends_a_session_ends_this_one(end: str) -> None:
    app = fapi_client()
    tokens = tokens_of(app)
    user = users.get_by_email("ada@example.com")
    assert user

    if end == "sign-out":
        users.sign_out_everywhere(user.user_id, invocation_id="one")
    elif end == "block":
        users.set_blocked(user.user_id, True)
    else:
        sessions.revoke(user.user_id, session().sid, "test")

    assert refreshed(app, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert bound_userinfo(HOLDER, tokens["access_token"]).status == 401


def test_a_smaller_scope_is_for_that_token_only() -> None:
    app = fapi_client()
    tokens = tokens_of(app)

    assert refreshed(app, tokens["refresh_token"], scope="openid").json["scope"] == "openid"
    assert refreshed(app, tokens["refresh_token"]).json["scope"] == REQUEST["scope"]
    assert refreshed(app, tokens["refresh_token"], scope="openid phone").json["error"] == "invalid_scope"


def test_a_refresh_is_one_read_one_write_and_one_for_the_assertion() -> None:
    app = fapi_client()
    tokens = tokens_of(app)

    signed = proof(HOLDER, nonce=nonce())
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "dpop": signed}
    token(**form, **authenticated(app))
    with trouble() as sent:
        assert token(**form, **authenticated(app)).status == 200
    assert sent == ["dynamodb.PutItem", "dynamodb.GetItem", "dynamodb.UpdateItem"]


@pytest.mark.row(32)
def test_a_lost_answer_is_no_theft() -> None:
    app = fapi_client(refresh_grace_seconds=0)
    tokens = tokens_of(app)

    with trouble({"dynamodb.UpdateItem": [lose_answer, lose_answer]}):
        assert refreshed(app, tokens["refresh_token"]).json["refresh_token"] == tokens["refresh_token"]
    assert refreshed(app, tokens["refresh_token"]).status == 200


def test_a_refresh_token_that_is_made_up_is_none() -> None:
    app = fapi_client()
    given = tokens_of(app)["refresh_token"]

    for made_up in (given[:-4] + "AAAA", part(given.encode()), given[:-1], "x"):
        assert refreshed(app, made_up).json["error"] == "invalid_grant"
