"""Counts what an invocation does: calls to DynamoDB with their capacity units, calls to KMS, signatures, bytes of log."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from bench import capacity
from gatehouse import jose, keys
from gatehouse.table import connection

_REPORTING = ("GetItem", "BatchGetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "TransactGetItems")


@dataclass(slots=True)
class Work:
    """What one invocation did. disagreements: operations for which the emulator reports other units than the sizes of the items give."""

    operations: list[str] = field(default_factory=list)
    wru: float = 0
    rru: float = 0
    kms: int = 0
    signatures: int = 0
    log_bytes: int = 0
    disagreements: list[str] = field(default_factory=list)


@contextmanager
def recording() -> Iterator[Work]:
    """Count what happens inside. The clients are made anew on both sides of it, so that no hook of ours is left when time is taken."""
    work = Work()
    boto3.setup_default_session()
    events = boto3._get_default_session().events
    for operation in _REPORTING:
        events.register(f"provide-client-params.dynamodb.{operation}", _ask_for_capacity)
    events.register("after-call.dynamodb", lambda model, parsed, context, **_: _count(work, model.name, context["asked"], parsed))
    events.register("before-call.kms", lambda **_: _count_kms(work))
    sign, output = jose.sign, sys.stdout

    def counting_sign(*arguments: Any, **named: Any) -> str:
        work.signatures += 1
        return sign(*arguments, **named)

    _new_clients()
    # keys are unwrapped already where the caller warmed the process; only the clients are new
    jose.sign, sys.stdout = counting_sign, io.StringIO()
    try:
        yield work
        work.log_bytes = len(sys.stdout.getvalue().encode())
    finally:
        jose.sign, sys.stdout = sign, output
        boto3.setup_default_session()
        _new_clients()


def _new_clients() -> None:
    connection.client.cache_clear()
    keys.kms.cache_clear()


def _ask_for_capacity(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    context["asked"] = params
    return params | {"ReturnConsumedCapacity": "TOTAL"}


def _count_kms(work: Work) -> None:
    work.kms += 1


def _count(work: Work, operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> None:
    written, read = _units(operation, asked, answer)
    work.operations.append(operation)
    work.wru += written
    work.rru += read
    reported = _reported(answer)
    # The emulator tells one unit for every GetItem, whatever its size.
    if operation != "GetItem" and reported is not None and reported != written + read:
        work.disagreements.append(f"{operation}: {written + read} by size, {reported} reported")


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
    return sum(entry["CapacityUnits"] for entry in (consumed if isinstance(consumed, list) else [consumed]))
