"""The bus that events are put on, with somebody who listens."""

import json
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.events.models import events_backends

from gatehouse.settings import settings
from tests.unit.conftest import ENVIRONMENT

# As template.yaml calls it.
NAME = "EventBus"


class _Listener:
    """A rule for everything, with a target that remembers."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def send_to_targets(self, event: dict[str, Any], **_: object) -> None:
        self.heard.append(event)


def connect(environment: pytest.MonkeyPatch) -> None:
    """From now on there is a bus, and events are put on it."""
    _backend().reset()
    boto3.client("events").create_event_bus(Name=NAME)
    _backend().event_buses[NAME].rules["everything"] = _Listener()
    environment.setenv("EVENT_BUS_NAME", NAME)
    settings.cache_clear()


def messages() -> list[dict[str, Any]]:
    """What arrived since the last time this was asked, as targets of rules get it."""
    listener = _backend().event_buses[NAME].rules["everything"]
    found, listener.heard = listener.heard, []
    return json.loads(json.dumps(found, default=str))


def heard() -> list[dict[str, Any]]:
    """The events themselves."""
    return [message["detail"] for message in messages()]


def kinds_heard() -> list[str]:
    return [event["type"] for event in heard()]


def _backend() -> Any:
    return events_backends[DEFAULT_ACCOUNT_ID][ENVIRONMENT["AWS_DEFAULT_REGION"]]
