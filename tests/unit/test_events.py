"""What happens to people becomes events: each kind from the deed itself, told by the table's stream."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gatehouse import (
    connections,
    consents,
    custom_data,
    identities,
    memberships,
    organizations,
    passwords,
    role_holders,
    roles,
    sessions,
    table,
    user_changes,
    users,
)
from gatehouse.events import CATALOGUE
from gatehouse.user_changes import Edited
from gatehouse.users import User
from tests.unit.buses import connect, heard, messages
from tests.unit.flows import (
    PASSWORD,
    Browser,
    browser_of,
    exchange,
    hidden_fields,
    later,
    mailed_link,
    new_client,
    new_code,
    new_user,
    refresh,
    tokens_of,
)
from tests.unit.operators import api, machine, user_path
from tests.unit.streams import after, passed_on, turn_on, waiting
from tests.unit.teams import new_role
from tests.unit.user_data import switch_on

Event = dict[str, Any]


@pytest.fixture(autouse=True)
def bus(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_on()
    connect(monkeypatch)


@pytest.fixture
def ada() -> User:
    return new_user(name="Ada", locale="en")


def told(deed: Callable[[], object]) -> list[Event]:
    """The events of a deed, when nothing goes wrong."""
    assert passed_on(after(deed)) == []
    assert waiting("failed_events_queue_url") == []
    return heard()


def kinds(events: list[Event]) -> list[str]:
    found = [event["type"] for event in events]
    assert set(found) <= set(CATALOGUE)
    return found


def only(events: list[Event], kind: str) -> Any:
    (event,) = [event for event in events if event["type"] == kind]
    return event["data"]


def changed(user: User, **values: Any) -> list[Event]:
    """What is told of a change of the record."""
    return told(lambda: user_changes.change(user.user_id, lambda now: Edited(replace(now, **values))))


def patched(user: User, **body: Any) -> list[Event]:
    """What is told of a change by an operator."""
    bearer = machine("update:users", "update:users_app_metadata")
    return told(lambda: api("PATCH", user_path(user.user_id), bearer, body))


def test_a_new_person_is_told_of_as_the_management_api_shows_them() -> None:
    assert passed_on(after(lambda: new_user(name="Ada"))) == []

    (message,) = messages()
    user = users.get_by_email("ada@example.com")
    assert user is not None
    event = message["detail"]
    assert (message["source"], message["detail-type"]) == ("gatehouse", "user.created")
    assert event == {"id": event["id"], "type": "user.created", "time": event["time"], "data": event["data"]}
    assert len(event["id"]) == 24 and event["time"].endswith("Z")
    assert event["data"]["user_id"] == user.user_id
    assert event["data"]["user"] == api("GET", user_path(user.user_id), machine("read:users")).json


def test_a_change_of_the_record_names_what_is_another(ada: User) -> None:
    assert only(patched(ada, name="Countess", gender="female"), "user.updated")["changed"] == ["profile.gender", "profile.name"]
    assert only(patched(ada, locale=None), "user.updated")["changed"] == ["profile.locale"]
    events = patched(ada, user_metadata={"theme": "dark"}, app_metadata={"plan": "pro"})
    assert kinds(events) == ["user.updated"]
    assert only(events, "user.updated")["changed"] == ["app_metadata", "user_metadata"]
    assert only(events, "user.updated")["user"]["app_metadata"] == {"plan": "pro"}
    assert kinds(patched(ada, user_metadata={"theme": "dark"})) == []


def test_true_is_another_value_than_one_and_the_order_of_members_is_none(ada: User) -> None:
    changed(ada, app_metadata={"a": 1, "b": {"x": 1, "y": 2}})

    assert kinds(changed(ada, app_metadata={"b": {"y": 2, "x": 1}, "a": 1})) == []
    assert kinds(changed(ada, app_metadata={"a": True, "b": {"x": 1, "y": 2}})) == ["user.updated"]


def test_blocking_is_told_with_the_sessions_that_it_ended_and_unblocking_too(ada: User) -> None:
    tokens_of(new_client().client_id, browser_of(ada))

    events = patched(ada, blocked=True)
    assert kinds(events) == ["user.blocked", "user.updated", "session.ended"]
    assert only(events, "session.ended")["because"] == ""
    assert only(events, "user.updated")["changed"] == ["blocked"]
    assert kinds(patched(ada, blocked=False)) == ["user.unblocked", "user.updated"]
    assert kinds(patched(ada, blocked=False)) == []


def test_a_password_is_told_of_when_it_is_another_and_not_when_it_is_hashed_anew(ada: User) -> None:
    assert kinds(patched(ada, password="seven ginger otters juggle")) == ["user.password_changed"]
    assert kinds(told(lambda: table.transact(users.password_write(ada.user_id, ada.email, "another")))) == ["user.password_changed"]
    now = users.get(ada.user_id)
    assert now is not None
    assert kinds(told(lambda: users.rehash(now, passwords.hash_password(PASSWORD)))) == []


def test_addresses_and_numbers_are_told_with_the_old_ones(ada: User) -> None:
    events = patched(ada, email="countess@example.com")
    assert kinds(events) == ["user.email_changed", "user.updated"]
    assert only(events, "user.email_changed")["previous"] == "ada@example.com"
    assert only(events, "user.email_changed")["user"]["email"] == "countess@example.com"
    assert kinds(patched(ada, email="ada@example.org", email_verified=True)) == [
        "user.email_changed",
        "user.email_verified",
        "user.updated",
    ]
    assert kinds(patched(ada, phone_number="+49 30 123456")) == ["user.phone_changed", "user.updated"]
    assert only(patched(ada, phone_number="+49 30 654321"), "user.phone_changed")["previous"] == "+4930123456"


def test_an_address_is_verified_once() -> None:
    user = users.create("ada@example.com", email_verified=False, password_hash="")

    def verify() -> None:
        table.transact(users.verification_write(user.user_id, user.email))

    assert kinds(told(verify)) == ["user.email_verified", "user.updated"]
    assert kinds(told(verify)) == []


def test_roles_and_permissions_are_told_when_they_are_others(ada: User) -> None:
    editor, author = new_role("editor"), new_role("author")

    assert only(told(lambda: role_holders.assign(ada.user_id, [editor, author])), "user.roles_changed")["added"] == [editor, author]
    events = told(lambda: role_holders.unassign(ada.user_id, [editor]))
    assert kinds(events) == ["user.roles_changed"]
    assert (only(events, "user.roles_changed")["added"], only(events, "user.roles_changed")["removed"]) == ([], [editor])
    assert kinds(changed(ada, permissions={"api": ["read:plays"]})) == ["user.permissions_changed"]


def test_accounts_elsewhere_are_told_of_when_they_are_linked_and_unlinked(ada: User) -> None:
    connection = connections.create("acme-idp", "oidc")

    linked = told(lambda: identities.link(ada.user_id, connection, "7", {"name": "A"}))
    assert kinds(linked) == ["user.identities_changed", "user.updated"]
    assert only(linked, "user.identities_changed")["added"] == [{"connection": "acme-idp", "user_id": "7"}]
    unlinked = changed(ada, identities=[])
    assert only(unlinked, "user.identities_changed")["removed"] == [{"connection": "acme-idp", "user_id": "7"}]


def test_signing_out_everywhere_is_told_and_so_is_each_session(ada: User) -> None:
    app = new_client().client_id
    for _ in range(3):
        tokens_of(app, browser_of(ada))

    events = told(lambda: users.sign_out_everywhere(ada.user_id, invocation_id="x"))

    assert kinds(events) == ["user.signed_out", "session.ended", "session.ended", "session.ended"]
    assert len({event["id"] for event in events}) == 4
    assert kinds(told(lambda: users.sign_out_everywhere(ada.user_id, invocation_id="y"))) == ["user.signed_out"]


def test_a_stolen_refresh_token_is_told_of_beside_the_end_of_its_session(ada: User) -> None:
    app = new_client(refresh_grace_seconds=0).client_id
    tokens = tokens_of(app, browser_of(ada))
    refresh(app, tokens["refresh_token"])

    with later(60):
        events = told(lambda: refresh(app, tokens["refresh_token"]))

    assert kinds(events) == ["session.reuse_detected", "session.ended"]
    assert {event["data"]["because"] for event in events} == {"refresh_token_reused"}
    assert only(events, "session.reuse_detected")["client_id"] == app


def test_a_code_that_comes_again_is_told_of(ada: User) -> None:
    app = new_client().client_id
    code = new_code(app, browser_of(ada))
    exchange(app, code)

    assert kinds(told(lambda: exchange(app, code))) == ["session.reuse_detected", "session.ended"]


def test_a_session_that_is_ended_alone_says_why_and_which_it_was(ada: User) -> None:
    app = new_client().client_id
    tokens_of(app, browser_of(ada))
    (session,) = sessions.of_user(ada.user_id)

    data = only(told(lambda: sessions.revoke(ada.user_id, session.sid, "ended_by_person")), "session.ended")

    assert (data["because"], data["client_id"], data["session"]["sid"]) == ("ended_by_person", app, session.sid)
    shown = api("GET", user_path(ada.user_id, "sessions"), machine("read:sessions"))
    assert shown.json["sessions"] == []


def test_refreshing_tells_nothing(ada: User) -> None:
    app = new_client().client_id
    tokens = tokens_of(app, browser_of(ada))

    assert after(lambda: refresh(app, tokens["refresh_token"])) == []


def test_a_consent_is_told_of_when_it_is_given_widened_and_taken_back(ada: User) -> None:
    app, browser = new_client(first_party=False).client_id, browser_of(ada)

    def allow(scope: str) -> None:
        location = browser.authorize(app, scope=scope).location
        browser.fill(browser.get("hosted_pages", location), "/u/consent", decision="allow")

    given = only(told(lambda: allow("openid")), "consent.granted")
    assert (given["client_id"], given["scopes"]) == (app, ["openid"])
    assert only(told(lambda: allow("openid email")), "consent.granted")["scopes"] == ["email", "openid"]
    assert kinds(told(lambda: browser.authorize(app, scope="openid"))) == []
    assert kinds(told(lambda: consents.withdraw(ada.user_id, app))) == ["consent.revoked"]
    assert kinds(told(lambda: consents.withdraw(ada.user_id, app))) == []


def test_membership_is_told_from_its_beginning_to_its_end(ada: User) -> None:
    acme, role = organizations.create("acme"), roles.create("Librarian").role_id

    added = only(told(lambda: memberships.join(acme.org_id, ada.user_id)), "organization.member_added")
    assert (added["org_id"], added["roles"]) == (acme.org_id, [])
    given = told(lambda: memberships.change(ada.user_id, acme.org_id, lambda _: {"roles": [role]}))
    assert kinds(given) == ["organization.member_roles_changed"]
    assert only(given, "organization.member_roles_changed")["added"] == [role]
    assert kinds(told(lambda: memberships.change(ada.user_id, acme.org_id, lambda _: {"metadata": {"a": 1}}))) == [
        "organization.member_updated"
    ]
    removed = told(lambda: memberships.end_all(acme.org_id))
    assert kinds(removed) == ["organization.member_removed"]
    assert only(removed, "organization.member_removed")["user_id"] == ada.user_id


def test_business_data_is_told_of_and_does_not_go_along(ada: User) -> None:
    switch_on()

    made = told(lambda: custom_data.insert({"user_id": ada.user_id, "plays": 99, "secret": "canary"}))
    other = told(lambda: custom_data.change(ada.user_id, lambda now: {**now, "plays": 100}))
    gone = told(lambda: custom_data.remove(ada.user_id))

    assert kinds(made + other + gone) == ["custom_data.created", "custom_data.changed", "custom_data.removed"]
    assert only(other, "custom_data.changed")["changed"] == ["plays"]
    assert only(gone, "custom_data.removed")["version"] == only(made, "custom_data.created")["version"] + 1
    assert "canary" not in repr(made + other + gone)


def test_a_sign_in_is_told_once_and_its_counters_are_no_change(ada: User) -> None:
    app = new_client().client_id

    (event,) = told(lambda: Browser().sign_in(app))

    assert event["type"] == "user.signed_in"
    assert event["data"] == {"user_id": ada.user_id, "client_id": app, "ip": "192.0.2.7", "user_agent": ""}


def test_whoever_signs_up_on_the_way_in_is_created_and_signed_in() -> None:
    browser, app = Browser(), new_client()

    def sign_up() -> None:
        started = browser.get("hosted_pages", browser.authorize(app.client_id).location)
        page = browser.get("hosted_pages", f"/u/signup?signin={hidden_fields(started)['signin']}")
        browser.fill(page, "/u/signup", email="grace@example.com")
        browser.fill(browser.get("hosted_pages", mailed_link("/u/verify")), "/u/verify", password="seven ginger otters juggle")

    assert kinds(told(sign_up)) == ["user.created", "user.signed_in"]
