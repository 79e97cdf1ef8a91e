"""Clients of the emulator's AWS services; the account is the emulator's, whatever credentials this machine has."""

from typing import TYPE_CHECKING, Any

from botocore.config import Config
from localstack_client.session import Session

from local.instance import REGION, Instance

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sesv2 import SESV2Client


def _client(instance: Instance, service: str, **config: Any) -> Any:
    session = Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # the emulator's root account
        aws_session_token=None,
        region_name=REGION,
        localstack_host=f"127.0.0.1:{instance.emulator_port}",
    )
    return session.client(service, config=Config(**config))


def cloudformation(instance: Instance) -> "CloudFormationClient":
    client: CloudFormationClient = _client(instance, "cloudformation")
    return client


def lambda_(instance: Instance, connections: int = 10) -> "LambdaClient":
    """A client that never repeats an invocation: a retry would hide what the caller of a function sees."""
    client: LambdaClient = _client(
        instance,
        "lambda",
        max_pool_connections=connections,
        connect_timeout=5,
        read_timeout=60,
        retries={"total_max_attempts": 1},
    )
    return client


def sesv2(instance: Instance) -> "SESV2Client":
    client: SESV2Client = _client(instance, "sesv2")
    return client
