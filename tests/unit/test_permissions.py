"""Each function, started cold, reads the keys it needs with the permissions it has; tests/permissions.py watches."""

import importlib
from typing import Any

import pytest

from gatehouse import clients, keys, role_holders
from tests.permissions import ROOT, check, guarded
from tests.unit.conftest import ISSUER, call, context, event, function
from tests.unit.devices import codes, decide, new_device_client, poll
from tests.unit.flows import (
    CALLBACK,
    VERIFIER,
    Browser,
    basic,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    signed_in,
    userinfo,
)
from tests.unit.operators import giving
from tests.unit.registrations import METADATA, SCOPE, post, registered

IDENTITY, AUDIT = {"TableName": "identity"}, {"TableName": "audit"}
LISTING = IDENTITY | {"IndexName": "Listing", "KeyConditionExpression": "list_pk = :p"}


@pytest.fixture(autouse=True)
def cold(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every invocation is the first one of its process."""

    def started_cold(handler: Any) -> Any:
        def run(event: dict[str, Any], context: object) -> Any:
            keys.forget()
            clients.forget()
            return handler(event, context)

        return run

    for folder in (ROOT / "functions").iterdir():
        if (folder / "app.py").exists():
            module = importlib.import_module(f"functions.{folder.name}.app")
            monkeypatch.setattr(module, "handler", started_cold(module.handler))


def test_signing_in_refreshing_and_signing_out() -> None:
    app, browser = new_client("spa"), Browser()
    new_user()
    tokens = signed_in(app.client_id, browser)

    assert refresh(app.client_id, tokens["refresh_token"]).status == 200
    assert userinfo(tokens["access_token"]).status == 200
    page = browser.get("logout", f"/oidc/logout?id_token_hint={tokens['id_token']}")
    assert page.status in (200, 303)
    assert sign_out_everywhere(signed_in(app.client_id)["access_token"]).status == 204


def test_refreshing_by_cookie() -> None:
    app, origin = new_client("spa", refresh_cookie=True), {"origin": "https://app.example.com"}
    new_user()
    form = {"grant_type": "authorization_code", "client_id": app.client_id, "code_verifier": VERIFIER}
    form |= {"redirect_uri": CALLBACK, "code": Browser().sign_in(app.client_id).sent_back["code"]}
    given = call("token_exchange", "POST", "/oauth/token", form=form, headers=origin)
    name, _, value = given.cookies[0].partition(";")[0].partition("=")

    query = {"client_id": app.client_id}
    answer = call("token_refresh", "POST", "/session/refresh", query=query, headers=origin, cookies={name: value})
    assert answer.status == 200


def test_signing_a_device_in() -> None:
    app = new_device_client()
    new_user()
    given = codes(app.client_id)

    assert poll(app.client_id, given["device_code"]).json["error"] == "authorization_pending"
    assert decide(Browser(), given["user_code"]).status == 200
    assert poll(app.client_id, given["device_code"]).status == 200


def test_what_resource_servers_ask() -> None:
    app, server = new_client("spa"), new_client("web")
    new_user()
    tokens = signed_in(app.client_id)

    for name in ("access_token", "refresh_token"):
        form, headers = {"token": tokens[name]}, {"authorization": basic(server.client_id, server.secret)}
        assert call("introspect", "POST", "/oauth/introspect", form=form, headers=headers).status == 200
    asked = event("authorizer") | {
        "headers": {"authorization": f"Bearer {tokens['access_token']}"},
        "stageVariables": {},
    }
    assert function("authorizer")(asked, context())["isAuthorized"] is True
    form = {"token": tokens["refresh_token"], "client_id": app.client_id}
    assert call("revoke", "POST", "/oauth/revoke", form=form).status == 200


def test_registering_a_client_and_managing_it() -> None:
    app = registered()

    assert app.get().status == app.put(client_name="Renamed").status == 200
    assert app.delete().status == 204
    role_holders.assign(new_user().user_id, [giving("registrar", SCOPE)])
    console = new_client(audience=f"{ISSUER}/api/v2/", scopes=["openid", SCOPE])
    assert post(METADATA, signed_in(console.client_id, scope=f"openid {SCOPE}")["access_token"]).status == 201


def test_the_key_set_and_the_jobs() -> None:
    assert call("discovery", "GET", "/.well-known/jwks.json").status == 200
    assert function("key_rotation")({"force": True}, context())["made"]
    assert function("cleanup")({}, context())["finished"] is True


def test_a_call_that_the_policy_does_not_name_fails_the_test() -> None:
    def reads_everything(event: dict[str, Any], context: object) -> dict[str, Any]:
        check("dynamodb", "Scan", {"TableName": "identity"})
        return {}

    with pytest.raises(pytest.fail.Exception, match="does not let userinfo do dynamodb:Scan"):
        guarded("userinfo", reads_everything)({}, None)


@pytest.mark.parametrize(
    ("function", "service", "operation", "parameters"),
    [
        (
            "discovery",
            "dynamodb",
            "Query",
            IDENTITY | {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "USER#1"}}},
        ),
        ("userinfo", "dynamodb", "BatchGetItem", {"RequestItems": {"identity": {"Keys": [{"pk": {"S": "TICKET#1"}}]}}}),
        ("cleanup", "dynamodb", "DeleteItem", IDENTITY | {"Key": {"pk": {"S": "KEYS"}}}),
        ("revoke", "kms", "Decrypt", {"EncryptionContext": {"purpose": "signing"}}),
        ("token_exchange", "kms", "Decrypt", {}),
        ("authorize", "sesv2", "SendEmail", {"FromEmailAddress": "a@example.com"}),
        ("user_events", "dynamodb", "PutItem", IDENTITY | {"Item": {"pk": {"S": "USER#1"}}}),
        ("user_events", "sqs", "SendMessageBatch", {"QueueUrl": "https://sqs.example.com/1/UndeliveredLogouts"}),
        ("user_events", "sqs", "ChangeMessageVisibility", {"QueueUrl": "https://sqs.example.com/1/LogoutNotices"}),
        ("logout_delivery", "sqs", "SendMessageBatch", {"QueueUrl": "https://sqs.example.com/1/LogoutNotices"}),
        ("registration", "dynamodb", "PutItem", IDENTITY | {"Item": {"pk": {"S": "USER#1"}}}),
        ("users_api", "dynamodb", "UpdateItem", AUDIT | {"Key": {"pk": {"S": "USER#1"}}}),
        ("users_api", "dynamodb", "TransactWriteItems", {"TransactItems": [{"Delete": AUDIT | {"Key": {"pk": {"S": "USER#1"}}}}]}),
        ("users_api", "dynamodb", "Query", LISTING | {"ExpressionAttributeValues": {":p": {"S": "CLIENTS"}}}),
        ("userinfo", "dynamodb", "Query", LISTING | {"ExpressionAttributeValues": {":p": {"S": "USER#1"}}}),
        ("registration", "dynamodb", "PutItem", AUDIT | {"Item": {"pk": {"S": "CLIENT#1"}}}),
        ("registration", "kms", "Decrypt", {"EncryptionContext": {"purpose": "signing"}}),
        ("logout_delivery", "kms", "Decrypt", {"EncryptionContext": {"purpose": "sealing"}}),
    ],
)
def test_the_right_action_on_the_wrong_thing_fails_the_test(
    function: str, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(pytest.fail.Exception, match="does not let"):
        guarded(function, lambda event, context: check(service, operation, parameters) or {})({}, None)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("Query", LISTING | {"ExpressionAttributeValues": {":p": {"S": "USERS#7"}}}),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": table | {"Item": {"pk": {"S": "USER#1"}}}} for table in (IDENTITY, AUDIT)]},
        ),
    ],
)
def test_what_a_policy_says_of_an_index_and_of_a_second_table_holds_for_them(operation: str, parameters: dict[str, Any]) -> None:
    guarded("users_api", lambda event, context: check("dynamodb", operation, parameters) or {})({}, None)
