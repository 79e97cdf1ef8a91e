"""The self-signed certificate of a local stack that speaks https: made once, and again before it ends or lacks a name."""

import contextlib
import datetime
import ipaddress
import os
import ssl
from collections.abc import Collection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
VALID_DAYS = 365
# Remade when it would end sooner than this: a stack may run for weeks.
_LEAST_DAYS = 30
_KEY_BITS = 2048


def ensure(certificate_file: Path, host: str) -> bool:
    """Have a certificate for this machine and `host`, its key beside it with mode 0600. Answers whether it was made now."""
    names = {*LOCAL_NAMES, host}
    if _serves(certificate_file, names):
        return False
    # RSA, since every client and every test suite takes it.
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    certificate_file.parent.mkdir(parents=True, exist_ok=True)
    _write(_key_file(certificate_file), pem, 0o600)
    _write(certificate_file, _certificate(key, names).public_bytes(serialization.Encoding.PEM), 0o644)
    return True


def context(certificate_file: Path) -> ssl.SSLContext:
    """What a listener speaks: TLS 1.2 and 1.3, with the ciphers of RFC 9325 4.2 only."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE+AESGCM")
    made.set_alpn_protocols(["http/1.1"])
    made.load_cert_chain(certificate_file, _key_file(certificate_file))
    return made


def _key_file(certificate_file: Path) -> Path:
    return certificate_file.with_name("key.pem")


def _serves(certificate_file: Path, names: Collection[str]) -> bool:
    """Whether there is a certificate with its key, for all these names and for long enough."""
    if not certificate_file.exists() or not _key_file(certificate_file).exists():
        return False
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    entries = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    left = certificate.not_valid_after_utc - _now()
    return {str(entry.value) for entry in entries} >= set(names) and left > datetime.timedelta(days=_LEAST_DAYS)


def _certificate(key: rsa.RSAPrivateKey, names: Collection[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gatehouse on this machine")])
    # A day back, for clocks of containers and virtual machines.
    begins = _now() - datetime.timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_entry(each) for each in sorted(names)]), critical=False)
        # No authority: whoever trusts this file trusts this stack, and nothing that its key could sign.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _entry(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _write(file: Path, content: bytes, mode: int) -> None:
    """In one step, so that no reader finds half of it, and never with more permissions than `mode`."""
    made = file.with_suffix(".new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as output:
        output.write(content)
    made.replace(file)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
