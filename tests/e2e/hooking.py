"""An operator's hooks on a deployed stack: the functions of examples/hooks, switched on and in force at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import boto3
import httpx

from local.deploy import HOOK_TARGETS
from local.instance import HOOKS_STACK_NAME
from tests.e2e.application import Application
from tests.e2e.deployment import Deployment

_SCOPES = [f"{verb}:{what}" for what in ("hooks", "webhooks", "users") for verb in ("create", "read", "update", "delete")]
_SCOPES += ["read:users_app_metadata", "read:logs_users"]

_RUN_HOOKS = ("HostedPagesFunction", "AuthorizeFunction", "TokenExchangeFunction", "TokenRefreshFunction", "UserEventsFunction")


def example(name: str) -> str:
    """The ARN of one of the functions of examples/hooks."""
    return HOOK_TARGETS.replace("*", name)


@dataclass(frozen=True)
class Operator:
    """Whoever may configure hooks, by the Management API."""

    stack: Deployment

    @cached_property
    def api(self) -> httpx.Client:
        audience = f"{self.stack.issuer}/api/v2/"
        machine = Application(self.stack, self.stack.register("machine", audience=audience, scopes=_SCOPES), "")
        token = machine.token(grant_type="client_credentials").json()["access_token"]
        return httpx.Client(base_url=audience, headers={"authorization": f"Bearer {token}"}, timeout=30)

    def hook(self, trigger: str, target: str, *applications: Application, **fields: Any) -> dict[str, Any]:
        """A hook that is switched on, for these applications only, or for all where there are none."""
        for_them = [application.client_id for application in applications]
        name = target.rpartition(":")[2]
        return self._made("hooks", {"name": name, "trigger": trigger, "target": target, "clients": for_them, **fields})

    def webhook(self, target: str, *events: str, **fields: Any) -> dict[str, Any]:
        return self._made("webhooks", {"name": "Example", "target": target, "events": list(events), **fields})

    def in_force(self) -> None:
        """What was configured counts at once, where it would otherwise within a minute."""
        self.stack.start_anew(*_RUN_HOOKS)

    def user(self, user_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"users/{quote(user_id, safe='')}").raise_for_status().json()
        return found

    def users_with(self, email: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get("users-by-email", params={"email": email}).raise_for_status().json()
        return found

    def change(self, user_id: str, **document: Any) -> None:
        self.api.patch(f"users/{quote(user_id, safe='')}", json=document).raise_for_status()

    def _made(self, what: str, document: dict[str, Any]) -> dict[str, Any]:
        answer = self.api.post(what, json=document)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def forget_all(self) -> None:
        """Switch off and remove every hook and webhook."""
        for what in ("hooks", "webhooks"):
            for made in self.api.get(what).raise_for_status().json():
                self.api.patch(f"{what}/{made['id']}", json={"enabled": False}).raise_for_status()
                self.api.delete(f"{what}/{made['id']}").raise_for_status()


@contextmanager
def operating(stack: Deployment) -> Iterator[Operator]:
    """Somebody whose hooks are gone when the block ends."""
    operator = Operator(stack)
    try:
        yield operator
    finally:
        operator.forget_all()
        operator.api.close()


def tables(stack: Deployment) -> dict[str, Any]:
    """The tables of the examples by the name of the output that tells their name."""
    with stack.administered():
        (described,) = boto3.client("cloudformation").describe_stacks(StackName=HOOKS_STACK_NAME)["Stacks"]
        resource = boto3.resource("dynamodb")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    return {name: resource.Table(value) for name, value in outputs.items() if name.endswith("Table")}
