"""template.yaml's policies, held against every AWS call that a handler makes in these tests.

The emulator does not enforce dynamodb:LeadingKeys and never sees the purpose of a key: AWS would be first to refuse.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, wraps
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
Handler = Callable[[dict[str, Any], object], dict[str, Any]]
# Not a condition key of AWS: which table, index or queue of template.yaml a call is about.
RESOURCE = "resource"
_running: ContextVar[str] = ContextVar("running", default="")
_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Template(yaml.SafeLoader):
    """Reads intrinsic functions in their short form as {name: argument}."""


def _intrinsic(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


Template.add_multi_constructor("!", _intrinsic)


@cache
def template() -> dict[str, Any]:
    """template.yaml, intrinsic functions as {name: argument}."""
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Template)
    return loaded


def logical_id(function: str) -> str:
    """The resource of functions/<function>."""
    return "".join(word.capitalize() for word in function.split("_")) + "Function"


def statements(function: str) -> list[dict[str, Any]]:
    """The statements of the function's own policy, each condition of the template fulfilled; none for one that does nothing on AWS."""
    policies = template()["Resources"][logical_id(function)]["Properties"].get("Policies", [])
    return [_chosen(entry) for document in policies for entry in document["Statement"]]


def shared_statements(function: str) -> list[dict[str, Any]]:
    """What policies that name the role of several functions add, each condition of the template fulfilled."""
    policies = [resource["Properties"] for resource in template()["Resources"].values() if resource["Type"] == "AWS::IAM::Policy"]
    of_them = [policy for policy in policies if {"Ref": f"{logical_id(function)}Role"} in policy["Roles"]]
    return [_chosen(entry) for policy in of_them for entry in policy["PolicyDocument"]["Statement"]]


def _chosen(entry: dict[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = entry.get("Fn::If", [None, entry])[1]
    return chosen


def guarded(function: str, handler: Handler) -> Handler:
    """The handler, with whatever it calls meanwhile held against the function's policy."""

    @wraps(handler)
    def run(event: dict[str, Any], context: object) -> dict[str, Any]:
        token = _running.set(function)
        try:
            return handler(event, context)
        finally:
            _running.reset(token)

    return run


def check(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Fail the test if a handler is running that AWS would refuse this call."""
    function = _running.get()
    # moto makes no key pairs: what stands in for it encrypts one while this handler waits, which itself never encrypts.
    if not function or (function == "key_rotation" and operation == "Encrypt"):
        return
    for action, facts in _needed(service, operation, parameters):
        if not allowed(function, action, facts):
            pytest.fail(f"template.yaml does not let {function} do {action} with {facts}")


def allowed(function: str, action: str, facts: Mapping[str, str]) -> bool:
    """Whether the function's policies allow it this. facts: condition keys of the request, and RESOURCE."""
    matching = [rule for rule in _rules(function) if rule.covers(action, facts)]
    return {rule.effect for rule in matching} == {"Allow"}


@dataclass(frozen=True, slots=True)
class _Rule:
    """A statement as every call is held against it. demands: condition keys, and patterns of which one must fit."""

    effect: str
    actions: frozenset[str]
    resources: tuple[str, ...]
    demands: tuple[tuple[str, list[Any]], ...]

    def covers(self, action: str, facts: Mapping[str, str]) -> bool:
        if action not in self.actions:
            return False
        if RESOURCE in facts and not any(fnmatchcase(facts[RESOURCE], pattern) for pattern in self.resources):
            return False
        return all(_meets(facts.get(key), patterns) for key, patterns in self.demands)


@cache
def _rules(function: str) -> list[_Rule]:
    return [_rule(entry) for entry in [*statements(function), *shared_statements(function)]]


def _rule(statement: Mapping[str, Any]) -> _Rule:
    demands = tuple(demand for keys in statement.get("Condition", {}).values() for demand in keys.items())
    return _Rule(statement["Effect"], frozenset(listed(statement["Action"])), tuple(resources(statement)), demands)


def resources(statement: Mapping[str, Any]) -> list[str]:
    """What the statement is about: Identity.Arn, or Identity.Arn/index/Listing. Of SES, what no test looks at."""
    expressions = [(name, argument) for entry in listed(statement["Resource"]) for name, argument in entry.items()]
    return [re.sub(r"\$\{(.+?)\}", r"\1", argument) for name, argument in expressions if isinstance(argument, str)]


def listed(value: Any) -> list[Any]:
    """Actions or resources of a statement, of which one need not stand in a list."""
    return value if isinstance(value, list) else [value]


def _meets(fact: str | None, patterns: list[Any]) -> bool:
    # A pattern that is a parameter of the template holds whatever the test configured.
    return fact is not None and any(isinstance(p, dict) or fnmatchcase(fact, p) for p in patterns)


def _needed(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every permission that the call takes: the action and the condition keys of the request."""
    if service == "dynamodb":
        for name, resource, partition in _touched(operation, parameters):
            yield f"dynamodb:{name}", {RESOURCE: resource, "dynamodb:LeadingKeys": partition}
    elif service == "kms":
        context = parameters.get("EncryptionContext", {})
        yield f"kms:{operation}", {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    elif service == "sqs":
        # The tests' queues are named as template.yaml names them; a batch takes the permission of its one message.
        yield f"sqs:{operation.removesuffix('Batch')}", {RESOURCE: f"{parameters['QueueUrl'].rpartition('/')[2].removesuffix('.fifo')}.Arn"}
    else:
        yield from _needed_elsewhere(service, operation, parameters)


def _needed_elsewhere(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    if service == "events":
        # The tests' bus is named as template.yaml names it.
        for entry in parameters["Entries"]:
            yield f"events:{operation}", {RESOURCE: f"{entry['EventBusName']}.Arn"}
    elif service == "lambda":
        # Functions of the tests are such as the operator named to the stack.
        runner = parameters["FunctionName"].endswith(":schedule-runner")
        yield "lambda:InvokeFunction", {RESOURCE: "ScheduleRunnerFunction.Arn" if runner else "HookTargets"}
    elif service == "scheduler":
        # The group of the tests is named as template.yaml names it.
        own = "arn:AWS::Partition:scheduler:AWS::Region:AWS::AccountId:schedule"
        yield f"scheduler:{operation}", {RESOURCE: f"{own}/{parameters['GroupName']}/*"}
        if "Target" in parameters:
            passed = parameters["Target"]["RoleArn"].rpartition("/")[2]
            yield "iam:PassRole", {RESOURCE: f"{passed}.Arn", "iam:PassedToService": "scheduler.amazonaws.com"}
    else:
        yield f"{service.removesuffix('v2')}:{operation}", {"ses:FromAddress": parameters.get("FromEmailAddress", "")}


def _touched(operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The actions, resources and partitions of one call to DynamoDB."""
    if operation == "TransactWriteItems":
        for entry in parameters["TransactItems"]:
            ((kind, item),) = entry.items()
            yield _TRANSACTED[kind], _table(item["TableName"]), _partition(item)
    elif operation == "BatchGetItem":
        for name, wanted in parameters["RequestItems"].items():
            for key in wanted["Keys"]:
                yield operation, _table(name), key["pk"]["S"]
    elif operation == "Query":
        yield operation, *_queried(parameters)
    elif operation == "Scan":
        yield operation, _table(parameters["TableName"]), ""
    else:
        yield operation, _table(parameters["TableName"]), _partition(parameters)


def _queried(parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The table or the index, and its partition: of an index, the leading key is its own."""
    name, value = re.match(r"(\S+) = (:\w+)", parameters["KeyConditionExpression"]).groups()  # type: ignore[union-attr]
    index = parameters.get("IndexName", "")
    assert parameters.get("ExpressionAttributeNames", {}).get(name, name) == ("list_pk" if index else "pk")
    table = _table(parameters["TableName"])
    return f"{table}/index/{index}" if index else table, parameters["ExpressionAttributeValues"][value]["S"]


def _table(name: str) -> str:
    """The tests' tables are named as template.yaml names them, in small letters."""
    return f"{name.capitalize()}.Arn"


def _partition(parameters: Mapping[str, Any]) -> str:
    partition: str = (parameters.get("Key") or parameters["Item"])["pk"]["S"]
    return partition
