"""Every setting of the deployment, read once from the environment that template.yaml gives all functions."""

import os
from functools import cache

from gatehouse.dataclasses import dataclass, fields

LONGEST_SIGN_ON_GRACE_SECONDS = 3600
LONGEST_REFRESH_GRACE_SECONDS = 60
LONGEST_SESSION_SECONDS = 30 * 86400


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per environment variable of the same name in capitals; a field without a default must be set."""

    issuer: str
    table_name: str
    key_arn: str
    audit_table_name: str = ""
    mail_from: str = ""
    brand_name: str = "Gatehouse"
    brand_logo_uri: str = ""
    brand_color: str = "#3730a3"
    minimum_password_length: int = 15
    code_seconds: int = 60
    access_token_seconds: int = 600
    id_token_seconds: int = 3600
    session_seconds: int = LONGEST_SESSION_SECONDS
    session_idle_seconds: int = 7 * 86400
    refresh_grace_seconds: int = 10
    sign_on_seconds: int = 7 * 86400
    sign_on_idle_seconds: int = 86400
    sign_on_grace_seconds: int = 0
    sessions_not_before: int = 0
    key_rotation_days: int = 90
    login_history_days: int = 90
    signing_algorithms: str = "RS256,ES256,EdDSA"
    logout_queue_url: str = ""
    failed_events_queue_url: str = ""
    event_bus_name: str = ""
    schedule_group: str = ""
    schedule_role_arn: str = ""
    schedule_runner_arn: str = ""
    webhook_queue_url: str = ""
    service_name: str = "gatehouse"
    stack_name: str = "gatehouse"
    region: str = "us-east-1"
    aws_endpoint_url: str = ""

    @property
    def base_url(self) -> str:
        """The issuer without a trailing slash: what endpoint paths are appended to."""
        return self.issuer.rstrip("/")

    @property
    def algorithms(self) -> list[str]:
        """The signing algorithms that are switched on, each once."""
        return list(dict.fromkeys(self.signing_algorithms.split(",")))

    @property
    def management_audience(self) -> str:
        """Audience of tokens for the Management API, as Auth0 names it."""
        return f"{self.base_url}/api/v2/"


# Set by Lambda itself, under another name than the field has here. (AWS_ENDPOINT_URL it never sets: it is where an emulator is AWS.)
_LAMBDA_NAMES = {"service_name": "AWS_LAMBDA_FUNCTION_NAME", "region": "AWS_REGION"}


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        ValueError: a variable is missing or not a number.
    """
    values: dict[str, str | int] = {}
    for field in fields(Settings):
        raw = os.environ.get(_LAMBDA_NAMES.get(field.name, field.name.upper()))
        if raw is None or raw == "":
            continue
        values[field.name] = int(raw) if field.type is int else raw
    missing = {"issuer", "table_name", "key_arn"} - values.keys()
    if missing:
        raise ValueError(f"not set in the environment: {', '.join(sorted(missing)).upper()}")
    return Settings(**values)  # type: ignore[arg-type]  # each value was made from its own field's type
