"""Requests as nobody would write them: what they are drawn from, and how they become events."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
)

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PATHS = {
    "discovery": ["/.well-known/openid-configuration", "/.well-known/jwks.json"],
    "authorize": ["/authorize"],
    "hosted_pages": [
        f"/u/{page}"
        for page in [
            "login",
            "signup",
            "verify",
            "forgot",
            "reset",
            "consent",
            "start",
            "signed-out",
            "account",
            "device",
            "style.css",
            "icon.svg",
        ]
    ],
    "push_authorization": ["/oauth/par"],
    "device_authorization": ["/oauth/device/code"],
    "registration": ["/oidc/register", "/oidc/register/$dynamic"],
    "token_exchange": ["/oauth/token"],
    "token_refresh": ["/session/refresh"],
    "userinfo": ["/userinfo"],
    "introspect": ["/oauth/introspect"],
    "revoke": ["/oauth/revoke"],
    "global_sign_out": ["/me/sign-out", "/api/v2/users/x/revoke-access"],
    "logout": ["/oidc/logout"],
}
# A request that succeeds, from which most of the others are made by changing something.
VALID: dict[str, dict[str, str]] = {
    "authorize": {
        "client_id": "$spa",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    },
    "hosted_pages": {
        "csrf": "$csrf",
        "signin": "$signin",
        "ticket": "$ticket",
        "email": "ada@example.com",
        "decision": "allow",
        "user_code": "$user_code",
    },
    "push_authorization": {
        "client_id": "$spa",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    },
    "device_authorization": {"client_id": "$native", "scope": "openid"},
    "token_exchange": {
        "grant_type": "authorization_code",
        "client_id": "$spa",
        "code": "$code",
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    },
    "token_refresh": {"client_id": "$cookie_client"},
    "userinfo": {"access_token": "$access"},
    "introspect": {"client_id": "$machine", "client_secret": "$machine_secret", "token": "$access"},
    "revoke": {"client_id": "$spa", "token": "$refresh"},
    "logout": {"client_id": "$spa", "id_token_hint": "$id", "post_logout_redirect_uri": "https://app.example.com/bye"},
}
METHODS = [*["GET"] * 4, *["POST"] * 12, "OPTIONS", "HEAD", "PUT", "DELETE", "", "post", "P\u00d6ST"]
# Stand for what only exists once a test runs.
REAL = [
    f"${name}"
    for name in [
        "spa",
        "web",
        "secret",
        "machine",
        "machine_secret",
        "cookie_client",
        "user",
        "access",
        "refresh",
        "id",
        "code",
        "csrf",
        "signin",
        "ticket",
        "native",
        "device_code",
        "user_code",
        "pushed",
        "object",
        "proof",
        "assertion",
        "dynamic",
        "management",
    ]
]
NAMES = [
    *(
        "client_id",
        "client_secret",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
    ),
    *(
        "code_challenge",
        "code_challenge_method",
        "login_hint",
        "id_token_hint",
        "request",
        "request_uri",
        "claims",
        "display",
    ),
    *(
        "grant_type",
        "code",
        "code_verifier",
        "refresh_token",
        "token",
        "token_type_hint",
        "access_token",
        "signin",
        "csrf",
        "ticket",
    ),
    *(
        "email",
        "password",
        "decision",
        "post_logout_redirect_uri",
        "session_id",
        "preserve_refresh_tokens",
        "client_assertion",
        "client_assertion_type",
    ),
    *(
        "resource",
        "audience",
        "dpop_jkt",
        "acr_values",
        "ui_locales",
        "device_code",
        "user_code",
        "subject_token",
        "subject_token_type",
        "actor_token",
        "actor_token_type",
        "requested_token_type",
        "remove",
        "end",
        "sign_out",
    ),
    *(
        "redirect_uris",
        "jwks",
        "jwks_uri",
        "token_endpoint_auth_method",
        "grant_types",
        "response_types",
        "client_name",
        "logo_uri",
        "default_max_age",
        "subject_type",
        "sector_identifier_uri",
        "backchannel_logout_uri",
    ),
]
VALUES = [
    *(
        CALLBACK,
        CHALLENGE,
        VERIFIER,
        "code",
        "S256",
        "openid",
        "openid profile email",
        "none",
        "login",
        "consent",
        "0",
        "-1",
        "9" * 20,
    ),
    *(
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:token-type:access_token",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "private_key_jwt",
        "form_post",
        "everywhere",
        '{"userinfo":{"email":null},"id_token":{"acr":{"essential":true}}}',
        "https://169.254.169.254/",
        "allow",
        "deny",
        "ada@example.com",
        "https://evil.test/",
        "\x00",
        "é",
    ),
    *(
        "https://app.example.com/bye",
        "\U0001f600",
        "{}",
        "[]",
        "null",
        "a.b.c",
        "$long",
        "\r\nset-cookie: a=b",
        "<script>",
        "%",
        "+",
    ),
]
value = st.one_of(st.sampled_from(REAL), st.sampled_from(VALUES), st.text(max_size=30))
parameters = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), value, max_size=10)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | value | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
header = st.one_of(
    st.sampled_from(
        [
            "Bearer $access",
            "DPoP $access",
            "Bearer $id",
            "Bearer $refresh",
            "Bearer $management",
            "$proof",
            "$basic",
            "https://app.example.com",
            "null",
            FORM,
            JSON,
        ]
    ),
    st.text(max_size=40),
)
HEADERS = [
    "authorization",
    "origin",
    "content-type",
    "user-agent",
    "host",
    "x-forwarded-for",
    "x-forwarded-host",
    "sec-fetch-site",
    "dpop",
]
COOKIES = [
    "__Host-gatehouse",
    "__Host-gatehouse-signin",
    "__Host-gatehouse-device",
    "__Host-gatehouse-refresh-$cookie_client",
]


json_body = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), json_value, max_size=8)
# "not base64" is a body that claims to be base64 and is not.
body = st.one_of(
    st.tuples(st.just(FORM), parameters),
    st.tuples(st.just(FORM), parameters),
    st.tuples(st.just(JSON), json_body),
    st.tuples(st.just("other"), st.binary(max_size=60)),
    st.tuples(st.just("not base64"), st.text(max_size=20)),
)
# An event of payload format 2.0 with $placeholders; a number as path is one of the function's own.
requests = st.fixed_dictionaries(
    {
        "valid_but_for": st.none() | st.sets(st.sampled_from(NAMES), max_size=3),
        "method": st.sampled_from(METHODS),
        "path": st.integers(0, 9) | st.integers(0, 9) | st.integers(0, 9) | st.text(max_size=20),
        "query": parameters | st.text(max_size=40),
        "headers": st.dictionaries(st.sampled_from(HEADERS), header, max_size=5),
        "cookies": st.dictionaries(st.sampled_from(COOKIES), st.sampled_from(["$jar", "$refresh"]) | st.text(max_size=20), max_size=4),
        "body": body,
        "id": st.just("$user") | st.text(max_size=40),
    }
)


def request(**given: Any) -> dict[str, Any]:
    """A POST with these parts and nothing else."""
    nothing: dict[str, Any] = {
        "valid_but_for": None,
        "path": 0,
        "query": {},
        "headers": {},
        "cookies": {},
        "body": (FORM, {}),
        "id": "",
    }
    return nothing | {"method": "POST"} | given


def filled(given: Any, real: dict[str, str]) -> Any:
    """The same with credentials in place of the placeholders."""
    if isinstance(given, str):
        for name in sorted(real, key=len, reverse=True) if "$" in given else ():
            given = given.replace(name, real[name])
        return given
    if isinstance(given, dict):
        return {filled(name, real): filled(entry, real) for name, entry in given.items()}
    return [filled(entry, real) for entry in given] if isinstance(given, list) else given


def event_of(name: str, asked: dict[str, Any], real: dict[str, str]) -> dict[str, Any]:
    kind, content = asked["body"]
    query, jar = asked["query"], {}
    if asked["valid_but_for"] is not None:
        valid = {known: value for known, value in VALID.get(name, {}).items() if known not in asked["valid_but_for"]}
        if asked["method"] == "GET":
            query = valid | (query if isinstance(query, dict) else {})
        elif isinstance(content, dict):
            content, query = valid | content, {}
        jar = {cookie: real[cookie] for cookie in COOKIES if cookie in real}
    content, query = filled(content, real), filled(query, real)
    encoded = content
    if kind != "not base64":
        raw = content if kind == "other" else (urlencode(content) if kind == FORM else json.dumps(content)).encode()
        encoded = base64.b64encode(raw).decode()
    path = filled(asked["path"] if isinstance(asked["path"], str) else PATHS[name][asked["path"] % len(PATHS[name])], real)
    cookies = jar | {filled(cookie, real): given for cookie, given in asked["cookies"].items()}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query if isinstance(query, str) else urlencode(query),
        "headers": filled(asked["headers"], real) | ({"content-type": kind} if kind in (FORM, JSON) else {}),
        "cookies": [f"{cookie}={filled(given, real | {'$jar': real.get(cookie, '')})}" for cookie, given in cookies.items()],
        "requestContext": {"http": {"method": asked["method"], "path": path, "sourceIp": "192.0.2.7"}},
        "pathParameters": _variables(path, filled(asked["id"], real)),
        "body": encoded,
        "isBase64Encoded": True,
    }


def _variables(path: str, user_id: str) -> dict[str, str]:
    """What API Gateway takes out of the path."""
    if path.startswith("/oidc/register/"):
        return {"client_id": path.removeprefix("/oidc/register/")}
    return {"id": user_id} if "/api/v2/" in path else {}
