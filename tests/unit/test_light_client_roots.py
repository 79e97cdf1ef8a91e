"""The roots that are shipped are Amazon's, all of them and no others, and good for years."""

import hashlib
import ssl
from pathlib import Path

import certifi
import pytest

from gatehouse import clock
from gatehouse.aws import sockets

# SHA-256 of each certificate.
ROOTS = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
}
_YEAR_SECONDS = 365 * 24 * 3600


def in_file(path: str) -> dict[str, tuple[str, str]]:
    """Fingerprint and end by common name. Read by OpenSSL: newer libraries refuse the serial number of an old root."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=path)
    told = context.get_ca_certs()
    ders = [hashlib.sha256(der).hexdigest() for der in context.get_ca_certs(binary_form=True)]
    names = [dict(part[0] for part in entry["subject"]).get("commonName", "") for entry in told]  # type: ignore[misc]
    return {name: (der, str(entry["notAfter"])) for name, der, entry in zip(names, ders, told, strict=True)}


def test_the_roots_are_those_that_amazon_lists() -> None:
    assert {name: fingerprint for name, (fingerprint, _) in in_file(sockets._AMAZON).items()} == ROOTS


def test_the_roots_are_those_that_mozilla_trusts() -> None:
    mozillas = in_file(certifi.where())

    assert {name: mozillas[name][0] for name in ROOTS} == ROOTS


@pytest.mark.parametrize("name", ROOTS)
def test_a_root_is_good_for_another_year(name: str) -> None:
    _, ends = in_file(sockets._AMAZON)[name]

    assert ssl.cert_time_to_seconds(ends) > clock.now() + _YEAR_SECONDS, "see the head of amazon_roots.pem"


def test_the_file_says_whose_each_certificate_is() -> None:
    lines = Path(sockets._AMAZON).read_text(encoding="utf-8").splitlines()
    above = [lines[at - 1] for at, line in enumerate(lines) if line.startswith("-----BEGIN")]

    assert [line.removeprefix("# CN=").partition(",")[0] for line in above] == list(ROOTS)
