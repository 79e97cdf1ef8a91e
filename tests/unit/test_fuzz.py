"""Arbitrary requests, real credentials among them: never a 500, a redirect to elsewhere or a header with a line break.

pytest --hypothesis-profile=explore tests/unit/test_fuzz.py looks further. What it finds stays here as @example.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gatehouse import tickets
from tests.unit.conftest import ISSUER, Answer, context, function, send
from tests.unit.devices import codes, new_device_client
from tests.unit.flows import CALLBACK, CHALLENGE, basic, browser_of, hidden_fields, new_client, new_code, new_user, tokens_of
from tests.unit.fuzzing import FORM, JSON, PATHS, event_of, request, requests
from tests.unit.registrations import initial_access_token, registered
from tests.unit.signers import assertion, key, nonce, proof, push, request_object, signing_client


@pytest.fixture
def real() -> dict[str, str]:
    """Credentials and identifiers that work, by placeholder."""
    user = new_user()
    spa, web, machine = (
        new_client(),
        new_client("web"),
        new_client("machine", token_endpoint_auth_method="client_secret_post"),
    )
    cookie_client = new_client(refresh_cookie=True)
    browser = browser_of(user)
    tokens = tokens_of(spa.client_id, browser)
    started = browser.authorize(spa.client_id, prompt="login")
    fields = hidden_fields(browser.get("hosted_pages", started.location))
    known = {"$spa": spa.client_id, "$web": web.client_id, "$secret": web.secret, "$machine": machine.client_id}
    known |= {"$machine_secret": machine.secret, "$cookie_client": cookie_client.client_id, "$user": user.user_id}
    known |= {"$access": tokens["access_token"], "$refresh": tokens["refresh_token"], "$id": tokens["id_token"]}
    known |= {"$code": new_code(spa.client_id, browser), "$csrf": fields["csrf"], "$signin": fields["signin"]}
    known |= {
        "$basic": basic(web.client_id, web.secret),
        "$ticket": tickets.issue(tickets.RESET, user.email, user_id=user.user_id),
    }
    return known | _of_the_other_ways(spa.client_id) | browser.cookies | {"$long": "x" * 5000}


def _of_the_other_ways(spa: str) -> dict[str, str]:
    """What devices, keys, pushed requests and registration bring along."""
    television, signer = new_device_client(), key("ES256", "k")
    asked = codes(television.client_id)
    by_key = signing_client(signer, "machine")
    by_object = new_client("web", jwks=[signer.jwk])
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    pushed = push({"client_id": spa, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", **pkce})
    return {
        "$native": television.client_id,
        "$device_code": asked["device_code"],
        "$user_code": asked["user_code"],
        "$pushed": pushed.json["request_uri"],
        "$object": request_object(signer, by_object.client_id, response_type="code", redirect_uri=CALLBACK, scope="openid", **pkce),
        "$assertion": assertion(signer, by_key.client_id),
        "$proof": proof(signer, nonce=nonce()),
        "$dynamic": registered().client_id,
        "$management": initial_access_token(),
    }


def check(answer: Answer) -> None:
    assert answer.status < 500, answer.body
    for text in (*answer.headers.values(), *answer.cookies):
        assert text.isascii() and text.isprintable()
    assert all(cookie.startswith("__Host-") and "; Secure; HttpOnly" in cookie for cookie in answer.cookies)
    answer.body.encode()
    if "location" in answer.headers:
        assert answer.location.startswith(
            (f"{CALLBACK}?", f"{ISSUER}/u/", f"{ISSUER}/authorize?", f"{ISSUER}/oidc/logout", "https://app.example.com/bye")
        )
    if answer.headers["content-type"].startswith("text/html") and "script-src" not in answer.headers["content-security-policy"]:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    allowed = answer.headers.get("access-control-allow-origin", "")
    if "access-control-allow-credentials" in answer.headers:
        assert allowed == "https://app.example.com"
    assert allowed in ("", "*", "https://app.example.com")


HALF = {"client_id": "$machine", "client_secret": "\ud800", "grant_type": "client_credentials"}


@pytest.mark.parametrize("name", PATHS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(asked=requests)
@example(asked=request(body=(JSON, HALF)))
@example(asked=request(body=("not base64", "é")))
@example(asked=request(body=(FORM, {"client_id": "$cookie_client"}), headers={"origin": "https://app.example.com"}))
@example(asked=request(method="GET", query={"client_id": "$spa", "state": "s" * 5000, "response_type": "token"}))
def test_no_request_breaks_a_function(name: str, asked: dict[str, Any], real: dict[str, str]) -> None:
    check(send(name, event_of(name, asked, real)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(asked=requests, variables=st.none() | st.dictionaries(st.sampled_from(["audience", "scope"]), st.text(max_size=9)))
def test_the_authorizer_always_decides(asked: dict[str, Any], variables: object, real: dict[str, str]) -> None:
    event = event_of("userinfo", asked, real) | {"stageVariables": variables}

    assert function("authorizer")(event, context())["isAuthorized"] in (True, False)
