"""The measuring process: makes table and keys, runs every operation warm and cold, prints all figures as JSON."""

import argparse
import base64
import json
import os
import statistics
import sys
import time
from dataclasses import asdict
from typing import Any

import boto3

from bench import calibration, capacity, claims, frame, starts, strict, typical
from bench.operations import Context, Operation, World, handler, operations
from bench.recorder import recording, timing_client
from gatehouse import claim_mapping, clients, hooks, keys, refresh_tokens, sessions, table, tenant
from gatehouse.search import terms
from gatehouse.table import marshal
from local import template

# The budgets are written for ES256; RS256 is what clients get that ask for nothing.
ALGORITHMS = ("ES256", "RS256")
ITEM_OVERHEAD = 100


def main() -> None:
    """Measure everything; log lines of the functions are part of what they cost, but go nowhere."""
    arguments = _arguments()
    output, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115
    make_table_and_keys()
    worlds = {algorithm: World(algorithm) for algorithm in ALGORITHMS}
    known = {algorithm: operations(world) + strict.operations(world) + claims.operations(world) for algorithm, world in worlds.items()}
    figures = {
        "work": {operation.name: _work(operation) for operation in known["ES256"]},
        "session_bytes": _session_bytes(worlds["ES256"]),
        "stored_bytes": _stored_bytes(worlds["ES256"]),
        "warm_ms": _warm(known, arguments.rounds),
        "cold": starts.measure(known["ES256"], arguments.starts),
        "typical_start": typical.measure(arguments.starts),
        "frame": frame.measure(),
        "calibration": asdict(calibration.calibrate()),
    }
    json.dump(figures, output)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--starts", type=int, required=True)
    return parser.parse_args()


def make_table_and_keys() -> None:
    """The table, a KMS key, and a first rotation."""
    make_table()
    os.environ["KEY_ARN"] = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    handler("key_rotation")({}, Context())


def make_table() -> None:
    """The table of this process's environment, with the schema that template.yaml deploys."""
    schema = template.properties("AWS::DynamoDB::Table")["Identity"]
    names = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    wanted = {name: schema[name] for name in names if name in schema}
    boto3.client("dynamodb").create_table(TableName=os.environ["TABLE_NAME"], **wanted)


def _work(operation: Operation) -> dict[str, Any]:
    """What a warm invocation does, and how much more the first one of a process does."""
    operation.run(operation.prepare())
    event = operation.prepare()
    with recording() as warm:
        answer = operation.run(event)
    event = operation.prepare()
    keys.forget()
    clients.forget()
    tenant.forget()
    claim_mapping.forget()
    hooks.forget()
    with recording() as cold:
        operation.run(event)
    more = {"cold_operations": cold.operations, "cold_kms": cold.kms, "cold_partitions": cold.partitions}
    return asdict(warm) | more | {"function": operation.function, "answer_bytes": _answer_bytes(answer)}


def _answer_bytes(answer: dict[str, Any]) -> int:
    """What goes over the wire above TLS: status line, headers and body; of the authorizer nothing, since it answers API Gateway."""
    if "statusCode" not in answer:
        return 0
    headers = [f"{name}: {value}" for name, value in answer.get("headers", {}).items()]
    headers += [f"set-cookie: {cookie}" for cookie in answer.get("cookies", ())]
    body = answer.get("body", "").encode()
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body
    return len("HTTP/1.1 200 OK\r\n\r\n") + sum(len(line.encode()) + 2 for line in headers) + len(content)


def _session_bytes(world: World) -> dict[str, int]:
    """Sizes of the session item of a talkative browser with every scope: refreshed, and the tombstone of the same."""
    token = refresh_tokens.read(world.tokens()["refresh_token"])
    assert token is not None
    session = sessions.rotate(
        token.user_id,
        token.sid,
        token.generation,
        client_id=world.app.client_id,
        idle_seconds=604_800,
        grace_seconds=10,
        invocation_id=Context().aws_request_id,
    )
    key = table.session_key(session.user_id, session.sid)
    refreshed = capacity.item_size(marshal.to_item(table.get(key) or {}))
    sessions.revoke(session.user_id, session.sid, "refresh_token_reused")
    revoked = capacity.item_size(marshal.to_item(table.get(key) or {}))
    return {"refreshed": refreshed, "revoked": revoked, "scope": len(session.scope)}


def _stored_bytes(world: World) -> dict[str, int]:
    """What is kept of a person, of a session, a sign-on and a login of theirs, with the 100 bytes that DynamoDB adds to each item."""
    own = {table.session_key("", "")["sk"]: "session", table.sign_on_key("", "")["sk"]: "sign_on", "LOGIN#": "login"}
    user, found = world.person, {}
    for prefix, name in own.items():
        newest = list(table.query(table.user_partition(user.user_id), prefix))[-1]
        found[name] = capacity.item_size(marshal.to_item(newest)) + ITEM_OVERHEAD
    record = table.get(table.user_key(user.user_id)) or {}
    # The entry of the list lies in the index once more.
    listed = {name: record[name] for name in ("pk", "sk", "list_pk", "list_sk")}
    entries = [table.find_key(field, term, user.user_id) for field, term in terms.entries(user, ())]
    items = [record, listed, {"user_id": user.user_id, **table.email_key(user.email)}, *entries]
    return found | {"person": sum(capacity.item_size(marshal.to_item(item)) + ITEM_OVERHEAD for item in items)}


def _warm(known: dict[str, list[Operation]], rounds: int) -> dict[str, dict[str, tuple[float, float]]]:
    """Median processor milliseconds per algorithm and operation: all of it, and the part of the client of DynamoDB.

    The operations take turns, so that a slow moment meets all of them.
    """
    taken: dict[str, dict[str, list[tuple[float, float]]]] = {
        algorithm: {operation.name: [] for operation in of} for algorithm, of in known.items()
    }
    for _ in range(rounds):
        for algorithm, of in known.items():
            for operation in of:
                event = operation.prepare()
                with timing_client() as stopwatch:
                    started = time.process_time_ns()
                    operation.run(event)
                    ended = time.process_time_ns()
                taken[algorithm][operation.name].append(((ended - started) / 1e6, stopwatch.client_ns / 1e6))
    return {algorithm: {name: _medians(pairs) for name, pairs in of.items()} for algorithm, of in taken.items()}


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    totals, clients_ = zip(*pairs, strict=True)
    return statistics.median(totals), statistics.median(clients_)


if __name__ == "__main__":
    main()
