"""No URL may be saved as one that we call unless it leads to the public internet, however it is spelt (row 92)."""

import pytest

from gatehouse import outbound
from gatehouse.settings import settings

pytestmark = pytest.mark.row(92)


@pytest.mark.parametrize(
    "url",
    [
        "https://rp.example.com",
        "https://rp.example.com/logout?tenant=1&x=%20",
        "https://RP.Example.com:443/",
        "https://rp.example.com:8443/logout",
        "https://xn--bcher-kva.example.com/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
        "https://1.2.3.com/",
    ],
)
def test_a_public_https_url_may_be_saved(url: str) -> None:
    outbound.check(url)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "rp.localhost",
        "printer.local",
        "localhost.localdomain",
        "metadata.google.internal",
        "router.home.arpa",
        "metadata",
        "rp.example.com.",
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "2130706433",
        "127.0.0.1.",
        "127.0.0.0x1",
        "%31%32%37.0.0.1",
        "%6cocalhost",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "169.254.170.2",
        "2852039166",
        "0xa9fea9fe",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:93.184.216.34]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:5ef5:79fd::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[100::1]",
        "[fc00::1]",
        "[fd00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[2606:2800:220:1::1%25eth0]",
        "[fec0::1]",
        "[ff02::1]",
        "[ff0e::1]",
        "[4000::1]",
        "[v1.x]",
        "[rp.example.com]",
        "rp_example.com",
        "-rp.example.com",
        "rp..example.com",
        f"{'a' * 64}.example.com",
        f"{'a.' * 127}com",
        "",
    ],
)
def test_no_spelling_of_an_address_that_is_not_public_may_be_saved(host: str) -> None:
    for url in (f"https://{host}/", f"https://{host}:8443/back"):
        with pytest.raises(outbound.Refused):
            outbound.check(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://rp.example.com/", "must be https"),
        ("http://localhost/", "must be https"),
        ("ftp://rp.example.com/", "must be https"),
        ("file:///etc/passwd", "must be https"),
        ("gopher://rp.example.com:6379/_INFO", "must be https"),
        ("dict://rp.example.com:11211/stats", "must be https"),
        ("data:text/plain,x", "must be https"),
        ("javascript:alert(1)", "must be https"),
        ("//rp.example.com/", "must be https"),
        ("rp.example.com", "must be https"),
        ("", "must be https"),
        ("https://user@rp.example.com/", "has user information"),
        ("https://user:password@rp.example.com/", "has user information"),
        ("https://@rp.example.com/", "has user information"),
        ("https://127.0.0.1@rp.example.com/", "has user information"),
        ("https://rp.example.com/#part", "has a fragment"),
        ("https://rp.example.com/#", "has a fragment"),
        ("https://rp.example.com:port/", "is not a URI"),
        ("https://rp.example.com:65536/", "is not a URI"),
        ("https://[::1/", "is not a URI"),
        ("https://rp.example.com\\@127.0.0.1/", "has characters that no URI may have"),
        ("https://rp.example.com/\r\nHost: x", "has characters that no URI may have"),
        ("https://rp.example.com/a b", "has characters that no URI may have"),
        ("https://rp.exam\tple.com/", "has characters that no URI may have"),
        (" https://rp.example.com/", "has characters that no URI may have"),
        ("https://\N{FULLWIDTH DIGIT ONE}27.0.0.1/", "has characters that no URI may have"),
        ("https://\N{CIRCLED LATIN SMALL LETTER L}ocalhost/", "has characters that no URI may have"),
        ("https://127\N{IDEOGRAPHIC FULL STOP}0.0.1/", "has characters that no URI may have"),
        (f"https://rp.example.com/{'x' * 2048}", "is longer than 2048 characters"),
        ("https://intranet/", "has no host name that is known everywhere"),
        ("https://printer.local/", "has a host name of a private network"),
        ("https://[::1]/", "leads to an address that is not public"),
    ],
)
def test_what_is_wrong_with_a_url_is_told_in_words(url: str, reason: str) -> None:
    with pytest.raises(outbound.Refused) as refused:
        outbound.check(url)

    assert str(refused.value) == reason


@pytest.mark.parametrize("port", [0, 1, 21, 22, 23, 25, 53, 80, 110, 143, 389, 445, 465, 587, 636, 993, 995, 1023])
@pytest.mark.parametrize("host", ["rp.example.com", "93.184.216.34"])
def test_no_port_that_the_system_gives_to_services_may_be_saved(host: str, port: int) -> None:
    with pytest.raises(outbound.Refused, match=f"has port {port}"):
        outbound.check(f"https://{host}:{port}/")


@pytest.mark.parametrize("port", [1433, 2049, 2375, 2379, 3306, 3389, 5432, 5672, 5900, 6000, 6379, 6443, 6667, 9200, 10250, 11211, 27017])
def test_no_port_of_a_store_or_a_control_plane_may_be_saved(port: int) -> None:
    with pytest.raises(outbound.Refused, match=f"has port {port}"):
        outbound.check(f"https://rp.example.com:{port}/")


@pytest.mark.parametrize("url", ["http://localhost:9999/", "http://127.0.0.1:9999/", "http://[::1]:9999/", "https://localhost:9999/back"])
def test_only_a_stack_on_a_laptop_may_call_loopback(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(outbound.Refused):
        outbound.check(url)
    monkeypatch.setenv("ISSUER", "http://localhost:8080")
    settings.cache_clear()
    outbound.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://rp.example.com:8443/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "http://169.254.169.254:8080/",
        "https://rp.localhost:8443/",
        "http://0.0.0.0:8080/",
        "http://localhost/",
        "http://localhost:22/",
        "http://localhost:6379/",
        "http://user@localhost:8080/",
        "http://localhost:8080/#x",
        "ftp://localhost:8080/",
    ],
)
def test_nothing_else_is_let_through_on_a_laptop(laptop: None, url: str) -> None:
    with pytest.raises(outbound.Refused):
        outbound.check(url)


def test_an_issuer_whose_name_only_begins_like_localhost_is_no_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISSUER", "https://localhost.example.com")
    settings.cache_clear()

    with pytest.raises(outbound.Refused):
        outbound.check("http://localhost:9999/")
