"""The authorization code: for one client, one redirect URI, one minute, one use (rows 9 to 11)."""

import pytest

from gatehouse import client_registration, clients, jose, users
from tests.unit.flows import (
    CALLBACK,
    basic,
    browser_of,
    exchange,
    introspect,
    later,
    new_client,
    new_code,
    new_user,
    refresh,
    sign_out_everywhere,
    tokens_of,
    userinfo,
)

OTHER = "https://app.example.com/other"


@pytest.mark.row(9)
def test_another_client_cannot_redeem_it_and_its_own_still_can() -> None:
    app, thief, browser = new_client(), new_client(), browser_of(new_user())
    confidential = new_client("web")
    code = new_code(app.client_id, browser)

    assert exchange(thief.client_id, code).json["error"] == "invalid_grant"
    proof = basic(confidential.client_id, confidential.secret)
    assert exchange("", code, authorization=proof).json["error"] == "invalid_grant"
    assert exchange(app.client_id, code).status == 200


@pytest.mark.row(9)
@pytest.mark.parametrize("redirect_uri", [OTHER, "", f"{CALLBACK}/", "https://evil.test/callback"])
def test_the_redirect_uri_must_be_that_of_the_request(redirect_uri: str) -> None:
    app, browser = new_client(redirect_uris=[CALLBACK, OTHER]), browser_of(new_user())

    assert exchange(app.client_id, new_code(app.client_id, browser), redirect_uri=redirect_uri).json["error"] == "invalid_grant"


@pytest.mark.row(9)
def test_a_redirect_uri_that_was_not_sent_need_not_be_repeated() -> None:
    app, browser = new_client(), browser_of(new_user())
    without, with_it, wrong = (new_code(app.client_id, browser, redirect_uri="") for _ in range(3))

    assert exchange(app.client_id, without, redirect_uri="").status == 200
    assert exchange(app.client_id, with_it).status == 200
    assert exchange(app.client_id, wrong, redirect_uri=OTHER).json["error"] == "invalid_grant"


@pytest.mark.row(10)
def test_it_lives_a_minute() -> None:
    app, browser = new_client(), browser_of(new_user())
    in_time, too_late = (new_code(app.client_id, browser) for _ in range(2))

    with later(59):
        assert exchange(app.client_id, in_time).status == 200
    with later(61):
        assert exchange(app.client_id, too_late).json["error"] == "invalid_grant"


@pytest.mark.row(11)
def test_a_second_use_ends_what_the_first_one_bought() -> None:
    app, api, browser = new_client(), new_client("machine"), browser_of(new_user())
    code = new_code(app.client_id, browser)
    bought = exchange(app.client_id, code).json

    second = exchange(app.client_id, code)

    assert (second.status, second.json["error"]) == (400, "invalid_grant")
    assert second.headers["content-type"] == "application/json"
    assert userinfo(bought["access_token"]).status == 401
    assert refresh(app.client_id, bought["refresh_token"]).json["error"] == "invalid_grant"
    assert introspect(api, bought["access_token"]) == {"active": False}


@pytest.mark.row(11)
@pytest.mark.parametrize("seconds", [30, 59, 61, 3000])
def test_a_second_use_ends_it_however_late_it_comes(seconds: int) -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser)
    bought = exchange(app.client_id, code).json

    with later(seconds):
        assert exchange(app.client_id, code).json["error"] == "invalid_grant"
        assert userinfo(bought["access_token"]).status == 401
        assert refresh(app.client_id, bought["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.row(11)
def test_a_third_use_is_refused_too() -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser)

    assert [exchange(app.client_id, code).status for _ in range(3)] == [200, 400, 400]


@pytest.mark.row(11)
def test_two_sign_ins_of_one_browser_are_two_grants() -> None:
    app, browser = new_client(), browser_of(new_user())
    kept = tokens_of(app.client_id, browser)
    code = new_code(app.client_id, browser)
    exchange(app.client_id, code)
    exchange(app.client_id, code)

    assert userinfo(kept["access_token"]).status == 200


def test_a_code_from_before_a_global_sign_out_is_worth_nothing_after_it() -> None:
    app, browser = new_client(), browser_of(new_user())
    waiting, tokens = new_code(app.client_id, browser), tokens_of(app.client_id, browser)

    assert sign_out_everywhere(tokens["access_token"]).status == 204
    assert exchange(app.client_id, waiting).json["error"] == "invalid_grant"


def test_a_code_of_a_person_who_was_blocked_meanwhile_is_worth_nothing() -> None:
    user = new_user()
    app = new_client()
    code = new_code(app.client_id, browser_of(user))
    users.set_blocked(user.user_id, True)

    assert exchange(app.client_id, code).json["error"] == "invalid_grant"


@pytest.mark.parametrize("spoil", ["first", "middle", "last", "shortened", "prolonged", "padded", "empty seal"])
def test_a_code_that_was_touched_is_no_code(spoil: str) -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser)
    middle = len(code) // 2
    touched = {
        "first": _other(code[0]) + code[1:],
        "middle": code[:middle] + _other(code[middle]) + code[middle + 1 :],
        "last": code[:-1] + _other(code[-1]),
        "shortened": code[:-1],
        "prolonged": code + "A",
        "padded": code + "=",
        "empty seal": code[:8],
    }[spoil]

    assert exchange(app.client_id, touched).json["error"] == "invalid_grant"


def _other(character: str) -> str:
    return "B" if character == "A" else "A"


def test_a_refresh_token_or_cookie_is_no_code() -> None:
    app, browser = new_client(), browser_of(new_user())
    tokens = tokens_of(app.client_id, browser)

    for value in (
        tokens["refresh_token"],
        tokens["access_token"],
        tokens["id_token"],
        browser.cookies["__Host-gatehouse"],
    ):
        assert exchange(app.client_id, value).json["error"] == "invalid_grant"


def test_nobody_without_the_key_can_read_what_it_says() -> None:
    user, app = new_user(), new_client()
    code = new_code(app.client_id, browser_of(user))

    opened = jose.b64decode(code[8:])

    for secret in (user.user_id, app.client_id, CALLBACK, "openid", "nonce-1"):
        assert secret.encode() not in opened


def test_a_client_that_may_no_longer_exchange_codes_is_refused() -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser)
    client_registration.change(app.client_id, grant_types=["refresh_token"])
    clients.forget()

    assert exchange(app.client_id, code).json["error"] == "unauthorized_client"
