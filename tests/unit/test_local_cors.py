"""What browsers of other origins get from an API with a CORS configuration, through the stand-in for API Gateway."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from local.gateway.events import Received
from local.gateway.requests import serve
from local.gateway.routes import Api, Authorizer, Cors, Route, from_template

APP = "https://app.example.com"
CORS = Cors(origins=(APP,), methods=("GET",), headers=("Authorization",), exposed=("X-Total",), max_age=600)
AUTHORIZER = Authorizer("authorizer", ("$request.header.Authorization",))
API = Api(id="api1", routes=(Route("GET", "/orders", "orders", AUTHORIZER), Route("ANY", "/all", "all")), cors=CORS)
GET = Received("GET", "/orders", [("Origin", APP), ("Authorization", "Bearer t")], b"", "127.0.0.1", 8081)
PREFLIGHT = replace(GET, method="OPTIONS", headers=[("Origin", APP), ("Access-Control-Request-Method", "GET")])


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def allowing(function: str, event: Mapping[str, Any]) -> Any:
    return {"isAuthorized": True} if function == "authorizer" else {"statusCode": 200, "headers": {"X-Total": "1"}}


def denying(function: str, event: Mapping[str, Any]) -> Any:
    return {"isAuthorized": False}


def never(function: str, event: Mapping[str, Any]) -> Any:
    raise AssertionError("invoked")


def test_a_preflight_is_answered_without_any_function() -> None:
    answer = serve(API, never, PREFLIGHT)

    assert answer.status == 204
    assert dict(answer.headers) == {
        "access-control-allow-origin": APP,
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "Authorization",
        "access-control-max-age": "600",
    }


def test_a_preflight_from_elsewhere_is_told_nothing() -> None:
    headers = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "GET")]

    answer = serve(API, never, replace(PREFLIGHT, headers=headers))

    assert (answer.status, answer.headers) == (204, ())


def test_a_route_for_any_method_gets_its_preflights_itself() -> None:
    assert serve(API, lambda function, event: {"statusCode": 418}, replace(PREFLIGHT, target="/all")).status == 418


def test_without_a_configuration_there_are_no_preflights() -> None:
    assert serve(replace(API, cors=None), never, PREFLIGHT).status == 404


def test_an_answer_names_the_origin_that_may_read_it() -> None:
    headers = dict(serve(API, allowing, GET).headers)

    assert headers["access-control-allow-origin"] == APP
    assert headers["access-control-expose-headers"] == "X-Total"


def test_an_authorizers_refusal_can_be_read_as_well() -> None:
    answer = serve(API, denying, GET)

    assert (answer.status, dict(answer.headers)["access-control-allow-origin"]) == (403, APP)


def test_an_answer_is_not_for_origins_that_the_configuration_does_not_know() -> None:
    headers = [("Origin", "https://evil.example"), ("Authorization", "Bearer t")]

    answer = serve(API, allowing, replace(GET, headers=headers))

    assert not [name for name, _ in answer.headers if name.startswith("access-control-")]


def test_the_configuration_stands_above_what_a_function_says() -> None:
    def generous(function: str, event: Mapping[str, Any]) -> Any:
        return {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}

    assert dict(serve(API, generous, replace(GET, target="/all")).headers)["access-control-allow-origin"] == APP


def test_the_configuration_comes_from_what_sam_generated() -> None:
    configuration = {"allowOrigins": [{"Ref": "AllowedOrigin"}], "allowMethods": ["GET"], "maxAge": 600}
    body = {"paths": {}, "x-amazon-apigateway-cors": configuration}
    template = {"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}}}}

    api = from_template(template, {"Api": "api1", "AllowedOrigin": APP})

    assert api.cors == Cors(origins=(APP,), methods=("GET",), max_age=600)
