"""Whom gatehouse.aws talks to over TLS, and whom it never does."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from gatehouse import aws
from gatehouse.aws import sockets
from gatehouse.errors import Unavailable
from gatehouse.table import connection as table_connection
from tests.unit.certificates import certificate_for
from tests.unit.raw_servers import FOUND, OK, Connection, Server, answering, get, serving, untouched

pytestmark = pytest.mark.usefixtures(untouched.__name__)
Files = tuple[Path, Path, Path]
Secure = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """An authority, and a certificate of its for localhost."""
    return certificate_for("localhost", tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """As above, of an authority that signed nothing else here."""
    return certificate_for("localhost", tmp_path_factory.mktemp("strangers"))


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch) -> Secure:
    """Makes AWS a server with these files, for as many connections."""

    @contextmanager
    def serve(files: Files, connections: int = 8, *, name: str = "localhost", newest: ssl.TLSVersion | None = None) -> Iterator[Server]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files[1], files[2])
        if newest:
            # Which OpenSSL itself has given up.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = newest
        with serving(*[answering(OK, OK, OK)] * connections, tls=context) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{name}:{server.port}")
            aws.forget()
            yield server

    return serve


def trust(
    monkeypatch: pytest.MonkeyPatch, *, operators: Files | None = None, first: Files | None = None, then: Files | None = None
) -> None:
    """operators: AWS_CA_BUNDLE. first: instead of Amazon's roots. then: instead of the system's bundle."""
    if operators:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(operators[0]))
    if first:
        monkeypatch.setattr(sockets, "_AMAZON", str(first[0]))
    if then:
        monkeypatch.setattr(sockets, "_SYSTEM", str(then[0]))


def test_the_operators_bundle_is_trusted_and_one_handshake_serves_for_many_requests(
    secure: Secure, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, operators=files)
    with secure(files) as server:
        # Tickets for later sessions, which a server sends unasked, are not taken for its end.
        assert [get(), get(), get()] == [FOUND] * 3

    assert server.connections == 1


def test_nobody_else_is_trusted_beside_the_operators_bundle(
    secure: Secure, files: Files, strangers: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, operators=strangers, first=files, then=files)
    with secure(files) as server, pytest.raises(aws.Unreachable, match="SSLError unable to get local issuer certificate"):
        get()

    assert (server.connections, server.heads) == (1, [])


def test_an_authority_that_no_bundle_knows_is_not_trusted(secure: Secure, files: Files) -> None:
    with secure(files) as server, pytest.raises(aws.Unreachable, match="SSLError"):
        get()

    assert (server.connections, server.heads) == (2, [])


def test_whom_amazons_roots_do_not_know_the_systems_bundle_may_know_and_that_is_remembered(
    secure: Secure, files: Files, strangers: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, first=strangers, then=files)
    with secure(files) as server:
        assert [get(), get(), get()] == [FOUND] * 3
        assert server.connections == 2
        # The server ends a connection after three answers.
        time.sleep(0.05)
        assert get() == FOUND

    assert server.connections == 3


def test_amazons_roots_come_first(secure: Secure, files: Files, strangers: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(monkeypatch, first=files, then=strangers)
    with secure(files) as server:
        assert get() == FOUND

    assert server.connections == 1


@pytest.mark.parametrize("whose", ["operators", "first", "then"])
def test_a_certificate_for_another_name_is_refused(whose: str, secure: Secure, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(monkeypatch, **{whose: files})
    with secure(files, name="127.0.0.1") as server, pytest.raises(aws.Unreachable, match=r"SSLError .*not valid for '127.0.0.1'"):
        get()

    assert server.heads == []


def test_a_certificate_that_is_over_is_refused_at_once(secure: Secure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    over = certificate_for("localhost", tmp_path, hours_left=-0.5)
    trust(monkeypatch, first=over, then=over)
    with secure(over) as server, pytest.raises(aws.Unreachable, match="SSLError certificate has expired"):
        get()

    assert (server.connections, server.heads) == (1, [])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1])
def test_a_server_that_speaks_nothing_newer_than_tls_1_1_is_refused(
    version: ssl.TLSVersion, secure: Secure, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, operators=files)
    with secure(files, newest=version) as server, pytest.raises(aws.Unreachable, match="SSLError"):
        get()

    assert server.heads == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_will_do(version: ssl.TLSVersion, secure: Secure, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(monkeypatch, operators=files)
    with secure(files, newest=version):
        assert [get(), get()] == [FOUND] * 2


def test_a_handshake_that_hangs_ends_with_the_wait_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(connection: Connection) -> None:
        while connection.socket.recv(65536):
            pass

    with serving(hangs) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{server.port}")
        aws.forget()
        began = time.monotonic()
        with pytest.raises(aws.Unreachable, match="ConnectTimeoutError"):
            get()
        assert 0.9 * aws.DYNAMODB.connect_seconds < time.monotonic() - began < aws.DYNAMODB.connect_seconds + 0.3


def test_a_certificate_that_is_not_trusted_is_an_outage_before_the_deadline(secure: Secure, files: Files) -> None:
    with secure(files) as server:
        began = time.monotonic()
        with pytest.raises(Unavailable) as outage:
            table_connection.call("GetItem")
        assert time.monotonic() - began < table_connection.DEADLINE_SECONDS

    assert outage.value.detail.startswith("GetItem: SSLError ")
    assert server.heads == []


def test_a_bundle_that_cannot_be_read_is_trouble(secure: Secure, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for bundle in (tmp_path / "absent.pem", empty):
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        with secure(files) as server, pytest.raises(aws.Unreachable, match=r"EndpointConnectionError (FileNotFoundError|SSLError)"):
            get()
        assert server.connections == 0


def test_a_secured_connection_that_was_closed_meanwhile_is_replaced_and_nobody_notices(
    secure: Secure, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, operators=files)
    with secure(files) as server:
        for _ in range(3):
            get()
        time.sleep(0.05)
        assert get() == FOUND

    assert (server.connections, len(server.heads)) == (2, 4)
