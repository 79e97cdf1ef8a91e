"""People of another store, who come over when they first sign in, or have forgotten their password (S42; row F12)."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import UserMigrationTriggerEvent

from gatehouse import limits, users
from gatehouse.hooks import USER_MIGRATION
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.flows import Browser, exchange, later, mailed_link, mails, new_client, new_user
from tests.unit.hooks import hooked, refusing, responding
from tests.unit.operators import api, machine, user_path
from tests.unit.test_login import opened
from tests.unit.test_sessions import SIGN_ON

pytestmark = pytest.mark.usefixtures("lambdas")
EMAIL = "grace@example.com"
# Too short for a new account, and nothing that is to be found in any log.
CANARY = "old-Pw7"
STORE: dict[str, dict[str, Any]] = {
    EMAIL: {
        "sub": "another-id",
        "email": EMAIL,
        "email_verified": "true",
        "given_name": "Grace",
        "address": "Rue 1, Paris",
        "custom:plan": "gold",
        "dev:secret": "x",
    }
}


def old_store(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """As functions for Cognito are written."""
    trigger = UserMigrationTriggerEvent(event)
    known = STORE.get(trigger.user_name)
    forgotten = trigger.trigger_source == "UserMigration_ForgotPassword"
    if known is None or not (forgotten or trigger.request.password == CANARY):
        raise ValueError(f"Bad password {event['request'].get('password')}")
    trigger.response.user_attributes = known
    trigger.response.message_action = "SUPPRESS"
    trigger.response.desired_delivery_mediums = ["EMAIL"]
    if not forgotten:
        trigger.response.final_user_status = "CONFIRMED"
    return trigger.raw_event


def migrating(**attributes: Any) -> Any:
    """Knows everybody, by these attributes."""
    return responding({"userAttributes": attributes, "finalUserStatus": "CONFIRMED"})


def attempt(email: str = EMAIL, password: str = CANARY, browser: Browser | None = None) -> Answer:
    return (browser or Browser()).sign_in(new_client().client_id, email, password)


def forgotten(email: str = EMAIL) -> Answer:
    browser = Browser()
    return browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email=email)


def grace() -> User:
    found = users.get_by_email(EMAIL)
    assert found is not None
    return found


def test_whoever_signs_in_first_comes_over_with_password_and_all_and_is_asked_about_no_more() -> None:
    hook, app, browser = hooked(USER_MIGRATION, old_store), new_client(), Browser()

    answer = browser.sign_in(app.client_id, EMAIL, CANARY)

    assert exchange(app.client_id, answer.sent_back["code"]).status == 200
    user = grace()
    assert user.user_id.startswith("gatehouse|") and user.email_verified
    assert user.profile == {"given_name": "Grace", "address": {"formatted": "Rue 1, Paris"}}
    assert user.app_metadata == {"plan": "gold"}
    assert {entry["source"] for entry in user.provenance.values()} == {"migration"}
    assert attempt().status == 303
    assert attempt(password="wrong").status == 400
    assert len(hook.calls) == 1
    event = hook.calls[0]
    assert (event["triggerSource"], event["userName"]) == ("UserMigration_Authentication", EMAIL)
    assert (event["request"]["password"], event["request"]["validationData"]) == (CANARY, {})
    assert event["callerContext"]["clientId"] == app.client_id


def test_what_the_person_typed_is_what_the_old_store_is_asked_for() -> None:
    hook = hooked(USER_MIGRATION, migrating(email="Grace@Example.com", email_verified=True))

    assert attempt(" GRACE@example.com").status == 303

    assert hook.calls[0]["userName"] == " GRACE@example.com"
    assert grace().email_verified


@pytest.mark.parametrize(
    ("typed", "told"),
    [(" GRACE@example.com", {"email": EMAIL}), ("\uff27race@Example\uff0ecom", {"email": EMAIL}), ("Grace.H", {"username": "grace.h"})],
)
def test_beside_what_was_typed_stands_what_it_means_here(typed: str, told: dict[str, str]) -> None:
    hook, app = hooked(USER_MIGRATION, old_store), new_client()

    Browser().sign_in(app.client_id, typed, CANARY)

    (event,) = hook.calls
    assert event["userName"] == typed
    assert event["request"]["context"] == {"client_id": app.client_id} | told


def test_whoever_was_deleted_here_and_comes_over_again_is_somebody_new() -> None:
    hook = hooked(USER_MIGRATION, old_store)
    attempt()
    before = grace()
    assert api("DELETE", user_path(before.user_id), machine("delete:users")).status == 204

    assert attempt().status == 303

    assert grace().user_id != before.user_id
    assert len(hook.calls) == 2


def test_an_address_that_the_old_store_had_not_verified_is_not_here_either() -> None:
    for value in ("false", "", None, False):
        hooked(USER_MIGRATION, migrating(email=EMAIL, email_verified=value), order=0)
        attempt()
        assert not grace().email_verified


def test_whoever_has_a_user_name_there_has_it_here() -> None:
    hooked(USER_MIGRATION, migrating(email=EMAIL, email_verified="true", phone_number="+4930123456", phone_number_verified="true"))

    assert attempt("Grace.H").status == 303

    user = users.get_by("username", "grace.h")
    assert user is not None and user == grace()
    assert (user.phone_number, user.phone_verified) == ("+4930123456", True)


def test_an_address_that_nobody_verified_is_no_way_to_keep_its_owner_out() -> None:
    hooked(USER_MIGRATION, migrating(email=EMAIL, phone_number="+4930123456"))

    assert attempt("mallory").status == 303

    mallory = users.get_by("username", "mallory")
    assert mallory is not None and (mallory.email, mallory.phone_number) == ("", "")
    assert users.get_by_email(EMAIL) is None


def test_nobody_comes_over_into_what_is_somebody_else_s_here() -> None:
    owner = new_user(EMAIL)
    hooked(USER_MIGRATION, migrating(email=EMAIL, email_verified="true"))

    assert attempt("mallory").status == 400

    assert users.get_by("username", "mallory") is None
    assert grace() == owner


def test_people_who_are_here_are_looked_for_nowhere_else() -> None:
    new_user(EMAIL)
    hook = hooked(USER_MIGRATION, old_store)

    assert attempt().status == 400
    assert attempt("").status == 400
    assert forgotten().status == 200

    assert hook.calls == []


def test_a_wrong_password_there_looks_like_one_here_and_counts_like_one() -> None:
    app, browser = new_client(), Browser()
    page = opened(browser, app.client_id)
    without = browser.fill(page, "/u/login", email="nobody@example.com", password="wrong")
    hook = hooked(USER_MIGRATION, old_store)

    with later(0):
        answers = [browser.fill(page, "/u/login", email=EMAIL, password="wrong") for _ in range(limits.PASSWORD.attempts + 2)]

    assert {(answer.status, answer.body.replace(EMAIL, "nobody@example.com")) for answer in answers} == {(400, without.body)}
    # What is over the limit is not even asked about there.
    assert len(hook.calls) == limits.PASSWORD.attempts
    assert users.get_by_email(EMAIL) is None
    assert SIGN_ON not in browser.cookies


@pytest.mark.parametrize("response", [{}, {"userAttributes": None}, {"userAttributes": {}}])
def test_an_answer_without_attributes_means_that_nobody_is_known(response: dict[str, Any]) -> None:
    hooked(USER_MIGRATION, responding(response), order=1)
    second = hooked(USER_MIGRATION, refusing("not here"), order=2)
    hooked(USER_MIGRATION, old_store, order=3)

    assert attempt().status == 303
    assert len(second.calls) == 1


def test_whoever_must_choose_a_new_password_there_has_none_here_until_they_do() -> None:
    hooked(USER_MIGRATION, responding({"userAttributes": STORE[EMAIL], "finalUserStatus": "RESET_REQUIRED"}))

    assert attempt().status == 400
    assert grace().password_hash == ""
    assert attempt().status == 400
    forgotten()
    reset(mailed_link("/u/reset"))

    assert attempt(password="tin umbrella forgets nothing").status == 303


def reset(link: str) -> None:
    browser = Browser()
    page = browser.get("hosted_pages", link)
    assert browser.fill(page, "/u/reset", password="tin umbrella forgets nothing").status == 200


def test_a_status_that_is_not_said_is_confirmed_as_in_cognito() -> None:
    hooked(USER_MIGRATION, responding({"userAttributes": STORE[EMAIL]}))

    assert attempt().status == 303


def test_no_hook_is_asked_about_what_can_be_no_password() -> None:
    hook = hooked(USER_MIGRATION, old_store)

    assert attempt(password="x" * 257).status == 400
    assert hook.calls == []


def test_whoever_has_forgotten_the_password_comes_over_without_one_and_gets_the_mail() -> None:
    hook = hooked(USER_MIGRATION, old_store)
    known, unknown = forgotten(), forgotten("nobody@example.com")

    assert known.body.replace(EMAIL, "nobody@example.com") == unknown.body
    assert grace().password_hash == ""
    assert [event["triggerSource"] for event in hook.calls] == ["UserMigration_ForgotPassword"] * 2
    assert all("password" not in event["request"] for event in hook.calls)
    link = next(mail.body for mail in mails() if mail.destinations["ToAddresses"] == [EMAIL])
    assert "/u/reset?ticket=" in link
    assert "/u/reset" not in mails()[-1].body


def test_a_reset_of_somebody_who_came_over_works_to_the_end() -> None:
    hooked(USER_MIGRATION, old_store)
    forgotten()
    reset(mailed_link("/u/reset"))

    assert attempt(password="tin umbrella forgets nothing").status == 303
    assert grace().email_verified
