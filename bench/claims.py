"""The operations that make tokens, with a mapping of claims, and with a hook that is a Lambda function."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any, Final

import boto3

from bench.operations import API, CALLBACK, ORIGIN, SCOPE, Context, Event, Operation, World, event, handler
from gatehouse import claim_mapping, client_registration, hooks
from gatehouse.claim_mapping import Rule
from gatehouse.client_registration import Registered

_FUNCTION: Final = "gatehouse-hook-bench"
_CODE: Final = """
def handler(event, context):
    event["response"] = {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"claimsToAddOrOverride": {"app:hook": 1}}}}
    return event
"""


def operations(world: World) -> list[Operation]:
    """Exchange and refresh of three clients: one whose claims come of the person's record, one with business data, one with a hook."""
    mapped, with_data, hooked = (_client(world, name) for name in ("Mapped", "Mapped data", "Hooked"))
    rules = [
        Rule("app:locale", "profile.locale", ("access", "id"), clients=(mapped.client_id, with_data.client_id)),
        Rule("app:seats", "custom_data.seats", ("access", "id"), clients=(with_data.client_id,)),
    ]
    claim_mapping.change(lambda before: replace(before, rules=(*before.rules, *rules)))
    hook = hooks.Hook(
        hooks.new_id(), f"Bench {hooked.client_id}", hooks.PRE_TOKEN, _function(), clients=(hooked.client_id,), timeout_seconds=15
    )
    hooks.add(hook)
    named = {"mapped": mapped, "mapped data": with_data, "Lambda hook": hooked}
    return [operation for kind, client in named.items() for operation in _of(world, kind, client)]


def _client(world: World, name: str) -> Registered:
    return client_registration.register(
        name=name,
        type="spa",
        redirect_uris=[CALLBACK],
        web_origins=[ORIGIN],
        scopes=SCOPE.split(),
        audience=API,
        id_token_alg=world.algorithm,
        access_token_alg=world.algorithm,
    )


def _of(world: World, kind: str, client: Registered) -> list[Operation]:
    sign_on = world.signed_on()
    return [
        Operation(f"code exchange, {kind}", "token_exchange", lambda: world.code(client, sign_on)),
        Operation(f"refresh, {kind}", "token_exchange", lambda: _refresh(world, client, sign_on)),
    ]


def _refresh(world: World, client: Registered, sign_on: list[str]) -> Event:
    answer = handler("token_exchange")(world.code(client, sign_on), Context())
    form = {"grant_type": "refresh_token", "client_id": client.client_id, "refresh_token": json.loads(answer["body"])["refresh_token"]}
    return event("token_exchange_refresh_token", form=form)


def _function() -> str:
    """The ARN of the function, which is there from the first call on."""
    service: Any = boto3.client("lambda")
    try:
        arn = service.get_function(FunctionName=_FUNCTION)["Configuration"]["FunctionArn"]
    except service.exceptions.ResourceNotFoundException:
        trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        role: Any = boto3.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=policy)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", _CODE)
        arn = service.create_function(
            FunctionName=_FUNCTION,
            Runtime="python3.13",
            Handler="app.handler",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": packed.getvalue()},
            Timeout=15,
        )["FunctionArn"]
    found: str = arn
    return found
