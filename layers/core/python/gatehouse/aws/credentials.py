"""Whose name requests are signed in: the function's role, from the environment or, after a snapshot was restored, from Lambda's endpoint.

Outside of Lambda botocore knows where credentials lie: profiles, single sign-on, instance metadata.
"""

import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gatehouse import clock
from gatehouse.aws import endpoints, wire

_CONTAINER = "http://169.254.170.2"
# Before they are over, so that no request is signed with what ends on its way.
_EARLY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Credentials:
    """expires_at: seconds since the epoch, 0 for as long as the process lives."""

    access_key: str
    secret: str
    token: str = ""
    expires_at: int = 0


class Missing(Exception):
    """Nothing tells whose name to sign in."""


_known: Credentials | None = None


def current() -> Credentials:
    """Credentials that are good for a while yet.

    Raises:
        Missing: as it says.
    """
    global _known
    if _known is None or (_known.expires_at and clock.now() >= _known.expires_at - _EARLY_SECONDS):
        _known = _found()
    return _known


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

    parts = urlsplit(url)
    port = parts.port or 80
    endpoint = endpoints.Endpoint(parts.scheme == "https", parts.hostname or "", port, parts.netloc)
    headers = {"host": parts.netloc} | _authorization()
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        answer = wire.exchange(endpoint, headers, b"", connect_seconds=1, read_seconds=2, method="GET", target=target)
        told: dict[str, Any] = json.loads(answer.body)
        expires_at = int(datetime.fromisoformat(told["Expiration"]).timestamp())
        return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"], expires_at)
    except (wire.Unreachable, ValueError, KeyError, TypeError) as trouble:
        raise Missing("container endpoint") from trouble


def _authorization() -> dict[str, str]:
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    if file := os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        with open(file, encoding="utf-8") as held:
            token = held.read().strip()
    return {"authorization": token} if token else {}


def _of_botocore() -> Credentials:
    # Imported on first use: never on Lambda.
    import botocore.session

    found = botocore.session.get_session().get_credentials()
    if found is None:
        raise Missing("nothing that botocore knows of")
    frozen = found.get_frozen_credentials()
    # Asked for again after a minute: botocore renews what ends.
    return Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token or "", clock.now() + _EARLY_SECONDS + 60)
