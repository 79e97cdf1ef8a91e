"""The hook functions/user_creation: who may sign up, and what their record begins with."""

import copy
import json
from typing import Any

import pytest

from gatehouse import hooks
from gatehouse.hook_functions.options import Misconfigured
from gatehouse.hook_functions.user_creation import Refused
from gatehouse.hooks import Hook, pre_sign_up
from gatehouse.users import User
from tests.operator_functions import arn_of
from tests.unit.conftest import context, event, function
from tests.unit.user_data import switch_on

EVENT = event("user_creation")


def created(configuration: dict[str, Any], **person: Any) -> dict[str, Any]:
    """What the hook of this configuration answers about somebody. person: of request.user."""
    asked = copy.deepcopy(EVENT)
    asked["request"]["configuration"] = configuration
    asked["request"]["user"] |= person
    answer = function("user_creation")(asked, context())
    assert answer["request"] == asked["request"]
    response: dict[str, Any] = answer["response"]
    return response


def prepared(configuration: dict[str, Any], **person: Any) -> dict[str, Any]:
    """The members that are not Cognito's."""
    return {name: value for name, value in created(configuration, **person).items() if name not in EVENT["response"]}


def test_without_a_configuration_everybody_signs_up_as_they_are() -> None:
    assert created({}) == EVENT["response"]
    asked = copy.deepcopy(EVENT)
    del asked["request"]["configuration"]
    assert function("user_creation")(asked, context()) == asked


@pytest.mark.parametrize(
    ("rule", "email"),
    [
        ({"allowed_email_domains": ["example.com"]}, "ada@example.com"),
        ({"allowed_email_domains": ["Example.com"]}, "ada@example.com"),
        ({"allowed_email_domains": ["example.org", "*.example.com"]}, "ada@mail.example.com"),
        ({"blocked_email_domains": ["example.com"]}, "ada@sub.example.com"),
        ({"blocked_email_domains": ["example.com"]}, ""),
        ({"blocked_email_domains": ["*.example.com"]}, "ada@example.com"),
        ({"allowed_email_domains": ["*.example.com"], "blocked_email_domains": ["bad.example.com"]}, "ada@good.example.com"),
    ],
)
def test_whoever_has_an_address_that_the_rules_let_in_signs_up(rule: dict[str, Any], email: str) -> None:
    assert prepared(rule, email=email) == {}


@pytest.mark.parametrize(
    ("rule", "email"),
    [
        ({"allowed_email_domains": ["example.com"]}, "ada@example.org"),
        ({"allowed_email_domains": ["example.com"]}, "ada@example.com.evil.test"),
        ({"allowed_email_domains": ["example.com"]}, "ada@badexample.com"),
        ({"allowed_email_domains": ["example.com"]}, "ada@mail.example.com"),
        ({"allowed_email_domains": ["*.example.com"]}, "ada@example.com"),
        ({"allowed_email_domains": ["*.example.com"]}, "ada@badexample.com"),
        ({"allowed_email_domains": ["example.com"]}, ""),
        ({"blocked_email_domains": ["example.com"]}, "ada@EXAMPLE.com"),
        ({"allowed_email_domains": ["*.example.com"], "blocked_email_domains": ["bad.example.com"]}, "ada@bad.example.com"),
    ],
)
def test_everybody_else_is_refused_and_told_why(rule: dict[str, Any], email: str) -> None:
    with pytest.raises(Refused, match="mail address"):
        prepared(rule, email=email)


def test_claims_of_the_profile_can_be_demanded() -> None:
    demanded = {"required_claims": ["name", "given_name", "birthdate"]}

    assert prepared(demanded, profile={"name": "Ada", "given_name": "Ada", "birthdate": "1815-12-10"}) == {}
    with pytest.raises(Refused, match=r"^Please give these too: given name, birthdate\.$"):
        prepared(demanded, profile={"name": "Ada", "given_name": ""})


def test_metadata_begins_with_the_defaults_where_nobody_said_otherwise() -> None:
    defaults = {"user_metadata": {"theme": "light", "news": True}, "app_metadata": {"plan": "free", "mail": {"$user": "email"}}}

    assert prepared(defaults) == {
        "userMetadata": {"theme": "light", "news": True},
        "appMetadata": {"plan": "free", "mail": "ada@example.com"},
    }
    assert prepared(defaults, user_metadata={"theme": "dark", "news": False}, app_metadata={"plan": "gold"}) == {
        "appMetadata": {"mail": "ada@example.com"}
    }


def test_the_custom_document_is_made_after_a_template() -> None:
    template = {
        "plan": "free",
        "owner": {"id": {"$user": "user_id"}, "name": {"$user": "name"}},
        "verified": {"$user": "email_verified"},
        "contacts": [{"$user": "email"}, {"$user": "phone_number"}, {"$user": "locale"}],
        "seats": 3,
    }

    assert prepared({"custom_document": template})["customDocument"] == {
        "plan": "free",
        "owner": {"id": EVENT["request"]["user"]["user_id"], "name": "Ada Lovelace"},
        "verified": True,
        "contacts": ["ada@example.com", None, None],
        "seats": 3,
    }
    assert prepared({"custom_document": {}})["customDocument"] == {}


def test_what_a_person_writes_about_themselves_is_never_read_as_a_placeholder() -> None:
    tricky = {"name": '{"$user": "email"}', "nickname": "{email} {0.__class__}"}

    document = prepared({"custom_document": {"name": {"$user": "name"}, "nick": {"$user": "nickname"}}}, profile=tricky)["customDocument"]

    assert document == {"name": tricky["name"], "nick": tricky["nickname"]}


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ({"alowed_email_domains": ["example.com"], "plan": 1}, "not known: alowed_email_domains, plan"),
        ({"allowed_email_domains": "example.com"}, "allowed_email_domains must be a list"),
        ({"allowed_email_domains": [1]}, "allowed_email_domains must be a list"),
        ({"allowed_email_domains": ["@example.com"]}, "allowed_email_domains must have domains"),
        ({"blocked_email_domains": ["*"]}, "blocked_email_domains must have domains"),
        ({"required_claims": ["shoe_size"]}, "none of the profile: shoe_size"),
        ({"user_metadata": ["theme"]}, "user_metadata must be an object"),
        ({"custom_document": None}, "custom_document must be an object"),
        ({"custom_document": {"hash": {"$user": "password_hash"}}}, r"\$user stands alone"),
        ({"custom_document": {"x": [{"$user": "email", "or": 1}]}}, r"\$user stands alone"),
        ({"app_metadata": {"x": {"$user": ["email"]}}}, r"\$user stands alone"),
        ([], "configuration must be an object"),
    ],
)
def test_a_configuration_that_cannot_be_lets_nobody_in(configuration: Any, named: str) -> None:
    with pytest.raises(Misconfigured, match=named):
        created(configuration)


def test_what_it_prepares_is_what_the_account_begins_with() -> None:
    switch_on()
    draft = User("auth0|ada", "ada@example.com", 1, profile={"name": "Ada Lovelace"}, user_metadata={"theme": "dark"})
    configuration = {
        "user_metadata": {"theme": "light", "news": True},
        "app_metadata": {"plan": "free"},
        "custom_document": {"plan": "free", "mail": {"$user": "email"}},
    }
    hook = Hook("hook_1", "Example", hooks.PRE_SIGN_UP, arn_of("example"), event="1", configuration=configuration)
    sent, accept = pre_sign_up.trial(hook, draft, pre_sign_up.SIGN_UP, "id")

    accepted = accept(json.loads(json.dumps(function("user_creation")(sent, context()))))

    assert not accepted.left_out
    assert accepted.value.user.user_metadata == {"theme": "dark", "news": True}
    assert accepted.value.user.app_metadata == {"plan": "free"}
    assert accepted.value.document == {"user_id": "auth0|ada", "plan": "free", "mail": "ada@example.com"}
