"""The verbs. Each is one request; every condition of the project is evaluated inside one of them."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatehouse import aws
from gatehouse.dataclasses import dataclass, field
from gatehouse.errors import Unavailable
from gatehouse.settings import settings
from gatehouse.table.connection import ATTEMPTS, call, table_name
from gatehouse.table.expressions import BASE, LISTING, Where, of_query, of_write
from gatehouse.table.keys import Key
from gatehouse.table.marshal import from_item, to_item

Item = dict[str, Any]


class ConditionFailed(Exception):
    """The write did not happen. item: what stands in its place, or None; in a transaction, of the first write that was refused.

    at: which write of the transaction that is, from 0.
    """

    def __init__(self, item: Item | None, at: int = 0) -> None:
        super().__init__("condition failed")
        self.item = item
        self.at = at


class AlreadyExists(ConditionFailed):
    """put_new found an item. item: that item."""

    item: Item


def get(key: Key, *, consistent: bool = True) -> Item | None:
    """Read one item. 1 RRU per 4 KB, half of that when not consistent."""
    answer = call("GetItem", TableName=table_name(), Key=to_item(key), ConsistentRead=consistent)
    return from_item(answer["Item"]) if "Item" in answer else None


def get_many(*keys: Key, consistent: bool = True) -> list[Item | None]:
    """Read up to 100 items in one request, in the order of `keys`, None for those that do not exist.

    Raises:
        Unavailable: DynamoDB left keys unprocessed at every attempt.
    """
    found: dict[tuple[str, str], Item] = {}
    wanted: list[Any] = [to_item(key) for key in keys]
    for _ in range(ATTEMPTS):
        answer = call("BatchGetItem", RequestItems={table_name(): {"Keys": wanted, "ConsistentRead": consistent}})
        for raw in answer["Responses"].get(table_name(), []):
            item = from_item(raw)
            found[item["pk"], item["sk"]] = item
        wanted = answer.get("UnprocessedKeys", {}).get(table_name(), {}).get("Keys", [])
        if not wanted:
            return [found.get((key["pk"], key["sk"])) for key in keys]
    raise Unavailable(detail="BatchGetItem: UnprocessedKeys")


def put(key: Key, item: Mapping[str, Any]) -> None:
    """Write an item over whatever is there."""
    call("PutItem", TableName=table_name(), Item=to_item({**item, **key}))


def put_new(key: Key, item: Mapping[str, Any], *, audit: bool = False) -> None:
    """Write an item where none is. Of two racing callers exactly one succeeds. audit: into the table of that name.

    Raises:
        AlreadyExists: with the item that is there.
    """
    try:
        call(
            "PutItem",
            TableName=settings().audit_table_name if audit else table_name(),
            Item=to_item({**item, **key}),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except aws.Refused as error:
        raise AlreadyExists(_refused(error) or {}) from error


def update(
    key: Key,
    *,
    where: Where,
    set: Mapping[str, Any] | None = None,
    add: Mapping[str, int] | None = None,
    remove: Sequence[str] = (),
    wanted: bool = True,
) -> Item:
    """Change attributes of one item if `where` holds, and return the whole item as it then is; nothing of it if it is not wanted.

    Raises:
        ConditionFailed: with the item as it is, or None.
        ValueError: no condition, which would make an item of what is not there, or no change.
    """
    if not where or not (set or add or remove):
        raise ValueError("an update needs a condition and a change")
    try:
        answer = call(
            "UpdateItem",
            TableName=table_name(),
            Key=to_item(key),
            ReturnValues="ALL_NEW" if wanted else "NONE",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **of_write(where, set, add, remove),
        )
    except aws.Refused as error:
        raise ConditionFailed(_refused(error)) from error
    return from_item(answer["Attributes"]) if wanted else {}


def delete(key: Key, *, where: Where = ()) -> None:
    """Delete an item if `where` holds; deleting what is not there succeeds unless `where` asks for it.

    Raises:
        ConditionFailed: with the item as it is, or None.
    """
    condition = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD", **of_write(where)} if where else {}
    try:
        call("DeleteItem", TableName=table_name(), Key=to_item(key), **condition)
    except aws.Refused as error:
        raise ConditionFailed(_refused(error)) from error


def query(partition: str, prefix: str = "", *, consistent: bool = True) -> Iterator[Item]:
    """All items of a partition whose sort key begins with `prefix`, page after page."""
    parameters: dict[str, Any] = {"ConsistentRead": consistent, **of_query(BASE, partition, prefix=prefix)}
    while True:
        answer = call("Query", TableName=table_name(), **parameters)
        yield from map(from_item, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def page(
    partition: str,
    *,
    limit: int,
    low: str = "",
    high: str = "",
    newest_first: bool = False,
    listing: bool = False,
    consistent: bool = False,
) -> tuple[list[Item], bool]:
    """At most `limit` items of a partition in the order of their sort keys, and whether there are more: one request.

    low, high: the first and the last sort key that is wanted, each included. listing: a partition of the index, whose items are keys only
    and which may lag behind the table; there nothing is consistent.
    """
    answer = call(
        "Query",
        TableName=table_name(),
        Limit=limit,
        ScanIndexForward=not newest_first,
        ConsistentRead=consistent,
        **of_query(LISTING if listing else BASE, partition, low, high),
    )
    return [from_item(item) for item in answer["Items"]], "LastEvaluatedKey" in answer


def count(partition: str, *, low: str = "", high: str = "", listing: bool = False) -> int:
    """How many items a partition has between two sort keys: 0.5 RRU per 4 KB of them."""
    parameters: dict[str, Any] = {"Select": "COUNT", **of_query(LISTING if listing else BASE, partition, low, high)}
    total = 0
    while True:
        answer = call("Query", TableName=table_name(), **parameters)
        total += int(answer["Count"])
        if "LastEvaluatedKey" not in answer:
            return total
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def scan(start: Key | None, *, limit: int) -> tuple[list[Item], Key | None]:
    """One page of the whole table from `start`, and where the next one begins. For scheduled jobs only."""
    more = {"ExclusiveStartKey": to_item(start)} if start else {}
    answer = call("Scan", TableName=table_name(), Limit=limit, **more)
    last = from_item(answer["LastEvaluatedKey"]) if "LastEvaluatedKey" in answer else None
    return [from_item(item) for item in answer["Items"]], ({"pk": last["pk"], "sk": last["sk"]} if last else None)


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction: a put when `put` is given, a deletion when `delete`, only its condition when `check`, else an update.

    audit: into the table of that name, which nothing ever changes or deletes from.
    """

    key: Key
    where: Where = ()
    put: Mapping[str, Any] | None = None
    delete: bool = False
    check: bool = False
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: Sequence[str] = ()
    audit: bool = False


def transact(*writes: Write) -> None:
    """Do all the writes or none. A repeated request after a lost answer is applied once, by its token.

    Raises:
        ConditionFailed: with the item of the first write that was refused.
    """
    try:
        call("TransactWriteItems", TransactItems=[_action(write) for write in writes], ClientRequestToken=secrets.token_hex(16))
    except aws.Refused as error:
        raise ConditionFailed(_refused(error), _refused_at(error)) from error


def _action(write: Write) -> dict[str, Any]:
    name = settings().audit_table_name if write.audit else table_name()
    common: dict[str, Any] = {"TableName": name, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if write.put is not None:
        return {"Put": common | {"Item": to_item({**write.put, **write.key})} | of_write(write.where)}
    common["Key"] = to_item(write.key)
    if write.delete or write.check:
        return {"Delete" if write.delete else "ConditionCheck": common | of_write(write.where)}
    return {"Update": common | of_write(write.where, write.set, write.add, write.remove)}


def _refused(error: aws.Refused) -> Item | None:
    """The item that a failed condition met.

    Raises:
        aws.Refused: the error was not about a condition: a request of ours that DynamoDB calls invalid.
    """
    if error.code == "ConditionalCheckFailedException":
        return from_item(error.answer["Item"]) if error.answer.get("Item") else None
    for reason in error.answer.get("CancellationReasons", []):
        if reason.get("Code") == "ConditionalCheckFailed":
            return from_item(reason["Item"]) if reason.get("Item") else None
    raise error


def _refused_at(error: aws.Refused) -> int:
    reasons = error.answer.get("CancellationReasons", [])
    return next((at for at, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed"), 0)
