"""The profile on the account page: a form that changes what it shows, and nothing else."""

import html
import re
from typing import Any

import pytest

from gatehouse import memberships, organizations, users
from gatehouse.hosted import profile_form
from tests.unit.conftest import Answer
from tests.unit.flows import Browser, browser_of, hidden_fields, new_client, new_user, tokens_of, userinfo
from tests.unit.test_account_page import ACCOUNT, SIGN_ON, shown
from tests.unit.test_own_sessions import listed


def save(browser: Browser, **fields: str) -> Answer:
    """Send the form as a browser does, with what it shows already and these changes."""
    page = shown(browser)
    return browser.fill(page, ACCOUNT, save="profile", **(values(page) | fields))


def values(page: Answer) -> dict[str, str]:
    """What the fields of the form hold."""
    inputs = {
        match[1]: html.unescape(match[2])
        for match in re.finditer(r'<input id="\w+" name="(\w+)" type="\w+" maxlength.*? value="([^"]*)"', page.body)
    }
    (lines,) = re.findall(r"<textarea[^>]*>([^<]*)</textarea>", page.body)
    return inputs | {"street_address": html.unescape(lines)}


def profile_of(user: users.User) -> dict[str, Any]:
    now = users.get(user.user_id)
    assert now
    return now.profile


def test_a_person_sees_their_profile_and_changes_it() -> None:
    user = new_user(given_name="Ada", family_name="Lovelace", gender="female", address={"locality": "London", "formatted": "12 St James"})
    browser = browser_of(user)
    page = shown(browser)
    assert (values(page)["given_name"], values(page)["locality"]) == ("Ada", "London")

    answer = save(
        browser, given_name="Augusta Ada", family_name="", birthdate="1815-12-10", street_address="12 St James's Square\r\nTop floor"
    )

    assert answer.status == 200 and "Your profile is saved." in answer.body
    assert profile_of(user) == {
        "given_name": "Augusta Ada",
        "gender": "female",
        "birthdate": "1815-12-10",
        "address": {"locality": "London", "street_address": "12 St James's Square\nTop floor"},
    }
    now = users.get(user.user_id)
    assert now and {now.provenance[name]["source"] for name in ("given_name", "family_name", "birthdate", "address")} == {"self"}
    assert (
        userinfo(tokens_of(new_client().client_id, browser, scope="openid profile address")["access_token"]).json["birthdate"]
        == "1815-12-10"
    )


def test_what_is_saved_unchanged_stays_as_it_is() -> None:
    user = new_user(given_name="Ada", birthdate="1815", address={"formatted": "12 St James", "country": "GB", "street_address": "a\nb"})
    before = users.get(user.user_id)

    assert save(browser_of(user)).status == 200
    assert users.get(user.user_id) == before


def test_a_form_without_a_field_leaves_its_member_alone() -> None:
    user = new_user(given_name="Ada", nickname="amazing")
    browser = browser_of(user)
    fields = hidden_fields(shown(browser)) | {"fields": "given_name", "save": "profile"}

    browser.post("hosted_pages", ACCOUNT, fields)

    assert profile_of(user) == {"nickname": "amazing"}


@pytest.mark.row(83)
def test_fields_that_the_form_does_not_have_are_ignored() -> None:
    user = new_user()
    extra = {
        "app_metadata": '{"plan":"gold"}',
        "app_metadata.plan": "gold",
        "user_metadata": "{}",
        "roles": "rol_admin",
        "email": "mallory@example.com",
        "email_verified": "true",
        "username": "root",
        "phone_number": "+4930123456",
        "sub": "gatehouse|other",
        "user_id": "gatehouse|other",
        "blocked": "false",
        "created_at": "0",
        "epoch": "7",
        "password_hash": "x",
        "profile": "javascript:alert(1)",
        "profile.gender": "x",
        "profile[gender]": "x",
        "gender": "x",
        "address.country": "x",
        "__proto__": "x",
    }
    every = " ".join([*extra, "nickname"])

    assert save(browser_of(user), nickname="amazing", **extra | {"fields": every}).status == 200

    now = users.get(user.user_id)
    assert now and now.profile == {"nickname": "amazing"}
    changed = {"profile", "version", "updated_at", "provenance"}
    assert all(getattr(now, name) == getattr(user, name) for name in users.User.__dataclass_fields__ if name not in changed)
    assert set(now.provenance) == {"email", "nickname"}


@pytest.mark.row(98)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("picture", "javascript:alert(1)"),
        ("website", "data:text/html,<script>"),
        ("birthdate", "10 December 1815"),
        ("zoneinfo", "the moon"),
        ("locale", "<script>"),
        ("nickname", "x" * 1025),
        ("country", "x" * 1025),
    ],
)
def test_a_mistake_is_told_at_its_field_and_what_was_typed_is_kept(name: str, value: str) -> None:
    user = new_user()
    browser = browser_of(user)

    answer = save(browser, given_name="Ada", **{name: value})

    assert answer.status == 400 and 'id="profile-error"' in answer.body and 'aria-invalid="true"' in answer.body
    assert values(answer)["given_name"] == "Ada" and values(answer)[name] == value
    assert "<script>" not in answer.body and 'href="javascript' not in answer.body
    assert profile_of(user) == {}


@pytest.mark.row(98)
def test_a_profile_is_words_and_never_markup() -> None:
    hostile = '"><script>alert(1)</script>{{7*7777}}'
    page = shown(browser_of(new_user(given_name=hostile, address={"street_address": "</textarea><script>alert(1)</script>"})))

    assert "<script" not in page.body and "54439" not in page.body
    assert values(page)["given_name"] == hostile


@pytest.mark.row(60, 83)
def test_a_form_without_this_browsers_token_saves_nothing() -> None:
    user = new_user()
    browser = browser_of(user)

    assert browser.post("hosted_pages", ACCOUNT, {"csrf": "x", "save": "profile", "fields": "nickname", "nickname": "x"}).status == 403
    assert profile_of(user) == {}


def test_who_is_not_signed_on_is_asked_to_sign_in_and_nothing_is_saved() -> None:
    user = new_user()
    browser = browser_of(user)
    page = shown(browser)
    del browser.cookies[SIGN_ON]

    assert "/u/login" in browser.fill(page, ACCOUNT, save="profile", nickname="x").location
    assert profile_of(user) == {}


def test_all_others_are_signed_out_and_this_browser_and_what_it_opened_go_on() -> None:
    user = new_user()
    app, here, there = new_client(), browser_of(user), browser_of(user)
    kept, ended = tokens_of(app.client_id, here), tokens_of(app.client_id, there)
    assert shown(here).body.count("This browser</span>") == 1

    answer = here.fill(shown(here), ACCOUNT, sign_out="others")

    assert "You are signed out everywhere else." in answer.body and len(listed(answer)) == 1
    assert [userinfo(each["access_token"]).status for each in (kept, ended)] == [200, 401]
    assert there.get("hosted_pages", ACCOUNT).status == 303


def test_ending_a_session_of_another_browser_signs_that_browser_out() -> None:
    user = new_user()
    app, here, there = new_client(), browser_of(user), browser_of(user)
    tokens_of(app.client_id, there)

    here.fill(shown(here), ACCOUNT, end=listed(shown(here))[0])

    assert there.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"
    assert shown(here).status == 200


def test_the_page_names_the_organizations_of_the_person() -> None:
    user = new_user()
    browser = browser_of(user)
    assert 'id="organizations"' not in shown(browser).body
    memberships.join(organizations.create("acme", display_name="Acme <Inc>").org_id, user.user_id)

    assert "Acme &lt;Inc&gt;" in shown(browser).body


def test_what_a_redirect_claims_was_done_is_only_what_this_page_redirects_for() -> None:
    browser = browser_of(new_user())

    assert 'role="status"' not in browser.get("hosted_pages", f"{ACCOUNT}?done=saved").body
    assert 'role="status"' not in browser.get("hosted_pages", f"{ACCOUNT}?done=<b>").body


def test_every_member_of_the_profile_has_words_for_people() -> None:
    assert all(profile_form.field_of(name) for name in users.PROFILE_CLAIMS)
