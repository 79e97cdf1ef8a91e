"""One request through API Gateway: limits, route, authorizer, function, answer."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.gateway import cors, events
from local.gateway.events import Answer, Received
from local.gateway.routes import Api, Authorizer, Route, match
from local.instance import REGION

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LARGEST_HEADERS = 10_240
LARGEST_BODY = 10 * 1024 * 1024
LARGEST_PAYLOAD = 6 * 1024 * 1024

UNAUTHORIZED = events.message(401, {"message": "Unauthorized"})
FORBIDDEN = events.message(403, {"message": "Forbidden"})
NOT_FOUND = events.message(404, {"message": "Not Found"})
BAD_REQUEST = events.message(400, {"message": "Bad Request"})
BODY_TOO_LARGE = events.message(413, {"message": "Request Entity Too Large"})
HEADERS_TOO_LARGE = events.message(431, {"message": "Request Header Fields Too Large"})
FUNCTION_FAILED = events.message(500, {"message": "Internal Server Error"})
UNAVAILABLE = events.message(503, {"message": "Service Unavailable"})


class FunctionError(Exception):
    """A function raised, timed out, or sent more than Lambda lets through. Holds its error message."""


class ServiceUnavailable(Exception):
    """Lambda did not take the invocation."""


# Function name and event in, the function's result out; raises FunctionError, ServiceUnavailable.
Invoke = Callable[[str, Mapping[str, Any]], Any]


def serve(api: Api, invoke: Invoke, received: Received) -> Answer:
    """The answer that API Gateway would give."""
    found = match(api, received.method, received.raw_path)
    if found:
        return cors.allow(api.cors, received, _answer(api, invoke, received, *found))
    # Only here: a route that takes OPTIONS, or ANY, is asked like for any other request.
    return cors.preflight(api.cors, received) or cors.allow(api.cors, received, NOT_FOUND)


def _answer(api: Api, invoke: Invoke, received: Received, route: Route, variables: Mapping[str, str]) -> Answer:
    event = events.build(received, api, route, variables)
    try:
        if route.authorizer is not None:
            decision = _authorize(route.authorizer, event, api, invoke)
            if isinstance(decision, Answer):
                return decision
            event["requestContext"]["authorizer"] = {"lambda": decision}
        return events.answer(invoke(route.function, event))
    except ServiceUnavailable:
        return UNAVAILABLE
    except (FunctionError, ValueError, TypeError):
        return FUNCTION_FAILED


def _authorize(authorizer: Authorizer, event: Mapping[str, Any], api: Api, invoke: Invoke) -> Answer | dict[str, Any]:
    """The authorizer's context, or the answer that ends the request. Results are never cached here."""
    identity = [_identity(source, event) for source in authorizer.identity_sources]
    if not all(identity):
        return UNAUTHORIZED
    request = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    context = event["requestContext"]
    http = context["http"]
    resource = f"{api.id}/{context['stage']}/{http['method']}{http['path']}"
    arn = f"arn:aws:execute-api:{REGION}:{context['accountId']}:{resource}"
    try:
        result = invoke(authorizer.function, request | {"type": "REQUEST", "routeArn": arn, "identitySource": identity})
    except FunctionError as error:
        return UNAUTHORIZED if str(error) == "Unauthorized" else FUNCTION_FAILED
    if not isinstance(result, dict) or not isinstance(result.get("isAuthorized"), bool):
        return FUNCTION_FAILED
    return dict(result.get("context") or {}) if result["isAuthorized"] else FORBIDDEN


def _identity(source: str, event: Mapping[str, Any]) -> str:
    """The value of one identity source, "" when the request lacks it."""
    kind, _, name = source.removeprefix("$").removeprefix("request.").partition(".")
    places = {"header": "headers", "querystring": "queryStringParameters", "stageVariables": "stageVariables"}
    values = event.get(places.get(kind, ""), {})
    return str(values.get(name.lower() if kind == "header" else name, ""))


@dataclass(frozen=True, slots=True)
class Functions:
    """Invokes through the Lambda API, only so many at a time: each parallel invocation is a process of the emulator."""

    client: "LambdaClient"
    places: threading.Semaphore

    def __call__(self, function: str, event: Mapping[str, Any]) -> Any:
        payload = json.dumps(event).encode()
        if len(payload) > LARGEST_PAYLOAD:
            raise FunctionError("the event is larger than Lambda takes")
        try:
            with self.places:
                response = self.client.invoke(FunctionName=function, Payload=payload)
                result = response["Payload"].read()
        except (ClientError, BotoCoreError) as error:
            raise ServiceUnavailable(str(error)) from error
        if len(result) > LARGEST_PAYLOAD:
            raise FunctionError("the result is larger than Lambda gives back")
        value = json.loads(result) if result else None
        if "FunctionError" in response:
            raise FunctionError(value.get("errorMessage", "") if isinstance(value, dict) else "")
        return value
