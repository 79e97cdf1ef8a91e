"""MiniStack with room for a million people: runs in the emulator's own environment, of which this program changes two things.

FillTable, an operation that DynamoDB has not, makes people of a pattern in the emulator's memory: by BatchWriteItem a million would take
hours. And queries are handed only those items of a partition that they can meet, in an order that is kept, where MiniStack sorts the whole
partition for each. What an operation is answered, and what it is said to cost, MiniStack still decides alone.
"""

import gc
import importlib
import json
import os
import re
import sys
import zlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

dynamodb: Any = importlib.import_module("ministack.services.dynamodb")

Table = dict[str, Any]
# Sort key, and the item's own keys: in an index those of several items may be equal.
Place = tuple[str, str, str]

# From here on sorting takes longer than finding.
_LARGE = 50
# More than a page holds: items of at least 53 bytes, up to 1 MB.
_MOST_READ = 20_000
_BEHIND = "\U0010ffff"
_PARTITION = re.compile(r"^(#\w+) = (:\w+)")
_BETWEEN = re.compile(r" AND (#\w+) BETWEEN (:\w+) AND (:\w+)$")
_BEGINNING = re.compile(r" AND begins_with\((#\w+), (:\w+)\)$")

_query, _set_item, _remove_item, _index_item = dynamodb._query, dynamodb._set_item, dynamodb._remove_item, dynamodb._index_item
_usual_handler = dynamodb.handle_request
# Of large partitions that were queried: their items in order, by table, index (None for the table itself) and partition.
_orders: dict[tuple[str, str | None, str], list[Place]] = {}


async def handle_request(method: str, path: str, headers: Mapping[str, str], body: bytes, parameters: Any) -> Any:
    if headers.get("x-amz-target", "").endswith(".FillTable"):
        asked = json.loads(body)
        fill(dynamodb._tables.get(asked["TableName"]), asked["Pattern"], asked["People"], asked["Now"])
        return dynamodb.json_response({"ResidentKiB": _resident_kib()})
    return await _usual_handler(method, path, headers, body, parameters)


def fill(table: Table, pattern: list[Table], people: int, now: int) -> None:
    """Add so many people. pattern: their items, as JSON of the wire whose texts have fields in braces. now: seconds since the epoch."""
    gc.disable()
    makers = [{name: _maker(value) for name, value in item.items()} for item in pattern]
    for number in range(people):
        # The later ones came earlier, so that no page of a list is the one that another number of people has there.
        fields = {"number": f"{number:022d}", "short": f"{number:07d}", "created_at": str(now - people - number)}
        fields["bucket"] = str(zlib.crc32(f"gatehouse|{fields['number']}".encode()) % 8)
        for maker in makers:
            item = {name: make(fields) if callable(make) else make for name, make in maker.items()}
            table["items"].setdefault(item["pk"]["S"], {})[item["sk"]["S"]] = item
    dynamodb._items_replaced(table)
    dynamodb._index_members(table)
    # Millions of objects that stay would be walked through again and again.
    gc.freeze()
    gc.enable()


def _maker(value: Table) -> Table | Callable[[Mapping[str, str]], Table]:
    """The value itself where it is everybody's, which then share it: the emulator replaces values and never changes one."""
    [(kind, content)] = value.items()
    if isinstance(content, str) and "{" in content:
        return lambda fields: {kind: content.format_map(fields)}
    makers = {name: _maker(inner) for name, inner in content.items()} if kind == "M" else {}
    if any(callable(make) for make in makers.values()):
        return lambda fields: {"M": {name: make(fields) if callable(make) else make for name, make in makers.items()}}
    return value


def query(data: Table) -> Any:
    """MiniStack's own query, on no more of the table than it can meet."""
    table = dynamodb._tables.get(data.get("TableName"))
    narrowed = _narrowed(table, data) if table else None
    if narrowed is None:
        return _query(data)
    return FunctionType(_query.__code__, {**_query.__globals__, "_tables": {data["TableName"]: narrowed}})(data)


def _narrowed(table: Table, data: Table) -> Table | None:
    """The table with those items of the partition that the query can meet; None where the usual way is as good, or not to be left."""
    condition, index = data.get("KeyConditionExpression", ""), data.get("IndexName")
    named = _PARTITION.match(condition)
    values = {name: str(value.get("S")) for name, value in data.get("ExpressionAttributeValues", {}).items()}
    bounds = _bounds(condition[named.end() :], values) if named else None
    if named is None or bounds is None or "FilterExpression" in data:
        return None
    partition = values[named[2]]
    order = _order(table, index, partition)
    if order is None:
        return None
    places = _met(order, data, index, *bounds)
    if index is None:
        items = table["items"][partition]
        return {**table, "items": {partition: {sk: items[sk] for _, _, sk in places}}}
    return {**table, dynamodb._INDEX_MEMBERS: {index: {partition: {(pk, sk): None for _, pk, sk in places}}}}


def _bounds(rest: str, values: Mapping[str, str]) -> tuple[str, str] | None:
    if not rest:
        return "", _BEHIND
    if between := _BETWEEN.match(rest):
        return values[between[2]], values[between[3]]
    if beginning := _BEGINNING.match(rest):
        return values[beginning[2]], values[beginning[2]] + _BEHIND
    return None


def _met(order: list[Place], data: Table, index: str | None, low: str, high: str) -> list[Place]:
    """The items from low to high that come next, one more than are wanted."""
    first, behind = bisect_left(order, (low, "", "")), bisect_right(order, (high, _BEHIND, _BEHIND))
    most = min(data.get("Limit", _MOST_READ), _MOST_READ) + 1
    backwards, start = not data.get("ScanIndexForward", True), data.get("ExclusiveStartKey")
    if start:
        at = bisect_left(order, (start["list_sk" if index else "sk"]["S"], start["pk"]["S"], start["sk"]["S"]))
        first, behind = (first, min(at, behind)) if backwards else (max(at, first), behind)
        most += 1
    return order[max(first, behind - most) : behind] if backwards else order[first : min(behind, first + most)]


def _order(table: Table, index: str | None, partition: str) -> list[Place] | None:
    """The items of a partition in order; None for a small one."""
    known = _orders.get((table["TableName"], index, partition))
    if known is None:
        members = dynamodb._index_members(table)[index].get(partition, {}) if index else table["items"].get(partition, {})
        if len(members) < _LARGE:
            return None
        items = table["items"]
        if index:
            known = sorted((items[pk][sk]["list_sk"]["S"], pk, sk) for pk, sk in members)
        else:
            known = sorted((sk, partition, sk) for sk in members)
        _orders[table["TableName"], index, partition] = known
    return known


def set_item(table: Table, pk: str, sk: str, item: Table) -> Any:
    order = _orders.get((table["TableName"], None, pk))
    if order is not None and sk not in table["items"].get(pk, {}):
        insort(order, (sk, pk, sk))
    return _set_item(table, pk, sk, item)


def remove_item(table: Table, pk: str, sk: str) -> Any:
    order = _orders.get((table["TableName"], None, pk))
    if order is not None and sk in table["items"].get(pk, {}):
        del order[bisect_left(order, (sk, pk, sk))]
    return _remove_item(table, pk, sk)


def index_item(table: Table, pk: str, sk: str, item: Table, add: bool) -> None:
    for order in _index_orders(table, item):
        place = (item["list_sk"]["S"], pk, sk)
        if add:
            insort(order, place)
        else:
            del order[bisect_left(order, place)]
    _index_item(table, pk, sk, item, add)


def _index_orders(table: Table, item: Table) -> Iterator[list[Place]]:
    if "list_pk" in item:
        order = _orders.get((table["TableName"], "Listing", item["list_pk"]["S"]))
        if order is not None:
            yield order


def _resident_kib() -> int:
    with open("/proc/self/statm", encoding="ascii") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


if __name__ == "__main__":
    for name in ("handle_request", "set_item", "remove_item", "index_item", "query"):
        own = globals()[name]
        setattr(dynamodb, name if name == "handle_request" else f"_{name}", own)
    try:
        importlib.import_module("ministack.app").main()
    finally:
        # Taking millions of objects apart one by one takes longer than anybody waits.
        sys.stdout.flush()
        os._exit(0)
