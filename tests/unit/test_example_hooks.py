"""The functions of examples/hooks: each runs on an event as Cognito sends it, and as it is on ours, and what it answers is understood."""

import hashlib
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import yaml

from gatehouse import clock, hooks
from gatehouse.hooks import Hook, calls, post_login, pre_sign_up, pre_token, trials, user_migration
from gatehouse.hooks.pre_token import Subject
from gatehouse.users import User
from tests.operator_functions import arn_of
from tests.permissions import Template
from tests.unit.conftest import ROOT
from tests.unit.test_cognito_events import sample

FOLDER = ROOT / "examples" / "hooks"
STACK: dict[str, Any] = yaml.load((FOLDER / "template.yaml").read_text(), Template)
FUNCTIONS = {
    resource["Properties"]["CodeUri"]: resource["Properties"]
    for resource in STACK["Resources"].values()
    if resource["Type"] == "AWS::Serverless::Function"
}
PASSWORD, SALT = "an older door", "00ff"
ADA = User("auth0|ada", "ada@example.com", 1, email_verified=True, profile={"name": "Ada Lovelace", "birthdate": "1815-12-10"})
CLIENT = trials.stand_in("musicapp")


@pytest.fixture
def account(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of the stack, named as the template names them, and the variables that it sets."""
    for name, resource in STACK["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            schema = {part: resource["Properties"][part] for part in ("AttributeDefinitions", "KeySchema", "BillingMode")}
            boto3.client("dynamodb").create_table(TableName=name, **schema)
    defaults = {name: parameter.get("Default", "") for name, parameter in STACK["Parameters"].items()}
    for properties in FUNCTIONS.values():
        for variable, value in properties.get("Environment", {}).get("Variables", {}).items():
            monkeypatch.setenv(variable, defaults.get(value["Ref"], value["Ref"]))


@pytest.fixture
def run(account: None) -> Callable[[str, Mapping[str, Any]], Any]:
    """Runs one of the functions as Lambda does: with an event that came as JSON and an answer that goes as JSON."""

    def running(name: str, event: Mapping[str, Any]) -> Any:
        handler = importlib.import_module(f"examples.hooks.{name}.app").lambda_handler
        return json.loads(json.dumps(handler(json.loads(json.dumps(event)), SimpleNamespace(aws_request_id="8f6cbd24"))))

    return running


Run = Callable[[str, Mapping[str, Any]], Any]


@pytest.fixture
def legacy(account: None) -> None:
    digest = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), bytes.fromhex(SALT), 100_000).hex()
    item = {"email": "ada@example.com", "name": "Ada Lovelace", "plan": "gold", "salt": SALT, "password": digest}
    boto3.resource("dynamodb").Table("LegacyPeople").put_item(Item=item)


def hook(trigger: str, event: str = "1") -> Hook:
    return Hook("hook_1", "Example", trigger, arn_of("example"), event=event)


def tried(run: Run, name: str, trial: calls.Trial) -> Any:
    """What is made of the function's answer to an event of ours."""
    event, accept = trial
    accepted = accept(run(name, event))
    assert not accepted.left_out
    return accepted.value


def tokens(user: User, event: str, *roles: str, scope: str = "openid") -> calls.Trial:
    subject = Subject(CLIENT, user, scope=scope, role_names=roles, addable=["songs:download"])
    return pre_token.trial(hook(hooks.PRE_TOKEN, event), subject, "TokenGeneration_HostedAuth", "id")


def test_every_folder_is_a_function_whose_name_says_that_hooks_may_call_it() -> None:
    assert FUNCTIONS.keys() == {file.parent.name for file in FOLDER.glob("*/app.py")}
    assert {name: properties["FunctionName"] for name, properties in FUNCTIONS.items()} == {
        name: f"gatehouse-hook-{name.replace('_', '-')}" for name in FUNCTIONS
    }


def test_functions_for_cognito_know_nothing_of_gatehouse() -> None:
    beyond = {"display_name", "local_copy"}

    for name in FUNCTIONS.keys() - beyond:
        text = (FOLDER / name / "app.py").read_text().lower()
        assert "aws_lambda_powertools" in text
        assert "gatehouse" not in text


SAMPLES = {
    "domain_allow_list": "pre_sign_up",
    "tenant_claim": "pre_token_generation",
    "department_groups": "pre_token_generation",
    "access_token_claims": "pre_token_generation_v2",
    "sign_in_allow_list": "pre_authentication",
    "migrate_user": "user_migration",
    "confirmed_sign_up": "post_confirmation",
}
# They answer with their event as it came.
SILENT = ("sign_in_allow_list", "confirmed_sign_up")


@pytest.mark.parametrize("name", SAMPLES)
def test_it_runs_on_an_event_as_powertools_has_it(run: Run, legacy: None, name: str) -> None:
    sent = sample(SAMPLES[name])

    answer = run(name, sent)

    assert {**answer, "response": {}} == sent
    assert (answer["response"] == {}) is (name in SILENT)


def test_whoever_has_an_address_elsewhere_does_not_sign_up(run: Run) -> None:
    def signing_up(email: str) -> calls.Trial:
        draft = User("auth0|new", email, 1)
        return pre_sign_up.trial(hook(hooks.PRE_SIGN_UP), draft, pre_sign_up.BY_OPERATOR, "id")

    assert tried(run, "domain_allow_list", signing_up("ada@example.com")).user.email_verified is True
    with pytest.raises(ValueError, match="that your employer gave you"):
        tried(run, "domain_allow_list", signing_up("ada@example.org"))


def test_the_id_token_gets_a_tenant_and_loses_a_birthday(run: Run) -> None:
    tenant = replace(ADA, app_metadata={"tenant": "north"})

    made = tried(run, "tenant_claim", tokens(tenant, "1"))

    assert made.id_token.applied({"birthdate": "1815-12-10", "name": "Ada"}) == {"name": "Ada", "tenant": "north"}
    assert made.access_token.applied({}) == {}
    assert made.role_names is None
    assert tried(run, "tenant_claim", tokens(ADA, "1")).id_token.applied({"birthdate": ""}) == {}


@pytest.mark.parametrize("version", ["2", "3"])
def test_the_access_token_says_what_a_plan_allows(run: Run, version: str) -> None:
    gold = replace(ADA, app_metadata={"plan": "gold"})

    paid = tried(run, "access_token_claims", tokens(gold, version))
    free = tried(run, "access_token_claims", tokens(ADA, version, scope="openid songs:download"))

    assert paid.access_token.applied({}) == {"plan": "gold", "limits": {"playlists": 100, "offline": True}}
    assert (paid.id_token.applied({}), paid.scope("openid")) == ({"plan": "gold"}, "openid songs:download")
    assert free.access_token.applied({}) == {"plan": "free", "limits": {"playlists": 3, "offline": False}}
    assert free.scope("openid songs:download") == "openid"


def test_a_department_is_a_group_beside_those_that_there_are(run: Run) -> None:
    sales = replace(ADA, app_metadata={"department": "sales"})

    assert tried(run, "department_groups", tokens(sales, "1", "listener")).role_names == ["department-sales", "listener"]
    assert tried(run, "department_groups", tokens(ADA, "1", "listener")).role_names == ["listener"]


def signing_in(user: User, event: str) -> calls.Trial:
    login = post_login.Login("", "", "openid", clock.now(), ["pwd"], sso=False, new_device=True)
    return post_login.trial(hook(hooks.POST_LOGIN, event), user, login, "id")


def test_whoever_has_no_seat_does_not_sign_in(run: Run) -> None:
    assert tried(run, "sign_in_allow_list", signing_in(ADA, "pre_authentication")).user == ADA
    with pytest.raises(PermissionError, match="no seat"):
        tried(run, "sign_in_allow_list", signing_in(User("auth0|eve", "eve@example.com", 1), "pre_authentication"))


def migrating(password: str | None, email: str = "ada@example.com") -> calls.Trial:
    typed = user_migration.Typed("email", email, email.title())
    return user_migration.trial(hook(hooks.USER_MIGRATION), typed, password, "id")


def test_people_of_the_older_table_move_with_the_password_that_they_have_there(run: Run, legacy: None) -> None:
    found = tried(run, "migrate_user", migrating(PASSWORD))

    assert found.confirmed is True
    assert found.values == {
        "email": "ada@example.com",
        "email_verified": True,
        "profile": {"name": "Ada Lovelace"},
        "app_metadata": {"plan": "gold"},
    }


def test_nobody_moves_with_another_password_or_without_a_record(run: Run, legacy: None) -> None:
    for trial in (migrating("a guess"), migrating(PASSWORD, "eve@example.com")):
        with pytest.raises(LookupError):
            tried(run, "migrate_user", trial)


def test_who_forgot_the_password_moves_too(run: Run, legacy: None) -> None:
    assert tried(run, "migrate_user", migrating(None)).values["email"] == "ada@example.com"


def test_a_sign_in_is_written_down(run: Run) -> None:
    assert tried(run, "sign_in_audit", signing_in(ADA, "post_authentication")).user == ADA

    (entry,) = boto3.resource("dynamodb").Table("SignIns").scan()["Items"]
    assert (entry["sub"], entry["email"], entry["new_device"]) == ("auth0|ada", "ada@example.com", True)


def test_whoever_signed_up_has_one_row_however_often_that_is_told(run: Run) -> None:
    table = boto3.resource("dynamodb").Table("Members")
    run("confirmed_sign_up", sample("post_confirmation"))
    table.put_item(Item={"user_name": "ada", "email": "ada@example.com", "credit": 3})

    run("confirmed_sign_up", sample("post_confirmation"))

    assert table.scan()["Items"] == [{"user_name": "ada", "email": "ada@example.com", "credit": 3}]


def test_whoever_has_no_display_name_is_called_user(run: Run) -> None:
    named = replace(ADA, user_metadata={"displayName": "Countess", "theme": "dark"})
    themed = replace(ADA, user_metadata={"theme": "dark"})

    assert tried(run, "display_name", signing_in(themed, "post_authentication")).user.user_metadata == {
        "theme": "dark",
        "displayName": "user",
    }
    assert tried(run, "display_name", signing_in(named, "post_authentication")).user == named


def test_the_copy_follows_by_upsert_and_an_older_event_changes_nothing(run: Run) -> None:
    def happens(kind: str, at: str, **user: Any) -> None:
        document = {"user_id": "auth0|ada", "email": "ada@example.com", "identities": [], **user}
        run("local_copy", {"id": "e1", "type": kind, "time": at, "data": {"user_id": "auth0|ada", "user": document}})

    def copied() -> list[dict[str, Any]]:
        return boto3.resource("dynamodb").Table("People").scan()["Items"]

    happens("user.created", "2026-01-01T00:00:00.000Z", logins_count=0)
    happens("user.updated", "2026-01-03T00:00:00.000Z", user_metadata={"theme": "dark", "volume": 0.5})
    happens("user.updated", "2026-01-02T00:00:00.000Z", user_metadata={"theme": "light"})
    (copy,) = copied()
    assert (copy["user_metadata"]["theme"], "identities" in copy) == ("dark", False)
    happens("user.deleted", "2026-01-04T00:00:00.000Z")
    assert copied() == []
    run("local_copy", {"id": "e2", "type": "session.ended", "time": "2026-01-05T00:00:00.000Z", "data": {"user_id": "auth0|ada"}})
    assert copied() == []
