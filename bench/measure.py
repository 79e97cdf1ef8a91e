"""The measuring process: makes table and keys, runs every operation warm and cold, prints all figures as JSON."""

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import asdict
from typing import Any

import boto3
import yaml

from bench import calibration, capacity, claims, starts, strict
from bench.operations import Context, Operation, World, handler, operations
from bench.recorder import recording, timing_client
from gatehouse import claim_mapping, clients, hooks, keys, refresh_tokens, sessions, table, tenant
from gatehouse.table import marshal
from local.instance import ROOT

# The budgets are written for ES256; RS256 is what clients get that ask for nothing.
ALGORITHMS = ("ES256", "RS256")


class _Template(yaml.SafeLoader):
    """Reads template.yaml without resolving its intrinsic functions."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: None)


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
        "warm_ms": _warm(known, arguments.rounds),
        "cold": starts.measure(known["ES256"], arguments.starts),
        "calibration": asdict(calibration.calibrate()),
    }
    json.dump(figures, output)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--starts", type=int, required=True)
    return parser.parse_args()


def make_table_and_keys() -> None:
    """The table with the schema that template.yaml deploys, a KMS key, and a first rotation."""
    schema = yaml.load((ROOT / "template.yaml").read_text(), _Template)["Resources"]["Identity"]["Properties"]
    names = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    wanted = {name: schema[name] for name in names if name in schema}
    boto3.client("dynamodb").create_table(TableName=os.environ["TABLE_NAME"], **wanted)
    os.environ["KEY_ARN"] = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    handler("key_rotation")({}, Context())


def _work(operation: Operation) -> dict[str, Any]:
    """What a warm invocation does, and how much more the first one of a process does."""
    operation.run(operation.prepare())
    event = operation.prepare()
    with recording() as warm:
        operation.run(event)
    event = operation.prepare()
    keys.forget()
    clients.forget()
    tenant.forget()
    claim_mapping.forget()
    hooks.forget()
    with recording() as cold:
        operation.run(event)
    return asdict(warm) | {"cold_operations": cold.operations, "cold_kms": cold.kms}


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
