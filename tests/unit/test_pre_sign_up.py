"""Hooks before an account is made: a veto leaves nothing behind, and what they prepare is there with it (S60, S61; row F12)."""

from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import PreSignUpTriggerEvent

from gatehouse import claim_mapping, custom_data, organizations, table, users
from gatehouse.claim_mapping import Rule
from gatehouse.hooks import PRE_SIGN_UP, calls, pre_sign_up
from gatehouse.hooks.pre_sign_up import BY_OPERATOR, FROM_PROVIDER, SIGN_UP
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.flows import Browser, claims_of, exchange, mailed_link, new_client, new_user
from tests.unit.hooks import hooked, passes, refusing, responding
from tests.unit.operators import api, machine
from tests.unit.test_sign_up import EMAIL, PASSWORD, asked, begun, chosen
from tests.unit.user_data import switch_on

pytestmark = pytest.mark.usefixtures("lambdas")
NEW = {"connection": "Username-Password-Authentication", "email": EMAIL, "password": PASSWORD}
PREPARED = {
    "userMetadata": {"theme": "dark"},
    "appMetadata": {"plan": "free"},
    "profile": {"nickname": "Amazing"},
    "customDocument": {"seats": 5},
}


def signed_up(browser: Browser | None = None) -> Answer:
    """From the address to the page behind the password."""
    browser = browser or Browser()
    asked(browser)
    return chosen(browser)


def created(**more: Any) -> Answer:
    """POST users by a machine."""
    return api("POST", "/users", machine("create:users"), NEW | more)


def grace() -> User:
    found = users.get_by_email(EMAIL)
    assert found is not None
    return found


def everything() -> list[dict[str, Any]]:
    """All items that tell of people, whatever else was done meanwhile."""
    items, _ = table.scan(None, limit=1000)
    return [item for item in items if item["pk"].startswith(("USER#", "EMAIL#", "TICKET#", "COUNT#", "USERNAME#"))]


def test_a_function_for_cognito_hears_of_the_account_before_it_is_there() -> None:
    there = []

    def handler(event: dict[str, Any], _context: Any) -> Any:
        there.append(users.get_by_email(EMAIL))
        return event

    hook = hooked(PRE_SIGN_UP, handler)
    signed_up()

    (event,) = map(PreSignUpTriggerEvent, hook.calls)
    assert event.trigger_source == "PreSignUp_SignUp"
    assert event.user_name == event.request.user_attributes["sub"] == grace().user_id
    assert event.request.user_attributes["email"] == EMAIL
    assert event.response.auto_confirm_user is False
    assert there == [None]
    assert PASSWORD not in str(hook.calls) and "argon2" not in str(hook.calls)


def test_a_function_for_cognito_may_confirm_and_verify_which_a_mailed_link_has_done_already() -> None:
    def handler(event: dict[str, Any], _context: Any) -> Any:
        trigger = PreSignUpTriggerEvent(event)
        trigger.response.auto_confirm_user = trigger.response.auto_verify_email = trigger.response.auto_verify_phone = True
        return trigger.raw_event

    hooked(PRE_SIGN_UP, handler)

    assert signed_up().status == 200
    assert grace().email_verified and not grace().phone_verified
    assert created(email="bob@example.com", phone_number="+49 30 123456").json["email_verified"] is True


def test_an_operator_s_user_is_verified_only_by_a_hook_that_says_so() -> None:
    hook = hooked(PRE_SIGN_UP, passes)

    answer = created(phone_number="+49 30 123456")

    assert (answer.json["email_verified"], answer.json["phone_verified"]) == (False, False)
    (event,) = hook.calls
    assert event["triggerSource"] == "PreSignUp_AdminCreateUser"
    assert event["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"
    assert event["userName"] == answer.json["user_id"]


@pytest.mark.parametrize(("source", "verified"), [(SIGN_UP, False), (FROM_PROVIDER, False), (BY_OPERATOR, True)])
def test_only_for_an_operator_s_user_a_hook_stands_for_an_address(source: str, verified: bool) -> None:
    hooked(PRE_SIGN_UP, responding({"autoVerifyEmail": True, "autoVerifyPhone": True}))
    draft = User("gatehouse|new", EMAIL, users.FIRST_EPOCH, phone_number="+4930123456")

    user = pre_sign_up.run(draft, source=source, idempotency_id="x").user

    assert (user.email_verified, user.phone_verified) == (verified, verified)


@pytest.mark.parametrize("reason", ["We are <b>full</b>.", ""])
def test_a_veto_leaves_nothing_behind_and_the_form_can_be_sent_again(reason: str) -> None:
    browser = Browser()
    asked(browser)
    before = everything()
    hook = hooked(PRE_SIGN_UP, refusing(reason))

    answer = chosen(browser)

    assert answer.status == 400
    assert ("We are &lt;b&gt;full&lt;/b&gt;." if reason else "No account can be made with this address here.") in answer.body
    assert everything() == before
    hook.function.handler = passes
    assert chosen(browser).status == 200
    assert grace().email_verified


def test_a_veto_is_told_to_an_operator_as_such() -> None:
    before = everything()
    hooked(PRE_SIGN_UP, refusing("Only colleagues."))

    answer = created()

    assert (answer.status, answer.json["errorCode"], answer.json["message"]) == (400, "extensibility_error", "Only colleagues.")
    assert everything() == before


def test_what_a_hook_prepares_is_there_with_the_account_and_in_its_first_tokens() -> None:
    switch_on()
    rules = (Rule("https://app.example.com/plan", "app_metadata.plan"), Rule("https://app.example.com/seats", "custom_data.seats"))
    claim_mapping.change(lambda before: replace(before, rules=rules))
    hook = hooked(PRE_SIGN_UP, responding(PREPARED))
    app, browser = new_client(), Browser()
    asked(browser, sign_in=begun(browser, app.client_id))

    tokens = exchange(app.client_id, chosen(browser).sent_back["code"]).json

    user = grace()
    assert (user.user_metadata, user.app_metadata, user.profile) == ({"theme": "dark"}, {"plan": "free"}, {"nickname": "Amazing"})
    assert user.provenance["nickname"]["source"] == "operator"
    assert user.provenance["email"]["source"] == "sign_up"
    assert custom_data.get(user.user_id).document == {"user_id": user.user_id, "seats": 5}
    claims = claims_of(tokens["access_token"])
    assert (claims["sub"], claims["https://app.example.com/plan"], claims["https://app.example.com/seats"]) == (user.user_id, "free", 5)
    assert hook.calls[0]["request"]["context"] == {"client_id": app.client_id}


def test_the_same_for_a_user_whom_an_operator_makes() -> None:
    switch_on()
    hooked(PRE_SIGN_UP, responding(PREPARED))

    answer = created(user_metadata={"theme": "light", "size": 1}, given_name="Grace")

    assert answer.status == 201
    assert answer.json["user_metadata"] == {"theme": "dark", "size": 1}
    assert (answer.json["app_metadata"], answer.json["nickname"], answer.json["given_name"]) == ({"plan": "free"}, "Amazing", "Grace")
    assert custom_data.get(answer.json["user_id"]).document["seats"] == 5


def test_later_hooks_see_what_earlier_ones_prepared() -> None:
    switch_on()
    last = hooked(PRE_SIGN_UP, responding({"appMetadata": {"plan": None, "paid": True}}), order=2)
    hooked(PRE_SIGN_UP, responding(PREPARED), order=1)

    signed_up()

    (request,) = (call["request"] for call in last.calls)
    assert request["user"]["app_metadata"] == {"plan": "free"}
    assert request["userAttributes"]["nickname"] == "Amazing"
    assert request["customDocument"] == {"user_id": grace().user_id, "seats": 5}
    assert grace().app_metadata == {"paid": True}
    assert custom_data.get(grace().user_id).document["seats"] == 5


def test_it_is_told_for_which_client_and_organization_somebody_signs_up() -> None:
    app, browser, acme = new_client(), Browser(), organizations.create("acme")
    hook = hooked(PRE_SIGN_UP, refusing())
    asked(browser, sign_in=begun(browser, app.client_id))
    # Also where the link is opened in another browser.
    assert chosen(Browser()).status == 400
    draft = User("gatehouse|new", EMAIL, users.FIRST_EPOCH)
    with pytest.raises(calls.Vetoed):
        pre_sign_up.run(draft, source=SIGN_UP, idempotency_id="x", client_id=app.client_id, org_id=acme.org_id)

    told = [call["request"]["context"] for call in hook.calls]
    assert told == [{"client_id": app.client_id}, {"client_id": app.client_id, "organization": {"id": acme.org_id, "name": "acme"}}]


def test_nobody_who_is_there_already_is_shown_to_a_hook() -> None:
    new_user(EMAIL)
    hook = hooked(PRE_SIGN_UP, passes)

    # Auth0's SDK sends what conflicts three times.
    assert [created().status for _ in range(3)] == [409, 409, 409]
    assert created(email="bob@example.com", username="ada").status == 201
    assert created(email="eve@example.com", username="ada").status == 409
    assert created(email="eve@example.com", user_id="chosen").status == 201
    assert created(email="mallory@example.com", user_id="chosen").status == 409
    table.delete(table.user_key("gatehouse|chosen"))
    table.put(table.gone_key("gatehouse|chosen"), {})
    assert created(email="mallory@example.com", user_id="chosen").status == 409

    assert [call["request"]["userAttributes"]["email"] for call in hook.calls] == ["bob@example.com", "eve@example.com"]


def test_a_password_that_is_not_taken_and_a_link_that_was_used_reach_no_hook() -> None:
    hook = hooked(PRE_SIGN_UP, passes)
    browser = Browser()
    asked(browser)
    link = mailed_link("/u/verify")

    assert chosen(browser, "short").status == 400
    assert created(password="short").status == 400
    assert hook.calls == []
    assert chosen(browser).status == 200
    assert browser.get("hosted_pages", link).status == 400
    assert len(hook.calls) == 1
