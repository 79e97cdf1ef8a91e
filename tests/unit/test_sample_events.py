"""Every file in events/ goes through its function and gets the answer that its protocol has for it."""

import json
import socket
from typing import Any

import pytest

from gatehouse import client_registration, clients
from gatehouse.hook_functions import user_creation
from tests.unit.cloudformation import deployed
from tests.unit.conftest import ISSUER, ROOT, context, event, function

FUNCTIONS = sorted(folder.name for folder in (ROOT / "functions").iterdir() if (folder / "app.py").exists())
NAMES = sorted(file.stem for file in (ROOT / "events").glob("*.json"))
LOCAL = "http://localhost:8082"

# What a client that nobody registered, or a token that nobody issued, gets.
STRANGERS = {
    "account": (401, "invalid_token"),
    "account_change": (401, "invalid_token"),
    "authorize": (400, "invalid_request: client_id is missing or not registered"),
    "clients_api": (401, "invalid_token"),
    "clients_api_description": (200, '"openapi":"3.1.0"'),
    "device_authorization": (401, "invalid_client"),
    "discovery": (200, ""),
    "discovery_jwks": (200, ""),
    "global_sign_out": (401, "invalid_token"),
    "global_sign_out_operator": (401, "invalid_token"),
    "hosted_pages_account": (303, ""),
    "hosted_pages_device": (200, "BCDF-GHJK"),
    "hosted_pages_login": (400, "sign_in_expired"),
    "hosted_pages_style": (200, ""),
    "hooks_api": (401, "invalid_token"),
    "introspect": (401, "invalid_client"),
    "logout": (400, "invalid_request"),
    "organizations_api": (401, "invalid_token"),
    "organizations_api_members": (401, "invalid_token"),
    "push_authorization": (401, "invalid_client"),
    "registration": (401, "invalid_token"),
    "registration_manage": (401, "invalid_token"),
    "revoke": (401, "invalid_client"),
    "token_exchange_authorization_code": (401, "invalid_client"),
    "token_exchange_client_credentials": (401, "invalid_client"),
    "token_exchange_device_code": (401, "invalid_client"),
    "token_exchange_refresh_token": (401, "invalid_client"),
    "token_exchange_token_exchange": (401, "invalid_client"),
    "token_refresh": (401, "invalid_client"),
    "userinfo": (401, "invalid_token"),
    "users_api": (401, "invalid_token"),
    "users_api_change": (401, "invalid_token"),
    "users_api_delete": (401, "invalid_token"),
}


def function_of(name: str) -> str:
    return max((function for function in FUNCTIONS if name.startswith(function)), key=len)


def run(name: str) -> dict[str, Any]:
    return function(function_of(name))(event(name), context())


def test_every_function_has_an_event_and_every_event_a_function() -> None:
    assert {function_of(name) for name in NAMES} == set(FUNCTIONS)


@pytest.mark.parametrize("name", [name for name in NAMES if name in STRANGERS])
def test_a_stranger_gets_a_clear_answer(name: str) -> None:
    answer = run(name)

    status, words = STRANGERS[name]
    assert answer["statusCode"] == status
    assert words in answer["body"]
    assert set(answer) == {"statusCode", "headers", "cookies", "body", "isBase64Encoded"}


def demo_clients() -> None:
    common: dict[str, Any] = {
        "name": "Demo",
        "redirect_uris": [f"{LOCAL}/"],
        "post_logout_redirect_uris": [f"{LOCAL}/"],
    }
    client_registration.register("demospa", type="spa", web_origins=[LOCAL], **common)
    client_registration.register("demoweb", type="web", **common)
    client_registration.register("demomachine", type="machine", name="Demo", token_endpoint_auth_method="client_secret_post")
    client_registration.register("demodevice", type="native", name="Demo", grant_types=[clients.DEVICE_GRANT])
    clients.forget()


def test_with_the_demo_clients_the_events_reach_what_they_are_about() -> None:
    demo_clients()

    assert run("authorize")["headers"]["location"].startswith(f"{ISSUER}/u/login?signin=")
    assert run("logout")["headers"]["location"] == f"{LOCAL}/?state=sample-state"
    for name in ("token_exchange_authorization_code", "token_exchange_device_code", "token_exchange_refresh_token"):
        assert json.loads(run(name)["body"])["error"] == "invalid_grant"
    assert json.loads(run("device_authorization")["body"])["verification_uri"] == f"{ISSUER}/u/device"
    assert run("revoke")["statusCode"] == 200
    assert json.loads(run("introspect")["body"])["error"] == "invalid_client"


def test_the_scheduled_functions_do_their_work() -> None:
    assert run("cleanup") == {"seen": 8, "swept": 0, "resumed": 0, "finished": True}
    assert run("key_rotation") == {"made": [], "promoted": [], "deleted": []}


def test_a_schedule_that_is_gone_is_not_run() -> None:
    assert run("schedule_runner")["outcome"] == "unknown"


def test_an_update_that_takes_no_function_away_may_be() -> None:
    asked = event("hook_guard")

    told = deployed("hook_guard", asked["RequestType"], asked["ResourceProperties"], asked["OldResourceProperties"])
    assert told["Status"] == "SUCCESS"


def test_changes_that_concern_nobody_and_notices_for_nobody_are_done_with() -> None:
    assert run("user_events") == {"batchItemFailures": []}
    assert run("logout_delivery") == {"batchItemFailures": []}
    assert run("webhook_delivery") == {"batchItemFailures": []}


def test_the_hook_of_user_creation_prepares_one_person_and_refuses_the_other() -> None:
    prepared = run("user_creation")["response"]

    assert prepared["customDocument"] == {"plan": "free", "mail": "ada@example.com"}
    assert (prepared["userMetadata"], prepared["appMetadata"]) == ({"theme": "light"}, {"plan": "free"})
    with pytest.raises(user_creation.Refused):
        run("user_creation_refused")


def test_the_hook_of_claims_enrichment_changes_nothing_when_its_api_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    assert run("claims_enrichment") == event("claims_enrichment")


def test_the_authorizer_denies_a_token_that_nobody_issued() -> None:
    assert run("authorizer") == {"isAuthorized": False}


@pytest.mark.parametrize("name", NAMES)
def test_an_event_is_one_that_api_gateway_could_send(name: str) -> None:
    given = event(name)

    assert json.dumps(given).isascii()
    if "requestContext" in given and function_of(name) != "authorizer":
        assert given["version"] == "2.0"
        assert given["rawPath"] == given["requestContext"]["http"]["path"]
        assert all(header == header.lower() for header in given["headers"])
        assert given["routeKey"].startswith("ANY ")
