"""Hooks at a sign-in that refuse it, or while which something happens: nothing is signed on that should not be (S48, row F12)."""

from dataclasses import replace
from typing import Any

import pytest

from gatehouse import memberships, organizations, table, user_changes, users
from gatehouse.hooks import POST_LOGIN
from gatehouse.user_changes import Edited
from tests.unit.devices import codes, new_device_client, poll, type_code
from tests.unit.flows import (
    CALLBACK,
    Browser,
    browser_of,
    exchange,
    new_client,
    new_user,
)
from tests.unit.hooks import crashes, hooked, passes, refusing, responding
from tests.unit.operators import api, machine, user_path
from tests.unit.teams import two
from tests.unit.test_invitations import invited, link_of
from tests.unit.test_post_login import default_name, now, why
from tests.unit.test_sessions import SIGN_ON, silent

pytestmark = pytest.mark.usefixtures("lambdas")


@pytest.mark.parametrize("deny", [responding({"deny": {"reason": "not on Sundays"}}), refusing("not on Sundays")])
@pytest.mark.parametrize("fail_mode", ["deny", "continue"])
def test_a_refusal_goes_to_the_application_and_nothing_is_signed_on_or_kept(deny: Any, fail_mode: str) -> None:
    user, app, browser = new_user(), new_client(), Browser()
    hooked(POST_LOGIN, default_name, order=1)
    hooked(POST_LOGIN, deny, order=2, fail_mode=fail_mode)
    never = hooked(POST_LOGIN, passes, order=3)

    answer = browser.sign_in(app.client_id)

    assert answer.location.startswith(CALLBACK)
    assert why(answer) == ("access_denied", "not on Sundays")
    assert SIGN_ON not in browser.cookies
    assert never.calls == []
    assert now(user).user_metadata == {}
    assert now(user).logins_count == 0


@pytest.mark.parametrize("deny", [responding({"deny": {"reason": "not on Sundays"}}), refusing("not on Sundays")])
def test_a_refusal_stands_in_the_history_of_the_person(deny: Any) -> None:
    user, app = new_user(), new_client(name="Shop")
    hooked(POST_LOGIN, deny)

    Browser().sign_in(app.client_id)

    (entry,) = api("GET", user_path(user.user_id, "logs"), machine("read:logs")).json
    assert (entry["type"], entry["description"]) == ("f", "A hook refused the sign-in.")
    assert (entry["client_name"], entry["ip"]) == ("Shop", "192.0.2.7")


def test_where_nothing_is_refused_by_a_hook_there_is_no_failed_attempt_in_the_history() -> None:
    user, app = new_user(), new_client(organization_usage="allow")
    hook = hooked(POST_LOGIN, crashes)
    assert why(Browser().sign_in(app.client_id, organization=organizations.create("acme").org_id))[0] == "access_denied"
    Browser().sign_in(app.client_id)
    hook.function.handler = passes
    Browser().sign_in(app.client_id)
    hook.function.handler = refusing()
    # By the sign-on of the browser, which is no sign-in in the history either.
    browser_of(user).authorize(app.client_id)

    assert [entry["type"] for entry in api("GET", user_path(user.user_id, "logs"), machine("read:logs")).json] == ["s"]


@pytest.mark.parametrize("reason", ['Zugang für "Müller\\" gesperrt', "", "だめ"])
def test_a_reason_is_told_in_characters_that_an_error_may_have(reason: str) -> None:
    new_user()
    hooked(POST_LOGIN, responding({"deny": {"reason": reason}}))

    error, description = why(Browser().sign_in(new_client().client_id))

    assert error == "access_denied"
    assert description in ("Zugang fur 'Muller/' gesperrt", "the sign-in was refused")


def test_a_sign_on_is_no_way_around_a_refusal() -> None:
    user, app = new_user(), new_client()
    browser = browser_of(user)
    assert silent(browser, app.client_id) == "code"
    hooked(POST_LOGIN, refusing("blocked region"))

    assert why(browser.authorize(app.client_id)) == ("access_denied", "blocked region")
    assert why(browser.authorize(app.client_id, prompt="none")) == ("access_denied", "blocked region")


def test_on_our_own_pages_the_person_is_told_and_can_begin_anew() -> None:
    new_user()
    hooked(POST_LOGIN, refusing("come back <b>tomorrow</b>"))
    browser = Browser()
    page = browser.get("hosted_pages", browser.get("hosted_pages", "/u/account").location)

    answer = browser.fill(page, "/u/login", email="ada@example.com", password="correct horse battery staple")

    assert answer.status == 403
    assert "Come back &lt;b&gt;tomorrow" in answer.body
    assert "/u/account" in answer.body
    assert SIGN_ON not in browser.cookies


@pytest.mark.parametrize("known", [False, True])
def test_a_device_hears_of_a_refusal_too(known: bool) -> None:
    user, television = new_user(), new_device_client()
    hooked(POST_LOGIN, refusing("no televisions"))
    started = codes(television.client_id)
    browser = browser_of(user) if known else Browser()

    answer = type_code(browser, started["user_code"])
    if not known:
        page = browser.get("hosted_pages", answer.location)
        answer = browser.fill(page, "/u/login", email="ada@example.com", password="correct horse battery staple")

    assert "was not let in" in answer.body
    assert poll(television.client_id, started["device_code"]).json["error"] == "access_denied"


def test_nobody_who_is_kept_out_anyway_is_shown_to_a_hook() -> None:
    new_user()
    app, acme, hook = new_client(organization_usage="allow"), organizations.create("acme"), hooked(POST_LOGIN, passes)

    assert why(Browser().sign_in(app.client_id, organization=acme.org_id))[0] == "access_denied"
    assert Browser().sign_in(app.client_id, password="a wrong password").status == 400

    assert hook.calls == []


def test_whoever_is_signed_out_everywhere_while_a_hook_runs_is_not_signed_on() -> None:
    user, app, browser = new_user(), new_client(), Browser()

    def meanwhile(event: dict[str, Any], _context: Any) -> Any:
        users.sign_out_everywhere(user.user_id, invocation_id="elsewhere")
        return default_name(event, None)

    hook = hooked(POST_LOGIN, meanwhile)
    code = browser.sign_in(app.client_id).sent_back["code"]
    hook.function.handler = passes

    assert exchange(app.client_id, code).json["error"] == "invalid_grant"
    assert silent(browser, app.client_id) == "login_required"


def test_what_others_change_while_a_hook_runs_is_not_lost() -> None:
    user, app = new_user(), new_client()

    def meanwhile(event: dict[str, Any], _context: Any) -> Any:
        user_changes.change(user.user_id, lambda found: Edited(replace(found, user_metadata={"theme": "dark"})))
        return default_name(event, None)

    hooked(POST_LOGIN, meanwhile)
    Browser().sign_in(app.client_id)

    assert now(user).user_metadata == {"theme": "dark", "displayName": "user"}


def test_a_person_who_is_gone_when_the_hooks_are_done_is_not_signed_on() -> None:
    user, app = new_user(), new_client()

    def meanwhile(event: dict[str, Any], _context: Any) -> Any:
        table.delete(table.user_key(user.user_id))
        return default_name(event, None)

    hooked(POST_LOGIN, meanwhile)

    assert why(Browser().sign_in(app.client_id))[0] == "access_denied"


@pytest.mark.parametrize("fails", [False, True])
def test_an_invitation_is_not_used_up_by_a_sign_in_that_comes_to_nothing(fails: bool) -> None:
    acme, _ = two()
    bob, told = new_user("bob@example.com"), link_of(invited(acme, "bob@example.com"))
    hook = hooked(POST_LOGIN, crashes if fails else refusing())
    app = new_client()

    assert "code" not in Browser().sign_in(app.client_id, bob.email, **told).headers.get("location", "")
    assert memberships.get(bob.user_id, acme.org_id) is None
    hook.function.handler = passes

    assert "code" in Browser().sign_in(app.client_id, bob.email, **told).sent_back
    assert memberships.get(bob.user_id, acme.org_id) is not None


def test_nobody_who_was_not_invited_is_shown_to_a_hook() -> None:
    acme, _ = two()
    new_user("mallory@example.com")
    told = link_of(invited(acme, "bob@example.com"))
    hook = hooked(POST_LOGIN, passes)

    assert why(Browser().sign_in(new_client().client_id, "mallory@example.com", **told))[0] == "access_denied"
    assert hook.calls == []
