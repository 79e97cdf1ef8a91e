"""How functions/claims_enrichment may be configured: with a mistake in it, nobody gets a token."""

import copy
import socket
from typing import Any

import pytest

from gatehouse.hook_functions.options import Misconfigured
from tests.unit.conftest import ISSUER, context, event, function

EVENT = event("claims_enrichment")
URL = "https://plays.example.com/people/{user_id}"


def run(configuration: Any, *, version: str = "2", secret_arn: str = "") -> Any:
    sent = copy.deepcopy(EVENT) | {"version": version}
    sent["request"]["configuration"] = configuration
    if secret_arn:
        sent["request"]["secretArn"] = secret_arn
    return function("claims_enrichment")(sent, context())


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        (None, "must be an object"),
        ({}, "url is missing"),
        ({"url": URL, "cache": 60, "header": "x"}, "not known: cache, header"),
        ({"url": 7}, "url must be a text"),
        ({"url": URL, "cache_seconds": 3601}, "cache_seconds must be a whole number from 0 to 3600"),
        ({"url": URL, "cache_seconds": 1.5}, "cache_seconds must be a whole number"),
        ({"url": URL, "stale_seconds": -1}, "stale_seconds"),
        ({"url": URL, "timeout_seconds": 16}, "timeout_seconds must be a whole number from 1 to 15"),
        ({"url": URL, "timeout_seconds": True}, "timeout_seconds"),
        ({"url": URL, "token_seconds": 36_001}, "token_seconds"),
        ({"url": URL, "on_error": "ignore"}, "on_error must be continue or deny"),
        ({"url": URL, "claims": {"plays": 1}}, "claims must name a field"),
        ({"url": URL, "claims": ["plays"]}, "claims must be an object"),
        ({"url": URL, "roles": {"role": "x"}}, "roles must be a list of objects"),
        ({"url": URL, "roles": [{"role": "x", "field": "plays"}]}, "at_least is missing"),
        ({"url": URL, "roles": [{"role": "x", "field": "plays", "at_least": "100"}]}, "at_least must be a number"),
        ({"url": URL, "roles": [{"role": "x", "field": "plays", "at_most": 1}]}, "not known: at_most"),
        ({"url": URL, "secret_header": "x-api-key"}, "goes together with the secret"),
        ({"url": URL, "audience": ISSUER}, "audience must not be this service itself"),
        ({"url": URL, "audience": f"{ISSUER}/"}, "audience must not be this service itself"),
        ({"url": URL, "client_id": f"{ISSUER}/api/v2/"}, "audience must not be this service itself"),
    ],
)
def test_a_configuration_that_cannot_be_makes_no_token(configuration: Any, named: str) -> None:
    with pytest.raises(Misconfigured, match=named):
        run(configuration)


@pytest.mark.parametrize("header", ["Authorization", "host", "x key", "x-kéy", "x:y", "content-length", "x\r\ny"])
def test_a_secret_goes_into_no_header_that_is_ours(header: str) -> None:
    with pytest.raises(Misconfigured, match="secret_header must be the name"):
        run({"url": URL, "secret_header": header}, secret_arn="arn:aws:secretsmanager:eu-central-1:123456789012:secret:x")


def test_a_secret_without_a_header_is_a_mistake() -> None:
    with pytest.raises(Misconfigured, match="goes together with the secret"):
        run({"url": URL}, secret_arn="arn:aws:secretsmanager:eu-central-1:123456789012:secret:x")


@pytest.mark.parametrize(
    "name",
    [
        "gatehouse/hooks/elsewhere.example.com/key",
        "gatehouse/hooks/plays.example.com",
        "gatehouse/hooks/plays.example.com.evil.example/key",
        "gatehouse/hooks/key",
        "other/hooks/plays.example.com/key",
        "plays.example.com/key",
    ],
)
def test_a_secret_goes_to_the_host_that_its_name_names_and_to_no_other(name: str) -> None:
    arn = f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}-AbCdEf"

    with pytest.raises(Misconfigured, match=r"must begin with gatehouse/hooks/plays\.example\.com/"):
        run({"url": URL, "secret_header": "x-api-key"}, secret_arn=arn)


def test_an_event_that_only_changes_id_tokens_is_not_the_hooks() -> None:
    with pytest.raises(Misconfigured, match="must have event"):
        run({"url": URL}, version="1")


@pytest.mark.row(92)
@pytest.mark.parametrize(
    "url",
    [
        "http://plays.example.com/{user_id}",
        "https://127.0.0.1/{user_id}",
        "https://[::1]/{user_id}",
        "https://0x7f000001/{user_id}",
        "https://169.254.169.254/latest/{user_id}",
        "https://[fd00::1]/{user_id}",
        "https://metadata.google.internal/{user_id}",
        "https://plays.example.com:22/{user_id}",
        "https://plays.example.com:6379/{user_id}",
        "file:///etc/{user_id}",
        "gopher://plays.example.com/{user_id}",
        "https://{user_id}.example.com/",
        "https://user:{user_id}@plays.example.com/",
        "https://plays.example.com/{user_id}/{email}",
    ],
)
def test_a_url_that_leads_anywhere_else_than_the_public_internet_is_no_configuration(url: str) -> None:
    with pytest.raises(Misconfigured, match="configuration: url "):
        run({"url": url})


@pytest.mark.row(92)
def test_a_name_that_turns_out_to_lead_inside_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.0.0.1", 443))])

    assert run({"url": URL}) == EVENT | {"request": EVENT["request"] | {"configuration": {"url": URL}}}
    assert run({"url": URL, "on_error": "deny"}) is None
