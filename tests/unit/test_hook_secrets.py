"""Secrets of hooks: read from Secrets Manager, remembered for five minutes, and used on while that is out of reach."""

from typing import Any

import boto3
import pytest

from gatehouse import hook_secrets
from gatehouse.errors import Unavailable
from tests.unit.flows import later


def secret(**value: Any) -> str:
    return boto3.client("secretsmanager").create_secret(Name="gatehouse/hooks/plays", **value)["ARN"]


def test_a_rotated_secret_is_in_use_after_five_minutes() -> None:
    arn = secret(SecretString="first")
    with later(0):
        assert hook_secrets.value(arn) == "first"
        boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString="second")
        with later(299):
            assert hook_secrets.value(arn) == "first"
        with later(300):
            assert hook_secrets.value(arn) == "second"


def test_the_last_one_known_serves_for_an_hour_while_it_cannot_be_read() -> None:
    arn = secret(SecretString="first")
    with later(0):
        assert hook_secrets.value(arn) == "first"
        boto3.client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
        with later(3599):
            assert hook_secrets.value(arn) == "first"
        with later(3600), pytest.raises(Unavailable) as trouble:
            hook_secrets.value(arn)
    assert trouble.value.detail == "secret of a hook: ResourceNotFoundException"


def test_a_secret_that_is_no_text_is_none() -> None:
    with pytest.raises(Unavailable) as trouble:
        hook_secrets.value(secret(SecretBinary=b"\x00"))

    assert trouble.value.detail == "secret of a hook: it is not a text"
