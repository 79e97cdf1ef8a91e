"""The account page: what a person has allowed applications of others, and how they take it back."""

import re
from typing import Any

import pytest

from gatehouse import client_registration, clients, consents, pages, sessions, table, users
from gatehouse.client_registration import Registered
from gatehouse.users import User
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import (
    PASSWORD,
    Browser,
    basic,
    browser_of,
    exchange,
    hidden_fields,
    introspect,
    later,
    mailed_link,
    new_client,
    new_user,
    refresh,
    tokens_of,
    userinfo,
)
from tests.unit.test_consent import decide, third_party

ACCOUNT = "/u/account"
CSRF = re.compile(r'name="csrf" value="[^"]+"')
SIGN_ON = "__Host-gatehouse"


def shown(browser: Browser) -> Answer:
    page = browser.get("hosted_pages", ACCOUNT)
    assert page.status == 200, page.body
    return page


def allowed(app: str, browser: Browser, *, secret: str = "", **parameters: str) -> dict[str, Any]:
    """The tokens of an application that the person, signed on in this browser, has just let in."""
    code = decide(browser, browser.authorize(app, **parameters).location)["code"]
    answer = exchange("", code, authorization=basic(app, secret)) if secret else exchange(app, code)
    assert answer.status == 200, answer.body
    tokens: dict[str, Any] = answer.json
    return tokens


def remove(browser: Browser, app: str) -> Answer:
    return browser.fill(shown(browser), ACCOUNT, remove=app)


def listed(page: Answer) -> list[str]:
    """The ids of the applications on the page, in its order."""
    return re.findall(r'id="remove-(\w+)"', page.body)


def test_a_person_sees_whom_they_let_in_to_what_and_since_when() -> None:
    browser, app = browser_of(user := new_user()), third_party()
    assert listed(shown(browser)) == []
    assert 'id="no-applications"' in shown(browser).body
    allowed(app, browser, scope="openid email", claims='{"userinfo":{"birthdate":null}}')

    with later(3600):
        page = shown(browser)

    assert listed(page) == [app]
    assert "Third Party" in page.body and "third.example" in page.body and "ada@example.com" in page.body
    assert "See your email address" in page.body and "See your date of birth" in page.body
    assert "See your profile" not in page.body
    consent = consents.get(user.user_id, app)
    assert consent and f"since {pages.day(consent['granted_at'])}" in page.body


def test_the_day_is_that_of_the_first_time_and_the_list_is_what_is_allowed_by_now() -> None:
    browser, app = browser_of(user := new_user()), third_party()
    allowed(app, browser, scope="openid email")
    first = consents.get(user.user_id, app)
    with later(3600):
        allowed(app, browser, scope="openid phone")
        page = shown(browser)

    now = consents.get(user.user_id, app)
    assert first and now and now["granted_at"] == first["granted_at"]
    assert "See your email address" in page.body and "See your phone number" in page.body


def test_first_parties_and_applications_that_are_gone_are_not_listed() -> None:
    browser, own, gone = browser_of(new_user()), new_client(), third_party()
    decide(browser, browser.authorize(own.client_id, prompt="consent").location)
    allowed(gone, browser)
    table.delete(table.client_key(gone))
    clients.forget()

    assert listed(shown(browser)) == []


def test_applications_stand_in_the_order_of_their_names() -> None:
    browser = browser_of(new_user())
    apps = [new_client(name=name, first_party=False).client_id for name in ("zebra", "Ant", "bee")]
    for app in apps:
        allowed(app, browser)

    assert listed(shown(browser)) == [apps[1], apps[2], apps[0]]


@pytest.mark.row(46)
def test_removing_an_application_ends_everything_it_had_and_nothing_else() -> None:
    user = new_user()
    browser, other = browser_of(user), browser_of(user)
    app, own, neighbour = confidential(), new_client(), third_party()
    here, there = (allowed(app.client_id, each, secret=app.secret, prompt="consent") for each in (browser, other))
    kept, next_door = tokens_of(own.client_id, browser), allowed(neighbour, browser)

    page = remove(browser, app.client_id)

    assert page.status == 200
    assert 'role="status"' in page.body and "Example App" in page.body and "can no longer use your account" in page.body
    assert listed(page) == [neighbour]
    for tokens in (here, there):
        assert userinfo(tokens["access_token"]).status == 401
        assert introspect(app, tokens["access_token"]) == {"active": False}
        assert introspect(app, tokens["refresh_token"]) == {"active": False}
        gone = refresh("", tokens["refresh_token"], authorization=basic(app.client_id, app.secret))
        assert gone.json["error"] == "invalid_grant"
    assert consents.get(user.user_id, app.client_id) is None
    assert userinfo(kept["access_token"]).status == userinfo(next_door["access_token"]).status == 200
    assert refresh(own.client_id, kept["refresh_token"]).status == 200


def confidential(**properties: Any) -> Registered:
    return new_client("web", first_party=False, client_uri="https://third.example", **properties)


def test_whoever_was_removed_has_to_ask_again() -> None:
    browser, app = browser_of(new_user()), third_party()
    allowed(app, browser)
    remove(browser, app)

    assert browser.authorize(app, prompt="none").sent_back["error"] == "consent_required"
    assert userinfo(allowed(app, browser)["access_token"]).status == 200
    assert listed(shown(browser)) == [app]


def test_removing_twice_says_the_same_and_changes_nothing() -> None:
    browser, app = browser_of(new_user()), third_party()
    allowed(app, browser)
    page = shown(browser)

    answers = [browser.fill(page, ACCOUNT, remove=app) for _ in range(2)]

    assert [CSRF.sub("", answer.body) for answer in answers] == [CSRF.sub("", answers[0].body)] * 2


@pytest.mark.row(46)
def test_what_one_person_removes_another_keeps() -> None:
    ada, bob, app = browser_of(new_user()), browser_of(new_user("bob@example.com")), third_party()
    allowed(app, ada)
    his = allowed(app, bob)

    remove(ada, app)

    assert userinfo(his["access_token"]).status == 200
    assert listed(shown(bob)) == [app]


@pytest.mark.parametrize("value", ["", "nobody", "x" * 65, "../", "\x00"])
def test_only_applications_of_others_are_removed(value: str) -> None:
    browser, own = browser_of(new_user()), new_client()
    kept = tokens_of(own.client_id, browser)
    page = shown(browser)

    assert browser.fill(page, ACCOUNT, remove=value).status == 400
    assert browser.fill(page, ACCOUNT, remove=own.client_id).status == 400
    assert browser.fill(page, ACCOUNT, sign_out="here").status == 400
    assert userinfo(kept["access_token"]).status == 200


def test_a_session_that_needed_no_consent_to_remember_is_listed_and_removed_too() -> None:
    """As that of an application that was one of our own until yesterday."""
    browser, app = browser_of(new_user()), new_client(name="Was ours")
    tokens = tokens_of(app.client_id, browser, scope="openid email")
    client_registration.change(app.client_id, first_party=False)
    clients.forget()

    page = shown(browser)
    assert listed(page) == [app.client_id]
    assert "See your email address" in page.body
    assert listed(remove(browser, app.client_id)) == []
    assert userinfo(tokens["access_token"]).status == 401


def test_after_a_crash_in_between_there_is_still_something_to_remove(monkeypatch: pytest.MonkeyPatch) -> None:
    user = new_user()
    browser, app = browser_of(user), third_party()
    tokens = allowed(app, browser)
    page = shown(browser)
    with trouble({"dynamodb.Query": always(THROTTLED)}):
        assert browser.fill(page, ACCOUNT, remove=app).status == 503
    assert consents.get(user.user_id, app) is None

    assert listed(shown(browser)) == [app]
    assert listed(remove(browser, app)) == []
    assert userinfo(tokens["access_token"]).status == 401


def test_a_code_from_before_the_removal_begins_nothing_after_it() -> None:
    browser, app = browser_of(user := new_user()), third_party()
    allowed(app, browser)
    code = browser.authorize(app).sent_back["code"]

    remove(browser, app)

    answer = exchange(app, code)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    assert live_sessions(user) == []


def test_nor_does_it_when_the_person_has_let_the_application_in_again_to_less(capsys: pytest.CaptureFixture[str]) -> None:
    browser, app = browser_of(user := new_user()), third_party()
    with later(0):
        allowed(app, browser, scope="openid email phone")
        with later(5):
            code = browser.authorize(app, scope="openid email phone").sent_back["code"]
            remove(browser, app)
        with later(10):
            renewed = decide(browser, browser.authorize(app, scope="openid").location)["code"]

            assert exchange(app, code).json["error"] == "invalid_grant"
            assert exchange(app, renewed).json["scope"] == "openid"
    assert [session.scope for session in live_sessions(user)] == ["openid"]
    assert "CodeReplay" not in capsys.readouterr().out


def live_sessions(user: User) -> list[sessions.Session]:
    return [session for session in sessions.of_user(user.user_id) if session.status == "active"]


def test_an_earlier_code_counts_on_when_the_person_allows_more() -> None:
    browser, app = browser_of(new_user()), third_party()
    with later(0):
        first = decide(browser, browser.authorize(app, scope="openid").location)["code"]
        with later(20):
            more = decide(browser, browser.authorize(app, scope="openid email").location)["code"]
            assert [exchange(app, code).status for code in (first, more)] == [200, 200]


def test_the_log_says_that_a_consent_was_withdrawn_and_for_whom(capsys: pytest.CaptureFixture[str]) -> None:
    browser, app = browser_of(new_user()), third_party()
    allowed(app, browser)
    page = shown(browser)
    capsys.readouterr()

    browser.fill(page, ACCOUNT, remove=app)

    line = capsys.readouterr().out
    assert '"consent":"withdrawn"' in line and f'"client_id":"{app}"' in line
    assert "ada@example.com" not in line


def test_without_a_sign_on_the_page_asks_for_the_password_and_comes_back() -> None:
    new_user()
    browser = Browser()

    started = browser.get("hosted_pages", ACCOUNT)

    assert started.status == 303 and started.location.startswith(f"{ISSUER}/u/login?signin=")
    page = browser.get("hosted_pages", started.location)
    assert "to continue to" not in page.body
    assert "form-action 'self';" in page.headers["content-security-policy"]
    done = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)
    assert (done.status, done.location) == (303, f"{ISSUER}{ACCOUNT}")
    assert "ada@example.com" in shown(browser).body


def test_who_has_no_account_makes_one_on_the_way() -> None:
    browser = Browser()
    started = browser.get("hosted_pages", ACCOUNT)
    sign_in = hidden_fields(browser.get("hosted_pages", started.location))["signin"]
    page = browser.get("hosted_pages", f"/u/signup?signin={sign_in}")
    browser.fill(page, "/u/signup", email="grace@example.com")
    link = mailed_link("/u/verify")

    done = browser.fill(browser.get("hosted_pages", link), "/u/verify", password="seven ginger otters juggle lanterns")

    assert (done.status, done.location) == (303, f"{ISSUER}{ACCOUNT}")
    assert "grace@example.com" in shown(browser).body


def test_a_sign_in_for_the_page_that_cannot_go_on_begins_again_there() -> None:
    browser = Browser()
    started = browser.get("hosted_pages", ACCOUNT)

    for page in ("login", "consent"):
        stranger = Browser().get("hosted_pages", started.location.replace("/u/login", f"/u/{page}"))
        assert stranger.status == 403
        assert f'href="{ISSUER}{ACCOUNT}"' in stranger.body
    early = browser.get("hosted_pages", started.location.replace("/u/login", "/u/consent"))
    assert early.status == 400 and f'href="{ISSUER}{ACCOUNT}"' in early.body


@pytest.mark.row(37, 38)
@pytest.mark.parametrize("end", ["sign-out", "block", "logout", "idle", "other", "forged"])
def test_a_sign_on_that_is_over_opens_nothing_and_changes_nothing(end: str) -> None:
    user, app = new_user(), third_party()
    browser = browser_of(user)
    tokens = allowed(app, browser)
    page = shown(browser)
    kept = browser.cookies[SIGN_ON]
    if end == "sign-out":
        users.sign_out_everywhere(user.user_id, invocation_id="test")
    elif end == "block":
        users.set_blocked(user.user_id, True)
    elif end == "logout":
        browser.post("logout", "/oidc/logout", hidden_fields(browser.get("logout", "/oidc/logout")))
    browser.cookies[SIGN_ON] = {"forged": f"{kept[:-2]}AA", "other": "x"}.get(end, kept)

    with later(86400 if end == "idle" else 0):
        seen, sent = browser.get("hosted_pages", ACCOUNT), browser.fill(page, ACCOUNT, remove=app)

    for answer in (seen, sent):
        assert answer.status == 303 and "/u/login?signin=" in answer.location
    assert consents.get(user.user_id, app) is not None
    if end in ("other", "forged"):
        assert userinfo(tokens["access_token"]).status == 200


def test_a_sign_on_grace_of_an_application_does_not_open_the_account() -> None:
    user = new_user()
    browser, app = browser_of(user), new_client(sign_on_grace_seconds=3600)
    users.sign_out_everywhere(user.user_id, invocation_id="test")

    assert "code" in browser.authorize(app.client_id).sent_back
    assert browser.get("hosted_pages", ACCOUNT).status == 303


@pytest.mark.row(60)
def test_another_site_and_another_browser_remove_nothing() -> None:
    user, app = new_user(), third_party()
    browser = browser_of(user)
    allowed(app, browser)
    for change in ({"remove": app}, {"sign_out": "everywhere"}):
        fields = hidden_fields(shown(browser)) | change
        strangers = hidden_fields(shown(browser_of(new_user(f"{next(iter(change))}@example.com")))) | change

        assert browser.post("hosted_pages", ACCOUNT, fields, headers={"origin": "https://third.example"}).status == 403
        assert browser.post("hosted_pages", ACCOUNT, fields, headers={"sec-fetch-site": "cross-site"}).status == 403
        assert browser.post("hosted_pages", ACCOUNT, fields | {"csrf": "x"}).status == 403
        assert browser.post("hosted_pages", ACCOUNT, change).status == 403
        assert browser.post("hosted_pages", ACCOUNT, strangers).status == 403
        assert browser.get("hosted_pages", f"{ACCOUNT}?remove={app}&sign_out=everywhere").status == 200
    assert listed(shown(browser)) == [app]


def test_a_form_of_the_person_before_is_worth_nothing_to_the_next() -> None:
    new_user()
    bob, app = new_user("bob@example.com"), third_party()
    browser = Browser()
    browser.sign_in(new_client().client_id)
    stale = shown(browser)
    browser.sign_in(new_client().client_id, "bob@example.com", prompt="login")
    allowed(app, browser)

    assert browser.fill(stale, ACCOUNT, remove=app).status == 403
    assert consents.get(bob.user_id, app) is not None


@pytest.mark.row(98)
def test_names_and_addresses_of_applications_are_words_and_never_markup() -> None:
    browser = browser_of(new_user())
    name = "</li><script>alert(1)</script>\"'{{7*7777}}\u202e"
    app = third_party()
    table.update(table.client_key(app), where=[("pk", "exists", None)], set={"name": name, "client_uri": "javascript:alert(1)"})
    clients.forget()
    allowed(app, browser)

    for page in (shown(browser), remove(browser, app)):
        assert "<script" not in page.body and "javascript:" not in page.body
        assert "&lt;/li&gt;&lt;script&gt;" in page.body and "54439" not in page.body
        assert "\u202e" not in page.body


def test_the_page_cannot_be_framed_kept_or_lead_elsewhere() -> None:
    headers = shown(browser_of(new_user())).headers

    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "form-action 'self';" in headers["content-security-policy"]
    assert (headers["cache-control"], headers["x-frame-options"]) == ("no-store", "DENY")


@pytest.mark.row(37)
def test_signing_out_everywhere_ends_every_session_and_every_sign_on_this_one_included() -> None:
    user = new_user()
    browser, other, own, app = browser_of(user), browser_of(user), new_client(), third_party()
    tokens = [tokens_of(own.client_id, browser), tokens_of(own.client_id, other), allowed(app, browser)]

    answer = browser.fill(shown(browser), ACCOUNT, sign_out="everywhere")

    assert answer.status == 200 and "You are signed out everywhere" in answer.body
    assert SIGN_ON not in browser.cookies
    assert [userinfo(each["access_token"]).status for each in tokens] == [401] * 3
    assert [each.get("hosted_pages", ACCOUNT).status for each in (browser, other)] == [303, 303]
    assert consents.get(user.user_id, app) is not None


def test_signing_out_everywhere_leaves_no_grace_in_this_browser() -> None:
    browser, app = browser_of(new_user()), new_client(sign_on_grace_seconds=3600)
    kept = Browser(cookies=dict(browser.cookies))
    browser.fill(shown(browser), ACCOUNT, sign_out="everywhere")

    assert kept.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"


def test_a_look_at_the_page_counts_as_use_of_the_sign_on() -> None:
    browser = browser_of(new_user())
    with later(0), later(20 * 3600):
        shown(browser)
        with later(20 * 3600):
            shown(browser)


def test_trouble_with_the_table_is_an_honest_page() -> None:
    browser = browser_of(new_user())
    page = shown(browser)

    with trouble({"dynamodb.BatchGetItem": always(THROTTLED)}):
        answers = [browser.get("hosted_pages", ACCOUNT), browser.fill(page, ACCOUNT, sign_out="everywhere")]

    for answer in answers:
        assert answer.status == 503 and answer.headers["retry-after"] == "1"
    assert shown(browser).status == 200


def test_other_methods_are_refused() -> None:
    assert call("hosted_pages", "PUT", ACCOUNT).status == 405
