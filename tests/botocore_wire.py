"""Lets the requests of gatehouse.aws pass by the event handlers of boto3's session, where moto answers and tests plan trouble."""

import base64
import json
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError

from gatehouse.aws import wire
from gatehouse.aws.wire import Answer, Unreachable
from tests import permissions

_SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms"}
really = wire.exchange


@cache
def _model(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def exchange(endpoint: Any, headers: dict[str, str], body: bytes, **how: Any) -> Answer:
    """As wire.exchange: what a handler answers, and else what the other end does."""
    prefix, _, operation = headers.get("x-amz-target", "").partition(".")
    if prefix not in _SERVICES:
        return really(endpoint, headers, body, **how)
    name = f"{_SERVICES[prefix]}.{operation}"
    session: Any = boto3.DEFAULT_SESSION or boto3._get_default_session()
    events, told = session.events, {"model": _model(_SERVICES[prefix], operation), "context": {}}
    parameters: Any = json.loads(body)
    # As tests/conftest.py has it for botocore's own clients.
    permissions.check(_SERVICES[prefix], operation, parameters)
    for _, changed in events.emit(f"provide-client-params.{name}", params=parameters, **told):
        parameters = changed or parameters
    body = json.dumps(parameters).encode()
    url = f"{'https' if endpoint.secure else 'http'}://{endpoint.host}/"
    asked = {"body": body.decode(), "headers": headers, "url": url, "url_path": "/", "method": "POST", "context": told["context"]}
    _, stood_in = events.emit_until_response(f"before-call.{name}", params=asked, **told)
    answer = _encoded(*stood_in) if stood_in else _sent(events, name, url, endpoint, headers, body, how)
    events.emit(f"after-call.{name}", parsed=json.loads(answer.body or b"{}"), **told)
    return answer


def _sent(events: Any, name: str, url: str, endpoint: Any, headers: dict[str, str], body: bytes, how: dict[str, Any]) -> Answer:
    request = AWSPreparedRequest("POST", url, {**headers, "content-length": str(len(body))}, body, False)
    try:
        _, response = events.emit_until_response(f"before-send.{name}", request=request)
    except BotoCoreError as trouble:
        raise Unreachable(type(trouble).__name__) from trouble
    if response is None:
        return really(endpoint, headers, body, **how)
    return Answer(response.status_code, {key.lower(): value for key, value in response.headers.items()}, response.content)


def _encoded(http: Any, parsed: dict[str, Any]) -> Answer:
    texts = {key: base64.b64encode(value).decode() if isinstance(value, bytes) else value for key, value in parsed.items()}
    return Answer(http.status_code, {}, json.dumps(texts).encode())
