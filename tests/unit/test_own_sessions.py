"""The account page lists where a person is signed in, and ends one session of theirs and nobody else's."""

import re

import pytest

from gatehouse import devices
from tests.unit.conftest import Answer
from tests.unit.flows import Browser, browser_of, claims_of, hidden_fields, later, new_client, new_user, refresh, tokens_of, userinfo

ACCOUNT = "/u/account"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


def page_of(browser: Browser) -> Answer:
    page = browser.get("hosted_pages", ACCOUNT)
    assert page.status == 200, page.body
    return page


def listed(page: Answer) -> list[str]:
    """The sessions on the page, in its order."""
    return re.findall(r'name="end" value="([^"]+)"', page.body)


@pytest.mark.row(46)
def test_a_person_sees_where_they_are_signed_in_the_last_used_first() -> None:
    browser, shop, music = browser_of(new_user()), new_client(name="Shop"), new_client(name="Music")
    first = tokens_of(shop.client_id, browser)
    with later(100):
        second = tokens_of(music.client_id, browser)
    with later(200):
        refresh(shop.client_id, first["refresh_token"])
        page = page_of(browser)

    assert listed(page) == [claims_of(tokens["access_token"])["sid"] for tokens in (first, second)]
    assert "Shop" in page.body and "Music" in page.body


@pytest.mark.row(46)
def test_they_end_one_and_the_others_live_on() -> None:
    browser, app = browser_of(new_user()), new_client()
    ended, kept = (tokens_of(app.client_id, browser) for _ in range(2))

    answer = browser.fill(page_of(browser), ACCOUNT, end=claims_of(ended["access_token"])["sid"])

    assert "That session is over." in answer.body
    assert listed(answer) == [claims_of(kept["access_token"])["sid"]]
    assert userinfo(ended["access_token"]).status == 401
    assert refresh(app.client_id, ended["refresh_token"]).json["error"] == "invalid_grant"
    assert refresh(app.client_id, kept["refresh_token"]).status == 200


@pytest.mark.row(46)
def test_another_person_s_session_is_neither_shown_nor_ended() -> None:
    app, ada, bob = new_client(), browser_of(new_user()), browser_of(new_user("bob@example.com"))
    tokens = tokens_of(app.client_id, bob)

    assert listed(page_of(ada)) == []
    ada.fill(page_of(ada), ACCOUNT, end=claims_of(tokens["access_token"])["sid"])

    assert userinfo(tokens["access_token"]).status == 200


@pytest.mark.row(46, 89)
@pytest.mark.parametrize("sid", ["x", "#", "AAAA", "SESSION#x", "../USER", "x" * 2000, "é"])
def test_what_is_no_session_id_is_refused(sid: str) -> None:
    browser = browser_of(new_user())

    assert browser.fill(page_of(browser), ACCOUNT, end=sid).status == 400


@pytest.mark.row(46, 60)
def test_a_form_without_the_page_s_token_ends_nothing() -> None:
    browser, app = browser_of(new_user()), new_client()
    tokens = tokens_of(app.client_id, browser)
    fields = hidden_fields(page_of(browser)) | {"csrf": "x", "end": claims_of(tokens["access_token"])["sid"]}

    assert browser.post("hosted_pages", ACCOUNT, fields).status == 403
    assert userinfo(tokens["access_token"]).status == 200


def test_sessions_that_are_over_are_not_shown() -> None:
    browser, app = browser_of(new_user()), new_client(session_idle_seconds=300)
    tokens_of(app.client_id, browser)

    with later(301):
        assert listed(page_of(browser)) == []


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/142.0.0.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("python-httpx/0.28.1", "python-httpx/0.28.1"),
        ("", ""),
    ],
)
def test_a_device_is_told_by_browser_and_system(user_agent: str, words: str) -> None:
    assert devices.in_words(user_agent) == words
