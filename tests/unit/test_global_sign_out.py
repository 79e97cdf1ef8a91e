"""Signing out everywhere: every device, every client, every kind of token, at once (row 38)."""

from typing import Any

import jwt
import pytest

from gatehouse import users
from tests.unit.conftest import ISSUER, Answer, call, context, function
from tests.unit.faults import THROTTLED, always, lose_answer, trouble
from tests.unit.flows import (
    CALLBACK,
    VERIFIER,
    Browser,
    basic,
    exchange,
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
from tests.unit.test_sessions import silent

pytestmark = pytest.mark.row(38)
ORIGIN = "https://app.example.com"


def authorized(access_token: str, audience: str = ISSUER) -> bool:
    """What our Lambda authorizer tells API Gateway."""
    event = {
        "headers": {"authorization": f"Bearer {access_token}"},
        "stageVariables": {"audience": audience},
        "requestContext": {},
    }
    return bool(function("authorizer")(event, context())["isAuthorized"])


def with_operator(user_id: str, *, scope: str = "delete:sessions", body: str = "") -> Answer:
    operator = new_client("machine", audience=f"{ISSUER}/api/v2/", scopes=[scope])
    bearer = token(grant_type="client_credentials", authorization=basic(operator.client_id, operator.secret)).json["access_token"]
    headers = {"authorization": f"Bearer {bearer}"} | ({"content-type": "application/json"} if body else {})
    path = f"/api/v2/users/{user_id}/revoke-access"
    return call("global_sign_out", "POST", path, body=body, headers=headers, path_parameters={"id": user_id})


def test_two_devices_and_three_clients_are_out_in_the_same_second() -> None:
    new_user()
    api = new_client("machine")
    spa, native = new_client(), new_client("native", redirect_uris=[CALLBACK])
    in_cookie = new_client(refresh_cookie=True)
    devices = [Browser(), Browser()]
    everything: list[tuple[str, dict[str, Any]]] = []
    with later(0):
        for device in devices:
            for app in (spa, native):
                everything.append((app.client_id, exchange(app.client_id, _code(device, app.client_id)).json))
        assert all(authorized(tokens["access_token"]) for _, tokens in everything)
        cookies = _exchange_into_cookie(in_cookie.client_id, _code(devices[1], in_cookie.client_id))

        assert sign_out_everywhere(everything[0][1]["access_token"]).status == 204

        for client_id, tokens in everything:
            assert userinfo(tokens["access_token"]).status == 401
            assert introspect(api, tokens["access_token"]) == {"active": False}
            assert not authorized(tokens["access_token"])
            assert refresh(client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
        answer = call(
            "token_refresh",
            "POST",
            "/session/refresh",
            query={"client_id": in_cookie.client_id},
            headers={"origin": ORIGIN},
            cookies=cookies,
        )
        assert answer.json["error"] == "invalid_grant"
        assert "Max-Age=0" in answer.cookies[0]
        for device in devices:
            assert silent(device, spa.client_id) == "login_required"


def _code(device: Browser, client_id: str) -> str:
    started = device.authorize(client_id)
    return started.sent_back.get("code") or device.sign_in(client_id).sent_back["code"]


def _exchange_into_cookie(client_id: str, code: str) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    answer = call("token_exchange", "POST", "/oauth/token", form=form, headers={"origin": ORIGIN})
    name, _, value = answer.cookies[0].split(";")[0].partition("=")
    return {name: value}


def test_tokens_of_the_same_second_are_not_brought_back_by_signing_in_again() -> None:
    new_user()
    app = new_client()
    with later(0):
        before = signed_in(app.client_id)
        sign_out_everywhere(before["access_token"])
        after = signed_in(app.client_id)

        assert userinfo(before["access_token"]).status == 401
        assert refresh(app.client_id, before["refresh_token"]).json["error"] == "invalid_grant"
        assert userinfo(after["access_token"]).status == 200
        assert refresh(app.client_id, after["refresh_token"]).status == 200


def test_a_code_on_its_way_is_dead_too() -> None:
    new_user()
    app = new_client()
    tokens = signed_in(app.client_id)
    code = Browser().sign_in(app.client_id).sent_back["code"]
    sign_out_everywhere(tokens["access_token"])

    assert exchange(app.client_id, code).json["error"] == "invalid_grant"


def test_others_stay_signed_in() -> None:
    new_user()
    new_user("eve@example.com")
    app = new_client()
    mine = signed_in(app.client_id)
    hers = exchange(app.client_id, Browser().sign_in(app.client_id, "eve@example.com").sent_back["code"]).json
    sign_out_everywhere(mine["access_token"])

    assert userinfo(hers["access_token"]).status == 200


def test_a_dead_token_signs_nobody_out() -> None:
    user, app = new_user(), new_client()
    dead = signed_in(app.client_id)
    sign_out_everywhere(dead["access_token"])
    alive = signed_in(app.client_id)

    answer = sign_out_everywhere(dead["access_token"])

    assert answer.status == 401
    assert "invalid_token" in answer.headers["www-authenticate"]
    assert userinfo(alive["access_token"]).status == 200
    with later(601):
        assert sign_out_everywhere(alive["access_token"]).status == 401
    found = users.get(user.user_id)
    assert found is not None and found.epoch == user.epoch + 1


def test_only_a_person_s_access_token_does_it() -> None:
    new_user()
    app, machine = new_client(), new_client("machine", audience=ISSUER, scopes=["openid"])
    tokens = signed_in(app.client_id)
    without_openid = signed_in(app.client_id, scope="profile")
    of_machine = token(grant_type="client_credentials", authorization=basic(machine.client_id, machine.secret)).json

    for value, status in (
        (tokens["id_token"], 401),
        (tokens["refresh_token"], 401),
        (of_machine["access_token"], 401),
        (without_openid["access_token"], 403),
        ("", 401),
    ):
        assert sign_out_everywhere(value).status == status
    assert userinfo(tokens["access_token"]).status == 200


@pytest.mark.row(46)
def test_an_operator_signs_somebody_out_everywhere() -> None:
    user, app = new_user(), new_client()
    browser = Browser()
    tokens = signed_in(app.client_id, browser)

    assert with_operator(user.user_id).status == 204

    assert userinfo(tokens["access_token"]).status == 401
    assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(46, 84)
def test_an_operator_needs_the_scope() -> None:
    user = new_user()

    assert with_operator(user.user_id, scope="read:users").status == 403


@pytest.mark.row(89)
@pytest.mark.parametrize("user_id", ["gatehouse|nobody", "x", "a#SESSION#b", "USER#x", "x" * 2048, "..%2f", "gatehouse|a\nUSER"])
def test_an_operator_who_names_nobody_is_told_so(user_id: str) -> None:
    assert with_operator(user_id).status == 404


@pytest.mark.parametrize(
    "body",
    [
        "x",
        "[]",
        '{"session_id": 1}',
        '{"session_id": "x"}',
        '{"all": true}',
        '{"preserve_refresh_tokens": true}',
        "1e999",
    ],
)
def test_an_operator_s_body_that_means_something_else_ends_nothing(body: str) -> None:
    user, app = new_user(), new_client()
    tokens = signed_in(app.client_id)

    assert with_operator(user.user_id, body=body).status == 400
    assert userinfo(tokens["access_token"]).status == 200


def test_a_lost_answer_is_one_sign_out_and_not_an_error() -> None:
    user, app = new_user(), new_client()
    tokens = signed_in(app.client_id)

    with trouble({"dynamodb.UpdateItem": [lose_answer]}):
        assert sign_out_everywhere(tokens["access_token"]).status == 204

    found = users.get(user.user_id)
    assert found is not None and found.epoch == user.epoch + 1


def test_when_it_could_not_be_done_the_caller_is_told_and_can_repeat_it() -> None:
    new_user()
    app = new_client()
    tokens = signed_in(app.client_id)

    with trouble({"dynamodb.UpdateItem": always(THROTTLED)}):
        answer = sign_out_everywhere(tokens["access_token"])

    assert (answer.status, answer.json["errorCode"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert userinfo(tokens["access_token"]).status == 200
    assert sign_out_everywhere(tokens["access_token"]).status == 204
    assert userinfo(tokens["access_token"]).status == 401


def test_it_takes_one_write_whatever_the_number_of_sessions() -> None:
    new_user()
    app = new_client()
    tokens = [signed_in(app.client_id) for _ in range(5)]

    with trouble() as sent:
        sign_out_everywhere(tokens[0]["access_token"])

    assert len([operation for operation in sent if operation != "dynamodb.Query"]) == 1
    assert {userinfo(each["access_token"]).status for each in tokens} == {401}


def test_what_the_authorizer_refuses_it_refuses_by_state_and_not_by_signature() -> None:
    new_user()
    app = new_client(audience="https://api.example.com")
    tokens = signed_in(app.client_id)
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})

    assert authorized(tokens["access_token"], "https://api.example.com")
    sign_out_everywhere(tokens["access_token"])
    assert not authorized(tokens["access_token"], "https://api.example.com")
    assert claims["exp"] > claims["iat"]
