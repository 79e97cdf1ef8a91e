"""Whose name gatehouse.aws signs in: as botocore finds it, renewed before it ends, and kept through an outage of whoever gives it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine
from botocore.credentials import ContainerProvider
from botocore.utils import ContainerMetadataFetcher

from gatehouse import aws, clock, kms, settings
from gatehouse.aws import credentials, wire
from gatehouse.aws.wire import Answer
from gatehouse.errors import Unavailable
from gatehouse.table import connection as table_connection
from tests.unit.raw_servers import Behaviour, Connection, Server, answer, answering, get, serving, untouched

pytestmark = pytest.mark.usefixtures(untouched.__name__)
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A process that was told of no credentials, also not by the machine that it runs on."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    aws.forget()
    yield
    aws.forget()


def held(number: int, ends: str = LATER) -> bytes:
    """What the endpoint answers."""
    told = {"AccessKeyId": f"AK{number}", "SecretAccessKey": f"secret{number}", "Token": f"token{number}", "Expiration": ends}
    return answer(json.dumps(told).encode())


def in_seconds(seconds: int) -> str:
    return clock.iso(clock.now() + seconds)


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serves answers at the endpoint that Lambda gives a restored function."""

    @contextmanager
    def serve(*behaviours: Behaviour) -> Iterator[Server]:
        with serving(*behaviours) as server:
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.port}/v1/credentials?x=1")
            monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me")
            yield server

    return serve


def test_a_function_has_its_credentials_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none")

    assert credentials.current() == credentials.Credentials("AK", "s", "t")


def test_credentials_are_shown_without_what_signs() -> None:
    assert repr(credentials.Credentials("AK", "the secret", "the token", 9)) == "Credentials('AK', expires_at=9)"


def test_a_restored_function_has_its_credentials_from_lambdas_endpoint_as_botocore_has(container: Any) -> None:
    with container(answering(held(1)), answering(held(1))) as server:
        ours = credentials.current()
        theirs: Any = ContainerProvider().load()

    assert (ours.access_key, ours.secret, ours.token) == tuple(theirs.get_frozen_credentials())[:3]
    assert ours.expires_at == theirs._expiry_time.timestamp()
    mine, botocores = (_told(head) for head in server.heads)
    assert mine["request"] == botocores["request"] == "GET /v1/credentials?x=1 HTTP/1.1"
    for name in ("host", "accept", "authorization"):
        assert mine[name] == botocores[name]


def _told(head: bytes) -> dict[str, str]:
    request, *lines = head.decode().split("\r\n")
    return {"request": request} | {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_a_relative_address_is_on_the_hosts_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def exchange(endpoint: Any, headers: dict[str, str], body: bytes, **how: Any) -> Answer:
        asked.append((endpoint.secure, endpoint.name, endpoint.port, headers["host"], how["method"], how["target"]))
        return Answer(200, {}, held(1).partition(b"\r\n\r\n")[2])

    monkeypatch.setattr(wire, "exchange", exchange)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/of-this-task")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none")

    assert credentials.current().access_key == "AK1"
    assert asked == [(False, "169.254.170.2", 80, "169.254.170.2", "GET", "/v2/credentials/of-this-task")]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:80/x",
        "http://127.200.3.4/x",
        "http://localhost/x",
        "http://[::1]/x",
        "http://169.254.170.2/x",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "https://example.com/x",
        "http://example.com/x",
        "http://127.0.0.1.example.com/x",
        "http://127.evil/x",
        "http://localhost.example.com/x",
        "http://169.254.170.24/x",
        "http://169.254.169.254/x",
        "http://10.0.0.1/x",
        "http://[fd00:ec2::24]/x",
        "http://user@example.com:80/x",
        "http://localhost@example.com/x",
    ],
)
def test_the_token_goes_in_the_clear_only_where_botocore_lets_it_go(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def exchange(endpoint: Any, headers: dict[str, str], body: bytes, **how: Any) -> Answer:
        asked.append(endpoint.name)
        return Answer(200, {}, held(1).partition(b"\r\n\r\n")[2])

    monkeypatch.setattr(wire, "exchange", exchange)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    try:
        ContainerMetadataFetcher()._validate_allowed_url(url)  # type: ignore[attr-defined]
        allowed = True
    except ValueError:
        allowed = False

    if allowed:
        assert credentials.current().access_key == "AK1"
    else:
        with pytest.raises(aws.NoCredentials, match="neither on this machine nor behind TLS"):
            credentials.current()
    assert len(asked) == allowed


def test_the_token_may_stand_in_a_file_that_is_read_for_each_request(
    container: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(file))
    with container(answering(held(1, in_seconds(400))), answering(held(2))) as server:
        file.write_text("first\n")
        credentials.current()
        file.write_text("second\n")
        with time_machine.travel(clock.now() + 200):
            assert credentials.current().access_key == "AK2"

    assert [_told(head)["authorization"] for head in server.heads] == ["first", "second"]


@pytest.mark.parametrize("token", ["let\r\nx-other: me", "let\nme", "l\x00t", "läßt"])
def test_a_token_that_cannot_stand_in_a_header_is_not_sent_nor_told(token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_bytes(token.encode())
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))

    with pytest.raises(aws.NoCredentials) as missing:
        credentials.current()
    assert token not in str(missing.value)


def test_credentials_are_renewed_before_they_end_and_not_sooner(container: Any) -> None:
    with container(answering(held(1, in_seconds(1000))), answering(held(2))) as server:
        now = clock.now()
        assert [credentials.current().access_key for _ in range(3)] == ["AK1"] * 3
        with time_machine.travel(now + 690):
            assert credentials.current().access_key == "AK1"
        with time_machine.travel(now + 701):
            assert [credentials.current().access_key for _ in range(3)] == ["AK2"] * 3

    assert len(server.heads) == 2


def test_credentials_that_are_over_when_they_come_are_asked_for_again(container: Any) -> None:
    with container(answering(held(1, "2020-01-01T00:00:00Z")), answering(held(2))):
        assert [credentials.current().access_key for _ in range(3)] == ["AK1", "AK2", "AK2"]


def test_credentials_with_little_time_left_are_not_asked_for_with_every_request(container: Any) -> None:
    with container(answering(held(1, in_seconds(200))), answering(held(2))) as server:
        now = clock.now()
        assert [credentials.current().access_key for _ in range(3)] == ["AK1"] * 3
        assert len(server.heads) == 1
        with time_machine.travel(now + 31):
            assert credentials.current().access_key == "AK2"


FAILURES: dict[str, Behaviour] = {
    "closes": Connection.request,
    "500": answering(answer(b"oops", status=500)),
    "404 in JSON": answering(answer(b'{"code":"NotFound","message":"secret-of-the-endpoint"}', status=404)),
    "no JSON": answering(answer(b"secret-of-the-endpoint")),
    "no object": answering(answer(b"[]")),
    "without a secret": answering(answer(b'{"AccessKeyId":"AK","Token":"secret-of-the-endpoint","Expiration":"2099-01-01T00:00:00Z"}')),
    "with a strange date": answering(
        answer(b'{"AccessKeyId":"AK","SecretAccessKey":"secret-of-the-endpoint","Token":"t","Expiration":"soon"}')
    ),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_an_outage_of_the_endpoint_is_survived_while_the_old_credentials_are_good(failure: Behaviour, container: Any) -> None:
    with container(answering(held(1, in_seconds(1000))), failure, failure, failure, answering(held(2))) as server:
        now = clock.now()
        credentials.current()
        with time_machine.travel(now + 800):
            # Not asked anew with every request.
            assert [credentials.current().access_key for _ in range(3)] == ["AK1"] * 3
            assert len(server.heads) == 2
        with time_machine.travel(now + 831):
            assert credentials.current().access_key == "AK1"
        with time_machine.travel(now + 1000), pytest.raises(aws.NoCredentials) as missing:
            credentials.current()
        with time_machine.travel(now + 1001):
            assert credentials.current().access_key == "AK2"

    assert "secret-of-the-endpoint" not in repr(missing.value) + repr(missing.value.__cause__)


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none")

    with pytest.raises(aws.NoCredentials):
        get()


def test_without_credentials_there_is_an_outage_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/none")
    monkeypatch.setenv("KEY_ARN", "arn:aws:kms:eu-central-1:123456789012:key/x")
    settings.settings.cache_clear()
    began = time.monotonic()
    with pytest.raises(Unavailable) as of_the_table:
        table_connection.call("GetItem")
    with pytest.raises(Unavailable) as of_the_key:
        kms.decrypt(b"wrapped", {"purpose": "x"})

    assert of_the_table.value.detail.startswith("GetItem: no credentials: the container's endpoint: EndpointConnectionError")
    assert of_the_key.value.detail.startswith("kms Decrypt: no credentials: the container's endpoint: EndpointConnectionError")
    assert time.monotonic() - began < 0.5


def test_elsewhere_botocore_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "credentials").write_text("[mine]\naws_access_key_id = AK\naws_secret_access_key = s\naws_session_token = t\n")
    monkeypatch.setenv("AWS_PROFILE", "mine")

    found = credentials.current()

    assert (found.access_key, found.secret, found.token) == ("AK", "s", "t")


@pytest.mark.parametrize("profile", ["", "nobodys"])
def test_where_botocore_knows_nobody_either_there_is_an_outage(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(aws.NoCredentials, match="botocore"):
        credentials.current()
