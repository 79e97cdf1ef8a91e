"""The log: one JSON object per line, with the keys of Powertools' Logger, and metrics in the embedded format."""

import io
import json
import re
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from hypothesis import given
from hypothesis import strategies as st

from gatehouse import clients, observe
from tests.unit.conftest import call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import (
    Browser,
    basic,
    browser_of,
    exchange,
    introspect,
    later,
    new_client,
    new_code,
    new_user,
    refresh,
    token,
    tokens_of,
    userinfo,
)

LINE_BYTES = 350
HOSTILE = '\r\n{"level":"ERROR"}\u2028\x00\x1b[31m"\\ü'


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.readouterr().out.splitlines()]


@cache
def of_powertools() -> list[dict[str, Any]]:
    """What Powertools' Logger writes for an answer and for an exception."""
    written = io.StringIO()
    logger = Logger(service="reference", use_rfc3339=True, utc=True, stream=written)

    @logger.inject_lambda_context
    def handler(event: object, context: object) -> None:
        logger.info("answered", extra={"status": 200})
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            logger.exception("unhandled")

    lambda_context = {"function_name": "f", "memory_limit_in_mb": 1, "invoked_function_arn": "a", "aws_request_id": "r"}
    handler({}, SimpleNamespace(**lambda_context))
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_has_the_keys_that_powertools_writes(capsys: pytest.CaptureFixture[str]) -> None:
    theirs, _ = of_powertools()

    call("discovery", "GET", "/.well-known/openid-configuration", request_id="the-request")
    [ours] = lines(capsys)

    shared = {"level", "message", "timestamp", "service", "cold_start", "function_request_id"}
    assert shared <= set(ours)
    assert {name: type(theirs[name]) for name in shared} == {name: type(ours[name]) for name in shared}
    assert set(ours) - shared == {"status", "ms"}
    assert ours["function_request_id"] == "the-request"
    for line in (ours, theirs):
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() is not None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|\+00:00)", line["timestamp"])


def test_a_failure_is_an_error_with_the_exceptions_name_and_where_but_no_values(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, theirs = of_powertools()
    app = new_client("machine")
    # A client that no code of ours has written: the one way to make a handler fail.
    monkeypatch.setattr(clients, "get", lambda _: SimpleNamespace(client_id="x"))

    answer = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret), request_id="r")
    failed, finished = lines(capsys)

    assert (answer.status, answer.json) == (500, {"error": "server_error"})
    assert (failed["level"], failed["message"]) == (theirs["level"], theirs["message"]) == ("ERROR", "unhandled")
    assert failed["exception_name"] == "AttributeError"
    assert "exception_name" in theirs
    assert any(re.fullmatch(r"client_auth\.py:\d+ authenticate", frame) for frame in failed["stack"])
    assert app.secret not in json.dumps(failed)
    assert (finished["level"], finished["status"]) == ("ERROR", 500)
    assert failed["function_request_id"] == finished["function_request_id"] == "r"


def test_a_security_event_is_also_a_metric_in_the_embedded_format(capsys: pytest.CaptureFixture[str]) -> None:
    with single_metric(name="RefreshTokenReuse", unit=MetricUnit.Count, value=1, namespace="Gatehouse"):
        pass
    [theirs] = lines(capsys)

    observe.event("RefreshTokenReuse", request_id="r", sid="s")
    [ours] = lines(capsys)

    [metric], [reference] = ours["_aws"].pop("CloudWatchMetrics"), theirs["_aws"].pop("CloudWatchMetrics")
    assert ours["_aws"].keys() == theirs["_aws"].keys() == {"Timestamp"}
    assert abs(ours["_aws"]["Timestamp"] - theirs["_aws"]["Timestamp"]) < 10_000
    assert (metric["Namespace"], metric["Metrics"]) == (reference["Namespace"], reference["Metrics"])
    assert all(dimension in ours for dimensions in metric["Dimensions"] for dimension in dimensions)
    assert ours["RefreshTokenReuse"] == theirs["RefreshTokenReuse"][0] == 1
    assert (ours["level"], ours["message"], ours["sid"]) == ("WARNING", "RefreshTokenReuse", "s")


def test_a_reused_refresh_token_raises_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    app = new_client()
    tokens = tokens_of(app.client_id, browser_of(new_user()))
    refresh(app.client_id, tokens["refresh_token"])
    capsys.readouterr()

    with later(60):
        refresh(app.client_id, tokens["refresh_token"])

    event, finished = lines(capsys)
    assert event["RefreshTokenReuse"] == 1
    assert event["client_id"] == finished["client_id"] == app.client_id
    assert event["function_request_id"] == finished["function_request_id"]


def test_an_ordinary_request_is_one_line_of_at_most_350_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    app, api, browser = new_client(), new_client("machine"), browser_of(new_user())
    capsys.readouterr()

    code = new_code(app.client_id, browser)
    tokens = exchange(app.client_id, code).json
    refresh(app.client_id, tokens["refresh_token"])
    userinfo(tokens["access_token"])
    introspect(api, tokens["access_token"])
    token(grant_type="client_credentials", authorization=basic(api.client_id, api.secret))
    browser.get("hosted_pages", browser.authorize(app.client_id, prompt="login").location)
    call("discovery", "GET", "/.well-known/jwks.json")

    written = capsys.readouterr().out.splitlines()
    assert len(written) == 9
    assert all(len(line.encode()) <= LINE_BYTES for line in written)


def test_a_refusal_is_information_with_its_reason_and_an_outage_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    app = new_client()
    access = tokens_of(app.client_id, browser_of(new_user()))["access_token"]
    capsys.readouterr()

    refresh(app.client_id, "unknown")
    with trouble({"dynamodb.BatchGetItem": always(THROTTLED)}):
        userinfo(access)

    refused, outage = lines(capsys)
    assert (refused["level"], refused["message"], refused["status"]) == ("INFO", "refused", 400)
    assert (refused["error"], refused["detail"]) == ("invalid_grant", "not one of ours")
    assert (outage["level"], outage["status"], outage["error"]) == ("ERROR", 503, "temporarily_unavailable")
    assert outage["detail"] == "BatchGetItem: ProvisionedThroughputExceededException"


@given(st.text(), st.text())
def test_whatever_is_noted_is_one_line(message: str, value: str) -> None:
    written: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", SimpleNamespace(write=written.append, flush=lambda: None))
        observe.note(message, request_id=value, field=value)

    [line] = written
    assert line.endswith("\n")
    assert line[:-1].isascii() and line[:-1].isprintable()
    assert json.loads(line)["message"] == message


def test_line_breaks_in_requests_make_no_lines_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    browser = Browser(cookies={"__Host-gatehouse": HOSTILE, "__Host-gatehouse-signin": HOSTILE})
    headers = {"authorization": f"Bearer {HOSTILE}", "user-agent": HOSTILE, "origin": HOSTILE, "content-type": HOSTILE}
    everything = {"client_id": HOSTILE, "grant_type": HOSTILE, "token": HOSTILE, "email": HOSTILE, HOSTILE: HOSTILE}

    for function in (
        "authorize",
        "hosted_pages",
        "token_exchange",
        "userinfo",
        "introspect",
        "revoke",
        "logout",
        "discovery",
    ):
        for method in ("GET", "POST", HOSTILE):
            call(function, method, HOSTILE, query=everything, form=everything, headers=headers, cookies=browser.cookies)
            call(
                function,
                method,
                "/u/login",
                query=everything,
                form=everything,
                cookies=browser.cookies,
                source_ip=HOSTILE,
            )

    written = capsys.readouterr().out
    assert all(json.loads(line)["function_request_id"] for line in written.splitlines())
    assert written.count("\n") == 8 * 3 * 2
    assert "ERROR" not in written
