"""Private keys as KMS makes them, held against cryptography's own reading of the same bytes."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatehouse import jose
from gatehouse.jose import PrivateKey


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def der(key: PrivateKey | dsa.DSAPrivateKey | x25519.X25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


OURS: dict[str, PrivateKey] = {
    "RSA of 2048 bits": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "RSA of 3072 bits": rsa.generate_private_key(public_exponent=65537, key_size=3072),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-256 with a short scalar": ec.derive_private_key(1, ec.SECP256R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed25519 with zeros ahead": ed25519.Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01"),
}


@pytest.mark.parametrize("kind", OURS)
def test_a_key_is_read_as_it_was_written(kind: str) -> None:
    read = jose.private_key(der(OURS[kind]))

    assert type(read) is type(OURS[kind])
    assert der(read) == der(OURS[kind])


@pytest.mark.parametrize(
    "other",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        x25519.X25519PrivateKey.generate(),
        dsa.generate_private_key(key_size=1024),
    ],
    ids=["P-384", "secp256k1", "X25519", "DSA"],
)
def test_a_key_of_another_kind_is_refused(other: ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey | dsa.DSAPrivateKey) -> None:
    with pytest.raises(ValueError, match="not a signing key"):
        jose.private_key(der(other))


@pytest.mark.parametrize(
    "flawed",
    [b"", der(OURS["P-256"]) * 2, der(OURS["P-256"])[2:], b"\x30\x03\x02\x01\x00"],
    ids=["nothing", "two in a row", "without its beginning", "hardly anything"],
)
def test_what_is_no_key_is_refused(flawed: bytes) -> None:
    with pytest.raises(ValueError, match=r"unpack|signing key"):
        jose.private_key(flawed)
