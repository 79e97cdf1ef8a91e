"""Writing what is derived anew: after the tenant's searchable paths changed, and for items from before there were lists and searches."""

from collections.abc import Sequence

from gatehouse import table
from gatehouse.dataclasses import dataclass
from gatehouse.search import entries

PAGE = 100
# Who is being deleted was taken out of the list, and will be taken off the count.
_ABSENT = [("pk", "exists", None), ("list_pk", "absent", None), ("deleting", "absent", None)]


@dataclass(slots=True)
class Progress:
    """listed: put into a list that they were missing from. written, removed: search entries."""

    users: int = 0
    listed: int = 0
    written: int = 0
    removed: int = 0


def everything() -> Progress:
    """Read the whole table, once: each person's entries are written, entries that lead to nobody any more removed, lists completed.

    May run at any time, beside all else, and again after it was broken off.

    Raises:
        Unavailable: the table cannot be reached; what was done stays done.
    """
    done, start = Progress(), None
    while True:
        items, start = table.scan(start, limit=PAGE)
        for item in items:
            _listed(item, done)
        people = [item["user_id"] for item in items if item["sk"] == "USER" and item["pk"].startswith("USER#")]
        done.users += len(people)
        done.written += sum(entries.write(user_id) for user_id in people)
        done.removed += entries.sweep([item for item in items if item["pk"].startswith("FIND#")])
        if start is None:
            return done


def _listed(item: table.Item, done: Progress) -> None:
    """Put an item into its list, if it should be there and is not; a person is counted in the same instant."""
    writes = _completing(item)
    if not writes:
        return
    try:
        table.transact(*writes)
        done.listed += 1
    except table.ConditionFailed:
        # Somebody else did, or it is gone.
        return


def _completing(item: table.Item) -> Sequence[table.Write]:
    if "list_pk" in item or item["sk"] not in ("USER", "CLIENT"):
        return []
    key: table.Key = {"pk": item["pk"], "sk": item["sk"]}
    made_at = item.get("created_at", 0)
    if item["sk"] == "CLIENT":
        return [table.Write(key, where=_ABSENT, set=table.listed("CLIENTS", item["client_id"], made_at))]
    user_id = item["user_id"]
    counted = table.Write(table.count_key("USERS", table.bucket_of(user_id)), add={"total": 1})
    return [table.Write(key, where=_ABSENT, set=table.listed_user(user_id, made_at)), counted]
