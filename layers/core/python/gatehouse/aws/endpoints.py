"""Where a service of AWS is reached: what the environment says, or the regional endpoint."""

import os
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}


class Endpoint(NamedTuple):
    """host: as the header names it, with a port that is not the scheme's own."""

    # A tuple, whose hash is quick: connections are looked up by it at every call.

    secure: bool
    name: str
    port: int
    host: str


@cache
def region() -> str:
    """The region of this process.

    Raises:
        LookupError: nothing names one.
    """
    found = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not found:
        raise LookupError("AWS_REGION")
    return found


@cache
def of(service: str) -> Endpoint:
    """The endpoint of a service, as dynamodb."""
    named = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
    ignored = os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    parts = urlsplit(named if named and not ignored else f"https://{_regional(service)}")
    port = parts.port or _PORTS[parts.scheme]
    host = parts.hostname or ""
    named_host = f"[{host}]" if ":" in host else host
    return Endpoint(parts.scheme == "https", host, port, named_host if port == _PORTS[parts.scheme] else f"{named_host}:{port}")


def _regional(service: str) -> str:
    fips = "-fips" if os.environ.get("AWS_USE_FIPS_ENDPOINT", "").lower() == "true" else ""
    suffix = "amazonaws.com.cn" if region().startswith("cn-") else "amazonaws.com"
    return f"{service}{fips}.{region()}.{suffix}"


def forget() -> None:
    """Read the environment anew."""
    region.cache_clear()
    of.cache_clear()
