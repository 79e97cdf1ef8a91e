"""Pushed authorization requests (RFC 9126): told to us by the client itself, named to the browser, good for one code."""

import pytest

from gatehouse import table
from tests.unit.conftest import ISSUER, Answer, call, forget
from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    PASSWORD,
    Browser,
    browser_of,
    claims_of,
    exchange,
    later,
    new_client,
    new_user,
    refresh,
    userinfo,
)
from tests.unit.signers import go, push
from tests.unit.test_login import start_again
from tests.unit.test_redirect_uris import shown_and_not_sent

PREFIX = "urn:ietf:params:oauth:request_uri:"


def request_of(client_id: str = "", **changes: str) -> dict[str, str]:
    """A good request; a change to "" leaves a parameter out."""
    usual = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid email", "state": "pushed", "nonce": "nonce-1"}
    usual |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256", "client_id": client_id}
    return {name: value for name, value in (usual | changes).items() if value}


def pushed(client_id: str, **changes: str) -> str:
    """The request_uri of a public client's request."""
    answer = push(request_of(client_id, **changes))
    assert answer.status == 201, answer.body
    request_uri: str = answer.json["request_uri"]
    return request_uri


def over(answer: Answer) -> bool:
    """Shown to the person; what the browser brought along beside the name goes nowhere."""
    return shown_and_not_sent(answer) and "request_uri" in answer.body


def test_a_client_pushes_its_request_and_the_browser_comes_with_its_name() -> None:
    app = new_client()
    answer = push(request_of(app.client_id))

    assert answer.status == 201
    assert set(answer.json) == {"request_uri", "expires_in"}
    assert answer.json["expires_in"] == 90
    assert answer.json["request_uri"].startswith(PREFIX)
    assert len(answer.json["request_uri"].removeprefix(PREFIX)) >= 22
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"

    back = go(browser_of(new_user()), app.client_id, answer.json["request_uri"])

    assert back.location.startswith(f"{CALLBACK}?")
    assert {name: back.sent_back[name] for name in ("state", "iss")} == {"state": "pushed", "iss": ISSUER}
    tokens = exchange(app.client_id, back.sent_back["code"]).json
    assert claims_of(tokens["id_token"])["nonce"] == "nonce-1"
    assert tokens["scope"] == "openid email"


def test_every_request_has_a_name_of_its_own() -> None:
    app = new_client()

    assert len({pushed(app.client_id) for _ in range(20)}) == 20


def test_a_browser_that_is_signed_on_uses_the_request_up_with_its_code() -> None:
    app, browser = new_client(), browser_of(new_user())
    request_uri = pushed(app.client_id)

    assert "code" in go(browser, app.client_id, request_uri).sent_back
    for again in (browser, Browser()):
        assert over(go(again, app.client_id, request_uri))
    forget()
    assert over(go(browser, app.client_id, request_uri))


def test_the_request_can_be_reloaded_until_its_code_is_issued() -> None:
    new_user()
    app, browser = new_client(), Browser()
    request_uri = pushed(app.client_id)

    pages = [go(browser, app.client_id, request_uri) for _ in range(3)]
    assert {page.location.partition("?")[0] for page in pages} == {f"{ISSUER}/u/login"}
    page = browser.get("hosted_pages", pages[1].location)
    assert browser.fill(page, "/u/login", email="ada@example.com", password="wrong").status == 400
    back = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)
    assert back.sent_back["state"] == "pushed"
    assert exchange(app.client_id, back.sent_back["code"]).status == 200
    assert over(go(browser, app.client_id, request_uri))


def test_login_then_consent_then_code_uses_it_up() -> None:
    new_user()
    app, browser = new_client(first_party=False), Browser()
    request_uri = pushed(app.client_id)

    page = browser.get("hosted_pages", go(browser, app.client_id, request_uri).location)
    consent = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)
    assert "/u/consent" in consent.location
    assert "/u/consent" in go(browser, app.client_id, request_uri).location
    back = browser.fill(browser.get("hosted_pages", consent.location), "/u/consent", decision="allow")
    assert exchange(app.client_id, back.sent_back["code"]).status == 200
    assert over(go(browser, app.client_id, request_uri))


def signed_in_by(request_uri: str, client_id: str, *emails: str) -> list[Answer]:
    """The answers to people who began with the same request before any of them was done."""
    browsers = [Browser() for _ in emails]
    pages = [browser.get("hosted_pages", go(browser, client_id, request_uri).location) for browser in browsers]
    tries = zip(browsers, pages, emails, strict=True)
    return [browser.fill(page, "/u/login", email=email, password=PASSWORD) for browser, page, email in tries]


@pytest.mark.row(11)
def test_of_two_people_who_began_with_one_request_one_gets_a_code() -> None:
    new_user(), new_user("grace@example.com")
    app = new_client()

    first, second = signed_in_by(pushed(app.client_id), app.client_id, "ada@example.com", "grace@example.com")

    assert (second.sent_back["error"], second.sent_back["state"]) == ("invalid_request", "pushed")
    assert set(second.sent_back) == {"error", "error_description", "state", "iss"}
    assert exchange(app.client_id, first.sent_back["code"]).status == 200


@pytest.mark.row(11)
@pytest.mark.parametrize("redeemed", [0, 1])
def test_one_person_who_is_done_twice_gets_codes_for_one_session(redeemed: int) -> None:
    new_user()
    app = new_client()
    answers = signed_in_by(pushed(app.client_id), app.client_id, "ada@example.com", "ada@example.com")
    codes = [answer.sent_back["code"] for answer in answers]

    # Whichever arrives is redeemed, and the other is a used code like any other.
    tokens = exchange(app.client_id, codes[redeemed]).json
    assert userinfo(tokens["access_token"]).status == 200
    assert exchange(app.client_id, codes[1 - redeemed]).json["error"] == "invalid_grant"
    assert userinfo(tokens["access_token"]).status == 401
    assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_an_error_that_goes_back_leaves_the_request_as_it_was() -> None:
    app = new_client()
    request_uri = pushed(app.client_id, prompt="none")

    for _ in range(2):
        assert go(Browser(), app.client_id, request_uri).sent_back["error"] == "login_required"
    assert "code" in go(browser_of(new_user()), app.client_id, request_uri).sent_back


def test_it_is_over_after_ninety_seconds_although_it_is_still_stored() -> None:
    app, browser = new_client(), browser_of(new_user())
    request_uri = pushed(app.client_id)

    for seconds in (90, 91, 3600, 10**6):
        with later(seconds):
            assert over(go(browser, app.client_id, request_uri))
    with later(89):
        assert "code" in go(browser, app.client_id, request_uri).sent_back


def test_whoever_began_in_time_may_take_longer_to_sign_in() -> None:
    new_user()
    app, browser = new_client(), Browser()
    page = browser.get("hosted_pages", go(browser, app.client_id, pushed(app.client_id)).location)

    with later(1700):
        assert "code" in browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD).sent_back


def test_the_item_outlives_every_sign_in_that_began_with_it() -> None:
    with later(0):
        pushed(new_client().client_id)
        [item] = [item for item in table.scan(None, limit=100)[0] if item["pk"].startswith("PAR#")]

        assert item["ttl"] >= item["expires_at"] + 1800


def test_another_clients_request_is_no_request() -> None:
    app, other, browser = new_client(), new_client(), browser_of(new_user())
    request_uri = pushed(app.client_id)

    assert over(go(browser, other.client_id, request_uri))
    assert shown_and_not_sent(go(browser, "nobody", request_uri))
    assert shown_and_not_sent(browser.get("authorize", f"/authorize?request_uri={request_uri}"))
    assert "code" in go(browser, app.client_id, request_uri).sent_back


@pytest.mark.row(18, 89)
@pytest.mark.parametrize("made_up", ["", "x", "x" * 32, "x" * 64, "x" * 65, "x" * 3000, "#PAR", "../x", "a:b", "\x00", "é", " "])
def test_a_name_that_is_made_up_is_none(made_up: str) -> None:
    app = new_client()
    pushed(app.client_id)

    assert over(go(browser_of(new_user()), app.client_id, PREFIX + made_up, redirect_uri=CALLBACK, state="outside"))


@pytest.mark.row(18)
@pytest.mark.parametrize(
    "request_uri", ["https://app.example.com/r.jwt", "http://127.0.0.1:1/", "urn:ietf:params:oauth:request_ur", "x", "URN:x"]
)
def test_an_address_elsewhere_is_not_supported_and_never_fetched(request_uri: str) -> None:
    app = new_client()

    answer = Browser().authorize(app.client_id, request_uri=request_uri)

    assert answer.sent_back["error"] == "request_uri_not_supported"
    assert answer.sent_back["state"] == "state-1"
    assert shown_and_not_sent(Browser().authorize(app.client_id, request_uri=request_uri, redirect_uri="https://evil.test/"))


@pytest.mark.row(6)
def test_nothing_beside_the_name_counts() -> None:
    app, browser = new_client(redirect_uris=[CALLBACK, "https://app.example.com/other"]), browser_of(new_user())
    outside = {
        "redirect_uri": "https://app.example.com/other",
        "scope": "openid profile email phone address",
        "state": "outside",
        "nonce": "outside",
        "response_mode": "form_post",
        "response_type": "token",
        "code_challenge": "x" * 43,
        "prompt": "none",
        "max_age": "0",
        "request": "x",
        "claims": "[]",
        "registration": "{}",
        "dpop_jkt": "x",
    }

    back = go(browser, app.client_id, pushed(app.client_id), **outside)

    assert back.location.startswith(f"{CALLBACK}?")
    assert back.sent_back["state"] == "pushed"
    tokens = exchange(app.client_id, back.sent_back["code"]).json
    assert tokens["scope"] == "openid email"
    assert claims_of(tokens["id_token"])["nonce"] == "nonce-1"


def test_a_client_that_must_push_is_refused_otherwise() -> None:
    app, browser = new_client(require_pushed_authorization_requests=True), browser_of(new_user())

    refused = browser.authorize(app.client_id)
    assert refused.sent_back["error"] == "invalid_request"
    assert refused.sent_back["state"] == "state-1"
    assert "code" in go(browser, app.client_id, pushed(app.client_id)).sent_back


def test_a_form_from_another_site_finds_its_cookies_again() -> None:
    app = new_client()
    form = {"client_id": app.client_id, "request_uri": pushed(app.client_id)}
    browser = browser_of(new_user())

    posted = call("authorize", "POST", "/authorize", form=form)
    assert posted.status == 303
    assert "code" in browser.get("authorize", posted.location).sent_back


def test_a_page_that_cannot_go_on_leads_back_to_the_same_request() -> None:
    new_user()
    app, browser = new_client(), Browser()
    page = browser.get("hosted_pages", go(browser, app.client_id, pushed(app.client_id)).location)
    browser.cookies.clear()
    stale = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)

    again = browser.get("hosted_pages", start_again(browser, stale).location)
    assert browser.fill(again, "/u/login", email="ada@example.com", password=PASSWORD).sent_back["state"] == "pushed"
