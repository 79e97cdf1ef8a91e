"""Search entries: derived from the records of people, so that they lag behind them by seconds and say nothing that a record does not."""

from collections.abc import Sequence

from gatehouse import table, tenant, users
from gatehouse.search import terms
from gatehouse.users import User

Entry = tuple[str, str]


def follow(change: table.Change) -> int:
    """Make the entries of a person what the record says now, as far as this change may have touched them; how many were written.

    Nothing where the change touched none, as at a sign-in; else one read and a write for each entry that came or went. Told twice or out
    of order it ends the same, since what is written follows from the record as it is and not from what the change says that it was.

    Raises:
        Unavailable: not all could be done.
        KeyError, TypeError: the change is not of an item of ours.
    """
    if change.sk != "USER":
        return 0
    before, after = _of_item(change.before), _of_item(change.after)
    if before == after:
        return 0
    user_id: str = (change.after or change.before or {})["user_id"]
    wanted = _of(users.get(user_id))
    come, gone = wanted - before, (before | after) - wanted
    for field, term in sorted(come):
        table.put(table.find_key(field, term, user_id), {})
    for field, term in sorted(gone):
        table.delete(table.find_key(field, term, user_id))
    return len(come) + len(gone)


def write(user_id: str) -> int:
    """Write every entry of a person anew; how many there are.

    Raises:
        Unavailable: not all could be done.
    """
    written: set[Entry] = set()
    # Until the record is what was written: who changed or was deleted meanwhile, of that the stream may have told before.
    while (wanted := _of(users.get(user_id))) != written:
        for field, term in sorted(wanted - written):
            table.put(table.find_key(field, term, user_id), {})
        for field, term in sorted(written - wanted):
            table.delete(table.find_key(field, term, user_id))
        written = wanted
    return len(written)


def sweep(found: Sequence[table.Item]) -> int:
    """Remove those of the entries, at most 100, that no record of a person gives rise to; how many.

    Raises:
        Unavailable: not all could be done.
    """
    keys: list[table.Key] = [{"pk": item["pk"], "sk": item["sk"]} for item in found]
    stale = _stale(keys)
    for key in stale:
        table.delete(key)
    # What became right meanwhile the stream may have written before.
    still = _stale(stale)
    for key in stale:
        if key not in still:
            table.put(key, {})
    return len(still)


def _stale(keys: Sequence[table.Key]) -> list[table.Key]:
    named = sorted({table.found_user(key["sk"]) for key in keys})
    people = table.get_many(*map(table.user_key, named)) if named else []
    wanted = [table.find_key(*entry, user_id) for user_id, item in zip(named, people, strict=True) for entry in _of_item(item)]
    return [key for key in keys if key not in wanted]


def _of_item(item: table.Item | None) -> set[Entry]:
    return _of(User.from_item(item) if item and users.there(item) else None)


def _of(user: User | None) -> set[Entry]:
    return terms.entries(user, tenant.settings().searchable) if user else set()
