"""An operator signs a person out: by HTTP with a token for it, and by boto3 as whoever may invoke the function."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.e2e import hosted_pages
from tests.e2e.application import Application, get, post
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person


@pytest.fixture
def operator_token(stack: Deployment) -> str:
    audience = f"{stack.issuer}/api/v2/"
    machine = stack.register("machine", audience=audience, scopes=["delete:sessions"])
    token: str = Application(stack, machine, "").token(grant_type="client_credentials").json()["access_token"]
    return token


@pytest.mark.row(37, 38)
def test_an_operator_signs_a_person_out_of_every_device(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person, operator_token: str
) -> None:
    spa = app()
    devices = [hosted_pages.signed_in(spa, device(), ada) for _ in range(2)]
    # As Auth0's SDKs send it: the id percent-encoded, a JSON content type without a body.
    url = f"{stack.issuer}/api/v2/users/{quote(ada.user_id, safe='')}/revoke-access"

    assert post(url, devices[0]["access_token"]).status_code == 401
    assert post(url, operator_token, json={"preserve_refresh_tokens": False}).status_code == 204

    for tokens in devices:
        assert get(f"{stack.issuer}/userinfo", tokens["access_token"]).status_code == 401
        assert spa.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_operator_ends_one_session_and_no_other(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person, operator_token: str
) -> None:
    web = app("web")
    lost, kept = (hosted_pages.signed_in(web, device(), ada) for _ in range(2))
    sid = web.introspect(lost["access_token"])["sid"]

    url = f"{stack.issuer}/api/v2/users/{quote(ada.user_id, safe='')}/revoke-access"
    assert post(url, operator_token, json={"session_id": sid}).status_code == 204

    assert web.introspect(lost["access_token"]) == {"active": False}
    assert web.introspect(kept["access_token"])["active"] is True


@pytest.mark.row(38)
def test_boto3_signs_a_person_out_with_the_same_event(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person, operator_token: str
) -> None:
    spa = app()
    tokens = hosted_pages.signed_in(spa, device(), ada)
    event = {
        "version": "2.0",
        "rawPath": f"/api/v2/users/{ada.user_id}/revoke-access",
        "pathParameters": {"id": ada.user_id},
        "headers": {"authorization": f"Bearer {operator_token}"},
        "requestContext": {"http": {"method": "POST", "sourceIp": "127.0.0.1"}},
    }

    answer = stack.invoke(stack.functions["GlobalSignOutFunction"], event)

    assert answer["statusCode"] == 204, json.dumps(answer)
    assert spa.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert get(f"{stack.issuer}/userinfo", tokens["access_token"]).status_code == 401
