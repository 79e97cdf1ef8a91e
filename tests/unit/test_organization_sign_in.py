"""Signing in in the name of an organization: who may, what tokens say, and what is left of it when somebody leaves."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from gatehouse import client_rules, memberships, organizations, sessions, users
from gatehouse.clients import DEVICE_GRANT
from gatehouse.organizations import Organization
from gatehouse.users import User
from tests.unit.conftest import Answer, call
from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    Browser,
    basic,
    browser_of,
    claims_of,
    exchange,
    introspect,
    later,
    new_client,
    new_code,
    new_user,
    refresh,
    signed_in,
    token,
    tokens_of,
    userinfo,
)
from tests.unit.signers import go, key, push, request_object, signing_client
from tests.unit.teams import join, member, two

PARAMETERS = {
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
NO_MEMBER = ("access_denied", "the person is no member of the organization")


def why(answer: Answer) -> tuple[str, str]:
    """The error that the client is sent."""
    assert answer.location.startswith(f"{CALLBACK}?")
    return answer.sent_back["error"], answer.sent_back["error_description"]


def session_of(user: User, tokens: dict[str, Any]) -> sessions.Session:
    found = sessions.get(user.user_id, claims_of(tokens["access_token"])["sid"])
    assert found
    return found


def holds(tokens: dict[str, Any], app_id: str) -> dict[str, bool]:
    """What of these tokens still counts."""
    api = new_client("web", name="API", introspection_audiences=["https://id.example.com"])
    return {
        "userinfo": userinfo(tokens["access_token"]).status == 200,
        "introspection": introspect(api, tokens["access_token"])["active"],
        "refresh": refresh(app_id, tokens["refresh_token"]).status == 200,
    }


@pytest.mark.parametrize("named_by", ["org_id", "name"])
def test_a_member_signs_in_for_an_organization_and_the_tokens_say_so(named_by: str) -> None:
    (acme, _), app = two(), new_client()
    user = member(acme, "ada@example.com")

    tokens = signed_in(app.client_id, organization=getattr(acme, named_by))

    assert claims_of(tokens["access_token"])["org_id"] == claims_of(tokens["id_token"])["org_id"] == acme.org_id
    assert session_of(user, tokens).org_id == acme.org_id
    renewed = refresh(app.client_id, tokens["refresh_token"]).json
    assert claims_of(renewed["access_token"])["org_id"] == claims_of(renewed["id_token"])["org_id"] == acme.org_id
    api = new_client("web", name="API", introspection_audiences=["https://id.example.com"])
    assert introspect(api, renewed["access_token"])["org_id"] == acme.org_id


def test_without_an_organization_tokens_name_none() -> None:
    (acme, _), app = two(), new_client()
    member(acme, "ada@example.com")

    tokens = signed_in(app.client_id)

    assert "org_id" not in claims_of(tokens["access_token"])
    assert "org_id" not in claims_of(tokens["id_token"])


def test_whoever_is_no_member_is_sent_back_without_a_code_or_a_sign_on() -> None:
    (acme, globex), app, browser = two(), new_client(), Browser()
    member(globex, "ada@example.com")

    answer = browser.sign_in(app.client_id, organization=acme.org_id)

    assert why(answer) == NO_MEMBER
    assert "__Host-gatehouse" not in browser.cookies


def test_one_sign_on_serves_several_organizations_and_each_code_is_for_a_member() -> None:
    (acme, globex), app, ada = two(), new_client(), new_user()
    third = organizations.create("initech")
    for organization in (acme, globex):
        join(organization, ada)
    browser = browser_of(ada)

    for organization in (acme, globex):
        tokens = tokens_of(app.client_id, browser, organization=organization.name)
        assert claims_of(tokens["access_token"])["org_id"] == organization.org_id
    assert why(browser.authorize(app.client_id, organization=third.org_id)) == NO_MEMBER
    assert why(browser.authorize(app.client_id, organization=third.org_id, prompt="none")) == NO_MEMBER
    assert "code" in browser.authorize(app.client_id).sent_back


def test_a_pushed_request_and_a_signed_one_name_organizations_too() -> None:
    (acme, globex), ada, web, own_key = two(), new_user(), new_client("web"), key()
    join(acme, ada)
    browser, signing = browser_of(ada), signing_client(own_key)

    def pushed(organization: str) -> Answer:
        return push(PARAMETERS | {"organization": organization}, authorization=basic(web.client_id, web.secret))

    def signed(organization: str) -> Answer:
        request = request_object(own_key, signing.client_id, **PARAMETERS, organization=organization)
        return browser.get("authorize", f"/authorize?{urlencode({'client_id': signing.client_id, 'request': request})}")

    assert "code" in go(browser, web.client_id, pushed("acme").json["request_uri"]).sent_back
    assert why(go(browser, web.client_id, pushed(globex.org_id).json["request_uri"])) == NO_MEMBER
    assert pushed("nobody").json["error"] == "invalid_request"
    assert "code" in signed(acme.org_id).sent_back
    assert why(signed("globex")) == NO_MEMBER


@pytest.mark.parametrize(("usage", "named", "answer"), [("deny", True, "error"), ("require", False, "error"), ("require", True, "code")])
def test_a_client_may_be_held_to_organizations_or_kept_from_them(usage: str, named: bool, answer: str) -> None:
    (acme, _), ada = two(), new_user()
    join(acme, ada)
    app = new_client(organization_usage=usage)

    sent = browser_of(ada).authorize(app.client_id, organization=acme.org_id if named else "")

    assert answer in sent.sent_back
    assert sent.sent_back.get("error") in (None, "invalid_request")


def test_a_client_of_organizations_lets_no_device_in_without_one() -> None:
    app = new_client("native", grant_types=["authorization_code", DEVICE_GRANT], organization_usage="require")

    answer = call("device_authorization", "POST", "/oauth/device/code", form={"client_id": app.client_id})

    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize("usage", ["", "maybe", True, ["allow"]])
def test_how_a_client_uses_organizations_is_one_of_three_words(usage: Any) -> None:
    with pytest.raises(client_rules.InvalidRegistration, match="organization_usage"):
        new_client(organization_usage=usage)


@pytest.mark.parametrize("empty", [None, ""])
def test_an_organization_that_is_null_or_empty_counts_as_absent(empty: str | None) -> None:
    app, ada = new_client(), new_user()
    tokens = tokens_of(app.client_id, browser_of(ada), organization=empty or "")

    body = {"grant_type": "refresh_token", "client_id": app.client_id, "refresh_token": tokens["refresh_token"], "organization": empty}
    headers = {"content-type": "application/json"}
    assert call("token_exchange", "POST", "/oauth/token", body=json.dumps(body), headers=headers).status == 200


def signed_in_for(organization: Organization) -> tuple[User, str, dict[str, Any]]:
    user, app = member(organization, "ada@example.com"), new_client()
    return user, app.client_id, tokens_of(app.client_id, browser_of(user), organization=organization.org_id)


def test_whoever_leaves_is_out_at_once_and_only_there() -> None:
    acme, globex = two()
    user, app_id, tokens = signed_in_for(acme)
    join(globex, user)
    elsewhere = tokens_of(app_id, browser_of(user), organization=globex.org_id)
    alone = tokens_of(app_id, browser_of(user))
    assert all(holds(tokens, app_id).values())

    memberships.leave(acme.org_id, user.user_id)

    assert not any(holds(tokens, app_id).values())
    assert session_of(user, tokens).status == "revoked"
    assert all(holds(elsewhere, app_id).values())
    assert all(holds(alone, app_id).values())


def test_a_session_whose_refresh_token_lies_in_a_cookie_ends_with_its_membership_too() -> None:
    (acme, _), app, browser = two(), new_client(refresh_cookie=True), browser_of(ada := new_user())
    join(acme, ada)
    code = new_code(app.client_id, browser, organization="acme")
    form = {"grant_type": "authorization_code", "client_id": app.client_id, "code": code}
    origin = {"origin": "https://app.example.com"}
    browser.post("token_exchange", "/oauth/token", form | {"redirect_uri": CALLBACK, "code_verifier": VERIFIER}, headers=origin)

    for status in (200, 400):
        answer = browser.post("token_refresh", f"/session/refresh?client_id={app.client_id}", {}, headers=origin)
        assert answer.status == status
        memberships.leave(acme.org_id, ada.user_id)


def test_a_session_of_a_membership_that_went_without_it_ends_when_it_is_next_used() -> None:
    acme, _ = two()
    user, app_id, tokens = signed_in_for(acme)
    organizations.remove(acme.org_id)
    assert session_of(user, tokens).status == "active"

    assert not any(holds(tokens, app_id).values())

    assert session_of(user, tokens).status == "revoked"


def test_a_session_does_not_come_back_with_its_person() -> None:
    acme, _ = two()
    user, app_id, tokens = signed_in_for(acme)
    memberships.end_all(acme.org_id)

    with later(5):
        memberships.join(acme.org_id, user.user_id)

        assert not any(holds(tokens, app_id).values())
        assert session_of(user, tokens).status == "revoked"


def test_a_code_is_worth_nothing_once_its_person_has_left_even_if_they_come_back() -> None:
    (acme, _), app, ada = two(), new_client(), new_user()
    for comes_back in (False, True):
        with later(10 if comes_back else 0):
            memberships.join(acme.org_id, ada.user_id)
            code = browser_of(ada).authorize(app.client_id, organization="acme").sent_back["code"]
            memberships.leave(acme.org_id, ada.user_id)
        with later(15):
            if comes_back:
                memberships.join(acme.org_id, ada.user_id)
            assert exchange(app.client_id, code).json["error"] == "invalid_grant"
    assert list(sessions.of_user(ada.user_id)) == []


def test_a_membership_shows_in_no_token_of_a_machine() -> None:
    two()
    app = new_client("machine", scopes=["orders:read"])

    answer = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret), organization="acme")

    assert "org_id" not in claims_of(answer.json["access_token"])


def test_a_person_who_is_blocked_or_signed_out_is_out_of_every_organization() -> None:
    acme, _ = two()
    user, app_id, tokens = signed_in_for(acme)

    users.sign_out_everywhere(user.user_id, invocation_id="x")

    assert not any(holds(tokens, app_id).values())


def test_the_login_link_hands_the_organization_on() -> None:
    begins_itself = new_client(initiate_login_uri="https://app.example.com/login")
    without_pkce = new_client("web", require_pkce=False)
    query = {"organization": "acme", "organization_name": "acme", "invitation": "x" * 2000, "other": "y"}

    def started(client_id: str) -> Answer:
        return call("hosted_pages", "GET", "/u/start", query=query | {"client_id": client_id})

    assert started(begins_itself.client_id).location.startswith("https://app.example.com/login?")
    assert started(begins_itself.client_id).sent_back == {
        "iss": "https://id.example.com",
        "organization": "acme",
        "organization_name": "acme",
    }
    assert started(without_pkce.client_id).sent_back["organization"] == "acme"
    assert "organization_name" not in started(without_pkce.client_id).sent_back
