"""openid-client and oauth4webapi as they come from npm register themselves; then people sign in to what they registered."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gatehouse.client_registration import Registered
from tests.e2e.application import TIMEOUT_SECONDS
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.relying_party import REDIRECT_URI, new_key, public, running
from tests.e2e.visitor import Visitor

PROGRAM = "registration_app.js"
NOBODY = Registered("", "")
METADATA: dict[str, Any] = {
    "client_name": "Ledger",
    "client_uri": "https://ledger.example/about",
    "policy_uri": "https://ledger.example/privacy",
    "tos_uri": "https://ledger.example/terms",
    "redirect_uris": [REDIRECT_URI],
    "grant_types": ["authorization_code", "refresh_token"],
}
OURS = ("registration_access_token", "registration_client_uri", "client_id_issued_at", "client_secret_expires_at")


@pytest.fixture(scope="module")
def initial_access_token(stack: Deployment) -> str:
    """What the administrator's machine gets to register clients with."""
    machine = stack.register("machine", scopes=["register:clients"], audience=f"{stack.issuer}/api/v2/")
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(f"{stack.issuer}/oauth/token", data=form, auth=(machine.client_id, machine.secret), timeout=TIMEOUT_SECONDS)
    given: str = answer.json()["access_token"]
    return given


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"])
def test_an_application_registers_itself_and_somebody_signs_in_to_it_and_stays(
    stack: Deployment, node_modules: Modules, ada: Person, initial_access_token: str, method: str
) -> None:
    key = new_key("ES256", "own") if method == "private_key_jwt" else None
    keys = {"jwks": {"keys": [public(key)]}} if key else {}
    metadata = METADATA | keys | {"token_endpoint_auth_method": method}
    setup = {"initial_access_token": initial_access_token, "metadata": metadata, "key": key}
    with running(node_modules, PROGRAM, stack, NOBODY, **setup) as app:
        told = app.said("/register")
        assert {name: told[name] for name in metadata} == metadata
        assert ("client_secret" in told) == method.startswith("client_secret")

        visitor = Visitor()
        landed_at = visitor.landing(stack.issuer, app.login(), ada)
        tokens = app.answered(_allowed(visitor, stack.issuer, landed_at).partition("?")[2])
        assert (tokens["claims"]["sub"], tokens["claims"]["aud"]) == (ada.user_id, told["client_id"])
        assert app.said("/userinfo")["email"] == ada.email
        refreshed = app.said("/refresh")
        assert refreshed["claims"]["sub"] == ada.user_id
        assert refreshed["refresh_token"] != tokens["refresh_token"]

        _manages_itself(told)


def test_the_single_steps_tell_what_was_made_and_why_not(stack: Deployment, node_modules: Modules, initial_access_token: str) -> None:
    with running(node_modules, PROGRAM, stack, NOBODY, initial_access_token=initial_access_token, metadata=METADATA) as app:
        made = app.said("/steps")
        assert made["client_id"] and made["client_secret"] and made["client_secret_expires_at"] == 0
        for changes, error in [
            ({"redirect_uris": ["http://evil.test/cb"]}, "invalid_redirect_uri"),
            ({"subject_type": "pairwise"}, "invalid_client_metadata"),
        ]:
            assert app.said("/steps", metadata=json.dumps(changes))["failed"]["error"] == error
        assert app.said("/steps", token="garbage")["failed"]["code"] == "OAUTH_WWW_AUTHENTICATE_CHALLENGE"


def test_people_see_in_a_browser_who_asks_and_where_its_terms_are(
    stack: Deployment, initial_access_token: str, device: Callable[..., Device], ada: Person
) -> None:
    made = _registered(stack, initial_access_token)
    query = {"client_id": made["client_id"], "redirect_uri": REDIRECT_URI, "response_type": "code", "scope": "openid"}
    pkce = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
    page = device().page()
    page.goto(str(httpx.URL(f"{stack.issuer}/authorize", params=query | pkce)))
    assert page.get_by_role("link", name="privacy policy").get_attribute("href") == METADATA["policy_uri"]
    page.get_by_label("Email").fill(ada.email)
    page.get_by_label("Password").fill(ada.password)
    page.get_by_role("button", name="Sign in").click()

    assert "Ledger" in page.get_by_role("heading", level=1).inner_text()
    for name, uri in [("ledger.example", "client_uri"), ("privacy policy", "policy_uri"), ("terms of service", "tos_uri")]:
        assert page.get_by_role("link", name=name).get_attribute("href") == METADATA[uri]


def _registered(stack: Deployment, access_token: str) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {access_token}"}
    answer = httpx.post(f"{stack.issuer}/oidc/register", json=METADATA, headers=headers, timeout=TIMEOUT_SECONDS)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _allowed(visitor: Visitor, issuer: str, consent_url: str) -> str:
    """Where the browser is sent after Allow was pressed."""
    page = visitor.send("GET", consent_url)
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    form = {name: html.unescape(value) for name, value in fields} | {"decision": "allow"}
    location: str = visitor.send("POST", f"{issuer}/u/consent", data=form).headers["location"]
    return location


def _manages_itself(told: dict[str, Any]) -> None:
    """Reads, renames and deletes it, at the address that it was told."""
    uri, headers = told["registration_client_uri"], {"authorization": f"Bearer {told['registration_access_token']}"}
    again = {name: value for name, value in told.items() if name not in OURS}

    read = httpx.get(uri, headers=headers, timeout=TIMEOUT_SECONDS)
    assert (read.status_code, read.json()["client_name"]) == (200, "Ledger")
    renamed = httpx.put(uri, headers=headers, json=again | {"client_name": "Renamed"}, timeout=TIMEOUT_SECONDS)
    assert (renamed.status_code, renamed.json()["client_name"]) == (200, "Renamed")
    assert httpx.delete(uri, headers=headers, timeout=TIMEOUT_SECONDS).status_code == 204
    assert httpx.get(uri, headers=headers, timeout=TIMEOUT_SECONDS).status_code == 401
