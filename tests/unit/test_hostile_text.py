"""Text that somebody else chose, on its way through pages, mails, headers and logs (rows 16, 98, 99)."""

import json
import re

import pytest

from gatehouse import users
from tests.unit.conftest import ISSUER, call, forget
from tests.unit.flows import CALLBACK, PASSWORD, Browser, exchange, mails, new_client, new_user, token
from tests.unit.test_login import opened

SCRIPT = "\"><script>alert(1)</script>{{1337*1337}}{%raw%}'--"
LINE_BREAKS = "a\r\nSet-Cookie: evil=1\r\n\r\n<h1>"


def is_inert(body: str) -> bool:
    """Neither markup nor template code."""
    return "<script" not in body and str(1337 * 1337) not in body


@pytest.mark.row(98)
def test_a_client_s_name_is_only_a_name_on_every_page() -> None:
    new_user()
    app, browser = new_client(name=SCRIPT, first_party=False), Browser()
    login = opened(browser, app.client_id)
    asked = browser.fill(login, "/u/login", email="ada@example.com", password=PASSWORD)
    consent = browser.get("hosted_pages", asked.location)
    logout = browser.get("logout", f"/oidc/logout?client_id={app.client_id}")

    for page in (login, consent, logout):
        assert page.status == 200
        assert "&lt;script&gt;" in page.body and is_inert(page.body)


@pytest.mark.row(98)
@pytest.mark.parametrize(
    "parameter",
    ["state", "nonce", "login_hint", "scope", "ui_locales", "prompt", "response_type", "max_age", "acr_values", "x"],
)
def test_a_parameter_is_never_markup(parameter: str) -> None:
    browser = Browser()
    answer = browser.authorize(new_client().client_id, **{parameter: SCRIPT})
    if answer.location.startswith(f"{ISSUER}/u/"):
        answer = browser.get("hosted_pages", answer.location)

    assert is_inert(answer.body)
    assert "<" not in answer.headers.get("location", "")


@pytest.mark.row(98)
@pytest.mark.parametrize(
    "query",
    [
        f"client_id={SCRIPT}",
        f"redirect_uri={SCRIPT}",
        "client_id=a&client_id=<script>",
        f"{SCRIPT}={SCRIPT}&{SCRIPT}=b",
    ],
)
def test_an_error_page_repeats_nothing_that_was_sent(query: str) -> None:
    answer = call("authorize", "GET", "/authorize", query=query)

    assert answer.status == 400
    assert "script" not in answer.body and is_inert(answer.body)


@pytest.mark.row(98)
def test_neither_does_one_for_a_page_that_does_not_exist() -> None:
    answer = Browser().get("hosted_pages", "/u/<script>alert(1)</script>")

    assert answer.status == 404
    assert "script" not in answer.body


@pytest.mark.row(98)
def test_what_was_typed_comes_back_as_text() -> None:
    new_user()
    browser = Browser()
    pages = [browser.fill(opened(browser, new_client().client_id), "/u/login", email=SCRIPT, password=SCRIPT)]
    for path in ("/u/signup", "/u/forgot"):
        pages.append(browser.fill(browser.get("hosted_pages", path), path, email=SCRIPT))

    for page in pages:
        assert page.status == 400
        assert 'value="&#34;&gt;&lt;script&gt;' in page.body and is_inert(page.body)


@pytest.mark.row(98)
def test_no_page_lets_a_script_or_style_run_inline() -> None:
    new_user()
    browser = Browser()
    urls = [
        "/u/forgot",
        "/u/signup",
        "/u/signed-out",
        "/u/nothing",
        opened(browser, new_client().client_id).headers.get("location", "/u/login"),
    ]
    for url in urls:
        answer = browser.get("hosted_pages", url)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "base-uri 'none'" in policy
        assert "<script" not in answer.body and " style=" not in answer.body and "<style" not in answer.body
        assert not re.search(r"\son\w+=", answer.body)


@pytest.mark.row(98)
@pytest.mark.parametrize("uri", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "https://user@evil.example"])
def test_a_link_of_a_client_is_a_web_address_or_not_registered(uri: str) -> None:
    from gatehouse.client_rules import InvalidRegistration

    for name in ("client_uri", "initiate_login_uri"):
        with pytest.raises(InvalidRegistration):
            new_client(**{name: uri})


@pytest.mark.row(16, 99)
@pytest.mark.parametrize("state", [LINE_BREAKS, "ü%00\x00", "a&code=evil", "a#b", "🦆" * 50, "a+b %2B", "\\", "x" * 2048])
def test_a_state_comes_back_to_the_letter_and_splits_no_header(state: str) -> None:
    new_user()
    app, browser = new_client(), Browser()
    back = browser.sign_in(app.client_id, state=state)
    silent = browser.authorize(app.client_id, prompt="none", state=state)
    failed = Browser().authorize(app.client_id, prompt="none", state=state)

    for answer in (back, silent, failed):
        assert answer.sent_back["state"] == state
        assert answer.location.startswith(f"{CALLBACK}?") and answer.location.isprintable() and answer.location.isascii()
        assert answer.sent_back.get("code") != "evil"


@pytest.mark.row(99)
def test_no_header_or_cookie_ever_holds_a_line_break() -> None:
    new_user()
    app, browser = (
        new_client(name="x"),
        Browser(cookies={"__Host-gatehouse-signin": LINE_BREAKS, "__Host-gatehouse": LINE_BREAKS, "x": LINE_BREAKS}),
    )
    parameters = dict.fromkeys(("state", "nonce", "login_hint", "ui_locales"), LINE_BREAKS)
    answers = [browser.authorize(app.client_id, **parameters)]
    answers.append(browser.get("hosted_pages", answers[0].location))
    answers.append(browser.fill(answers[1], "/u/login", email=LINE_BREAKS, password=LINE_BREAKS))
    answers.append(browser.get("logout", "/oidc/logout?state=%0d%0aX: y&post_logout_redirect_uri=%0d%0aX: y"))
    answers.append(token(grant_type=LINE_BREAKS, client_id=app.client_id))
    answers.append(exchange(app.client_id, LINE_BREAKS))

    for answer in answers:
        for value in [*answer.headers.values(), *answer.cookies]:
            assert "\r" not in value and "\n" not in value


@pytest.mark.row(99)
def test_a_log_line_is_one_json_object_whatever_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    app = new_client()
    hostile = {
        "user-agent": LINE_BREAKS,
        "x-amzn-trace-id": LINE_BREAKS,
        "content-type": LINE_BREAKS,
        "authorization": LINE_BREAKS,
    }
    call(
        "token_exchange",
        "POST",
        "/oauth/token",
        form=f"a%0d%0a%22b=1&a%0d%0a%22b=2&client_id={app.client_id}",
        headers=hostile,
    )
    call("token_exchange", "POST", LINE_BREAKS, form={"client_id": app.client_id, "grant_type": LINE_BREAKS})
    call("authorize", "GET", LINE_BREAKS, query="a%0d%0a%22b=1&a%0d%0a%22b=2", headers=hostile)
    call("userinfo", "GET", "/userinfo", headers=hostile)
    Browser().authorize(app.client_id, state=LINE_BREAKS, prompt=LINE_BREAKS)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    for line in lines:
        assert isinstance(json.loads(line), dict)


@pytest.mark.row(99)
def test_a_mail_goes_to_one_address_and_its_subject_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAND_NAME", "Evil\r\nBcc: x@evil.example\r\n\r\n<script>alert(1)</script>")
    forget()
    new_user()
    browser = Browser()
    for path in ("/u/signup", "/u/forgot"):
        for email in ("ada@example.com", "nobody@example.com"):
            browser.fill(browser.get("hosted_pages", path), path, email=email)

    assert len(mails()) == 4
    for mail in mails():
        assert "\r" not in mail.subject and "\n" not in mail.subject
        assert len(mail.destinations["ToAddresses"]) == 1
        assert not mail.destinations.get("CcAddresses") and not mail.destinations.get("BccAddresses")
        assert "<script" not in mail.body or "&lt;script" in mail.body


@pytest.mark.row(98)
def test_a_person_s_own_name_is_text_for_applications_and_never_shown_by_us() -> None:
    user = new_user(name=SCRIPT, picture="javascript:alert(1)")
    app, browser = new_client(first_party=False), Browser()
    consent = browser.get("hosted_pages", browser.sign_in(app.client_id).location)

    assert "script" not in consent.body
    found = users.get(user.user_id)
    assert found is not None and found.profile["name"] == SCRIPT
