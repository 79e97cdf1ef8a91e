"""Lists and searches on an emulator: while others write, with the real stream, and from several readers at once."""

from typing import Any

import pytest

from gatehouse import table, user_events, users
from tests.integration.scenes import at_once, times
from tests.integration.streams import Context, recorded, turned_on
from tests.unit.conftest import function
from tests.unit.flows import later
from tests.unit.operators import api, machine
from tests.unit.streams import filtered

pytestmark = pytest.mark.usefixtures("stack", "cleared")


def joined(number: int, prefix: str, *, ago: int = 0) -> list[str]:
    """So many people, one a second, the last of them so many seconds ago."""
    made = []
    for second in range(number):
        with later(second - number - ago):
            created = users.create(
                f"{prefix}{second}@example.com", email_verified=True, password_hash="", profile={"name": f"{prefix} {second:02d}"}
            )
            made.append(created.user_id)
    return made


def ids(bearer: str, **query: Any) -> list[str]:
    answer = api("GET", "/users", bearer, query=query)
    assert answer.status == 200, answer.body
    return [user["user_id"] for user in answer.json]


def by_number(bearer: str, **query: Any) -> list[str]:
    found: list[str] = []
    page = 0
    while entries := ids(bearer, page=page, per_page=7, **query):
        found += entries
        page += 1
    return found


def by_cursor(bearer: str) -> list[str]:
    found: list[str] = []
    query: dict[str, Any] = {"take": 7}
    while query:
        answer = api("GET", "/users", bearer, query=query).json
        found += [user["user_id"] for user in answer["users"]]
        query = {"take": 7, "from": answer["next"]} if "next" in answer else {}
    return found


@pytest.mark.parametrize(
    "way", [by_number, by_cursor, lambda bearer: by_number(bearer, sort="created_at:-1")], ids=["number", "cursor", "newest"]
)
def test_everybody_who_is_there_is_read_once_while_others_join_and_leave(way: Any) -> None:
    there, leaving = joined(40, "there", ago=100), joined(10, "leaving", ago=50)
    bearer = machine("read:users")

    def join(number: int) -> None:
        users.create(f"late{number}@example.com", email_verified=True, password_hash="")

    def leave(user_id: str) -> None:
        table.delete(table.user_key(user_id))

    found = at_once(lambda: way(bearer), *(lambda n=n: join(n) for n in range(12)), *(lambda u=u: leave(u) for u in leaving))[0]

    assert len(found) == len(set(found))
    assert set(found) >= set(there)
    ordered = [user_id for user_id in found if user_id in there]
    assert ordered in (there, there[::-1])


def test_readers_who_page_at_once_do_not_disturb_each_other() -> None:
    there = joined(30, "there", ago=10)
    bearers = [machine("read:users") for _ in range(3)]

    assert at_once(*(lambda b=b: by_number(b) for b in bearers)) == [there] * 3


def test_parallel_sign_ups_are_all_counted() -> None:
    at_once(*(lambda n=n: users.create(f"p{n}@example.com", email_verified=True, password_hash="") for n in range(12)))
    bearer = machine("read:users")

    answer = api("GET", "/users", bearer, query={"include_totals": True})

    assert (answer.json["total"], answer.json["length"]) == (12, 12)


def test_what_the_stream_tells_makes_people_findable() -> None:
    stream = turned_on()
    bearer = machine("read:users", "update:users")
    ada, _ = joined(2, "ada")
    assert _followed(stream) >= 2
    assert ids(bearer, q="name:ada*", sort="created_at:1")[0] == ada

    assert api("PATCH", f"/users/{ada}", bearer, {"name": "Countess of Lovelace"}).status == 200
    _followed(stream)
    assert ids(bearer, q="name:countess*") == [ada]
    assert len(ids(bearer, q="name:ada*")) == 1

    table.delete(table.user_key(ada))
    _followed(stream)
    assert ids(bearer, q="name:countess*") == []
    assert not [key for key in _entries() if table.found_user(key["sk"]) == ada]


def test_batches_that_are_read_again_and_at_once_leave_the_same_entries() -> None:
    stream = turned_on()
    bearer = machine("update:users")
    ada, bob = joined(2, "x")
    for name in ("A", "B", "A", "C"):
        for user_id in (ada, bob):
            api("PATCH", f"/users/{user_id}", bearer, {"name": name})
    records = filtered(recorded(stream))

    at_once(*times(4, function("user_events"), {"Records": records}, Context()))

    assert sorted(key["sk"] for key in _entries() if key["pk"] == "FIND#name") == sorted(f"c\x1f{user_id}" for user_id in (ada, bob))


def _followed(stream: str) -> int:
    """Runs the function over all that the stream has told; how many records that were."""
    records = filtered(recorded(stream))
    answer = user_events.process(records, "request")
    assert answer == {"batchItemFailures": []}
    return len(records)


def _entries() -> list[table.Item]:
    found, start = table.scan(None, limit=10_000)
    assert start is None
    return [item for item in found if item["pk"].startswith("FIND#")]
