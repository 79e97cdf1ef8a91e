"""Lets the requests of gatehouse.aws pass by the event handlers of boto3's session, where moto answers and tests plan trouble."""

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError

from gatehouse.aws import wire
from gatehouse.aws.sockets import Unreachable
from gatehouse.aws.wire import Answer
from tests import permissions

_FUNCTIONS = "/2015-03-31/functions/"
_SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms"}
really = wire.exchange


@cache
def _model(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def exchange(endpoint: Any, headers: Mapping[str, str], body: bytes, **how: Any) -> Answer:
    """As wire.exchange: what a handler answers, and else what the other end does."""
    if how.get("target", "").startswith(_FUNCTIONS):
        return _invoked(endpoint, headers, body, how)
    prefix, _, operation = headers.get("x-amz-target", "").partition(".")
    if prefix not in _SERVICES:
        return really(endpoint, headers, body, **how)
    name = f"{_SERVICES[prefix]}.{operation}"
    events, told = _events(), {"model": _model(_SERVICES[prefix], operation), "context": {}}
    parameters: Any = json.loads(body)
    # As tests/conftest.py has it for botocore's own clients.
    permissions.check(_SERVICES[prefix], operation, parameters)
    for _, changed in events.emit(f"provide-client-params.{name}", params=parameters, **told):
        parameters = changed or parameters
    body = json.dumps(parameters).encode()
    url = f"{'https' if endpoint.secure else 'http'}://{endpoint.host}/"
    asked = {"body": body.decode(), "headers": headers, "url": url, "url_path": "/", "method": "POST", "context": told["context"]}
    _, stood_in = events.emit_until_response(f"before-call.{name}", params=asked, **told)
    answer = _encoded(*stood_in) if stood_in else _sent(name, url, endpoint, headers, body, how)
    events.emit(f"after-call.{name}", parsed=json.loads(answer.body or b"{}"), **told)
    return answer


def _events() -> Any:
    session: Any = boto3.DEFAULT_SESSION or boto3._get_default_session()
    return session.events


def _invoked(endpoint: Any, headers: Mapping[str, str], body: bytes, how: dict[str, Any]) -> Answer:
    """Lambda, whose parameters stand in the path and in the headers."""
    named = unquote(how["target"].removeprefix(_FUNCTIONS)).removesuffix("/invocations")
    permissions.check("lambda", "Invoke", {"FunctionName": named, "Payload": body})
    url = f"{'https' if endpoint.secure else 'http'}://{endpoint.host}{how['target']}"
    told: dict[str, Any] = {"model": _model("lambda", "Invoke"), "context": {}}
    _events().emit("before-call.lambda.Invoke", params={"body": body, "headers": headers, "url": url}, **told)
    return _sent("lambda.Invoke", url, endpoint, headers, body, how)


def _sent(name: str, url: str, endpoint: Any, headers: Mapping[str, str], body: bytes, how: dict[str, Any]) -> Answer:
    given: Any = {**headers, "content-length": str(len(body))}
    request = AWSPreparedRequest("POST", url, given, body, False)
    try:
        _, response = _events().emit_until_response(f"before-send.{name}", request=request)
    except BotoCoreError as trouble:
        raise Unreachable(type(trouble).__name__) from trouble
    if response is None:
        return really(endpoint, headers, body, **how)
    return Answer(response.status_code, {key.lower(): value for key, value in response.headers.items()}, response.content)


def _encoded(http: Any, parsed: dict[str, Any]) -> Answer:
    texts = {key: base64.b64encode(value).decode() if isinstance(value, bytes) else value for key, value in parsed.items()}
    return Answer(http.status_code, {}, json.dumps(texts).encode())
