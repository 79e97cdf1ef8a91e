"""A local stack over https: its certificate, its listener, and how an instance remembers it."""

import contextlib
import datetime
import http.client
import json
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from local import certificate, instance
from local.gateway import events, server
from local.gateway.events import Answer, Received
from local.instance import LocalError, named, save


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of a stack that others call idp.example."""
    file = tmp_path_factory.mktemp("instance") / "tls" / "certificate.pem"
    assert certificate.ensure(file, "idp.example")
    return file


@pytest.fixture(scope="module")
def port(trusted: Path) -> Iterator[int]:
    """A listener that answers with what its function would see of the address that was called."""

    def seen(received: Received) -> Answer:
        headers = dict(received.headers)
        return events.message(200, {"scheme": received.scheme, "host": headers["Host"], "target": received.target})

    servers = server.listen(0, seen, certificate.context(trusted))
    yield int(servers[0].server_address[1])
    for one in servers:
        one.shutdown()
        one.server_close()


@contextlib.contextmanager
def connected(port: int, context: ssl.SSLContext, name: str = "localhost") -> Iterator[ssl.SSLSocket]:
    """A connection to the listener, by one of its names."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain, server_hostname=name) as secured:
        yield secured


def call(port: int, trusted: Path, name: str = "127.0.0.1", target: str = "/a") -> dict[str, str]:
    """What one request to the listener is answered."""
    with connected(port, ssl.create_default_context(cafile=str(trusted)), name) as secured:
        connection = http.client.HTTPConnection(name, port)
        connection.sock = secured
        connection.request("GET", target)
        answer: dict[str, str] = json.loads(connection.getresponse().read())
        return answer


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "idp.example"])
def test_who_trusts_the_certificate_reaches_the_listener_by_each_of_its_names(port: int, trusted: Path, name: str) -> None:
    assert call(port, trusted, name)["scheme"] == "https"


def test_another_name_is_not_the_listeners(port: int, trusted: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"idp2\.example"):
        call(port, trusted, "idp2.example")


def test_who_does_not_trust_the_certificate_does_not_connect(port: int) -> None:
    with pytest.raises(ssl.SSLCertVerificationError), connected(port, ssl.create_default_context()):
        pass


def test_a_proxys_absolute_form_loses_scheme_and_host(port: int, trusted: Path) -> None:
    assert call(port, trusted, target="https://elsewhere.example/a?b=c")["target"] == "/a?b=c"


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x00\x05junk!", b""])
def test_a_caller_that_speaks_no_tls_ends_only_its_own_connection(port: int, trusted: Path, said: bytes) -> None:
    answered = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, contextlib.suppress(OSError):
        plain.sendall(said)
        plain.shutdown(socket.SHUT_WR)
        answered = plain.recv(1000)

    assert not answered.startswith(b"HTTP/")
    assert call(port, trusted)["target"] == "/a"


def test_a_caller_that_says_nothing_holds_up_nobody(port: int, trusted: Path) -> None:
    silent = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(3)]
    try:
        assert call(port, trusted)["target"] == "/a"
    finally:
        for one in silent:
            one.close()


def test_a_caller_that_says_nothing_is_sent_away(port: int, trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as silent:
        assert silent.recv(1) == b""


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_speaks_what_rfc_9325_recommends(port: int, trusted: Path, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(trusted))
    context.minimum_version = context.maximum_version = version
    with connected(port, context) as secured:
        chosen = secured.cipher()

    assert chosen and "GCM" in chosen[0]


def test_it_does_not_speak_tls_1_2_without_forward_secrecy_or_with_cbc(port: int, trusted: Path) -> None:
    context = ssl.create_default_context(cafile=str(trusted))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256")
    with pytest.raises(ssl.SSLError), connected(port, context):
        pass


def test_connections_end_without_a_leftover_thread(port: int, trusted: Path) -> None:
    before = threading.active_count()
    for _ in range(5):
        call(port, trusted)
    deadline = threading.Event()
    for _ in range(100):
        if threading.active_count() <= before:
            break
        deadline.wait(0.02)

    assert threading.active_count() <= before


def test_only_its_owner_reads_the_key(trusted: Path) -> None:
    assert stat.S_IMODE(trusted.with_name("key.pem").stat().st_mode) == 0o600


def test_a_certificate_is_kept_until_it_is_about_to_end(tmp_path: Path) -> None:
    file = tmp_path / "tls" / "certificate.pem"
    certificate.ensure(file, "localhost")
    first = file.read_bytes()

    assert not certificate.ensure(file, "localhost")
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=340)):
        assert certificate.ensure(file, "localhost")
    assert file.read_bytes() != first


def test_a_certificate_is_made_anew_for_a_name_that_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "tls" / "certificate.pem"
    certificate.ensure(file, "localhost")

    assert certificate.ensure(file, "idp.example")
    assert not certificate.ensure(file, "localhost")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place where nothing was started yet."""
    monkeypatch.setattr(instance, "HOME", tmp_path)
    return tmp_path


def test_an_instance_stays_https_until_that_is_taken_back(home: Path) -> None:
    save(named("a", 9080, tls=True, host="idp.example"))

    assert named("a").issuer == "https://idp.example:9080"
    assert named("a").app_url == "https://localhost:9082"
    assert named("a", 9180).issuer == "https://idp.example:9180"
    assert named("a", tls=False).issuer == "http://localhost:9080"


def test_an_instance_that_an_older_checkout_saved_is_found(home: Path) -> None:
    ports = {"port": 1, "orders_port": 2, "app_port": 3, "mail_port": 4, "emulator_port": 5}
    (home / "a").mkdir()
    (home / "a" / "instance.json").write_text(json.dumps({"name": "a"} | ports), encoding="utf-8")

    assert named("a").issuer == "http://localhost:1"


def test_a_name_of_its_own_needs_https(home: Path) -> None:
    with pytest.raises(LocalError, match="must be https"):
        named("a", host="idp.example")


@pytest.mark.parametrize("host", ["", "a b", "https://a", "a/b", "a:1", "-a"])
def test_what_is_no_host_name_is_refused(home: Path, host: str) -> None:
    with pytest.raises(LocalError, match="no host name"):
        named("a", tls=True, host=host)
