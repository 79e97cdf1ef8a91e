"""Many people in a table, each with the items that one who was really created has: the record, the address, the search entries."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bench.operations import PASSWORD
from gatehouse import aws, clock, passwords, table, users
from gatehouse.search import entries
from gatehouse.settings import settings
from gatehouse.table import marshal

_NUMBER: Final = "0" * 22
_SHORT: Final = "0" * 7
# The emulator fills a table while nothing else is asked of it.
_FILL_SECONDS: Final = 600


def user_id(number: int) -> str:
    return f"gatehouse|{number:022d}"


def email(number: int) -> str:
    return f"person{number:07d}@example.com"


def name(number: int) -> str:
    return f"Person {number:07d}"


def pattern() -> list[Mapping[str, Any]]:
    """The items of a person, as JSON of the wire, with fields in braces where they differ: number, short, created_at, bucket.

    Made of somebody whom the code of the service has created, search entries included; who is gone afterwards.
    """
    profile = {"name": name(0), "given_name": "Ada", "family_name": "Lovelace", "locale": "en-GB"}
    hashed = passwords.hash_password(PASSWORD)
    user = users.create(email(0), email_verified=True, password_hash=hashed, profile=profile, user_id=user_id(0))
    own = table.user_key(user.user_id)
    record = table.get(own)
    entries.follow(table.Change(own["pk"], own["sk"], None, record, clock.now()))
    found = [item for item in everything() if user.user_id in str(item)]
    for item in found:
        table.delete({"pk": item["pk"], "sk": item["sk"]})
    return [_with_fields(item) for item in found]


def fill(items: list[Mapping[str, Any]], people: int) -> int:
    """Add so many people to the table of this process's environment, and set their count. Resident memory of the emulator in KiB."""
    asked = {"TableName": settings().table_name, "Pattern": items, "People": people, "Now": clock.now()}
    answer = aws.call(replace(aws.DYNAMODB, read_seconds=_FILL_SECONDS), "FillTable", asked)
    counts = [0] * table.USER_BUCKETS
    for number in range(people):
        counts[table.bucket_of(user_id(number))] += 1
    for bucket, total in enumerate(counts):
        table.put(table.count_key("USERS", bucket), {"total": total})
    return int(answer["ResidentKiB"])


def everything() -> list[table.Item]:
    """The whole table, while it is small."""
    found, start = table.scan(None, limit=1000)
    while start:
        more, start = table.scan(start, limit=1000)
        found += more
    return found


def _with_fields(item: table.Item) -> Mapping[str, Any]:
    if "created_at" in item:
        item = item | {"list_pk": "USERS#{bucket}", "list_sk": f"00{{created_at}}#{item['user_id']}"}
    text = json.dumps(marshal.to_item(item)).replace(_NUMBER, "{number}").replace(_SHORT, "{short}")
    made: dict[str, Any] = json.loads(text)
    return made | ({"created_at": {"N": "{created_at}"}} if "created_at" in item else {})
