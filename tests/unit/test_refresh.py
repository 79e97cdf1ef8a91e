"""Refresh tokens: rotation, reuse, grace, expiry, and what trouble with AWS does to them."""

import jwt
import pytest
from time_machine import travel

from gatehouse import client_registration, clients, table, users
from tests.unit.conftest import ISSUER, Answer, call, forget
from tests.unit.faults import trouble
from tests.unit.flows import (
    basic,
    claims_of,
    introspect,
    later,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    signed_in,
    token,
    userinfo,
)


def error(answer: Answer) -> str:
    assert answer.status == 400, answer.body
    return str(answer.json["error"])


@pytest.mark.row(31)
def test_a_stolen_refresh_token_ends_the_session_for_thief_and_owner(capsys: pytest.CaptureFixture[str]) -> None:
    new_user()
    app = new_client()
    first = signed_in(app.client_id)
    second = refresh(app.client_id, first["refresh_token"]).json
    capsys.readouterr()

    with later(60):
        assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
        assert '"RefreshTokenReuse":1' in capsys.readouterr().out
        assert error(refresh(app.client_id, second["refresh_token"])) == "invalid_grant"
        for tokens in (first, second):
            assert userinfo(tokens["access_token"]).status == 401


@pytest.mark.row(33)
@pytest.mark.parametrize("seconds", [0, 1, 10])
def test_within_the_grace_all_get_the_same_successor(seconds: int) -> None:
    new_user()
    app = new_client(refresh_grace_seconds=10)
    first = signed_in(app.client_id)

    with later(0):
        second = refresh(app.client_id, first["refresh_token"]).json
        with later(seconds):
            again = refresh(app.client_id, first["refresh_token"]).json

    assert again["refresh_token"] == second["refresh_token"]
    assert userinfo(second["access_token"]).status == 200


@pytest.mark.row(33)
def test_a_second_after_the_grace_it_is_theft() -> None:
    new_user()
    app = new_client(refresh_grace_seconds=10)
    first = signed_in(app.client_id)

    with later(0):
        second = refresh(app.client_id, first["refresh_token"]).json
        with later(11):
            assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
            assert error(refresh(app.client_id, second["refresh_token"])) == "invalid_grant"


@pytest.mark.row(33)
def test_two_generations_back_is_theft_even_within_the_grace() -> None:
    new_user()
    app = new_client(refresh_grace_seconds=60)
    first = signed_in(app.client_id)

    with later(0):
        second = refresh(app.client_id, first["refresh_token"]).json
        third = refresh(app.client_id, second["refresh_token"]).json
        assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
        assert error(refresh(app.client_id, third["refresh_token"])) == "invalid_grant"


@pytest.mark.row(33)
def test_a_grace_that_is_used_over_and_over_is_not_prolonged() -> None:
    new_user()
    app = new_client(refresh_grace_seconds=10)
    first = signed_in(app.client_id)

    with later(0):
        for _ in range(3):
            assert refresh(app.client_id, first["refresh_token"]).status == 200
        with later(6):
            assert refresh(app.client_id, first["refresh_token"]).status == 200
            with later(5):
                assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"


@pytest.mark.row(32, 33)
def test_without_a_grace_only_the_first_of_two_succeeds() -> None:
    new_user()
    app = new_client(refresh_grace_seconds=0)
    first = signed_in(app.client_id)

    assert refresh(app.client_id, first["refresh_token"]).status == 200
    assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"


@pytest.mark.row(34)
def test_a_cold_start_forgets_no_reuse() -> None:
    new_user()
    app = new_client(refresh_grace_seconds=0)
    first = signed_in(app.client_id)
    second = refresh(app.client_id, first["refresh_token"]).json

    forget()
    assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
    forget()
    assert error(refresh(app.client_id, second["refresh_token"])) == "invalid_grant"


@pytest.mark.row(35)
def test_another_client_gets_nothing_for_it_and_the_owner_loses_nothing() -> None:
    new_user()
    app, other, confidential = new_client(), new_client(), new_client("web")
    first = signed_in(app.client_id)

    assert error(refresh(other.client_id, first["refresh_token"])) == "invalid_grant"
    authorization = basic(confidential.client_id, confidential.secret)
    answer = token(grant_type="refresh_token", refresh_token=first["refresh_token"], authorization=authorization)
    assert error(answer) == "invalid_grant"
    assert refresh(app.client_id, first["refresh_token"]).status == 200


@pytest.mark.row(35)
def test_a_larger_scope_is_refused_and_spends_nothing() -> None:
    new_user()
    app = new_client()
    first = signed_in(app.client_id, scope="openid email")

    for scope in ("openid email profile", "address", "openid email management"):
        assert error(refresh(app.client_id, first["refresh_token"], scope=scope)) == "invalid_scope"
    assert refresh(app.client_id, first["refresh_token"]).json["scope"] == "openid email"


@pytest.mark.row(35)
def test_a_smaller_scope_holds_for_one_access_token_and_not_for_the_session() -> None:
    new_user()
    app = new_client()
    first = signed_in(app.client_id, scope="openid email")

    smaller = refresh(app.client_id, first["refresh_token"], scope="openid").json
    after = refresh(app.client_id, smaller["refresh_token"]).json

    assert smaller["scope"] == "openid"
    assert "email" not in userinfo(smaller["access_token"]).json
    assert after["scope"] == "openid email"
    assert userinfo(after["access_token"]).json["email"] == "ada@example.com"


@pytest.mark.row(36)
def test_left_alone_it_ends_although_the_item_is_still_there() -> None:
    new_user()
    app = new_client(session_idle_seconds=3600)
    first = signed_in(app.client_id)

    with later(3601):
        assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
        claims = jwt.decode(first["access_token"], options={"verify_signature": False})
        assert table.get(table.session_key(claims["sub"], claims["sid"])) is not None


@pytest.mark.row(36)
def test_every_refresh_begins_the_idle_time_anew() -> None:
    new_user()
    app = new_client(session_idle_seconds=3600)
    tokens = signed_in(app.client_id)

    with travel(0, tick=False) as now:
        now.move_to(jwt.decode(tokens["access_token"], options={"verify_signature": False})["iat"])
        for _ in range(4):
            now.shift(3000)
            answer = refresh(app.client_id, tokens["refresh_token"])
            assert answer.status == 200
            tokens = answer.json


@pytest.mark.row(37)
def test_a_block_ends_it_at_the_next_refresh_and_lifting_the_block_brings_nothing_back() -> None:
    user, app = new_user(), new_client()
    first = signed_in(app.client_id)

    users.set_blocked(user.user_id, True)
    assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
    users.set_blocked(user.user_id, False)
    assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
    assert userinfo(first["access_token"]).status == 401


@pytest.mark.row(37)
def test_a_deleted_user_gets_nothing() -> None:
    user, app = new_user(), new_client()
    first = signed_in(app.client_id)

    table.delete(table.user_key(user.user_id))

    assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
    assert userinfo(first["access_token"]).status == 401


@pytest.mark.row(37, 38)
def test_a_sign_out_everywhere_is_no_theft(capsys: pytest.CaptureFixture[str]) -> None:
    new_user()
    app = new_client()
    first = signed_in(app.client_id)
    sign_out_everywhere(first["access_token"])

    assert error(refresh(app.client_id, first["refresh_token"])) == "invalid_grant"
    assert "RefreshTokenReuse" not in capsys.readouterr().out


@pytest.mark.row(40)
def test_revoking_it_ends_its_access_tokens_and_its_successors() -> None:
    new_user()
    app, api = new_client("web"), new_client("machine")
    authorization = basic(app.client_id, app.secret)
    tokens = signed_in(new_client().client_id)
    owner = jwt.decode(tokens["access_token"], options={"verify_signature": False})["client_id"]
    second = refresh(owner, tokens["refresh_token"]).json

    stranger = call(
        "revoke",
        "POST",
        "/oauth/revoke",
        form={"token": second["refresh_token"]},
        headers={"authorization": authorization},
    )
    assert stranger.status == 200
    assert userinfo(second["access_token"]).status == 200
    mine = call("revoke", "POST", "/oauth/revoke", form={"token": tokens["refresh_token"], "client_id": owner})
    assert mine.status == 200

    for revoked in (tokens, second):
        assert userinfo(revoked["access_token"]).status == 401
        assert introspect(api, revoked["access_token"]) == {"active": False}
        assert error(refresh(owner, revoked["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("value", ["x", "A" * 500, "é", "a.b.c", " ", "\x00"])
def test_what_is_no_token_of_ours_never_reaches_the_table(value: str) -> None:
    app = new_client()
    refresh(app.client_id, "warm")

    with trouble() as sent:
        assert error(refresh(app.client_id, value)) == "invalid_grant"

    assert sent == []


def test_a_token_with_one_character_changed_is_not_ours() -> None:
    new_user()
    app = new_client()
    good = signed_in(app.client_id)["refresh_token"]

    for position in (0, 8, 30, len(good) - 1):
        other = "A" if good[position] != "A" else "B"
        assert error(refresh(app.client_id, good[:position] + other + good[position + 1 :])) == "invalid_grant"
    assert refresh(app.client_id, good).status == 200


def test_a_scope_and_an_api_that_were_taken_from_the_client_are_not_in_its_next_tokens() -> None:
    app = new_client(resources=["https://orders.example.com"])
    new_user()
    tokens = signed_in(app.client_id, scope="openid email", resource="https://orders.example.com")
    client_registration.change(app.client_id, scopes=["openid"], resources=[])
    clients.forget()

    renewed = refresh(app.client_id, tokens["refresh_token"]).json

    assert renewed["scope"] == "openid"
    assert claims_of(renewed["access_token"])["aud"] == ISSUER
