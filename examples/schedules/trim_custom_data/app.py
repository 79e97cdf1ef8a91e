"""Deletes the business data of people who have not signed in for so many days. A Gatehouse stack runs it by a schedule.

The schedule's payload says how many: {"days": 365}. Its scopes are read:users and delete:custom_data, and the token that comes with each
run can do no more than that. A run that comes again finds nothing left to do.
"""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

AT_ONCE = 100


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, int]:
    days = int(event["payload"]["days"])
    if days < 1:
        raise ValueError('the payload must say how many days, such as {"days": 365}')
    limit = instant(event["scheduled_time"]) - timedelta(days=days)
    idle = [user for user in everybody(event["api"]) if instant(user.get("last_login") or user["created_at"]) < limit]
    for user in idle:
        call(event["api"], "DELETE", f"/custom-data/{urllib.parse.quote(user['user_id'], safe='')}")
    print(f"{event['run_id']}: {len(idle)} people have not signed in for {days} days")
    return {"idle": len(idle)}


def everybody(api: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All users, page after page, however many there are."""
    query: dict[str, Any] = {"take": AT_ONCE, "fields": "user_id,last_login,created_at"}
    while True:
        page = call(api, "GET", f"/users?{urllib.parse.urlencode(query)}")
        yield from page["users"]
        if "next" not in page:
            return
        query["from"] = page["next"]


def call(api: dict[str, Any], method: str, path: str) -> Any:
    """The answer of the Management API, None if there is nothing to say."""
    headers = {"authorization": f"Bearer {api['access_token']}"}
    request = urllib.request.Request(api["base_url"] + path, headers=headers, method=method)  # noqa: S310 - the stack's own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        body = answer.read()
    return json.loads(body) if body else None


def instant(iso: str) -> datetime:
    return datetime.fromisoformat(iso).astimezone(UTC)
