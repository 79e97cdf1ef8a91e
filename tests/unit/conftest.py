"""Every unit test has a fresh table on moto, with the schema that template.yaml deploys, a key ring, and nothing remembered."""

import importlib
import json
import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import boto3
import pytest
import yaml
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends
from moto.scheduler.models import scheduler_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ses.models import ses_backends
from moto.sqs.models import sqs_backends

from gatehouse import aws as aws_client
from gatehouse import (
    backchannel_logout,
    claim_mapping,
    client_keys,
    clients,
    event_bus,
    hook_secrets,
    hooks,
    keys,
    mail,
    passwords,
    queues,
    resource_servers,
    roles,
    scheduler,
    schedules,
    settings,
    tenant,
    webhook_deliveries,
    webhooks,
)
from gatehouse.aws import endpoints, wire
from gatehouse.hook_functions import outside_api
from gatehouse.hooks import calls
from gatehouse.table import connection
from tests import botocore_wire, operator_functions
from tests.operator_functions import Service
from tests.unit import key_pairs, quicker_moto
from tests.unit.hooks import SERVICE

# What each backend of moto holds.
Snapshot = dict[type, dict[str, Any]]

ROOT = Path(__file__).parents[2]
ISSUER = "https://id.example.com"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "ISSUER": ISSUER,
    "TABLE_NAME": "identity",
    "AUDIT_TABLE_NAME": "audit",
    "MAIL_FROM": "hello@id.example.com",
    "SCHEDULE_GROUP": "ScheduleGroup",
    "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/ScheduleRole",
    "SCHEDULE_RUNNER_ARN": "arn:aws:lambda:eu-central-1:123456789012:function:schedule-runner",
}
# The variables that name tables, and what template.yaml calls these.
TABLES = {"TABLE_NAME": "Identity", "AUDIT_TABLE_NAME": "Audit"}
# The variables that name queues, and what template.yaml calls these.
QUEUES = {
    "LOGOUT_QUEUE_URL": "LogoutNotices",
    "FAILED_EVENTS_QUEUE_URL": "FailedEvents",
    "WEBHOOK_QUEUE_URL": "WebhookDeliveries.fifo",
}

# The same examples in every run; pytest --hypothesis-profile=explore looks for new ones.
_PATIENT = [HealthCheck.too_slow]
hypothesis_settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, suppress_health_check=_PATIENT)
hypothesis_settings.register_profile("explore", max_examples=2000, deadline=None, suppress_health_check=_PATIENT)
hypothesis_settings.load_profile("repeatable")


class _Template(yaml.SafeLoader):
    """Reads template.yaml without resolving its intrinsic functions."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: None)


@cache
def template() -> dict[str, Any]:
    """template.yaml with None wherever an intrinsic function stands."""
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Template)
    return loaded


@pytest.fixture(scope="session")
def cloud() -> Iterator[Snapshot]:
    """A stack on moto after its first rotation; yields what each backend then holds."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        # How long a retry waits is seen against a real endpoint, not here.
        environment.setattr(connection, "_BACKOFF_SECONDS", 0.001)
        quicker_moto.install(environment)
        environment.setattr(passwords, "_hasher", _quick_hasher)
        boto3.setup_default_session()
        environment.setattr(wire, "exchange", botocore_wire.exchange)
        environment.setenv("KEY_ARN", boto3.client("kms").create_key()["KeyMetadata"]["Arn"])
        forget()
        key_pairs.stand_in()
        create_tables()
        boto3.client("sesv2").create_email_identity(EmailIdentity="id.example.com")
        boto3.client("sesv2").create_email_identity(EmailIdentity=ENVIRONMENT["MAIL_FROM"])
        for variable, name in QUEUES.items():
            environment.setenv(variable, boto3.client("sqs").create_queue(QueueName=name, Attributes=queue_attributes(name))["QueueUrl"])
        boto3.client("scheduler").create_schedule_group(Name=ENVIRONMENT["SCHEDULE_GROUP"])
        function("key_rotation")({}, context())
        yield snapshot()


@cache
def _quick_hasher() -> PasswordHasher:
    """As cheap as Argon2id can be: what a password costs is the matter of those tests alone that ask for costly_passwords."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32, salt_len=16)


_deployed_hasher = passwords._hasher


@pytest.fixture(scope="module")
def costly_passwords(cloud: object) -> Iterator[None]:
    """Passwords are hashed as they are where people use them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", _deployed_hasher)
        yield


def create_tables() -> None:
    """The tables with the schema that template.yaml deploys, under the names that ENVIRONMENT gives them."""
    properties = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    for variable, resource in TABLES.items():
        schema = template()["Resources"][resource]["Properties"]
        wanted = {name: schema[name] for name in properties if name in schema}
        boto3.client("dynamodb").create_table(TableName=ENVIRONMENT[variable], **wanted)


def queue_attributes(name: str) -> dict[str, str]:
    """What template.yaml says of the queue of that name, as far as it is about the order of its messages."""
    schema = template()["Resources"][name.removesuffix(".fifo")]["Properties"]
    given = {name: str(schema[name]) for name in ("FifoQueue", "DeduplicationScope", "FifoThroughputLimit") if name in schema}
    return {name: value.lower() if value == "True" else value for name, value in given.items()}


@pytest.fixture(autouse=True)
def aws(cloud: Snapshot) -> Iterator[None]:
    """The stack as it was after its first rotation."""
    begin_anew(cloud)
    yield
    forget(clients_too=False)


def snapshot() -> Snapshot:
    return {type(backend): deepcopy(vars(backend)) for backend in _backends()}


def begin_anew(cloud: Snapshot) -> None:
    """Make the stack what it was. Copied and not made anew: that would take most of the suite's time."""
    for backend in _backends():
        vars(backend).clear()
        vars(backend).update(deepcopy(cloud[type(backend)]))
    # Made anew: they hold locks, which no copy can.
    queues_there = sqs_backends[DEFAULT_ACCOUNT_ID][ENVIRONMENT["AWS_DEFAULT_REGION"]]
    queues_there.queues.clear()
    for name in QUEUES.values():
        queues_there.create_queue(name, None, **queue_attributes(name))
    forget(clients_too=False)


@pytest.fixture
def laptop(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack on somebody's own machine, which alone may call that machine."""
    monkeypatch.setenv("ISSUER", "http://localhost:8080")
    settings.settings.cache_clear()


@pytest.fixture(scope="session")
def lambda_service() -> Iterator[Service]:
    with operator_functions.serving() as service:
        yield service


@pytest.fixture
def lambdas(aws: None, lambda_service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Lambda as the operator's functions see it, without any: tests.unit.hooks deploys some."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", lambda_service.url)
    SERVICE[:] = [lambda_service]
    yield lambda_service
    SERVICE.clear()
    lambda_service.clear()


def _backends() -> list[Any]:
    region = ENVIRONMENT["AWS_DEFAULT_REGION"]
    services = (dynamodb_backends, kms_backends, scheduler_backends, secretsmanager_backends, ses_backends)
    return [service[DEFAULT_ACCOUNT_ID][region] for service in services]


def forget(*, clients_too: bool = True) -> None:
    """Everything that a process remembers: what a cold start would read anew.

    clients_too: also those of DynamoDB and the like, which cost more than most tests and serve as long as the environment names no other.
    """
    if clients_too:
        aws_client.forget()
        for made in (mail.ses, queues.sqs, event_bus.client, scheduler.client):
            made.cache_clear()
    settings.settings.cache_clear()
    # Tests name another Lambda than the one before them.
    endpoints.forget()
    keys.forget()
    clients.forget()
    client_keys.forget()
    roles.forget()
    resource_servers.forget()
    tenant.forget()
    claim_mapping.forget()
    hooks.forget()
    webhooks.forget()
    webhook_deliveries.forget()
    backchannel_logout.forget()
    calls.forget()
    schedules.forget()
    hook_secrets.forget()
    outside_api.forget()


def function(name: str) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """The handler of functions/<name>/app.py."""
    handler: Callable[[dict[str, Any], object], dict[str, Any]] = importlib.import_module(f"functions.{name}.app").handler
    return handler


def context(request_id: str = "") -> Any:
    return SimpleNamespace(aws_request_id=request_id or os.urandom(8).hex(), get_remaining_time_in_millis=lambda: 10_000)


@dataclass(frozen=True)
class Answer:
    """A function's answer, as a client reads it."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def location(self) -> str:
        return self.headers["location"]

    @property
    def sent_back(self) -> dict[str, str]:
        """The parameters of the redirect."""
        return dict(parse_qsl(urlsplit(self.location).query))


def event(name: str) -> dict[str, Any]:
    """events/<name>.json"""
    loaded: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return loaded


def call(
    name: str,
    method: str,
    path: str,
    *,
    query: dict[str, str] | str = "",
    form: dict[str, str] | str | None = None,
    body: str = "",
    headers: dict[str, str] | None = None,
    cookies: dict[str, str] | None = None,
    path_parameters: dict[str, str] | None = None,
    source_ip: str = "192.0.2.7",
    request_id: str = "",
) -> Answer:
    """One request through one function."""
    given = {name.lower(): value for name, value in (headers or {}).items()}
    if form is not None:
        given.setdefault("content-type", "application/x-www-form-urlencoded")
        body = form if isinstance(form, str) else urlencode(form)
    http_event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query if isinstance(query, str) else urlencode(query),
        "headers": given,
        "cookies": [f"{name}={value}" for name, value in (cookies or {}).items()],
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": source_ip}, "stage": "$default"},
        "pathParameters": path_parameters or {},
        "body": body,
        "isBase64Encoded": False,
    }
    return send(name, http_event, request_id)


def send(name: str, http_event: dict[str, Any], request_id: str = "") -> Answer:
    """One event of payload format 2.0 through one function."""
    answer = function(name)(http_event, context(request_id))
    return Answer(answer["statusCode"], answer["headers"], answer["cookies"], answer["body"])
