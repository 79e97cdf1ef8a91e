"""Counts what an invocation does: calls to DynamoDB and their capacity units, calls to KMS and of hooks, signatures, log."""

import importlib
import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from bench import capacity
from gatehouse import jose
from gatehouse.aws import wire
from tests import botocore_wire

# Every operation that can be asked for its capacity; the verbs make no others.
_READS = ("GetItem", "BatchGetItem", "Query", "Scan")
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


@dataclass(slots=True)
class Work:
    """What one invocation did.

    partitions: the units of [writing, reading] by kind of partition key, as USER. log_lines: the bytes of each line.
    disagreements: where the emulator reports other units than the items' sizes give.
    """

    operations: list[str] = field(default_factory=list)
    wru: float = 0
    rru: float = 0
    kms: int = 0
    hooks: int = 0
    signatures: int = 0
    partitions: dict[str, list[float]] = field(default_factory=dict)
    log_lines: list[int] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)


@contextmanager
def recording() -> Iterator[Work]:
    """Count what happens inside. No handler is left when time is taken."""
    work, usual = Work(), boto3.DEFAULT_SESSION
    boto3.setup_default_session()
    events: Any = boto3._get_default_session().events
    for operation in (*_READS, *_WRITES):
        events.register(f"provide-client-params.dynamodb.{operation}", _ask_for_capacity)
    sign, output, exchange = jose.sign, sys.stdout, wire.exchange

    def count_call(model: Any, parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        _count(work, model.name, context["asked"], parsed)

    def count_kms(**_: object) -> None:
        work.kms += 1

    def counting_sign(*arguments: Any, **named: Any) -> str:
        work.signatures += 1
        return sign(*arguments, **named)

    def count_hook(**_: object) -> None:
        work.hooks += 1

    events.register("after-call.dynamodb", count_call)
    events.register("before-call.lambda", count_hook)
    events.register("before-call.kms", count_kms)
    jose.sign, sys.stdout, wire.exchange = counting_sign, io.StringIO(), botocore_wire.exchange
    try:
        yield work
        work.log_lines = [len(line.encode()) for line in sys.stdout.getvalue().splitlines()]
    finally:
        jose.sign, sys.stdout, wire.exchange = sign, output, exchange
        boto3.DEFAULT_SESSION = usual


@dataclass(slots=True)
class Stopwatch:
    """Processor nanoseconds spent below the table's verbs: in the client of DynamoDB."""

    client_ns: int = 0


@contextmanager
def timing_client() -> Iterator[Stopwatch]:
    """Count the processor time that the client of DynamoDB takes inside."""
    verbs: Any = importlib.import_module("gatehouse.table.verbs")
    stopwatch, call = Stopwatch(), verbs.call

    def timed(operation: str, **parameters: Any) -> dict[str, Any]:
        started = time.process_time_ns()
        try:
            answer: dict[str, Any] = call(operation, **parameters)
            return answer
        finally:
            stopwatch.client_ns += time.process_time_ns() - started

    verbs.call = timed
    try:
        yield stopwatch
    finally:
        verbs.call = call


def _ask_for_capacity(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    context["asked"] = params
    # The item as it then is, by which a write is counted, also where nobody wanted it.
    item = {"ReturnValues": "ALL_NEW"} if "UpdateExpression" in params else {}
    return params | {"ReturnConsumedCapacity": "TOTAL"} | item


def _count(work: Work, operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> None:
    written, read = _units(operation, asked, answer)
    work.operations.append(operation)
    work.wru += written
    work.rru += read
    for kind, units in _by_partition(operation, asked, answer, written, read):
        counted = work.partitions.setdefault(kind, [0, 0])
        counted[:] = [before + more for before, more in zip(counted, units, strict=True)]
    reported = _reported(answer)
    # The emulator tells one unit for every GetItem, whatever its size.
    if operation != "GetItem" and reported is not None and reported != written + read:
        work.disagreements.append(f"{operation}: {written + read} by size, {reported} reported")


def _by_partition(
    operation: str, asked: dict[str, Any], answer: dict[str, Any], written: float, read: float
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Kind of partition key and units of writing and reading: each item of a batch lies in its own partition, all else in one."""
    if operation == "BatchGetItem":
        [(table, wanted)] = asked["RequestItems"].items()
        found = {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Responses"][table]}
        for key in wanted["Keys"]:
            item = found.get((key["pk"]["S"], key["sk"]["S"]))
            yield _kind(key["pk"]), (0, capacity.read_units([item], consistent=wanted.get("ConsistentRead", False)))
    elif operation == "TransactWriteItems":
        for action in asked["TransactItems"]:
            [of] = action.values()
            yield _kind((of.get("Key") or of["Item"])["pk"]), (written / len(asked["TransactItems"]), 0)
    elif operation == "Query":
        # The verbs name the partition first.
        yield _kind(next(iter(asked["ExpressionAttributeValues"].values()))), (written, read)
    elif "Key" in asked or "Item" in asked:
        yield _kind((asked.get("Key") or asked["Item"])["pk"]), (written, read)


def _kind(partition: dict[str, str]) -> str:
    """Counters of different kinds never share a partition."""
    kind, _, rest = partition["S"].partition("#")
    return f"{kind}#{rest.partition('#')[0]}" if kind == "LIMIT" else kind


def _units(operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> tuple[float, float]:
    """WRU and RRU by the sizes of the items."""
    match operation:
        case "GetItem":
            return 0, capacity.read_units([answer.get("Item")], consistent=asked.get("ConsistentRead", False))
        case "BatchGetItem":
            [(table, wanted)] = asked["RequestItems"].items()
            found = answer["Responses"][table]
            absent = [None] * (len(wanted["Keys"]) - len(found))
            return 0, capacity.read_units([*found, *absent], consistent=wanted.get("ConsistentRead", False))
        case "Query":
            return 0, capacity.query_units(answer["Items"], consistent=asked.get("ConsistentRead", False))
        case "PutItem":
            return capacity.write_units(asked["Item"]), 0
        case "UpdateItem":
            # ALL_NEW after success, ALL_OLD after a failed condition.
            return capacity.write_units(answer.get("Attributes") or answer.get("Item") or {}), 0
    # The rest (deletions, transactions, scans) cannot be told from request and answer.
    return _reported(answer) or 0, 0


def _reported(answer: dict[str, Any]) -> float | None:
    consumed = answer.get("ConsumedCapacity")
    if not consumed:
        return None
    entries = consumed if isinstance(consumed, list) else [consumed]
    return float(sum(entry["CapacityUnits"] for entry in entries))
