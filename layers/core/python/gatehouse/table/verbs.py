"""The verbs. Each is one request; every condition of the project is evaluated inside one of them."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from gatehouse.errors import Unavailable
from gatehouse.table.connection import ATTEMPTS, call, table_name
from gatehouse.table.keys import Key
from gatehouse.table.marshal import from_item, to_attribute, to_item

Item = dict[str, Any]
# (attribute, one of = <> < <= > >= exists absent, value or None)
Where = Sequence[tuple[str, str, Any]]


class ConditionFailed(Exception):
    """The write did not happen. item: what stands in its place, or None; in a transaction, of the first write that was refused."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("condition failed")
        self.item = item


class AlreadyExists(ConditionFailed):
    """put_new found an item. item: that item."""

    item: Item


def get(key: Key, *, consistent: bool = True) -> Item | None:
    """Read one item. 1 RRU per 4 KB, half of that when not consistent."""
    answer = call("get_item", TableName=table_name(), Key=to_item(key), ConsistentRead=consistent)
    return from_item(answer["Item"]) if "Item" in answer else None


def get_many(*keys: Key, consistent: bool = True) -> list[Item | None]:
    """Read up to 100 items in one request, in the order of `keys`, None for those that do not exist.

    Raises:
        Unavailable: DynamoDB left keys unprocessed at every attempt.
    """
    found: dict[tuple[str, str], Item] = {}
    wanted: list[Any] = [to_item(key) for key in keys]
    for _ in range(ATTEMPTS):
        answer = call("batch_get_item", RequestItems={table_name(): {"Keys": wanted, "ConsistentRead": consistent}})
        for raw in answer["Responses"].get(table_name(), []):
            item = from_item(raw)
            found[item["pk"], item["sk"]] = item
        wanted = answer.get("UnprocessedKeys", {}).get(table_name(), {}).get("Keys", [])
        if not wanted:
            return [found.get((key["pk"], key["sk"])) for key in keys]
    raise Unavailable(detail="batch_get_item: UnprocessedKeys")


def put(key: Key, item: Mapping[str, Any]) -> None:
    """Write an item over whatever is there."""
    call("put_item", TableName=table_name(), Item=to_item({**item, **key}))


def put_new(key: Key, item: Mapping[str, Any]) -> None:
    """Write an item where none is. Of two racing callers exactly one succeeds.

    Raises:
        AlreadyExists: with the item that is there.
    """
    try:
        call(
            "put_item",
            TableName=table_name(),
            Item=to_item({**item, **key}),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        raise AlreadyExists(_refused(error) or {}) from error


def update(
    key: Key, *, where: Where, set: Mapping[str, Any] | None = None, add: Mapping[str, int] | None = None, remove: Sequence[str] = ()
) -> Item:
    """Change attributes of one item if `where` holds, and return the whole item as it then is.

    Raises:
        ConditionFailed: with the item as it is, or None.
    """
    expression = _Expression()
    try:
        answer = call(
            "update_item",
            TableName=table_name(),
            Key=to_item(key),
            UpdateExpression=expression.changes(set or {}, add or {}, remove),
            ConditionExpression=expression.condition(where),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.placeholders(),
        )
    except ClientError as error:
        raise ConditionFailed(_refused(error)) from error
    return from_item(answer["Attributes"])


def delete(key: Key, *, where: Where = ()) -> None:
    """Delete an item if `where` holds; deleting what is not there succeeds unless `where` asks for it.

    Raises:
        ConditionFailed: with the item as it is, or None.
    """
    expression = _Expression()
    condition = {"ConditionExpression": expression.condition(where), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if where else {}
    try:
        call("delete_item", TableName=table_name(), Key=to_item(key), **condition, **expression.placeholders())
    except ClientError as error:
        raise ConditionFailed(_refused(error)) from error


def query(partition: str, prefix: str = "", *, consistent: bool = True) -> Iterator[Item]:
    """All items of a partition whose sort key begins with `prefix`, page after page."""
    expression = _Expression()
    condition = f"{expression.name('pk')} = {expression.value(partition)}"
    if prefix:
        condition += f" AND begins_with({expression.name('sk')}, {expression.value(prefix)})"
    parameters: dict[str, Any] = {"KeyConditionExpression": condition, "ConsistentRead": consistent, **expression.placeholders()}
    while True:
        answer = call("query", TableName=table_name(), **parameters)
        yield from map(from_item, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def scan(start: Key | None, *, limit: int) -> tuple[list[Item], Key | None]:
    """One page of the whole table from `start`, and where the next one begins. For scheduled jobs only."""
    more = {"ExclusiveStartKey": to_item(start)} if start else {}
    answer = call("scan", TableName=table_name(), Limit=limit, **more)
    last = from_item(answer["LastEvaluatedKey"]) if "LastEvaluatedKey" in answer else None
    return [from_item(item) for item in answer["Items"]], ({"pk": last["pk"], "sk": last["sk"]} if last else None)


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction: a put when `put` is given, a deletion when `delete`, only its condition when `check`, else an update."""

    key: Key
    where: Where = ()
    put: Mapping[str, Any] | None = None
    delete: bool = False
    check: bool = False
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: Sequence[str] = ()


def transact(*writes: Write) -> None:
    """Do all the writes or none. A repeated request after a lost answer is applied once, by its token.

    Raises:
        ConditionFailed: with the item of the first write that was refused.
    """
    try:
        call("transact_write_items", TransactItems=[_action(write) for write in writes], ClientRequestToken=secrets.token_hex(16))
    except ClientError as error:
        raise ConditionFailed(_refused(error)) from error


def _action(write: Write) -> dict[str, Any]:
    expression = _Expression()
    common: dict[str, Any] = {"TableName": table_name(), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if write.put is not None:
        action = {"Put": common | {"Item": to_item({**write.put, **write.key})}}
    elif write.delete:
        action = {"Delete": common | {"Key": to_item(write.key)}}
    elif write.check:
        action = {"ConditionCheck": common | {"Key": to_item(write.key)}}
    else:
        changes = expression.changes(write.set, write.add, write.remove)
        action = {"Update": common | {"Key": to_item(write.key), "UpdateExpression": changes}}
    [body] = action.values()
    if write.where:
        body["ConditionExpression"] = expression.condition(write.where)
    body.update(expression.placeholders())
    return action


def _refused(error: ClientError) -> Item | None:
    """The item that a failed condition met.

    Raises:
        ClientError: the error was not about a condition: a request of ours that DynamoDB calls invalid.
    """
    response: Any = error.response
    if response["Error"]["Code"] == "ConditionalCheckFailedException":
        return from_item(response["Item"]) if response.get("Item") else None
    for reason in response.get("CancellationReasons", []):
        if reason.get("Code") == "ConditionalCheckFailed":
            return from_item(reason["Item"]) if reason.get("Item") else None
    raise error


class _Expression:
    """Collects the placeholders of one request."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        return self.names.setdefault(attribute, f"#n{len(self.names)}")

    def value(self, value: object) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = to_attribute(value)
        return placeholder

    def changes(self, assigned: Mapping[str, Any], added: Mapping[str, int], removed: Sequence[str]) -> str:
        clauses = [
            ("SET", [f"{self.name(name)} = {self.value(value)}" for name, value in assigned.items()]),
            ("ADD", [f"{self.name(name)} {self.value(value)}" for name, value in added.items()]),
            ("REMOVE", [self.name(name) for name in removed]),
        ]
        return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)

    def condition(self, where: Where) -> str:
        parts = []
        for attribute, operator, value in where:
            match operator:
                case "exists":
                    parts.append(f"attribute_exists({self.name(attribute)})")
                case "absent":
                    parts.append(f"attribute_not_exists({self.name(attribute)})")
                case _:
                    parts.append(f"{self.name(attribute)} {operator} {self.value(value)}")
        return " AND ".join(parts)

    def placeholders(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if self.names:
            given["ExpressionAttributeNames"] = {placeholder: attribute for attribute, placeholder in self.names.items()}
        if self.values:
            given["ExpressionAttributeValues"] = self.values
        return given
