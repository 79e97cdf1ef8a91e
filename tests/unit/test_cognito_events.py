"""The events that hooks are sent are Cognito's: Powertools' data classes read them, and nothing is missing that its samples have."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import cognito_user_pool_event as powertools
from aws_lambda_powertools.utilities.data_classes.common import DictWrapper

from gatehouse import clock, hooks
from gatehouse.hooks import Hook, calls, post_login, pre_sign_up, pre_token, trials, user_migration
from gatehouse.hooks.pre_token import Subject
from gatehouse.users import User
from tests.operator_functions import arn_of
from tests.unit.conftest import ROOT
from tests.unit.flows import new_user
from tests.unit.hooks import deployed, passes
from tests.unit.webhooks import happening, subscribed, told, worked_off

ADA = User(
    "auth0|ada",
    "ada@example.com",
    1,
    email_verified=True,
    phone_number="+493012345678",
    profile={"name": "Ada Lovelace", "address": {"formatted": "12 St James's Square"}},
    app_metadata={"plan": "gold", "seats": 3, "beta": True, "limits": {"playlists": 3}},
)
TYPED = user_migration.Typed("email", "ada@example.com", "Ada@example.com")

PRE, POST = "PreAuthentication_Authentication", "PostAuthentication_Authentication"
# A sample, the class that functions read it with, and the trigger and the event of a hook that is sent such.
KINDS: dict[str, tuple[type[DictWrapper], str, str, str]] = {
    "pre_sign_up": (powertools.PreSignUpTriggerEvent, hooks.PRE_SIGN_UP, "1", "PreSignUp_SignUp"),
    "user_migration": (powertools.UserMigrationTriggerEvent, hooks.USER_MIGRATION, "1", "UserMigration_Authentication"),
    "pre_authentication": (powertools.PreAuthenticationTriggerEvent, hooks.POST_LOGIN, "pre_authentication", PRE),
    "post_authentication": (powertools.PostAuthenticationTriggerEvent, hooks.POST_LOGIN, "post_authentication", POST),
    "pre_token_generation": (powertools.PreTokenGenerationTriggerEvent, hooks.PRE_TOKEN, "1", "TokenGeneration_Authentication"),
    "pre_token_generation_v2": (powertools.PreTokenGenerationV2TriggerEvent, hooks.PRE_TOKEN, "2", "TokenGeneration_Authentication"),
}
# Of V3, which is V2 for machines too, Powertools has neither a class nor a sample of its own.
V3 = {"pre_token_generation_v3": (powertools.PreTokenGenerationV2TriggerEvent, hooks.PRE_TOKEN, "3", "TokenGeneration_HostedAuth")}


def sample(name: str) -> dict[str, Any]:
    """An event with the members that Powertools' own sample of this trigger has."""
    loaded: dict[str, Any] = json.loads((ROOT / "tests" / "golden" / "cognito" / f"{name}.json").read_text())
    return loaded


def sent(trigger: str, version: str, source: str) -> dict[str, Any]:
    """What a hook of this trigger is sent about ada, or about a machine."""
    hook = Hook("hook_1", "Example", trigger, arn_of("example"), event=version, configuration={"plan": "gold"})
    client = trials.stand_in("2h8nq4v7m1c5x9z3")
    login = post_login.Login("", "", "openid roles", clock.now(), ["pwd"], sso=False, new_device=True)
    made: dict[str, Callable[[], calls.Trial]] = {
        hooks.PRE_SIGN_UP: lambda: pre_sign_up.trial(hook, ADA, source, "id", client_id=client.client_id),
        hooks.USER_MIGRATION: lambda: user_migration.trial(hook, TYPED, "an older door", "id", client_id=client.client_id),
        hooks.POST_LOGIN: lambda: post_login.trial(hook, ADA, login, "id"),
        hooks.PRE_TOKEN: lambda: pre_token.trial(hook, Subject(client, ADA, scope="openid roles", role_names=["listener"]), source, "id"),
    }
    event, _ = made[trigger]()
    assert json.loads(json.dumps(event)) == event
    return event


def shape(value: Any, within: str = "") -> dict[str, str]:
    """Every member by its path, with the kind of its value; of the attributes, those that there are differ from person to person."""
    if not isinstance(value, Mapping) or not value:
        return {within: "nothing" if value in (None, {}) else "list" if isinstance(value, list) else type(value).__name__}
    found: dict[str, str] = {}
    for name, member in value.items():
        path = f"{within}.{name}".lstrip(".")
        found |= {f"{path}.*": "str"} if path == "request.userAttributes" else shape(member, path)
    return found


@pytest.mark.parametrize("name", KINDS)
def test_an_event_has_every_member_that_the_sample_has_and_of_the_same_kind(name: str) -> None:
    _, trigger, version, source = KINDS[name]
    event = sent(trigger, version, source)

    wanted = {path: kind for path, kind in shape(sample(name)).items() if kind != "nothing"}
    assert wanted.items() <= shape(event).items()
    assert event["triggerSource"] == sample(name)["triggerSource"]
    assert all(isinstance(value, str) for value in event["request"].get("userAttributes", {}).values())


def read(value: Any) -> Any:
    """What a data class makes of an event, all of it."""
    if not isinstance(value, DictWrapper):
        return value
    names = [name for name in dir(type(value)) if isinstance(getattr(type(value), name), property) and name != "raw_event"]
    return {name: read(getattr(value, name)) for name in names}


@pytest.mark.parametrize("name", [*KINDS, *V3])
def test_powertools_reads_every_property_of_an_event(name: str) -> None:
    kind, trigger, version, source = {**KINDS, **V3}[name]
    event = sent(trigger, version, source)
    if trigger == hooks.USER_MIGRATION:
        # Which the function sets, and reads only then.
        event["response"]["userAttributes"] = {}

    made = read(kind(event))

    assert made["trigger_source"] == source
    assert made["region"] == "us-east-1"
    assert made["user_pool_id"] == "us-east-1_gatehouse"
    assert made["caller_context"]["aws_sdk_version"]
    assert made["caller_context"]["client_id"]
    assert made["request"].get("client_metadata", {}).get("idempotency_id", "id") == "id"
    if "user_attributes" in made["request"]:
        assert made["request"]["user_attributes"]["custom:plan"] == "gold"
        assert made["request"]["user_attributes"]["email_verified"] == "true"
    if "group_configuration" in made["request"]:
        assert made["request"]["group_configuration"]["groups_to_override"] == ["listener"]


def test_attributes_are_texts_whatever_they_were() -> None:
    attributes = sent(hooks.PRE_SIGN_UP, "1", "PreSignUp_SignUp")["request"]["userAttributes"]

    assert attributes == {
        "sub": "auth0|ada",
        "cognito:user_status": "CONFIRMED",
        "name": "Ada Lovelace",
        "address": "12 St James's Square",
        "email": "ada@example.com",
        "email_verified": "true",
        "phone_number": "+493012345678",
        "phone_number_verified": "false",
        "custom:plan": "gold",
        "custom:seats": "3",
        "custom:beta": "true",
    }


@pytest.mark.usefixtures("lambdas")
@pytest.mark.parametrize(
    ("name", "kind", "read_by"),
    [
        ("post_confirmation", "user.created", powertools.PostConfirmationTriggerEvent),
        ("post_authentication", "user.signed_in", powertools.PostAuthenticationTriggerEvent),
    ],
)
def test_a_webhook_for_a_function_of_cognitos_is_told_in_the_same_words(name: str, kind: str, read_by: type[DictWrapper]) -> None:
    function = deployed(passes)
    subscribed(function.arn, format="cognito")
    told(happening("e", new_user("ada@example.com").user_id, kind, client_id="2h8nq4v7m1c5x9z3"))
    worked_off()

    (event,) = function.calls
    assert {path: sort for path, sort in shape(sample(name)).items() if sort != "nothing"}.items() <= shape(event).items()
    assert read(read_by(event))["request"]["user_attributes"]["email_verified"] == "true"


def test_an_event_about_a_machine_names_its_client() -> None:
    hook = Hook("hook_1", "Example", hooks.PRE_TOKEN, arn_of("example"), event="3")
    event, _ = pre_token.trial(
        hook, Subject(trials.stand_in("machine"), None, scope="read:users"), "TokenGeneration_ClientCredentials", "id"
    )

    made = read(powertools.PreTokenGenerationV2TriggerEvent(event))

    assert (made["version"], made["user_name"], made["caller_context"]["client_id"]) == ("3", "machine", "machine")
    assert (made["request"]["scopes"], made["request"]["user_attributes"]) == (["read:users"], {})
