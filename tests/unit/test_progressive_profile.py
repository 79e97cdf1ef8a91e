"""What an application wants to know of people is asked little by little, when they sign in to it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from gatehouse import client_registration, tenant, users
from gatehouse.client_rules import InvalidRegistration
from gatehouse.profile_questions import SKIPPED_SECONDS
from tests.unit.conftest import Answer
from tests.unit.devices import codes, new_device_client, poll
from tests.unit.faults import trouble
from tests.unit.flows import CALLBACK, Browser, browser_of, later, new_client, new_user

NAME = {"name": "given_name", "required": True}
BIRTHDATE = {"name": "birthdate", "required": False}
SIZE = {"name": "user_metadata.size", "label": "Shoe size", "required": False}
WEBSITE = {"name": "website", "required": True, "label": "Your page"}


def curious(*fields: dict[str, Any], **properties: Any) -> str:
    """An application that asks for these."""
    return new_client(profile_fields=list(fields), **properties).client_id


def asked(page: Answer) -> list[str]:
    """The names of what a page asks for, in its order."""
    assert page.status in (200, 400), page.body
    return re.findall(r'<input id="[\w.-]+" name="([\w.-]+)" type="\w+" maxlength', page.body)


def opened(browser: Browser, answer: Answer) -> Answer:
    assert "/u/profile?signin=" in answer.location
    return browser.get("hosted_pages", answer.location)


def answered(browser: Browser, page: Answer, **fields: str) -> Answer:
    return browser.fill(page, "/u/profile", **fields)


def person(user: users.User) -> users.User:
    now = users.get(user.user_id)
    assert now
    return now


def test_after_the_password_a_person_is_asked_once_for_what_is_lacking() -> None:
    user, browser, app = new_user(), Browser(), curious(BIRTHDATE, NAME)
    page = opened(browser, browser.sign_in(app))
    assert asked(page) == ["given_name", "birthdate"]
    assert "Date of birth" in page.body and "(optional)" in page.body and "Example App" in page.body

    back = answered(browser, page, given_name="Ada", birthdate="1815-12-10")

    assert back.location.startswith(CALLBACK) and "code" in back.sent_back
    now = person(user)
    assert now.profile == {"given_name": "Ada", "birthdate": "1815-12-10"}
    assert {now.provenance[name]["source"] for name in now.profile} == {"progressive"}
    assert "code" in browser.authorize(app).sent_back and "code" in Browser().sign_in(app).sent_back


def test_at_most_so_many_at_a_time_and_the_others_at_the_next_sign_in() -> None:
    new_user()
    browser, app = Browser(), curious(BIRTHDATE, SIZE, {"name": "nickname", "required": False})
    page = opened(browser, browser.sign_in(app))
    assert asked(page) == ["birthdate", "user_metadata.size"]

    assert "code" in answered(browser, page, birthdate="1815").sent_back

    assert asked(opened(browser, browser.authorize(app))) == ["nickname"]


def test_the_operator_says_how_many_and_what_is_required_is_asked_all_the_same() -> None:
    new_user()
    tenant.change(lambda settings: replace(settings, profile_questions_at_once=1))
    browser, app = Browser(), curious(BIRTHDATE, WEBSITE, NAME)

    first = opened(browser, browser.sign_in(app))
    assert asked(first) == ["website"] and "Your page" in first.body
    second = opened(browser, answered(browser, first, website="https://ada.example"))
    assert asked(second) == ["given_name"]
    assert "code" in answered(browser, second, given_name="Ada").sent_back


def test_an_operator_who_wants_no_questions_gets_none_but_the_required() -> None:
    new_user()
    tenant.change(lambda settings: replace(settings, profile_questions_at_once=0))
    browser = Browser()
    page = browser.sign_in(curious(BIRTHDATE))
    assert "code" in browser.get("hosted_pages", page.location).sent_back

    assert asked(opened(browser, browser.authorize(curious(BIRTHDATE, NAME)))) == ["given_name"]


def test_whoever_skips_is_left_in_peace_for_thirty_days() -> None:
    user, app = new_user(), curious(BIRTHDATE, SIZE)
    with later(0):
        browser = browser_of(user)
        page = opened(browser, browser.authorize(app))
        assert 'id="skip"' in page.body
        assert "code" in answered(browser, page, skip="yes", birthdate="1815").sent_back
        assert person(user).profile == {} and set(person(user).skipped) == {"birthdate", "user_metadata.size"}
        with later(SKIPPED_SECONDS - 1):
            assert "code" in browser_of(user).authorize(app).sent_back
        with later(SKIPPED_SECONDS):
            browser = browser_of(user)
            assert asked(opened(browser, browser.authorize(app))) == ["birthdate", "user_metadata.size"]


def test_what_is_required_can_neither_be_skipped_nor_left_empty() -> None:
    user, browser, app = new_user(), Browser(), curious(NAME, BIRTHDATE)
    page = opened(browser, browser.sign_in(app))
    assert 'id="skip"' not in page.body

    for fields in ({"skip": "yes"}, {}, {"given_name": "  "}, {"birthdate": "1815"}):
        answer = answered(browser, page, **fields)
        assert answer.status == 400 and "First name needs an answer." in answer.body
    assert "/u/profile" in answered(browser, page, asked="").location
    assert person(user).profile == {}
    assert "/u/profile" in browser.authorize(app).location


def test_user_metadata_is_asked_for_by_its_label_and_kept_beside_the_rest() -> None:
    user, browser = new_user(), Browser()
    users.describe(user.user_id, user_metadata={"theme": "dark"})
    page = opened(browser, browser.sign_in(curious(SIZE)))
    assert "Shoe size" in page.body

    answered(browser, page, **{"user_metadata.size": "39"})

    assert person(user).user_metadata == {"theme": "dark", "size": "39"}
    assert person(user).provenance["user_metadata.size"]["source"] == "progressive"


@pytest.mark.row(83)
def test_only_what_the_application_asks_for_is_kept() -> None:
    user, browser = new_user(), Browser()
    page = opened(browser, browser.sign_in(curious(NAME)))
    extra = {"app_metadata.plan": "gold", "email_verified": "true", "nickname": "x", "user_metadata.admin": "1", "roles": "x", "sub": "x"}

    answered(browser, page, given_name="Ada", **extra | {"asked": " ".join([*extra, "given_name"])})

    now = person(user)
    assert (now.profile, now.user_metadata, now.app_metadata, now.roles) == ({"given_name": "Ada"}, {}, {}, [])


@pytest.mark.row(98)
@pytest.mark.parametrize(("field", "value"), [(WEBSITE, "javascript:alert(1)"), ({"name": "birthdate", "required": True}, "<script>")])
def test_a_value_that_is_not_what_it_says_is_asked_for_again(field: dict[str, Any], value: str) -> None:
    user, browser = new_user(), Browser()
    page = opened(browser, browser.sign_in(curious(field)))

    answer = answered(browser, page, **{field["name"]: value})

    assert answer.status == 400 and 'role="alert"' in answer.body and "<script>" not in answer.body
    assert person(user).profile == {}


def test_a_browser_that_is_signed_on_is_asked_without_a_read_more() -> None:
    user = new_user()
    browser, app, plain = browser_of(user), curious(NAME), new_client().client_id
    browser.authorize(plain)
    browser.authorize(app)
    with trouble() as without:
        browser.authorize(plain)
    with trouble() as sent:
        answer = browser.authorize(app)

    assert asked(opened(browser, answer)) == ["given_name"]
    reads = [call for call in sent if "PutItem" not in call]
    assert reads == without


def test_prompt_none_never_asks() -> None:
    user = new_user()
    browser = browser_of(user)

    assert "code" in browser.authorize(curious(BIRTHDATE, SIZE), prompt="none").sent_back
    refused = browser.authorize(curious(NAME), prompt="none").sent_back
    assert (refused["error"], refused["state"]) == ("interaction_required", "state-1")


@pytest.mark.row(42)
def test_questions_come_after_consent_and_lead_around_it_no_more_than_the_other_way() -> None:
    new_user()
    browser, app = Browser(), curious(NAME, first_party=False)
    at_consent = browser.sign_in(app).location
    assert "/u/consent" in at_consent

    sneaked = browser.get("hosted_pages", at_consent.replace("/u/consent", "/u/profile"))
    assert "/u/consent" in sneaked.location
    allowed = browser.fill(browser.get("hosted_pages", at_consent), "/u/consent", decision="allow")
    page = opened(browser, allowed)
    again = browser.fill(browser.get("hosted_pages", at_consent), "/u/consent", decision="allow")
    assert "/u/profile" in again.location
    assert "code" in answered(browser, page, given_name="Ada").sent_back


@pytest.mark.row(42, 60)
def test_the_questions_of_another_browser_can_be_neither_seen_nor_answered() -> None:
    user, mine, app = new_user(), Browser(), curious(NAME)
    where = mine.sign_in(app).location
    page, other = mine.get("hosted_pages", where), browser_of(new_user("bob@example.com"))

    assert other.get("hosted_pages", where).status == 403
    assert other.fill(page, "/u/profile", given_name="Mallory").status == 403
    assert person(user).profile == {}


def test_who_is_signed_out_meanwhile_gets_no_code() -> None:
    user, browser = new_user(), Browser()
    page = opened(browser, browser.sign_in(curious(NAME)))
    users.sign_out_everywhere(user.user_id, invocation_id="x")

    assert answered(browser, page, given_name="Ada").status == 400
    assert person(user).profile == {}


def test_a_device_waits_until_its_person_has_answered() -> None:
    new_user()
    app, browser = new_device_client(profile_fields=[NAME]), browser_of(users.get_by_email("ada@example.com"))  # type: ignore[arg-type]
    given = codes(app.client_id)
    consent = browser.fill(browser.get("hosted_pages", "/u/device"), "/u/device", user_code=given["user_code"])
    page = opened(browser, browser.fill(browser.get("hosted_pages", consent.location), "/u/consent", decision="allow"))
    assert poll(app.client_id, given["device_code"]).json["error"] == "authorization_pending"

    done = answered(browser, page, given_name="Ada")

    assert "Your device is signed in" in done.body
    with later(10):
        assert poll(app.client_id, given["device_code"]).status == 200


def test_the_account_page_asks_nothing() -> None:
    new_user()
    curious(NAME)
    browser = Browser()
    page = browser.get("hosted_pages", browser.get("hosted_pages", "/u/account").location)

    assert browser.fill(page, "/u/login", email="ada@example.com", password="correct horse battery staple").location.endswith("/u/account")


@pytest.mark.parametrize(
    "fields",
    [
        "given_name",
        [7],
        [{"name": "address", "required": True}],
        [{"name": "email", "required": True}],
        [{"name": "app_metadata.plan", "label": "Plan", "required": True}],
        [{"name": "user_metadata.size", "required": True}],
        [{"name": "user_metadata.", "label": "x", "required": True}],
        [{"name": "user_metadata.a.b", "label": "x", "required": True}],
        [{"name": "given_name", "required": "yes"}],
        [{"name": "given_name", "required": True, "kind": "x"}],
        [{"name": "given_name", "label": "x" * 81, "required": True}],
        [{"name": "given_name", "label": "a\nb", "required": True}],
        [NAME, NAME],
        [{"name": f"user_metadata.k{number}", "label": "x", "required": False} for number in range(11)],
    ],
)
def test_what_an_application_may_ask_for_has_rules(fields: Any) -> None:
    with pytest.raises(InvalidRegistration, match="profile_fields"):
        client_registration.register(name="App", type="spa", redirect_uris=[CALLBACK], profile_fields=fields)
