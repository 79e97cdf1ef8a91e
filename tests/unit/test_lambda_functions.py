"""Calling functions over connections that were kept: one that was cut off meanwhile costs nobody anything."""

import time
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from gatehouse import lambda_functions
from tests.unit.faults import Fate, trouble
from tests.unit.hooks import deployed, passes

pytestmark = pytest.mark.usefixtures("lambdas")


def raising(kind: type[Exception]) -> Fate:
    def fate(request: Any, _really: Any) -> Any:
        raise kind(endpoint_url=request.url)

    return fate


def really(_request: Any, _moto: Any) -> Any:
    """As it is served by the test."""


def invoked(*fates: Fate) -> list[str]:
    """Call a function; how often."""
    function = deployed(passes)
    with trouble({"lambda.Invoke": [*fates, really]}) as sent:
        assert lambda_functions.invoke(function.arn, b'{"a": 1}', seconds=3, limit=1000) == b'{"a": 1}'
    assert len(function.calls) == 1
    return sent


def test_a_connection_that_was_cut_off_while_nobody_used_it_is_made_anew_once() -> None:
    assert invoked(raising(ConnectionClosedError)) == ["lambda.Invoke"] * 2
    with pytest.raises(lambda_functions.Silent, match="ConnectionClosedError"):
        invoked(raising(ConnectionClosedError), raising(ConnectionClosedError))


@pytest.mark.parametrize("kind", [EndpointConnectionError, ReadTimeoutError])
def test_no_other_trouble_is_repeated(kind: type[Exception]) -> None:
    with pytest.raises(lambda_functions.Silent):
        invoked(raising(kind))


def test_what_is_cut_off_later_may_have_been_at_work_and_is_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_functions, "_STALE_SECONDS", 0.05)

    def later(request: Any, _really: Any) -> Any:
        time.sleep(0.1)
        raise ConnectionClosedError(endpoint_url=request.url)

    with pytest.raises(lambda_functions.Silent):
        invoked(later)
