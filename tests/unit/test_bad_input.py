"""What no client should send gets a helpful answer in the endpoint's own protocol, and never a stack."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.conftest import Answer, call, context, function, send
from tests.unit.flows import Browser, new_client

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Endpoint:
    function: str
    path: str
    methods: tuple[str, ...]
    answers: str

    def __str__(self) -> str:
        return f"{self.function} {self.path}"

    def ask(self, method: str = "", **more: Any) -> Answer:
        parameters = {name: value for name, value in {"id": "gatehouse|x", "client_id": "x"}.items() if f"{{{name}}}" in self.path}
        return call(self.function, method or self.methods[-1], self.path, path_parameters=parameters, **more)


ENDPOINTS = [
    Endpoint("discovery", "/.well-known/openid-configuration", ("GET",), "oauth"),
    Endpoint("discovery", "/.well-known/jwks.json", ("GET",), "oauth"),
    Endpoint("authorize", "/authorize", ("GET", "POST"), "page"),
    Endpoint("hosted_pages", "/u/login", ("GET", "POST"), "page"),
    Endpoint("hosted_pages", "/u/signup", ("GET", "POST"), "page"),
    Endpoint("hosted_pages", "/u/forgot", ("GET", "POST"), "page"),
    Endpoint("hosted_pages", "/u/device", ("GET", "POST"), "page"),
    Endpoint("hosted_pages", "/u/nowhere", ("GET", "POST"), "page"),
    Endpoint("logout", "/oidc/logout", ("GET", "POST"), "page"),
    Endpoint("token_exchange", "/oauth/token", ("POST",), "oauth"),
    Endpoint("push_authorization", "/oauth/par", ("POST",), "oauth"),
    Endpoint("device_authorization", "/oauth/device/code", ("POST",), "oauth"),
    Endpoint("token_refresh", "/session/refresh", ("POST", "OPTIONS"), "oauth"),
    Endpoint("introspect", "/oauth/introspect", ("POST",), "oauth"),
    Endpoint("revoke", "/oauth/revoke", ("POST",), "oauth"),
    Endpoint("userinfo", "/userinfo", ("GET", "POST"), "oauth"),
    Endpoint("global_sign_out", "/me/sign-out", ("POST",), "management"),
    Endpoint("global_sign_out", "/api/v2/users/{id}/revoke-access", ("POST",), "management"),
    Endpoint("registration", "/oidc/register", ("POST",), "oauth"),
    Endpoint("registration", "/oidc/register/{client_id}", ("GET", "PUT", "DELETE"), "oauth"),
]
EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
READS_A_BODY = pytest.mark.parametrize(
    "endpoint",
    [e for e in ENDPOINTS if e.function not in ("discovery", "global_sign_out", "registration") and e.path != "/u/nowhere"],
    ids=str,
)


def in_its_own_words(endpoint: Endpoint, answer: Answer) -> bool:
    """A refusal that a client of this protocol understands, and that tells nobody about our insides."""
    assert 400 <= answer.status < 500, (answer.status, answer.body)
    assert not re.search(r"Traceback|File \"|\.py|gatehouse\.|botocore|DynamoDB|arn:aws|Exception", answer.body)
    assert answer.headers["cache-control"] == "no-store"
    if endpoint.answers == "page":
        return answer.headers["content-type"].startswith("text/html") and "<h1" in answer.body and len(answer.body) < 20_000
    assert answer.headers["content-type"] == "application/json"
    if endpoint.answers == "management":
        body = answer.json
        return set(body) == {"statusCode", "error", "message", "errorCode"} and body["statusCode"] == answer.status
    # RFC 6749 5.2: no quote, backslash, control character or anything beyond ASCII.
    description = answer.json.get("error_description", "")
    return set(answer.json) <= {"error", "error_description"} and not re.search(r"[^ !#-\[\]-~]", description)


METHODS = ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get\r\n", " ", "Ü", "X" * 5000]


@EVERY
def test_another_method_is_405_and_the_right_ones_are_named(endpoint: Endpoint) -> None:
    for method in [method for method in METHODS if method not in endpoint.methods]:
        answer = endpoint.ask(method)
        assert in_its_own_words(endpoint, answer)
        if endpoint.path != "/u/nowhere":
            assert (answer.status, answer.headers["allow"]) == (405, ", ".join(endpoint.methods))


@EVERY
def test_head_is_answered_like_get_where_there_is_a_get(endpoint: Endpoint) -> None:
    got, head = endpoint.ask("GET"), endpoint.ask("HEAD")

    # What a GET there may use up, a look at its headers must not.
    assert head.status == (405 if endpoint.path == "/authorize" else got.status)


BODIES: list[tuple[str, str]] = [
    ("text/plain", "x"),
    ("multipart/form-data; boundary=x", "--x--"),
    ("", "client_id=x"),
    (FORM, "a=1&a=2"),
    (FORM, "a=%ff"),
    (FORM, "&".join(f"p{n}=1" for n in range(70))),
    (FORM, "client_id=" + "a" * 70_000),
    (FORM, "client_id=\x00&token=\x00&email=\x00&csrf=\x00&access_token=\x00"),
    (FORM, "client_id=%00%0d%0a&redirect_uri=%0d%0a&token=%0d%0a&access_token=%0d"),
    (FORM, "=&=&=&"),
    (FORM, "unknown=1"),
    (FORM, ""),
]


@READS_A_BODY
def test_a_body_that_cannot_be_meant_is_refused(endpoint: Endpoint) -> None:
    for media_type, body in BODIES:
        answer = endpoint.ask("POST", headers={"content-type": media_type}, body=body)

        # A logout that names nothing needs nothing of its body.
        if (endpoint.function, answer.status) != ("logout", 303):
            assert in_its_own_words(endpoint, answer)


QUERIES = [
    "a=1&a=2",
    "%ff=%fe",
    "&".join(f"p{n}=1" for n in range(70)),
    "\x00=\x00",
    "%",
    "a=" + "%00" * 999,
    "[]=1&[]=2",
]


@EVERY
def test_a_query_that_cannot_be_meant_never_breaks_anything(endpoint: Endpoint) -> None:
    for query in QUERIES:
        for method in endpoint.methods:
            answer = endpoint.ask(method, query=query)
            assert answer.status < 400 or in_its_own_words(endpoint, answer)


NO_TEXT = [
    *((FORM, text) for text in ("!!!", "é", "YQ", "/w==", "====")),
    *(("application/json", text) for text in ("====", "gA==", "bnVsbA==")),
    ("", ""),
]


@EVERY
def test_a_body_that_is_not_the_base64_or_utf_8_it_should_be_is_refused(endpoint: Endpoint) -> None:
    for media_type, body in NO_TEXT:
        event = {
            "headers": {"content-type": media_type},
            "rawPath": endpoint.path,
            "requestContext": {"http": {"method": endpoint.methods[-1], "sourceIp": "192.0.2.7"}},
            "pathParameters": {"id": "gatehouse|x"} if "{id}" in endpoint.path else None,
            "body": body,
            "isBase64Encoded": True,
        }

        answer = send(endpoint.function, event)

        if answer.status < 400:
            assert endpoint.function in ("discovery", "logout", "token_refresh")
        else:
            assert in_its_own_words(endpoint, answer)


HARDLY_EVENTS: list[dict[str, Any]] = [
    {},
    {"requestContext": {}},
    {"headers": None, "cookies": None, "body": None},
    {"version": "1.0"},
    {"rawPath": "/\x00"},
]


@EVERY
def test_an_event_with_hardly_anything_in_it_is_a_wrong_method(endpoint: Endpoint) -> None:
    assert {send(endpoint.function, event).status for event in HARDLY_EVENTS} == {405}


@EVERY
def test_hostile_headers_and_cookies_never_break_anything_or_come_back_raw(endpoint: Endpoint) -> None:
    hostile = "\r\nset-cookie: a=b\r\n\r\n<script>alert(1)</script>\x00é"
    names = (
        "authorization",
        "origin",
        "host",
        "user-agent",
        "referer",
        "x-forwarded-for",
        "x-forwarded-host",
        "sec-fetch-site",
        "accept",
    )
    cookies = dict.fromkeys(
        ("__Host-gatehouse", "__Host-gatehouse-signin", "__Host-gatehouse-device", "__Host-gatehouse-refresh-x"),
        hostile,
    )

    for method in endpoint.methods:
        answer = endpoint.ask(method, headers=dict.fromkeys(names, hostile), cookies=cookies, form={"client_id": hostile})
        assert answer.status < 500
        for value in (*answer.headers.values(), *answer.cookies):
            assert value.isascii() and value.isprintable()
        assert "<script>" not in answer.body


@pytest.mark.parametrize("name", ["cleanup", "key_rotation"])
def test_the_scheduled_functions_take_whatever_event_comes(name: str) -> None:
    for event in ({}, {"force": "yes"}, {"source": "aws.events", "detail": None}):
        assert function(name)(dict(event), context())


def test_a_page_says_what_to_do_and_gives_a_reference() -> None:
    answer = Browser().authorize("unknown", request_id="")

    assert "The application sent a request that cannot be served." in answer.body
    assert "client_id is missing or not registered" in answer.body
    assert "Reference" in answer.body


def test_a_refusal_names_the_parameter_that_is_at_fault() -> None:
    app = new_client()

    for form, word in (
        ({"client_id": app.client_id}, "grant_type"),
        ({"client_id": app.client_id, "grant_type": "authorization_code"}, "code"),
        ({"client_id": app.client_id, "grant_type": "refresh_token"}, "refresh_token"),
    ):
        answer = call("token_exchange", "POST", "/oauth/token", form=form)
        assert answer.json == {"error": "invalid_request", "error_description": f"{word} is missing"}
