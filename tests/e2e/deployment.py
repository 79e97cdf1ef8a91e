"""The stack under test: its addresses, the mails that it sent, and an administrator's hand on its table."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from gatehouse import aws, client_registration, clients, keys, limits, passwords, settings, users
from gatehouse.client_registration import Registered
from local import outbox, stack
from local.instance import ROOT, STACK_NAME, Instance

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PASSWORD = "a brass knocker on an oak door"
_LINK = re.compile(r"http://\S+")


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    password: str
    user_id: str = ""


@dataclass(frozen=True)
class Deployment:
    """environment: what a tool needs to work on the stack, as `python -m local exec` sets it."""

    instance: Instance
    environment: Mapping[str, str]

    @property
    def issuer(self) -> str:
        return self.instance.issuer

    @contextmanager
    def administered(self) -> Iterator[None]:
        """Within it, the package gatehouse in this process works on the stack's table and key."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            _forget()
            yield
        _forget()

    def register(self, kind: str, **properties: Any) -> Registered:
        """A new client of that type; properties as an administrator gives them."""
        with self.administered():
            return client_registration.register(**({"name": "Example App", "type": kind} | properties))

    def person(self, email: str, **profile: Any) -> Person:
        """Somebody who signed up before, with PASSWORD."""
        with self.administered():
            hashed = passwords.hash_password(PASSWORD)
            user = users.create(email, email_verified=True, password_hash=hashed, profile=profile)
        return Person(email, PASSWORD, user.user_id)

    def forgive(self) -> None:
        """Forget how often this machine failed to sign in and asked for mail: all tests come from one address."""
        with self.administered():
            for limit in (limits.ADDRESS_SIGN_IN, limits.ADDRESS_MAIL, limits.DEVICE_CODE):
                for address in ("127.0.0.1", "::1"):
                    limits.clear(limit, limits.network(address))

    def mails_to(self, email: str) -> list[dict[str, Any]]:
        """What this address got, newest first."""
        return [mail for mail in outbox.messages(self.instance) if mail["To"] == [email]]

    def newest_link(self, email: str) -> str:
        """The first link of the newest mail to this address."""
        found = _LINK.search(self.mails_to(email)[0]["BodyText"])
        assert found, "the mail holds no link"
        return found[0]

    def lambda_client(self) -> "LambdaClient":
        """boto3 for whoever may invoke the stack's functions."""
        client: LambdaClient = boto3.client(
            "lambda",
            endpoint_url=self.instance.endpoint,
            region_name=self.environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )
        return client

    @cached_property
    def functions(self) -> Mapping[str, str]:
        """Names of the deployed functions by the names that the template gives them."""
        with self.administered():
            resources = boto3.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)["StackResources"]
        return {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in resources}

    def arn(self, resource: str) -> str:
        """The ARN of a deployed function by the name that the template gives it."""
        return f"arn:aws:lambda:{self.environment['AWS_DEFAULT_REGION']}:000000000000:function:{self.functions[resource]}"

    def start_anew(self, *resources: str) -> None:
        """These functions start cold at their next call: what was configured a moment ago is in force at once."""
        client = self.lambda_client()
        for name in (self.functions[resource] for resource in resources):
            # The emulator keeps its workers unless their variables change.
            variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            client.update_function_configuration(FunctionName=name, Environment={"Variables": variables | {"ANEW": str(time.time())}})

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """What a function answers to an event. function: name or ARN."""
        answer = self.lambda_client().invoke(FunctionName=function, Payload=json.dumps(event).encode())
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, result
        return result


def started(instance: Instance) -> Deployment:
    """A stack without any state, deployed and running."""
    named = ["--instance", instance.name, "--port", str(instance.port)]
    done = subprocess.run([sys.executable, "-m", "local", "up", "--fresh", *named], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Deployment(instance, stack.tool_environment(instance))


def _forget() -> None:
    """Nothing that was read or connected under one environment may serve under the other."""
    settings.settings.cache_clear()
    aws.forget()
    keys.forget()
    clients.forget()
    boto3.setup_default_session()
