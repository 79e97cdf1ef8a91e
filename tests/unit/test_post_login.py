"""Hooks at every sign-in: in order, once, with a say in metadata and claims, and before anything is signed on (S48 to S50, row 91)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.cognito_user_pool_event import (
    PostAuthenticationTriggerEvent,
    PreAuthenticationTriggerEvent,
)

from gatehouse import memberships, organizations, user_changes, users
from gatehouse.hooks import POST_LOGIN
from gatehouse.user_changes import Edited
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.devices import codes, decide, new_device_client, poll
from tests.unit.faults import trouble
from tests.unit.flows import (
    Browser,
    browser_of,
    claims_of,
    exchange,
    hidden_fields,
    new_client,
    new_user,
    refresh,
    signed_in,
    tokens_of,
)
from tests.unit.hooks import Hooked, hooked, passes, refusing, responding
from tests.unit.test_sign_up import asked, begun, chosen
from tests.unit.user_data import demand

pytestmark = pytest.mark.usefixtures("lambdas")
NAMED = "https://app.example.com/plan"


def now(user: User) -> User:
    """The user as they are stored."""
    found = users.get(user.user_id)
    assert found is not None
    return found


def granting(**claims: Any) -> Callable[[dict[str, Any], Any], Any]:
    """Adds a claim of this name to both tokens."""
    return responding({"claims": {"accessToken": claims, "idToken": claims}})


def why(answer: Answer) -> tuple[str, str]:
    """The error that the client is told."""
    return answer.sent_back["error"], answer.sent_back.get("error_description", "")


def default_name(event: dict[str, Any], _context: Any) -> Any:
    """Whoever has no display name yet is called user."""
    if "displayName" not in event["request"]["user"]["user_metadata"]:
        event["response"]["userMetadata"] = {"displayName": "user"}
    return event


def test_a_function_for_cognito_hears_who_signed_in_and_on_which_kind_of_device() -> None:
    user, app, browser = new_user(given_name="Ada"), new_client(), Browser()
    hook = hooked(POST_LOGIN, passes)

    browser.sign_in(app.client_id)
    browser.sign_in(app.client_id, prompt="login")

    first, second = (PostAuthenticationTriggerEvent(event) for event in hook.calls)
    assert first.trigger_source == "PostAuthentication_Authentication"
    assert (first.user_name, first.caller_context.client_id) == (user.user_id, app.client_id)
    assert first.request.user_attributes["email"] == "ada@example.com"
    assert first.request.user_attributes["given_name"] == "Ada"
    assert (first.request.new_device_used, second.request.new_device_used) == (True, False)


def test_it_may_be_written_for_the_event_before_a_sign_in_too() -> None:
    new_user()
    hook = hooked(POST_LOGIN, passes, event="pre_authentication")

    Browser().sign_in(new_client().client_id)

    (event,) = map(PreAuthenticationTriggerEvent, hook.calls)
    assert event.trigger_source == "PreAuthentication_Authentication"
    assert event.request.user_not_found is False
    assert event.request.user_attributes["email_verified"] == "true"


def test_a_function_of_our_own_kind_is_told_the_whole_of_it() -> None:
    user, app, browser = new_user(), new_client(name="Player"), Browser()
    hook = hooked(POST_LOGIN, passes, configuration={"plan": "free"})

    browser.sign_in(app.client_id, scope="openid email")
    browser.authorize(app.client_id)

    password, sso = (call["request"] for call in hook.calls)
    assert password["user"]["user_id"] == user.user_id
    assert password["configuration"] == {"plan": "free"}
    context = password["context"]
    assert (context["client_id"], context["client_name"], context["scope"]) == (app.client_id, "Player", "openid email")
    assert (context["ip"], context["amr"], context["sso"], context["logins_count"]) == ("192.0.2.7", ["pwd"], False, 1)
    assert (sso["context"]["sso"], sso["context"]["logins_count"]) == (True, 1)
    assert "organization" not in context
    assert "password" not in str(hook.calls)


def test_it_is_told_for_which_organization() -> None:
    user, app = new_user(), new_client(organization_usage="allow")
    acme = organizations.create("acme")
    memberships.join(acme.org_id, user.user_id)
    hook = hooked(POST_LOGIN, passes, organizations=(acme.org_id,))

    Browser().sign_in(app.client_id, organization=acme.org_id)
    Browser().sign_in(app.client_id)

    assert [call["request"]["context"]["organization"] for call in hook.calls] == [{"id": acme.org_id, "name": "acme"}]


def test_it_runs_for_the_clients_that_it_is_for() -> None:
    new_user()
    app, other = new_client(), new_client()
    hook = hooked(POST_LOGIN, passes, clients=(app.client_id,))

    Browser().sign_in(other.client_id)
    assert hook.calls == []
    Browser().sign_in(app.client_id)
    assert len(hook.calls) == 1


def test_what_is_missing_at_a_sign_in_gets_its_default_and_keeps_it() -> None:
    user, app = new_user(), new_client()
    hooked(POST_LOGIN, default_name)

    Browser().sign_in(app.client_id)
    assert now(user).user_metadata == {"displayName": "user"}
    user_changes.change(user.user_id, lambda found: Edited(replace(found, user_metadata={"displayName": "Ada"})))
    Browser().sign_in(app.client_id)
    assert now(user).user_metadata == {"displayName": "Ada"}


def test_steps_run_in_their_order_and_each_sees_what_those_before_it_changed() -> None:
    user, app = new_user(), new_client()
    users.describe(user.user_id, app_metadata={"plays": 3, "old": 1})

    def counting(event: dict[str, Any], _context: Any) -> Any:
        plays = event["request"]["user"]["app_metadata"]["plays"]
        event["response"] = {"appMetadata": {"plays": plays + 1, "old": None}, "claims": {"accessToken": {f"after_{plays}": True}}}
        return event

    last, first = hooked(POST_LOGIN, counting, order=9), hooked(POST_LOGIN, counting, order=1)
    before = now(user).version

    tokens = signed_in(app.client_id)

    assert [call["request"]["user"]["app_metadata"] for call in (first.calls[0], last.calls[0])] == [{"plays": 3, "old": 1}, {"plays": 4}]
    assert last.calls[0]["request"]["context"]["claims"] == {"accessToken": {"after_3": True}, "idToken": {}}
    assert last.calls[0]["request"]["userAttributes"]["custom:plays"] == "4"
    assert now(user).app_metadata == {"plays": 5}
    # The sign-in itself is noted by another write.
    assert now(user).version == before + 2
    assert {"after_3", "after_4"} <= claims_of(tokens["access_token"]).keys()


def test_claims_are_in_the_tokens_of_the_sign_in_and_of_its_refreshes_and_in_no_other() -> None:
    new_user()
    app = new_client(scopes=["openid", "offline_access"])
    hook = hooked(POST_LOGIN, granting(**{NAMED: "gold"}))

    tokens = signed_in(app.client_id, scope="openid offline_access")
    fresh = refresh(app.client_id, tokens["refresh_token"]).json

    for token in (tokens["access_token"], tokens["id_token"], fresh["access_token"]):
        assert claims_of(token)[NAMED] == "gold"
    assert len(hook.calls) == 1
    other = new_client()
    hook.function.handler = passes
    assert NAMED not in claims_of(signed_in(other.client_id)["access_token"])


def test_claims_outlive_the_pages_between_and_the_hook_runs_once() -> None:
    new_user()
    app = new_client(first_party=False, profile_fields=[{"name": "nickname"}])
    browser, hook = Browser(), hooked(POST_LOGIN, granting(**{NAMED: "gold"}))

    for _ in range(2):
        consent = browser.get("hosted_pages", browser.sign_in(app.client_id, prompt="login consent").location)
        after = browser.fill(consent, "/u/consent", decision="allow")
        if "/u/profile" in after.location:
            after = browser.fill(browser.get("hosted_pages", after.location), "/u/profile", nickname="A")
        assert claims_of(exchange(app.client_id, after.sent_back["code"]).json["id_token"])[NAMED] == "gold"
    consent = browser.get("hosted_pages", browser.authorize(app.client_id, prompt="consent").location)
    after = browser.fill(consent, "/u/consent", decision="allow")

    assert claims_of(exchange(app.client_id, after.sent_back["code"]).json["access_token"])[NAMED] == "gold"
    assert len(hook.calls) == 3


def test_it_runs_once_for_a_new_account_and_once_for_a_device() -> None:
    hook = hooked(POST_LOGIN, granting(**{NAMED: "gold"}))
    app, browser = new_client(), Browser()
    asked(browser, sign_in=begun(browser, app.client_id))
    code = chosen(browser).sent_back["code"]
    assert claims_of(exchange(app.client_id, code).json["access_token"])[NAMED] == "gold"
    assert len(hook.calls) == 1

    television = new_device_client()
    started = codes(television.client_id)
    decide(browser, started["user_code"])

    assert claims_of(poll(television.client_id, started["device_code"]).json["access_token"])[NAMED] == "gold"
    assert len(hook.calls) == 2


@pytest.mark.row(91)
def test_reserved_names_are_left_out_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    user, app = new_user(), new_client()
    reserved = dict.fromkeys(("iss", "sub", "aud", "exp", "scope", "acr", "sid", "act", "permissions", "__proto__"), "evil")
    hooked(POST_LOGIN, granting(**reserved, **{NAMED: "gold"}))

    claims = claims_of(signed_in(app.client_id)["access_token"])

    assert (claims["sub"], claims[NAMED]) == (user.user_id, "gold")
    assert "evil" not in claims.values()
    assert '"left_out":"iss sub aud' in capsys.readouterr().out


@pytest.mark.parametrize("hook", [None, passes, responding({"userMetadata": {"theme": "dark", "none": None}, "appMetadata": {}})])
def test_a_sign_on_still_costs_one_request_to_the_table_where_no_hook_is_or_none_changes_anything(hook: Any) -> None:
    user, app = new_user(), new_client()
    users.describe(user.user_id, user_metadata={"theme": "dark"})
    if hook:
        hooked(POST_LOGIN, hook)
    browser = browser_of(user)
    # Reads the configuration, which is remembered.
    browser.authorize(app.client_id)

    with trouble() as sent:
        assert "code" in browser.authorize(app.client_id).sent_back

    assert sent == ["dynamodb.BatchGetItem", *(["lambda.Invoke"] if hook else [])]


def same_id(hook: Hooked) -> bool:
    ids = {call["request"]["clientMetadata"]["idempotency_id"] for call in hook.calls}
    assert all(len(value) <= 64 and "." not in value for value in ids)
    return len(ids) == 1


def test_the_same_form_and_the_same_request_have_the_same_id_however_often_they_are_sent() -> None:
    user, app, browser = new_user(), new_client(), Browser()
    page = browser.get("hosted_pages", browser.authorize(app.client_id).location)
    hook = hooked(POST_LOGIN, refusing())
    fields = hidden_fields(page) | {"email": "ada@example.com", "password": "correct horse battery staple"}
    for _ in range(2):
        browser.post("hosted_pages", "/u/login", fields)
    assert len(hook.calls) == 2 and same_id(hook)

    hook.calls.clear()
    browser = browser_of(user)
    for _ in range(2):
        browser.authorize(app.client_id)
    assert len(hook.calls) == 2 and same_id(hook)
    browser.authorize(app.client_id, state="another")
    assert not same_id(hook)


def test_a_document_that_its_schema_forbids_is_a_failure_of_the_hook_and_not_kept() -> None:
    user, app = new_user(), new_client()
    demand("user_metadata", {"properties": {"displayName": {"enum": ["Ada"]}}})
    hook = hooked(POST_LOGIN, default_name)

    assert Browser().sign_in(app.client_id).status == 503
    assert now(user).user_metadata == {}
    assert len(hook.calls) == 1


def test_what_applications_are_told_follows_the_claim() -> None:
    """The editor of a music application welcomes who has played often enough (S57)."""
    user, app = new_user(), new_client()

    def role(event: dict[str, Any], _context: Any) -> Any:
        plays = event["request"]["user"]["app_metadata"].get("plays", 0)
        event["response"]["claims"] = {"idToken": {"https://music.example/role": "editor" if plays >= 100 else "listener"}}
        return event

    hooked(POST_LOGIN, role)
    roles = []
    for plays in (99, 100, 99):
        users.describe(user.user_id, app_metadata={"plays": plays})
        roles.append(claims_of(tokens_of(app.client_id, browser_of(now(user)))["id_token"])["https://music.example/role"])

    assert roles == ["listener", "editor", "listener"]
