"""openid-client and oauth4webapi as they come from npm: a web application and an API in Node."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from gatehouse.clients import STANDARD_SCOPES
from tests.e2e import hosted_pages
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules

API = "https://api.example.com"


@pytest.fixture(params=["client_secret_basic", "client_secret_post"])
def address(request: pytest.FixtureRequest, stack: Deployment, node_modules: Modules) -> Iterator[str]:
    """Where the Node application answers; it authenticates by this method."""
    method, port = request.param, free_port()
    origin = f"http://localhost:{port}"
    web = stack.register(
        "web",
        token_endpoint_auth_method=method,
        redirect_uris=[f"{origin}/callback"],
        post_logout_redirect_uris=[f"{origin}/bye"],
        scopes=[*STANDARD_SCOPES, "orders:read"],
        audience=API,
    )
    machine = stack.register("machine", token_endpoint_auth_method=method, scopes=["orders:read"], audience=API)
    environment = {
        "ISSUER": stack.issuer,
        "PORT": str(port),
        "METHOD": method.removeprefix("client_secret_"),
        "API_AUDIENCE": API,
        "CLIENT_ID": web.client_id,
        "CLIENT_SECRET": web.secret,
        "MACHINE_ID": machine.client_id,
        "MACHINE_SECRET": machine.secret,
    }
    with node_modules.running("openid_client_app.js", environment) as listening:
        assert listening == origin
        yield origin


@pytest.mark.row(22, 31, 40, 41)
def test_a_node_application_does_all_that_openid_client_can(address: str, device: Callable[..., Device], ada: Person) -> None:
    page = device().page()
    page.goto(f"{address}/login")
    hosted_pages.sign_in(page, ada)
    page.wait_for_url(f"{address}/callback?*")
    signed_in = page.evaluate("JSON.parse(document.body.innerText)")

    assert signed_in["claims"]["sub"] == ada.user_id
    assert signed_in["scope"] == "openid profile email offline_access orders:read"
    assert signed_in["supportsPKCE"] is True
    assert said(address, "/userinfo")["email"] == ada.email
    assert_refreshed(said(address, "/refresh"))
    assert said(address, "/api")["sub"] == ada.user_id
    assert [entry["active"] for entry in said(address, "/introspect")] == [True, True, False]
    assert said(address, "/revoke") == {}
    assert [entry["active"] for entry in said(address, "/introspect")] == [False, False, False]
    assert said(address, "/refresh")["failed"]["error"] == "invalid_grant"

    page.goto(f"{address}/logout")
    assert page.evaluate("JSON.parse(document.body.innerText)") == {"state": "gone"}
    page.goto(f"{address}/login")
    assert hosted_pages.heading(page) == "Sign in"


def test_a_machine_gets_a_token_of_its_own(address: str) -> None:
    answer = said(address, "/machine")

    assert (answer["token_type"], answer["scope"]) == ("bearer", "orders:read")
    assert "refresh_token" not in answer


def assert_refreshed(result: dict[str, Any]) -> None:
    assert result["rotated"] is True
    before, after = result["before"], result["after"]
    assert all(before[name] == after[name] for name in ("iss", "sub", "aud", "auth_time", "sid"))
    assert after["iat"] >= before["iat"]


def said(address: str, path: str) -> Any:
    return httpx.get(address + path, timeout=20).json()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
