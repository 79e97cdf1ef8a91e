"""Logout by an application (OpenID Connect RP-Initiated Logout 1.0): what ends, and where it leads (row 44)."""

import pytest

from tests.unit.conftest import ISSUER, Answer
from tests.unit.flows import Browser, exchange, hidden_fields, new_client, new_user, refresh, signed_in, userinfo
from tests.unit.test_sessions import SIGN_ON, silent

pytestmark = pytest.mark.row(44)

BYE = "https://app.example.com/bye"
SIGNED_OUT = f"{ISSUER}/u/signed-out"
# The conformance suite's: 128 characters, with everything that needs no escaping.
STATE = ("abcXYZ019-._~" * 10)[:128]


def log_out(browser: Browser, **parameters: str) -> Answer:
    return browser.get("logout", "/oidc/logout?" + "&".join(f"{name}={value}" for name, value in parameters.items()))


def confirm(browser: Browser, page: Answer, **headers: str) -> Answer:
    return browser.post("logout", "/oidc/logout", hidden_fields(page), headers=headers)


def is_a_page_that_leads_nowhere(answer: Answer) -> bool:
    return answer.status == 400 and "location" not in answer.headers and "<h1>" in answer.body


def test_with_hint_and_registered_address_it_ends_the_sign_on_and_leads_back_with_the_state() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    back = log_out(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state=STATE)

    assert back.status == 303
    assert back.location == f"{BYE}?state={STATE}"
    assert SIGN_ON not in browser.cookies
    assert silent(browser, app.client_id) == "login_required"


def test_what_began_from_the_sign_on_ends_with_it_and_other_browsers_stay() -> None:
    new_user()
    app, other = new_client(), new_client()
    browser, elsewhere = Browser(), Browser()
    here = signed_in(app.client_id, browser)
    also_here = exchange(other.client_id, browser.authorize(other.client_id).sent_back["code"]).json
    there = signed_in(app.client_id, elsewhere)
    kept = Browser(cookies=dict(browser.cookies))

    log_out(browser, id_token_hint=here["id_token"])

    for client_id, tokens in ((app.client_id, here), (other.client_id, also_here)):
        assert userinfo(tokens["access_token"]).status == 401
        assert refresh(client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert silent(kept, app.client_id) == "login_required"
    assert userinfo(there["access_token"]).status == 200
    assert silent(elsewhere, app.client_id) == "code"


def test_without_a_state_none_is_added() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    assert log_out(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE).location == BYE


def test_an_address_with_a_query_keeps_it() -> None:
    new_user()
    app = new_client(post_logout_redirect_uris=[f"{BYE}?a=b"])
    browser = Browser()
    tokens = signed_in(app.client_id, browser)

    back = log_out(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=f"{BYE}%3Fa%3Db", state="s")

    assert back.location == f"{BYE}?a=b&state=s"


def test_without_an_address_a_page_says_that_it_is_done() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    done = log_out(browser, id_token_hint=tokens["id_token"])

    assert done.location == SIGNED_OUT
    assert "signed out" in browser.get("hosted_pages", done.location).body
    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.parametrize(
    "uri",
    [
        f"{BYE}/more",
        f"{BYE}?x=1",
        "https://evil.example/",
        "https://app.example.com",
        "//evil.example",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_not_registered_is_never_gone_to(uri: str) -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    answer = browser.post("logout", "/oidc/logout", {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri, "state": "s"})

    assert is_a_page_that_leads_nowhere(answer)
    assert uri not in answer.body


@pytest.mark.parametrize("parameters", [{}, {"state": "only"}])
def test_without_a_hint_the_person_is_asked_first(parameters: dict[str, str]) -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    page = log_out(browser, **parameters)

    assert page.status == 200 and "Sign out?" in page.body and "ada@example.com" in page.body
    assert silent(browser, app.client_id) == "code"
    assert confirm(browser, page).location == SIGNED_OUT
    assert silent(browser, app.client_id) == "login_required"
    assert userinfo(tokens["access_token"]).status == 401


def test_without_a_hint_nothing_tells_whose_the_address_is() -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)

    assert is_a_page_that_leads_nowhere(log_out(browser, post_logout_redirect_uri=BYE, state="s"))


def test_with_a_client_id_instead_of_a_hint_the_person_is_asked_and_then_led_back() -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)
    page = log_out(browser, client_id=app.client_id, post_logout_redirect_uri=BYE, state="s")

    assert page.status == 200 and "Example App" in page.body
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    assert silent(browser, app.client_id) == "code"
    assert confirm(browser, page).location == f"{BYE}?state=s"
    assert silent(browser, app.client_id) == "login_required"


@pytest.mark.row(60)
def test_another_site_or_browser_confirms_nothing() -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)
    page = log_out(browser)
    fields = hidden_fields(page)

    assert confirm(browser, page, origin="https://evil.example").status == 403
    assert browser.post("logout", "/oidc/logout", fields | {"csrf": "x"}).status == 403
    assert browser.post("logout", "/oidc/logout", fields | {"csrf": hidden_fields(log_out_page_of_a_stranger())["csrf"]}).status == 403
    assert silent(browser, app.client_id) == "code"


def log_out_page_of_a_stranger() -> Answer:
    new_user("eve@example.com")
    stranger = Browser()
    stranger.sign_in(new_client().client_id, "eve@example.com")
    return log_out(stranger)


def test_who_is_not_signed_in_is_signed_out_without_a_question() -> None:
    assert log_out(Browser()).location == SIGNED_OUT
    assert log_out(Browser(cookies={SIGN_ON: "x"})).location == SIGNED_OUT


def test_doing_it_twice_is_like_doing_it_once() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)
    same = Browser(cookies=dict(browser.cookies))

    for each in (browser, same, browser):
        assert log_out(each, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE).location == BYE


def test_a_request_by_form_is_served_like_one_by_query() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    answer = browser.post("logout", "/oidc/logout", {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE, "state": STATE})

    assert answer.location == f"{BYE}?state={STATE}"


def test_parameters_that_are_repeated_are_refused() -> None:
    app = new_client()
    for query in (f"client_id={app.client_id}&client_id={app.client_id}", "state=a&state=b"):
        assert is_a_page_that_leads_nowhere(Browser().get("logout", f"/oidc/logout?{query}"))
    assert is_a_page_that_leads_nowhere(Browser().post("logout", "/oidc/logout?state=a", {"state": "b"}))


def test_an_unknown_client_is_an_error_page() -> None:
    assert is_a_page_that_leads_nowhere(log_out(Browser(), client_id="unknown"))


@pytest.mark.row(20, 21)
def test_no_answer_is_stored_or_framed() -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)
    page = log_out(browser)

    for answer in (
        page,
        confirm(browser, page),
        browser.get("hosted_pages", "/u/signed-out"),
        log_out(browser, client_id="unknown"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        if answer.status != 303:
            assert answer.headers["x-frame-options"] == "DENY"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.row(44)
def test_another_site_cannot_sign_anybody_out_by_a_form_that_comes_without_cookies() -> None:
    new_user()
    app, browser = new_client(), Browser()
    signed_in(app.client_id, browser)

    posted = Browser().post("logout", "/oidc/logout", {"client_id": app.client_id})

    assert (posted.status, posted.cookies) == (303, [])
    asked = browser.get("logout", posted.location)
    assert asked.status == 200
    assert "code" in browser.authorize(app.client_id, prompt="none").sent_back


def test_a_form_from_an_application_signs_out_as_its_link_does() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    posted = Browser().post("logout", "/oidc/logout", {"id_token_hint": tokens["id_token"]})
    browser.get("logout", posted.location)

    assert browser.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"
    assert userinfo(tokens["access_token"]).status == 401
