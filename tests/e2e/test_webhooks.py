"""Webhooks of the deployed stack: what happens to people reaches a receiver and Cognito's functions, and what was refused is told again."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import httpx
import pytest

from examples.webhook_receiver.receiver import Inbox, serve
from local.instance import HOOKS_STACK_NAME, ROOT
from tests.e2e.application import TIMEOUT_SECONDS, Application, get, post
from tests.e2e.deployment import Deployment, Person
from tests.e2e.visitor import Visitor

# What is configured is in force everywhere within a minute.
PATIENCE_SECONDS = 90
FUNCTIONS = "arn:aws:lambda:us-east-1:000000000000:function:gatehouse-hook-"


class Picky(Inbox):
    """Wants no more events when it is told one of these kinds."""

    refusals: list[str]

    def receive(self, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> int:
        kind = json.loads(body)["type"]
        if kind in self.refusals:
            self.refusals.remove(kind)
            return 410
        return super().receive(headers, body, now=now)


@pytest.fixture
def receiver() -> Iterator[tuple[str, Picky, list[Any]]]:
    """Its URL, the inbox behind it, and what it acted on."""
    seen: list[Any] = []
    inbox = Picky([], seen.append)
    inbox.refusals = []
    server = serve(inbox)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield f"http://localhost:{server.server_port}/events", inbox, seen
    server.shutdown()
    thread.join()
    server.server_close()
    inbox.close()


@pytest.fixture
def bearer(stack: Deployment) -> str:
    told = ["read:users", "read:users_app_metadata", "read:logs_users"]
    scopes = [*(f"{verb}:webhooks" for verb in ("create", "read", "update", "delete")), *told]
    machine = stack.register("machine", audience=f"{stack.issuer}/api/v2/", scopes=scopes)
    token: str = Application(stack, machine, "").token(grant_type="client_credentials").json()["access_token"]
    return token


@pytest.fixture
def webhook(stack: Deployment, bearer: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes webhooks; none is left behind."""
    made = []

    def make(target: str, **fields: Any) -> dict[str, Any]:
        answer = post(f"{stack.issuer}/api/v2/webhooks", bearer, json={"name": "e2e", "target": target} | fields)
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
        return made[-1]

    yield make
    for one in made:
        url = f"{stack.issuer}/api/v2/webhooks/{one['id']}"
        httpx.delete(url, headers={"authorization": f"Bearer {bearer}"}, timeout=TIMEOUT_SECONDS)


def until(found: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS, meanwhile: Callable[[], object] = lambda: None) -> Any:
    """What `found` gives once it is something."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if result := found():
            return result
        meanwhile()
        time.sleep(1)
    raise AssertionError("waited in vain")


def of(seen: list[Any], person: Person, *kinds: str) -> list[str]:
    return [event["type"] for event in list(seen) if event["data"].get("user_id") == person.user_id and event["type"] in kinds]


def test_events_arrive_in_order_and_a_dead_letter_is_told_again(
    stack: Deployment, app: Callable[..., Application], bearer: str, receiver: tuple[str, Picky, list[Any]], webhook: Callable[..., Any]
) -> None:
    url, inbox, seen = receiver
    kinds = ("user.created", "user.signed_in")
    made = webhook(url, events=["user.*"])
    inbox.secrets = [made["signing_secret"]]

    # A new webhook can be tried at once.
    sent = post(f"{stack.issuer}/api/v2/webhooks/{made['id']}/test", bearer).json()["id"]
    until(lambda: [event for event in seen if event["id"] == sent], seconds=15)
    names = iter(range(1000))
    until(
        lambda: [event for event in seen if event["type"] == "user.created"],
        meanwhile=lambda: stack.person(f"warm{next(names)}.webhooks@example.com"),
    )

    inbox.refusals = ["user.signed_in"]
    emmy = stack.person("emmy.webhooks@example.com")
    Visitor().signed_in(app(), emmy)
    url = f"{stack.issuer}/api/v2/webhooks/{made['id']}"

    def refused() -> list[Any]:
        return [letter for letter in get(f"{url}/dead-letters", bearer).json()["dead_letters"] if letter["type"] == "user.signed_in"]

    (letter,) = until(refused)
    assert of(seen, emmy, *kinds) == ["user.created"]
    assert (letter["user_id"], letter["attempts"], letter["reason"]) == (emmy.user_id, 1, "answers 410")
    assert get(url, bearer).json()["enabled"] is False
    on = httpx.patch(url, headers={"authorization": f"Bearer {bearer}"}, json={"enabled": True}, timeout=TIMEOUT_SECONDS)
    assert on.json()["enabled"] is True

    command = [sys.executable, "-m", "local.admin", "redeliver", made["id"], "--event", letter["event_id"]]
    done = subprocess.run(command, cwd=ROOT, env=dict(stack.environment), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1 back in the queue\n"), done.stderr
    until(lambda: "user.signed_in" in of(seen, emmy, *kinds), seconds=15)

    assert refused() == []
    assert of(seen, emmy, *kinds) == list(kinds)
    assert len({event["id"] for event in seen}) == len(seen)


def test_functions_for_cognito_learn_who_signed_up(stack: Deployment, webhook: Callable[..., Any]) -> None:
    webhook(f"{FUNCTIONS}confirmed-sign-up", format="cognito", events=["user.created"])
    # In force at once: that it is within a minute in any case is seen above.
    stack.start_anew("UserEventsFunction")
    people = []

    def member() -> dict[str, Any] | None:
        with stack.administered():
            found = boto3.client("cloudformation").describe_stack_resources(StackName=HOOKS_STACK_NAME)["StackResources"]
            (table,) = [entry["PhysicalResourceId"] for entry in found if entry["LogicalResourceId"] == "Members"]
            rows = boto3.resource("dynamodb").Table(table).scan()["Items"]
        return next((dict(row) for row in rows for person in people if row["user_name"] == person.user_id), None)

    row = until(member, meanwhile=lambda: people.append(stack.person(f"member{len(people)}.webhooks@example.com")))

    (person,) = [person for person in people if person.user_id == row["user_name"]]
    assert (row["email"], row["credit"]) == (person.email, 10)
