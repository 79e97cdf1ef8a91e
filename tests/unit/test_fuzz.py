"""Arbitrary requests, real credentials among them: never a 500, a redirect to elsewhere, or a header that nobody can send.

pytest --hypothesis-profile=explore tests/unit/test_fuzz.py looks further than the examples of every run. What it finds stays here as @example.
"""

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.conftest import ISSUER, context, function, send
from tests.unit.flows import CALLBACK, CHALLENGE, VERIFIER, Browser, browser_of, hidden_fields, new_client, new_code, new_user, tokens_of

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PATHS = {
    "discovery": ["/.well-known/openid-configuration", "/.well-known/jwks.json"],
    "authorize": ["/authorize"],
    "hosted_pages": [f"/u/{page}" for page in "login signup verify forgot reset consent start signed-out style.css icon.svg".split()],
    "token_exchange": ["/oauth/token"],
    "token_refresh": ["/session/refresh"],
    "userinfo": ["/userinfo"],
    "introspect": ["/oauth/introspect"],
    "revoke": ["/oauth/revoke"],
    "global_sign_out": ["/me/sign-out", "/api/v2/users/x/revoke-access"],
    "logout": ["/oidc/logout"],
}
# Stand for what only exists once a test runs.
REAL = ["$spa", "$web", "$secret", "$machine", "$machine_secret", "$cookie_client", "$code", "$access", "$refresh", "$id", "$user", "$csrf", "$signin"]
NAMES = [
    *("client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age"),
    *("code_challenge", "code_challenge_method", "login_hint", "id_token_hint", "request", "request_uri", "claims", "display"),
    *("grant_type", "code", "code_verifier", "refresh_token", "token", "token_type_hint", "access_token", "signin", "csrf", "ticket"),
    *("email", "password", "decision", "post_logout_redirect_uri", "session_id", "preserve_refresh_tokens", "client_assertion"),
]
VALUES = [
    *(CALLBACK, CHALLENGE, VERIFIER, "code", "S256", "openid", "openid profile email", "none", "login", "consent", "0", "-1", "9" * 20),
    *("authorization_code", "refresh_token", "client_credentials", "allow", "deny", "ada@example.com", "https://evil.test/", "\x00", "é"),
    *("https://app.example.com/bye", "\ud83d\ude00", "{}", "[]", "null", "a.b.c", "x" * 5000, "\r\nset-cookie: a=b", "<script>", "%", "+"),
]
value = st.one_of(st.sampled_from(REAL), st.sampled_from(VALUES), st.text(max_size=30))
parameters = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), value, max_size=10)
json_value = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | value, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
header = st.one_of(
    st.sampled_from(["Bearer $access", "Bearer $id", "Bearer $refresh", "$basic", "$machine_basic", "https://app.example.com", "null", FORM, JSON]),
    st.text(max_size=40),
)
HEADERS = ["authorization", "origin", "content-type", "user-agent", "host", "x-forwarded-for", "x-forwarded-host", "sec-fetch-site", "dpop"]
COOKIES = ["__Host-gatehouse", "__Host-gatehouse-signin", "__Host-gatehouse-device", "__Host-gatehouse-refresh-$cookie_client"]


@st.composite
def requests(draw: st.DrawFn, paths: list[str]) -> dict[str, Any]:
    """An event of payload format 2.0 with $placeholders."""
    kind = draw(st.sampled_from([FORM, FORM, JSON, "other"]))
    body: object = draw({FORM: parameters, JSON: st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), json_value, max_size=8)}.get(kind, st.binary(max_size=60)))
    cookies = draw(st.dictionaries(st.sampled_from(COOKIES), st.sampled_from(["$jar", "$refresh"]) | st.text(max_size=20), max_size=4))
    return {
        "method": draw(st.sampled_from(["GET", "POST", "POST", "POST", "OPTIONS", "HEAD"]) | st.text(max_size=6)),
        "path": draw(st.sampled_from(paths) | st.text(max_size=20)),
        "query": draw(parameters | st.text(max_size=40)),
        "headers": draw(st.dictionaries(st.sampled_from(HEADERS), header, max_size=5)),
        "cookies": cookies,
        "kind": kind,
        "body": body,
        "path_parameters": draw(st.sampled_from([{}, {"id": "$user"}]) | st.fixed_dictionaries({"id": st.text(max_size=40)})),
    }


def event_of(asked: dict[str, Any], real: dict[str, str]) -> dict[str, Any]:
    def filled(given: Any) -> Any:
        if isinstance(given, str):
            for name, actual in sorted(real.items(), key=lambda entry: -len(entry[0])):
                given = given.replace(name, actual)
            return given
        if isinstance(given, dict):
            return {filled(name): filled(entry) for name, entry in given.items()}
        return [filled(entry) for entry in given] if isinstance(given, list) else given

    kind, body = asked["kind"], asked["body"]
    if kind in (FORM, JSON):
        body = (urlencode(filled(body)) if kind == FORM else json.dumps(filled(body))).encode()
    headers = filled(asked["headers"]) | ({} if kind == "other" else {"content-type": kind})
    query = filled(asked["query"])
    jar = {name: real.get(f"jar:{filled(name)}", "") if given == "$jar" else filled(given) for name, given in asked["cookies"].items()}
    return {
        "version": "2.0",
        "rawPath": asked["path"],
        "rawQueryString": query if isinstance(query, str) else urlencode(query),
        "headers": headers,
        "cookies": [f"{filled(name)}={given}" for name, given in jar.items()],
        "requestContext": {"http": {"method": asked["method"], "path": asked["path"], "sourceIp": "192.0.2.7"}},
        "pathParameters": filled(asked["path_parameters"]),
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


@pytest.fixture
def real() -> dict[str, str]:
    """Credentials and identifiers that work, by placeholder."""
    user = new_user()
    spa, web, machine = new_client(), new_client("web"), new_client("machine")
    cookie_client = new_client(refresh_cookie=True)
    browser = browser_of(user)
    tokens = tokens_of(spa.client_id, browser)
    started = browser.authorize(spa.client_id, prompt="login")
    fields = hidden_fields(browser.get("hosted_pages", started.location))
    known = {"$spa": spa.client_id, "$web": web.client_id, "$secret": web.secret, "$machine": machine.client_id}
    known |= {"$machine_secret": machine.secret, "$cookie_client": cookie_client.client_id, "$user": user.user_id}
    known |= {"$access": tokens["access_token"], "$refresh": tokens["refresh_token"], "$id": tokens["id_token"]}
    known |= {"$code": new_code(spa.client_id, browser), "$csrf": fields["csrf"], "$signin": fields["signin"]}
    return known | {f"jar:{name}": cookie for name, cookie in browser.cookies.items()}


def check(answer: Any) -> None:
    assert answer.status < 500, answer.body
    for text in (*answer.headers.values(), *answer.cookies):
        assert text.isascii() and text.isprintable()
    assert all(cookie.startswith("__Host-") and "; Secure; HttpOnly" in cookie for cookie in answer.cookies)
    answer.body.encode()
    if "location" in answer.headers:
        assert answer.location.startswith((f"{CALLBACK}?", f"{ISSUER}/u/", f"{ISSUER}/authorize?", "https://app.example.com/bye"))
    if answer.headers["content-type"].startswith("text/html"):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    allowed = answer.headers.get("access-control-allow-origin", "")
    if "access-control-allow-credentials" in answer.headers:
        assert allowed == "https://app.example.com"
    assert allowed in ("", "*", "https://app.example.com")


SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.parametrize("name", PATHS)
def test_no_request_breaks_a_function(name: str, real: dict[str, str]) -> None:
    @SHARED
    @given(requests(PATHS[name]))
    def run(asked: dict[str, Any]) -> None:
        check(send(name, event_of(asked, real)))

    run()
