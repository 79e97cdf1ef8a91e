"""Hooks of an operator: the vocabulary of their tests. The fixture `lambdas` must be there; hooks at URLs also take `laptop`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatehouse import hooks, message_signatures
from gatehouse.hooks import Hook
from tests import operator_functions
from tests.operator_functions import Function, Handler, Refused, Sent, Service

# What answers in this process; the fixture `lambdas` clears it before every test that uses it.
SERVICE: list[Service] = []


@dataclass(frozen=True)
class Hooked:
    """A hook that is switched on, and the function behind it."""

    hook: Hook
    function: Function

    @property
    def id(self) -> str:
        return self.hook.id

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The events it got, in order."""
        return self.function.calls


def deployed(handler: Handler, name: str = "") -> Function:
    """A function of the operator with this handler, as on Lambda and as at a URL."""
    return SERVICE[0].deploy(handler, name)


def hooked(trigger: str, handler: Handler, *, at_url: bool = False, **fields: Any) -> Hooked:
    """A hook of this trigger for a new function with this handler. fields: of Hook; target for another than that function's."""
    function = deployed(handler)
    fields = {"target": function.url if at_url else function.arn} | fields
    if at_url:
        fields = {"secret": message_signatures.new_secret()[0]} | fields
    return Hooked(hooks.add(Hook(hooks.new_id(), fields.pop("name", function.name), trigger, **fields)), function)


def passes(event: dict[str, Any], _context: Any) -> Any:
    """The smallest of all triggers: has no objection and changes nothing."""
    return event


def responding(response: Mapping[str, Any]) -> Handler:
    """Returns the event with these members in its response."""

    def handler(event: dict[str, Any], _context: Any) -> Any:
        event["response"] |= response
        return event

    return handler


def answering(value: Any) -> Handler:
    """Returns this, whatever it is asked."""
    return lambda _event, _context: value


def refusing(message: str = "") -> Handler:
    """Says no: raises an exception, or answers 403 at a URL."""

    def handler(_event: dict[str, Any], _context: Any) -> Any:
        raise Refused(message)

    return handler


def sending(sent: Sent) -> Handler:
    """Sends this instead of an answer."""

    def handler(_event: dict[str, Any], _context: Any) -> Any:
        raise sent

    return handler


def failing_first(times: int, failing: Handler, then: Handler = passes) -> Handler:
    """Is like `failing` so many times, then like the other."""
    left = [times]

    def handler(event: dict[str, Any], context: Any) -> Any:
        left[0] -= 1
        return (failing if left[0] >= 0 else then)(event, context)

    return handler


def raw(body: bytes, status: int = 200) -> Handler:
    """Sends these bytes."""
    return sending(Sent(status, body))


# Gives no answer until the test ends. Takes the time-out of the hook, of which the shortest is 1 s: for few tests.
hangs = sending(Sent(0))
times_out = sending(operator_functions.failure("Sandbox.Timedout", "RequestId: 8f6c Error: Task timed out after 3.00 seconds"))
crashes = sending(operator_functions.failure("Runtime.ExitError", "RequestId: 8f6c Error: Runtime exited with error: exit status 1"))
throttled = sending(operator_functions.error(429, "TooManyRequestsException", "Rate Exceeded."))
denied = sending(operator_functions.error(403, "AccessDeniedException", "User: … is not authorized to perform: lambda:InvokeFunction"))
breaks = sending(Sent(500, b"<html>Internal Server Error</html>"))
no_json = raw(b"ok")
huge = answering({"response": {"text": "x" * 1_000_000}})

# More than Lambda itself carries.
far_too_huge = answering("x" * 7_000_000)

# The kinds of failure that take no time, by what they are called: as (handler, at_url).
FAILURES: dict[str, tuple[Handler, bool]] = {
    "timed out": (times_out, False),
    "crashed": (crashes, False),
    "throttled": (throttled, False),
    "denied": (denied, False),
    "no JSON": (no_json, False),
    "a list": (answering([]), False),
    "a response that is text": (answering({"response": "yes"}), False),
    "huge": (huge, False),
    "larger than Lambda takes": (far_too_huge, False),
    "5xx": (breaks, True),
    "redirect": (sending(Sent(307, b"", {"location": "https://elsewhere.example/"})), True),
    "no JSON from a URL": (no_json, True),
    "huge from a URL": (huge, True),
}
