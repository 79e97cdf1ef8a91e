"""Connected sockets: TCP, and over it TLS that trusts Amazon's own roots first (RFC 8446, RFC 6125)."""

import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ssl

    from gatehouse.aws.endpoints import Endpoint

_AMAZON: Final = os.path.join(os.path.dirname(__file__), "amazon_roots.pem")
_SYSTEM: Final = ""
# X509_V_ERR_… of OpenSSL: the issuer is not in this bundle, in its four ways to say so.
_ISSUER_UNKNOWN: Final = (2, 18, 19, 20)
# Below the 350 s after which NAT gateways of AWS forget a connection that says nothing, as one that waits for a long call.
_KEEP_ALIVE_SECONDS: Final = 60


class Unreachable(Exception):
    """No connection, or no whole answer in time. The message is a kind of trouble, without a secret."""


_contexts: dict[str, "ssl.SSLContext"] = {}
# Which bundle knew the issuer of an endpoint.
_trusted_by: dict["Endpoint", str] = {}


def forget() -> None:
    """Read anew whom certificates are trusted by."""
    _contexts.clear()
    _trusted_by.clear()


def connected(endpoint: "Endpoint", seconds: float) -> socket.socket:
    """A socket to the endpoint, secured if that is. seconds: until it can be used, for each bundle that is tried.

    Raises:
        Unreachable: also if its certificate is not trusted, is not its own, or is over.
    """
    try:
        return _secured(endpoint, seconds, *_bundles(endpoint)) if endpoint.secure else _plain(endpoint, seconds)
    except TimeoutError as trouble:
        raise Unreachable("ConnectTimeoutError") from trouble
    except OSError as trouble:
        raise Unreachable(f"EndpointConnectionError {type(trouble).__name__}") from trouble


def _plain(endpoint: "Endpoint", seconds: float) -> socket.socket:
    # In bytes: to a name in text Python applies a codec for other alphabets, which takes 3 ms to be imported.
    address: Any = (endpoint.name.encode(), endpoint.port)
    plain = socket.create_connection(address, seconds)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Linux calls it so, and Lambda runs nothing else.
    if hasattr(socket, "TCP_KEEPIDLE"):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_ALIVE_SECONDS)
    return plain


def _secured(endpoint: "Endpoint", seconds: float, bundle: str, *others: str) -> socket.socket:
    """Trusting this bundle, and then the others."""
    # Imported on first use: the emulator is spoken to without.
    import ssl

    context = _context(bundle)
    give_up_at = time.monotonic() + seconds
    plain = _plain(endpoint, seconds)
    try:
        plain.settimeout(max(give_up_at - time.monotonic(), 0.001))
        secured = context.wrap_socket(plain, server_hostname=endpoint.name)
    except ssl.SSLCertVerificationError as refused:
        # Not by a root of Amazon's own: an endpoint of somebody else, or in another partition. What else is wrong with a certificate
        # is as wrong in the eyes of every bundle.
        if others and refused.verify_code in _ISSUER_UNKNOWN:
            return _secured(endpoint, seconds, *others)
        raise Unreachable(f"SSLError {refused.verify_message}") from refused
    except ssl.SSLError as refused:
        raise Unreachable(f"SSLError {refused.reason}") from refused
    finally:
        # Without effect on what was secured: that took the connection over.
        with suppress(OSError):
            plain.close()
    _trusted_by[endpoint] = bundle
    return secured


def _bundles(endpoint: "Endpoint") -> list[str]:
    """Whom certificates are trusted by, one after the other: the operator's bundle; else Amazon's roots, then the system's."""
    given = os.environ.get("AWS_CA_BUNDLE", "")
    known = _trusted_by.get(endpoint)
    return [given] if given else sorted((_AMAZON, _SYSTEM), key=lambda bundle: bundle != known)


def _context(bundle: str) -> "ssl.SSLContext":
    import ssl

    if bundle not in _contexts:
        # Five roots are read in a tenth of the time that the system's hundred and forty take.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if bundle:
            context.load_verify_locations(cafile=bundle)
        else:
            context.load_default_certs()
        _contexts[bundle] = context
    return _contexts[bundle]
