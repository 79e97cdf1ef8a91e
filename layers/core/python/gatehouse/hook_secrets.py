"""Secrets that operators keep for their hooks. The only module that knows Secrets Manager."""

from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gatehouse import clock, observe
from gatehouse.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# A secret that was rotated is in use everywhere within this time, so that the one before must hold as long.
CACHE_SECONDS: Final = 300
STALE_SECONDS: Final = 3600

_remembered: dict[str, tuple[int, str]] = {}


@cache
def client() -> "SecretsManagerClient":
    config = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client("secretsmanager", config=config)


def forget() -> None:
    """Read every secret anew."""
    _remembered.clear()
    client.cache_clear()


def value(arn: str) -> str:
    """The secret's text in its current version (AWSCURRENT), as it was at most CACHE_SECONDS ago; the last known while it cannot be read.

    Raises:
        Unavailable: it cannot be read, and was not within STALE_SECONDS.
    """
    now, known = clock.now(), _remembered.get(arn)
    if known and 0 <= now - known[0] < CACHE_SECONDS:
        return known[1]
    try:
        found = client().get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")["SecretString"]
    except (ClientError, BotoCoreError, KeyError) as error:
        if known and 0 <= now - known[0] < STALE_SECONDS:
            observe.note("secret could not be read again; the last one serves on", reason=_reason(error))
            return known[1]
        raise Unavailable(detail=f"secret of a hook: {_reason(error)}") from error
    _remembered[arn] = (now, found)
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return "it is not a text"
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
