"""What operations on people cost among few and among many: the same, or the run fails. No times: they would be those of the emulator."""

import argparse
import base64
import io
import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.config import Config

from bench.measure import make_table_and_keys
from bench.operations import Context, handler
from bench.operations import event as named_event
from bench.recorder import recording
from gatehouse import aws, client_registration, clock, table, users
from gatehouse.client_registration import Registered
from gatehouse.search import terms
from gatehouse.settings import settings
from gatehouse.table import connection, marshal
from gatehouse.users import User

SIZES = (1_000, 10_000, 100_000)
# Each is of other people, so that no answer is one that was given before.
SAMPLES = 3
PER_PAGE = 50
_BATCH = 25
_WRITERS = 4

Event = dict[str, Any]
Figures = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Operation:
    """ask: the event of one sample, counted from 0. before: what is asked first, uncounted."""

    name: str
    ask: Callable[[int], Event]
    before: Callable[[], Event] | None = None


def _operations(operator: Registered) -> list[_Operation]:
    def one(method: str, sample: int, body: Any = None) -> Event:
        return _event(method, f"/api/v2/users/{_user_id(sample * 7)}", _token(operator), body=json.dumps(body) if body else "")

    def listed(**query: Any) -> Event:
        return _event("GET", "/api/v2/users", _token(operator), query)

    return [
        _Operation("get", lambda sample: one("GET", sample)),
        _Operation("patch", lambda sample: one("PATCH", sample, {"user_metadata": {"mood": secrets.token_hex(8)}})),
        _Operation("list, page 1", lambda sample: listed(page=0, per_page=PER_PAGE)),
        _Operation("list, page 20", lambda sample: listed(page=19, per_page=PER_PAGE), before=lambda: listed(page=18, per_page=PER_PAGE)),
        _Operation("search by mail", lambda sample: listed(q=f'email:"{_email(sample * 7)}"')),
        _Operation("search by beginning of name", lambda sample: listed(q=f"name:person\\ 00000{sample}*")),
        _Operation("count", lambda sample: listed(per_page=1, include_totals="true")),
    ]


def main() -> int:
    """Fill, measure, print the table; 1 if anything costs more among more people."""
    sizes = _sizes()
    output, sys.stdout = sys.stdout, io.StringIO()
    _wait_for_the_emulator()
    make_table_and_keys()
    operator, prototype = _operator(), _prototype()
    found: dict[int, dict[str, Figures]] = {}
    there = 0
    for size in sizes:
        started = time.monotonic()
        _fill(prototype, there, size)
        there, filled = size, time.monotonic() - started
        started = time.monotonic()
        found[size] = {operation.name: _measured(operation) for operation in _operations(operator)}
        print(f"{size} people: filled in {filled:.0f} s, measured in {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(_table(found), file=output)
    growing = [name for name in found[sizes[0]] if len({figures[name] for figures in found.values()}) > 1]
    print("\n" + (f"GROWS: {', '.join(growing)}" if growing else "Nothing costs more among more people."), file=output)
    return 1 if growing else 0


def _sizes() -> Sequence[int]:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int)
    return sorted(parser.parse_args().sizes) or SIZES


def _wait_for_the_emulator() -> None:
    """It sorts a whole partition for each query, which takes it longer than any caller of DynamoDB would wait."""

    aws.DYNAMODB = replace(aws.DYNAMODB, read_seconds=300)
    connection.DEADLINE_SECONDS = 600


def _operator() -> Registered:
    scopes = ["read:users", "update:users"]
    return client_registration.register(name="Growth", type="machine", scopes=scopes, audience=settings().management_audience)


def _token(operator: Registered) -> str:
    """A new one each time: the emulator may take longer for a few queries than a token lives."""
    credentials = base64.b64encode(f"{operator.client_id}:{operator.secret}".encode()).decode()
    headers = {"authorization": f"Basic {credentials}"}
    event = named_event("token_exchange_client_credentials", form={"grant_type": "client_credentials"}, headers=headers)
    answer = handler("token_exchange")(event, Context())
    token: str = json.loads(answer["body"])["access_token"]
    return token


def _prototype() -> table.Item:
    """The record of a person who was created in the usual way, and of whom nothing else is kept."""
    profile = {"name": "Person", "given_name": "Ada", "family_name": "Lovelace", "locale": "en-GB"}
    user = users.create("prototype@example.com", email_verified=True, password_hash="", profile=profile)
    item = table.get(table.user_key(user.user_id)) or {}
    for key in (table.user_key(user.user_id), table.email_key(user.email)):
        table.delete(key)
    return item


def _user_id(number: int) -> str:
    return f"gatehouse|{number:022d}"


def _email(number: int) -> str:
    return f"person{number}@example.com"


def _fill(prototype: table.Item, first: int, size: int) -> None:
    """Add people, and set their count."""
    client = boto3.client("dynamodb", config=Config(max_pool_connections=_WRITERS, parameter_validation=False))
    name = os.environ["TABLE_NAME"]

    def write(items: Sequence[table.Item]) -> None:
        left: Any = {name: [{"PutRequest": {"Item": marshal.to_item(item)}} for item in items]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]

    with ThreadPoolExecutor(_WRITERS) as writers:
        items = (item for number in range(first, size) for item in _items(prototype, number, size))
        for _ in writers.map(write, iter(lambda: list(islice(items, _BATCH)), [])):
            pass
    counts = [0] * table.USER_BUCKETS
    for number in range(size):
        counts[table.bucket_of(_user_id(number))] += 1
    for bucket, total in enumerate(counts):
        table.put(table.count_key("USERS", bucket), {"total": total})


def _items(prototype: table.Item, number: int, size: int) -> Iterator[table.Item]:
    """All that is kept of one person, search entries included. The later ones came earlier, so that every page is of others each time."""
    user_id, email, created_at = _user_id(number), _email(number), clock.now() - size - number
    profile = prototype["profile"] | {"name": f"Person {number:07d}"}
    item = prototype | {"user_id": user_id, "email": email, "created_at": created_at, "profile": profile}
    item |= {**table.user_key(user_id), **table.listed_user(user_id, created_at)}
    yield item
    yield {"user_id": user_id, **table.email_key(email)}
    for field, term in terms.entries(User.from_item(item), ()):
        # One value for everybody costs the emulator much, and is not searched for.
        if field in ("name", "email"):
            yield dict(table.find_key(field, term, user_id))


def _measured(operation: _Operation) -> Figures:
    """Median of calls, RRU and WRU of an operation, after one that is not counted."""
    samples = [_sample(operation, sample) for sample in range(SAMPLES + 1)]
    calls, read, written = (statistics.median(figures) for figures in zip(*samples[1:], strict=True))
    return calls, read, written


def _sample(operation: _Operation, sample: int) -> Figures:
    if operation.before is not None:
        _answer(operation.before())
    event = operation.ask(sample)
    with recording() as work:
        _answer(event)
    return len(work.operations), work.rru, work.wru


def _answer(event: Event) -> None:
    """Invoke the function once.

    Raises:
        RuntimeError: it answered something else than people, so that the measurement would mean nothing.
    """
    answer = handler("users_api")(event, Context())
    if answer["statusCode"] != 200 or answer["body"] == "[]":
        raise RuntimeError(f"{event['rawPath']}?{event['rawQueryString']} answered {answer}")


def _event(method: str, path: str, bearer: str, query: dict[str, Any] | None = None, body: str = "") -> Event:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {"authorization": f"Bearer {bearer}", "content-type": "application/json"},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}, "stage": "$default"},
        "body": body,
        "isBase64Encoded": False,
    }


def _table(found: dict[int, dict[str, Figures]]) -> str:
    head = ["calls / RRU / WRU", *(f"{size:,} people".replace(",", " ") for size in found)]
    rows = [[name, *(" / ".join(f"{figure:g}" for figure in found[size][name]) for size in found)] for name in found[min(found)]]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
