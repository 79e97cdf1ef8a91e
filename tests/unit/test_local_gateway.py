"""The stand-in for API Gateway: what a function is handed, and what the caller gets back."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from local.gateway import events
from local.gateway.events import Received
from local.gateway.requests import FunctionError, ServiceUnavailable, serve
from local.gateway.routes import Api, Authorizer, Route, from_template, match

GET = Received("GET", "/things?a=1", [("Host", "localhost:8080"), ("User-Agent", "test")], b"", "127.0.0.1", 8080)
API = Api(
    id="api1",
    stage_variables={"audience": "https://orders.example.com"},
    routes=(
        Route("ANY", "/things", "things"),
        Route("POST", "/things", "things_post"),
        Route("GET", "/things/{id}", "thing"),
        Route("GET", "/things/new", "new_thing"),
        Route("ANY", "/u/{proxy+}", "pages"),
        Route("GET", "/orders", "orders", Authorizer("authorizer", ("$request.header.Authorization",))),
    ),
)


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def event_of(received: Received) -> dict[str, Any]:
    found = match(API, received.method, received.raw_path)
    assert found is not None
    return events.build(received, API, *found)


def answers(result: object) -> Callable[[str, Mapping[str, Any]], Any]:
    return lambda function, event: result


def raises(error: Exception) -> Callable[[str, Mapping[str, Any]], Any]:
    def invoke(function: str, event: Mapping[str, Any]) -> Any:
        raise error

    return invoke


def test_every_cookie_is_an_entry_of_its_own_and_no_header() -> None:
    event = event_of(replace(GET, headers=[("Cookie", "a=1; b=2"), ("cookie", "c=3")]))

    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in event["headers"]


def test_header_names_are_lower_case_and_repeats_are_joined() -> None:
    event = event_of(replace(GET, headers=[("X-Thing", "1"), ("x-thing", "2"), ("Connection", "keep-alive")]))

    assert event["headers"]["x-thing"] == "1,2"
    assert "connection" not in event["headers"]


def test_the_query_string_is_handed_on_verbatim_and_decoded_beside_it() -> None:
    event = event_of(replace(GET, target="/things?a=1&a=%20x+y&b&c=%2525"))

    assert event["rawQueryString"] == "a=1&a=%20x+y&b&c=%2525"
    assert event["queryStringParameters"] == {"a": "1, x y", "b": "", "c": "%25"}


@pytest.mark.parametrize(
    ("target", "raw_path"),
    [("/th%69ngs", "/things"), ("/a%20b", "/a b"), ("/a%252Eb", "/a%252Eb"), ("/%C3%A9", "/é"), ("/a%b", "/a%b")],
)
def test_a_path_is_decoded_once(target: str, raw_path: str) -> None:
    assert replace(GET, target=target).raw_path == raw_path


def test_a_path_variable_is_decoded() -> None:
    event = event_of(replace(GET, target="/things/auth0%7Cabc"))

    assert event["pathParameters"] == {"id": "auth0|abc"}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-8", "application/xml"])
def test_text_goes_to_the_function_as_text(content_type: str) -> None:
    event = event_of(replace(GET, method="POST", headers=[("content-type", content_type)], body=b"{}"))

    assert (event["body"], event["isBase64Encoded"]) == ("{}", False)


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/jwt", "image/png", None])
def test_forms_and_unknown_types_go_to_the_function_in_base64(content_type: str | None) -> None:
    headers = [("content-type", content_type)] if content_type else []
    event = event_of(replace(GET, method="POST", headers=headers, body=b"a=b"))

    assert (event["body"], event["isBase64Encoded"]) == (base64.b64encode(b"a=b").decode(), True)


def test_what_a_request_does_not_have_is_left_out_of_its_event() -> None:
    event = event_of(replace(GET, target="/things"))

    assert event.keys().isdisjoint({"cookies", "queryStringParameters", "pathParameters", "body"})


def test_the_function_sees_the_caller_at_the_end_of_what_proxies_claimed() -> None:
    event = event_of(replace(GET, headers=[("X-Forwarded-For", "203.0.113.9")], peer="192.0.2.1"))

    assert event["headers"]["x-forwarded-for"] == "203.0.113.9, 192.0.2.1"
    assert event["requestContext"]["http"]["sourceIp"] == "192.0.2.1"


@pytest.mark.parametrize(
    ("scheme", "host", "domain"),
    [("https", "localhost:8080", "localhost"), ("https", "api.example.com", "api.example.com"), ("http", "[::1]:8080", "[::1]")],
)
def test_the_function_sees_by_which_address_it_was_called_whatever_the_caller_claims(scheme: str, host: str, domain: str) -> None:
    claimed = [("Host", host), ("X-Forwarded-Proto", "ftp"), ("X-Forwarded-Port", "1")]
    event = event_of(replace(GET, headers=claimed, scheme=scheme))

    assert (event["headers"]["x-forwarded-proto"], event["headers"]["host"]) == (scheme, host)
    assert event["headers"]["x-forwarded-port"] == "8080"
    assert event["requestContext"]["domainName"] == domain


@pytest.mark.parametrize(
    ("method", "path", "function"),
    [
        ("GET", "/things", "things"),
        ("POST", "/things", "things_post"),
        ("GET", "/things/7", "thing"),
        ("GET", "/things/new", "new_thing"),
        ("OPTIONS", "/u/login", "pages"),
        ("GET", "//u/a/b", "pages"),
        ("GET", "/u/", None),
        ("GET", "/things/", None),
        ("DELETE", "/things/7", None),
    ],
)
def test_the_most_specific_route_answers(method: str, path: str, function: str | None) -> None:
    found = match(API, method, path)

    assert (found and found[0].function) == function


def test_an_unknown_path_is_answered_by_the_gateway() -> None:
    answer = serve(API, answers({}), replace(GET, target="/nothing"))

    assert (answer.status, answer.body) == (404, b'{"message":"Not Found"}')


def test_each_cookie_of_an_answer_is_a_header_of_its_own() -> None:
    answer = serve(API, answers({"statusCode": 302, "headers": {"Location": "/"}, "cookies": ["a=1", "b=2"]}), GET)

    assert answer.status == 302
    assert [value for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]


def test_a_result_without_a_status_is_the_json_body() -> None:
    answer = serve(API, answers({"ok": True}), GET)

    assert (answer.status, dict(answer.headers)["content-type"], answer.body) == (
        200,
        "application/json",
        b'{"ok":true}',
    )


def test_a_binary_body_arrives_as_bytes() -> None:
    body = base64.b64encode(b"\x00\xff").decode()

    assert serve(API, answers({"statusCode": 200, "body": body, "isBase64Encoded": True}), GET).body == b"\x00\xff"


@pytest.mark.parametrize("result", [{"statusCode": "fine"}, {"statusCode": 200, "body": {"an": "object"}}])
def test_a_result_that_is_no_answer_is_a_server_error(result: dict[str, Any]) -> None:
    assert serve(API, answers(result), GET).status == 500


def test_a_function_that_raises_is_a_server_error_without_its_words() -> None:
    answer = serve(API, raises(FunctionError("the secret is 42")), GET)

    assert (answer.status, answer.body) == (500, b'{"message":"Internal Server Error"}')


def test_an_invocation_that_lambda_refuses_is_unavailable() -> None:
    assert serve(API, raises(ServiceUnavailable()), GET).status == 503


ORDERS = replace(GET, target="/orders", headers=[("Authorization", "Bearer t")])


def test_an_allowed_request_carries_the_authorizers_context() -> None:
    seen: dict[str, Any] = {}

    def invoke(function: str, event: Mapping[str, Any]) -> Any:
        seen[function] = event
        return {"isAuthorized": True, "context": {"sub": "u1"}} if function == "authorizer" else {"statusCode": 204}

    assert serve(API, invoke, ORDERS).status == 204
    assert seen["orders"]["requestContext"]["authorizer"] == {"lambda": {"sub": "u1"}}
    assert seen["authorizer"]["type"] == "REQUEST"
    assert seen["authorizer"]["identitySource"] == ["Bearer t"]
    assert seen["authorizer"]["stageVariables"] == {"audience": "https://orders.example.com"}


def test_a_request_without_the_identity_never_reaches_the_authorizer() -> None:
    invoke = raises(AssertionError("invoked"))

    assert serve(API, invoke, replace(ORDERS, headers=[])).status == 401


@pytest.mark.parametrize(
    ("result", "status"),
    [({"isAuthorized": False}, 403), ({"isAuthorized": "yes"}, 500), ({}, 500), ("allow", 500)],
)
def test_an_authorizer_that_does_not_allow_ends_the_request(result: object, status: int) -> None:
    assert serve(API, answers(result), ORDERS).status == status


@pytest.mark.parametrize(("message", "status"), [("Unauthorized", 401), ("division by zero", 500)])
def test_an_authorizer_that_raises_ends_the_request(message: str, status: int) -> None:
    assert serve(API, raises(FunctionError(message)), ORDERS).status == status


def test_routes_come_from_what_sam_generated() -> None:
    function = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/%s/invocations"
    integration = {"type": "aws_proxy", "payloadFormatVersion": "2.0", "uri": {"Fn::Sub": function % "${Orders.Arn}"}}
    authorizer = {
        "type": "request",
        "enableSimpleResponses": True,
        "identitySource": ["$request.header.Authorization"],
        "authorizerUri": {"Fn::Sub": [function % "${Own}", {"Own": {"Ref": "AuthorizerArn"}}]},
    }
    body = {
        "paths": {"/orders": {"get": {"x-amazon-apigateway-integration": integration, "security": [{"Gatehouse": []}]}}},
        "components": {"securitySchemes": {"Gatehouse": {"x-amazon-apigateway-authorizer": authorizer}}},
    }
    stage = {"StageVariables": {"scope": {"Ref": "Scope"}}}
    template = {
        "Resources": {
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}},
            "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
        }
    }
    api = from_template(template, {"Api": "a1", "Orders": "orders-fn", "AuthorizerArn": "arn:x", "Scope": "orders:read"})

    arn = "arn:aws:lambda:us-east-1:000000000000:function:orders-fn"
    expected = Route("GET", "/orders", arn, Authorizer("arn:x", ("$request.header.Authorization",)))
    assert api == Api("a1", (expected,), {"scope": "orders:read"})
