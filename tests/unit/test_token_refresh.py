"""Refreshing with a cookie: no script sees the refresh token, and only the application's own pages can use it."""

from typing import Any

import pytest

from gatehouse import client_registration, clients
from tests.unit.conftest import Answer, call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import (
    CALLBACK,
    VERIFIER,
    Browser,
    browser_of,
    later,
    new_client,
    new_code,
    new_user,
    sign_out_everywhere,
    userinfo,
)

PAGE = "https://app.example.com"
ELSEWHERE = [
    *(
        "",
        "null",
        "https://evil.test",
        "https://app.example.com.evil.test",
        "https://evil.test/https://app.example.com",
    ),
    *("http://app.example.com", "https://app.example.com/", "https://APP.example.com", "https://app.example.com:443"),
    *(
        "https://app.example.com,https://app.example.com",
        "https://app.example.com https://evil.test",
        "*",
        "app.example.com",
    ),
]


def cookie_client(**properties: Any) -> str:
    return new_client(refresh_cookie=True, **properties).client_id


def cookie_name(client_id: str) -> str:
    return f"__Host-gatehouse-refresh-{client_id}"


def exchanged(client_id: str, browser: Browser, *, origin: str = PAGE) -> Answer:
    form = {"grant_type": "authorization_code", "client_id": client_id, "code": new_code(client_id, browser)}
    form |= {"redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return browser.post("token_exchange", "/oauth/token", form, headers={"origin": origin})


def refreshed(client_id: str, browser: Browser, *, origin: str = PAGE, method: str = "POST", **more: Any) -> Answer:
    headers = {"origin": origin} if origin else {}
    query = {"client_id": client_id}
    answer = call("token_refresh", method, "/session/refresh", query=query, headers=headers, cookies=browser.cookies, **more)
    return browser._kept(answer)


def signed_in(**properties: Any) -> tuple[str, Browser]:
    """A client with a refresh cookie, and a browser that holds one for it."""
    client_id, browser = cookie_client(**properties), browser_of(new_user())
    assert exchanged(client_id, browser).status == 200
    return client_id, browser


def test_the_refresh_token_goes_into_a_cookie_and_never_into_a_body() -> None:
    client_id, browser = cookie_client(), browser_of(new_user())

    first = exchanged(client_id, browser)
    token = browser.cookies[cookie_name(client_id)]
    second = refreshed(client_id, browser)

    for answer in (first, second):
        assert answer.status == 200
        assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope", "id_token"}
        assert token not in answer.body
        assert browser.cookies[cookie_name(client_id)] not in answer.body
        assert answer.headers["cache-control"] == "no-store"
    assert browser.cookies[cookie_name(client_id)] != token
    assert userinfo(second.json["access_token"]).status == 200


@pytest.mark.row(43)
def test_the_cookie_is_for_this_host_and_out_of_reach_of_scripts() -> None:
    client_id, browser = cookie_client(session_idle_seconds=3600), browser_of(new_user())

    [cookie] = exchanged(client_id, browser).cookies

    name, *attributes = cookie.split("; ")
    assert name.startswith(f"{cookie_name(client_id)}=")
    assert set(attributes) == {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=3600"}


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_a_call_from_elsewhere_is_refused_and_spends_nothing(origin: str) -> None:
    client_id, browser = signed_in()
    before = dict(browser.cookies)

    refused = refreshed(client_id, browser, origin=origin)

    assert (refused.status, refused.json["error"]) == (403, "access_denied")
    assert not refused.cookies
    assert "access-control-allow-origin" not in refused.headers
    assert browser.cookies == before
    assert refreshed(client_id, browser).status == 200


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_a_code_is_not_exchanged_for_a_cookie_from_elsewhere(origin: str) -> None:
    refused = exchanged(cookie_client(), browser_of(new_user()), origin=origin)

    assert (refused.status, refused.json["error"]) == (403, "access_denied")
    assert not refused.cookies


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:5173"])
def test_only_a_registered_origin_is_let_read_the_answer(origin: str) -> None:
    client_id, browser = signed_in(web_origins=[PAGE, "http://localhost:5173"])

    for answer in (refreshed(client_id, browser, origin=origin), exchanged(client_id, browser, origin=origin)):
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"


def test_a_preflight_is_answered_for_registered_origins_only() -> None:
    client_id = cookie_client()

    allowed = refreshed(client_id, Browser(), method="OPTIONS")
    assert allowed.status == 204
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert allowed.headers["access-control-allow-methods"] == "POST"
    for origin in ELSEWHERE:
        assert "access-control-allow-origin" not in refreshed(client_id, Browser(), method="OPTIONS", origin=origin).headers


@pytest.mark.parametrize("value", ["", "x", "é", "a.b.c", "\x00", "x" * 9000])
def test_a_refused_token_takes_its_cookie_away(value: str) -> None:
    client_id = cookie_client()
    browser = Browser(cookies={cookie_name(client_id): value} if value else {})

    refused = refreshed(client_id, browser)

    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert refused.cookies == [f"{cookie_name(client_id)}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"]
    assert refused.headers["access-control-allow-origin"] == PAGE


def test_after_a_global_sign_out_the_cookie_goes_with_the_refusal() -> None:
    client_id, browser = signed_in()
    access = refreshed(client_id, browser).json["access_token"]

    sign_out_everywhere(access)

    assert refreshed(client_id, browser).json["error"] == "invalid_grant"
    assert cookie_name(client_id) not in browser.cookies


def test_two_tabs_that_refresh_at_once_both_stay_signed_in() -> None:
    client_id, browser = signed_in()
    other = Browser(cookies=dict(browser.cookies))

    assert refreshed(client_id, browser).status == refreshed(client_id, other).status == 200
    assert browser.cookies == other.cookies


def test_a_stolen_cookie_that_is_used_late_ends_the_session_for_both() -> None:
    client_id, browser = signed_in()
    thief = Browser(cookies=dict(browser.cookies))
    refreshed(client_id, browser)

    with later(60):
        assert refreshed(client_id, thief).json["error"] == "invalid_grant"
        assert refreshed(client_id, browser).json["error"] == "invalid_grant"


def test_trouble_is_503_that_the_page_can_read_and_the_cookie_stays() -> None:
    client_id, browser = signed_in()
    before = dict(browser.cookies)

    with trouble({"dynamodb.UpdateItem": always(THROTTLED)}):
        failed = refreshed(client_id, browser)

    assert (failed.status, failed.json["error"]) == (503, "temporarily_unavailable")
    assert failed.headers["access-control-allow-origin"] == PAGE
    assert "retry-after" in failed.headers
    assert browser.cookies == before
    assert refreshed(client_id, browser).status == 200


def test_a_client_that_lost_the_refresh_grant_gets_nothing_more() -> None:
    client_id, browser = signed_in()
    client_registration.change(client_id, grant_types=["authorization_code"])
    clients.forget()

    refused = refreshed(client_id, browser)

    assert (refused.status, refused.json["error"]) == (400, "unauthorized_client")
    assert not refused.cookies


def test_the_cookie_of_one_client_is_nothing_to_another() -> None:
    client_id, browser = signed_in()
    other = cookie_client()
    browser.cookies[cookie_name(other)] = browser.cookies[cookie_name(client_id)]

    assert refreshed(other, browser).json["error"] == "invalid_grant"
    assert refreshed(client_id, browser).status == 200


def test_a_token_that_a_script_sends_along_is_not_read() -> None:
    client_id, browser = signed_in()
    form = {"refresh_token": browser.cookies[cookie_name(client_id)]}

    assert refreshed(client_id, Browser(), form=form).json["error"] == "invalid_grant"


@pytest.mark.parametrize("client_id", ["", "unknown", "x" * 300, "é", "\x00"])
def test_a_client_without_a_refresh_cookie_is_refused(client_id: str) -> None:
    for named in (client_id, new_client().client_id, new_client("machine").client_id):
        refused = refreshed(named, Browser())
        assert (refused.status, refused.json["error"]) == (401, "invalid_client")
        assert "access-control-allow-origin" not in refused.headers


def test_the_client_may_be_named_in_a_form() -> None:
    client_id, browser = signed_in()

    answer = browser.post("token_refresh", "/session/refresh", {"client_id": client_id}, headers={"origin": PAGE})

    assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_it_is_only_for_post(method: str) -> None:
    client_id, browser = signed_in()

    refused = refreshed(client_id, browser, method=method)

    assert (refused.status, refused.headers["allow"]) == (405, "POST, OPTIONS")


def test_refused_codes_leave_the_cookie_of_an_earlier_sign_in_alone() -> None:
    client_id, browser = signed_in()
    form = {"grant_type": "authorization_code", "client_id": client_id, "code": "unknown", "redirect_uri": CALLBACK}

    refused = browser.post("token_exchange", "/oauth/token", form | {"code_verifier": VERIFIER}, headers={"origin": PAGE})

    assert refused.json["error"] == "invalid_grant"
    assert refused.headers["access-control-allow-origin"] == PAGE
    assert refreshed(client_id, browser).status == 200
