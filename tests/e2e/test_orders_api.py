"""An API of one's own behind the Lambda authorizer that the stack ships, by HTTP and by boto3."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e import hosted_pages
from tests.e2e.application import TIMEOUT_SECONDS, Application, get, post
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person

SCOPES = ["openid", "orders:read"]


@pytest.fixture
def orders(stack: Deployment) -> str:
    return f"{stack.instance.orders_url}/orders"


@pytest.fixture
def shop(stack: Deployment, app: Callable[..., Application]) -> Application:
    return app("web", audience=stack.instance.orders_url, scopes=SCOPES)


def test_without_a_token_the_gateway_itself_says_401(orders: str) -> None:
    answer = get(orders)

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_a_page_may_send_its_token_and_a_proof(orders: str, stack: Deployment) -> None:
    asked = {"origin": stack.instance.app_url, "access-control-request-method": "GET"}
    answer = httpx.options(orders, headers=asked, timeout=TIMEOUT_SECONDS)

    assert answer.headers["access-control-allow-origin"] == stack.instance.app_url
    assert {"Authorization", "DPoP"} <= set(answer.headers["access-control-allow-headers"].split(","))


@pytest.mark.row(38, 53)
def test_a_token_lets_its_holder_in_until_they_sign_out_everywhere(
    stack: Deployment, orders: str, shop: Application, device: Callable[..., Device], ada: Person
) -> None:
    tokens = hosted_pages.signed_in(shop, device(), ada)
    token = tokens["access_token"]

    answer = get(orders, token)
    assert answer.status_code == 200
    assert answer.json()["sub"] == ada.user_id
    assert post(f"{stack.issuer}/me/sign-out", token).status_code == 204
    assert get(orders, token).status_code == 403


@pytest.mark.row(52, 53)
def test_tokens_that_are_for_something_else_are_forbidden(
    orders: str, shop: Application, app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    laptop = device()
    for_orders = hosted_pages.signed_in(shop, laptop, ada)
    without_scope = hosted_pages.signed_in(shop, device(), ada, scope="openid")
    elsewhere = app("web", audience="https://elsewhere.example.com", scopes=SCOPES)
    for_others = hosted_pages.signed_in(elsewhere, device(), ada)
    refused = [
        "garbage",
        for_orders["id_token"],
        for_orders["refresh_token"],
        for_orders["access_token"][:-4] + "AAAA",
        without_scope["access_token"],
        for_others["access_token"],
    ]

    assert [get(orders, token).status_code for token in refused] == [403] * len(refused)
    assert get(orders, for_orders["access_token"]).status_code == 200


def test_a_machine_gets_in_with_its_own_token(stack: Deployment, orders: str) -> None:
    machine = stack.register("machine", audience=stack.instance.orders_url, scopes=["orders:read"])
    token = Application(stack, machine, "").token(grant_type="client_credentials").json()["access_token"]

    assert get(orders, token).json()["sub"] == machine.client_id


@pytest.mark.row(38)
def test_boto3_invokes_the_authorizer_as_api_gateway_does(
    stack: Deployment, shop: Application, device: Callable[..., Device], ada: Person
) -> None:
    token = hosted_pages.signed_in(shop, device(), ada)["access_token"]

    def decision(header: str) -> Any:
        variables = {"audience": stack.instance.orders_url, "scope": "orders:read"}
        event = {"version": "2.0", "type": "REQUEST", "headers": {"authorization": header}, "stageVariables": variables}
        return stack.invoke(stack.environment["AUTHORIZER_ARN"], event)

    allowed = decision(f"Bearer {token}")
    assert allowed["isAuthorized"] is True
    assert (allowed["context"]["sub"], allowed["context"]["scope"]) == (ada.user_id, "openid orders:read")
    assert decision("Bearer garbage") == {"isAuthorized": False}
    assert post(f"{stack.issuer}/me/sign-out", token).status_code == 204
    assert decision(f"Bearer {token}") == {"isAuthorized": False}
