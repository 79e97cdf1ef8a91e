"""Whose name requests are signed in: the function's role, from the environment or, after a snapshot was restored, from Lambda's endpoint.

Outside of Lambda botocore knows where credentials lie: profiles, single sign-on, instance metadata.
"""

import json
import os
import socket
from typing import Any, Final
from urllib.parse import urlsplit

from gatehouse import clock
from gatehouse.aws import endpoints, wire
from gatehouse.aws.sockets import Unreachable
from gatehouse.dataclasses import dataclass

_CONTAINER: Final = "http://169.254.170.2"
# Where a request that carries the token may go in the clear, beside this machine itself: the endpoints of ECS and EKS.
_IN_THE_CLEAR: Final = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "::1")
_PORTS: Final = {"https": 443, "http": 80}
# Before they are over, so that no request is signed with what ends on its way.
_EARLY_SECONDS: Final = 300
# An endpoint that has trouble is asked again after so long, while what it gave last is still good.
_PATIENCE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Credentials:
    """expires_at: seconds since the epoch, 0 for as long as the process lives."""

    access_key: str
    secret: str
    token: str = ""
    expires_at: int = 0

    def __repr__(self) -> str:
        # Whoever shows them in an error or a log tells no secret.
        return f"Credentials({self.access_key!r}, expires_at={self.expires_at})"


class Missing(Exception):
    """Nothing tells whose name to sign in. The message says what was asked."""


_known: Credentials | None = None
# In seconds since the epoch.
_renewed_from = 0


def current() -> Credentials:
    """Credentials that are good for a while yet; while new ones cannot be had, the old ones to their end.

    Raises:
        Missing: as it says.
    """
    global _known, _renewed_from
    known, now = _known, clock.now()
    if known is not None and (not known.expires_at or now < _renewed_from):
        return known
    try:
        found = _found()
    except Missing:
        if known is None or now >= known.expires_at:
            raise
        _renewed_from = now + _PATIENCE_SECONDS
        return known
    early = found.expires_at - _EARLY_SECONDS
    _known, _renewed_from = found, early if early > now else min(now + _PATIENCE_SECONDS, found.expires_at)
    return found


def forget() -> None:
    """Look for credentials anew."""
    global _known
    _known = None


def _found() -> Credentials:
    if os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY"):
        # Of a function that was not restored from a snapshot: Lambda gives each environment its own, for as long as it lives.
        return Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ.get("AWS_SESSION_TOKEN", ""))
    relative = os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "")
    url = f"{_CONTAINER}{relative}" if relative else os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
    return _of_container(url) if url else _of_botocore()


def _of_container(url: str) -> Credentials:
    """From the endpoint that Lambda runs beside a restored function (AWS SDKs and Tools Reference Guide, container credential provider)."""
    # Imported on first use: functions that were not restored have theirs in the environment.
    from datetime import datetime

    endpoint, target = _endpoint(url)
    headers = {"host": endpoint.host, "accept": "application/json"} | _authorization()
    try:
        answer = wire.exchange(endpoint, headers, b"", connect_seconds=1, read_seconds=2, method="GET", target=target)
        if answer.status != 200:
            raise Missing(f"the container's endpoint answers {answer.status}")
        told: dict[str, Any] = json.loads(answer.body)
        expires_at = int(datetime.fromisoformat(told["Expiration"]).timestamp())
        return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"], expires_at)
    except Unreachable as trouble:
        raise Missing(f"the container's endpoint: {trouble}") from trouble
    except (ValueError, KeyError, TypeError) as trouble:
        # Not its cause, which may quote the answer.
        raise Missing(f"the container's endpoint gives something else: {type(trouble).__name__}") from None


def _endpoint(url: str) -> tuple[endpoints.Endpoint, str]:
    """Where it is, and what to ask there for.

    Raises:
        Missing: it would have to be asked in the clear by way of a network.
    """
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise Missing("the container's endpoint has no address") from None
    if parts.scheme != "https" and name not in _IN_THE_CLEAR and not _is_loopback(name):
        raise Missing("the container's endpoint is neither on this machine nor behind TLS")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return endpoints.Endpoint(parts.scheme == "https", name, port, parts.netloc.rpartition("@")[2]), target


def _is_loopback(name: str) -> bool:
    try:
        return socket.inet_pton(socket.AF_INET, name)[0] == 127
    except OSError:
        return False


def _authorization() -> dict[str, str]:
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    if file := os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        try:
            with open(file, encoding="utf-8") as held:
                token = held.read()
        except (OSError, ValueError) as trouble:
            raise Missing(f"the file with the container's token: {type(trouble).__name__}") from None
    token = token.strip()
    if not token.isprintable() or not token.isascii():
        raise Missing("the container's token cannot stand in a header")
    return {"authorization": token} if token else {}


def _of_botocore() -> Credentials:
    # Imported on first use: never on Lambda.
    import botocore.exceptions
    import botocore.session

    try:
        found = botocore.session.get_session().get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except botocore.exceptions.BotoCoreError as trouble:
        raise Missing(f"botocore: {type(trouble).__name__}") from trouble
    if frozen is None:
        raise Missing("nothing that botocore knows of")
    # Asked for again after a minute: botocore renews what ends.
    return Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token or "", clock.now() + _EARLY_SECONDS + 60)
