"""Signature Version 4 (AWS General Reference, "Signing AWS API requests") of a POST to a service."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from gatehouse import clock
from gatehouse.aws.credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"


def signed(headers: Mapping[str, str], body: bytes, *, service: str, region: str, held: Credentials, path: str = "/") -> dict[str, str]:
    """The headers with those that sign them and the body. headers: names in small letters, host among them. path: as it is sent."""
    at = _written(clock.now())
    given = {**headers, "x-amz-date": at}
    if held.token:
        given["x-amz-security-token"] = held.token
    names = sorted(given)
    listed = ";".join(names)
    lines = "".join([f"{name}:{given[name]}\n" for name in names])
    # What is encoded already is encoded again: by every service but S3.
    encoded = path if path == "/" else quote(path)
    request = f"POST\n{encoded}\n\n{lines}\n{listed}\n{hashlib.sha256(body).hexdigest()}"
    scope, key = _scope(held.secret, at[:8], region, service)
    text = f"{_ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    given["authorization"] = f"{_ALGORITHM} Credential={held.access_key}/{scope}, SignedHeaders={listed}, Signature={signature}"
    return given


@lru_cache(maxsize=1)
def _written(seconds: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


@lru_cache(maxsize=8)
def _scope(secret: str, day: str, region: str, service: str) -> tuple[str, bytes]:
    """Of a day's signatures, and the key that they are made with."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"{day}/{region}/{service}/aws4_request", key


def forget() -> None:
    """Keep no key."""
    _scope.cache_clear()
