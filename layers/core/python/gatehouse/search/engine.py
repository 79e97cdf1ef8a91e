"""From a query to users: a clause that some index answers gives candidates, and the whole query is judged on their records."""

from collections.abc import Callable, Sequence
from typing import Final

from gatehouse import identifiers, listing, table, tenant, users
from gatehouse.connections import DATABASE
from gatehouse.dataclasses import dataclass
from gatehouse.search import matching, terms
from gatehouse.search.syntax import And, Begins, Clause, Exists, Is, Node, Not, Or, Unanswerable, Within
from gatehouse.users import User

MOST_CANDIDATES: Final = 1000
_BATCH: Final = 100
_LAST: Final = "\U0010ffff"
_EVERYBODYS: Final = {"identities.connection": DATABASE.name, "identities.provider": identifiers.PROVIDER}


class _TooMany(Unanswerable):
    def __init__(self) -> None:
        super().__init__(f"more than {MOST_CANDIDATES} users could be meant; narrow it")


@dataclass(frozen=True, slots=True)
class Found:
    """ids: of everybody who may be meant, in one order. exact: all of them are, but for what changed within the last seconds.

    fits: whether somebody is meant.
    """

    ids: Sequence[str]
    exact: bool
    fits: Callable[[User], bool]

    def load(self, ids: Sequence[str]) -> list[User]:
        """Those of `ids` who are meant, in order: a read of each, 100 to a request; of many, not strongly consistent."""
        consistent = len(ids) <= _BATCH
        found: list[table.Item | None] = []
        for first in range(0, len(ids), _BATCH):
            found += table.get_many(*map(table.user_key, ids[first : first + _BATCH]), consistent=consistent)
        return [user for item in found if item and users.there(item) and self.fits(user := User.from_item(item))]


def find(tree: Node) -> Found:
    """Whoever may be meant by a query: 0.5 RRU per some 30 candidates, or 1 RRU for whom an identifier names.

    Raises:
        Unanswerable: no index answers it, more than MOST_CANDIDATES may be meant, or a field or value is none.
    """
    fits = matching.predicate(tree)
    searchable = tenant.settings().searchable
    if _rank(tree, searchable) is None:
        answered = [*terms.UNIQUE, "user_id", *terms.ENTRIES, *terms.IDENTITIES, *searchable]
        raise Unanswerable(
            "a query needs a clause that an index answers, each part of an OR its own: a value of "
            f"{', '.join(dict.fromkeys(answered))}, the beginning of {', '.join((*terms.ENTRIES, *searchable))}, or a range of created_at"
        )
    candidates = list(dict.fromkeys(_candidates(tree, searchable)))
    return Found(candidates, isinstance(tree, Is | Begins | Within | Exists), fits)


def _rank(node: Node, searchable: tuple[str, ...]) -> int | None:
    """How well indexes answer a query, 0 the best; None where they do not."""
    if isinstance(node, Not):
        return None
    if isinstance(node, And | Or):
        ranks = [_rank(part, searchable) for part in node.parts]
        known = [rank for rank in ranks if rank is not None]
        if isinstance(node, Or):
            return max(known) if len(known) == len(ranks) else None
        return min(known, default=None)
    return _rank_of_clause(node, (*terms.ENTRIES, *searchable))


def _rank_of_clause(clause: Clause, with_entries: tuple[str, ...]) -> int | None:
    field = clause.field
    match clause:
        case Is() if field == "user_id" or field in terms.UNIQUE:
            return 0
        case Is() if _EVERYBODYS.get(field) == clause.value:
            return 4
        case Is() if field in (*with_entries, *terms.IDENTITIES):
            return 1
        case Begins() if field in with_entries:
            return 2
        case Within(field="created_at"):
            return 3
        case Exists() if field in with_entries:
            return 4
    return None


def _candidates(node: Node, searchable: tuple[str, ...]) -> list[str]:
    """Everybody who may be meant.

    Raises:
        _TooMany: they are more than MOST_CANDIDATES.
    """
    if isinstance(node, Or):
        found = list(dict.fromkeys(user_id for part in node.parts for user_id in _candidates(part, searchable)))
        return _bounded(found)
    if isinstance(node, And):
        return _of_any(
            sorted((rank, at) for at, part in enumerate(node.parts) if (rank := _rank(part, searchable)) is not None), node, searchable
        )
    return _bounded(_of_clause(node)) if not isinstance(node, Not) else []


def _of_any(ranked: list[tuple[int, int]], node: And, searchable: tuple[str, ...]) -> list[str]:
    """The candidates of the first part that has not too many."""
    for _, at in ranked:
        try:
            return _candidates(node.parts[at], searchable)
        except _TooMany:
            continue
    raise _TooMany


def _bounded(found: list[str]) -> list[str]:
    if len(found) > MOST_CANDIDATES:
        raise _TooMany
    return found


def _of_clause(clause: Clause) -> list[str]:
    match clause:
        case Is("user_id", value):
            return [value] if identifiers.valid_user_id(value) else []
        case Is(field, value) if field in terms.UNIQUE:
            return _by_identifier(field, value)
        case Is(field, value) if _EVERYBODYS.get(field) == value:
            return _made("", "")
        case Is(field, value):
            own = f"{identifiers.PROVIDER}|{value}"
            named = [own] if field == "identities.user_id" and identifiers.valid_user_id(own) else []
            return [*named, *_by_entry(field, table.find_prefix(terms.term(terms.folded(value)), whole=True))]
        case Begins(field, prefix):
            return _by_entry(field, table.find_prefix(terms.term(terms.beginning(prefix)), whole=False))
        case Within():
            low, high = matching.bounds(clause)
            return _made("" if low is None else f"{max(low, 0):012d}", "" if high is None else f"{max(high, 0):012d}{_LAST}")
        case Exists(field):
            return _by_entry(field, "")


def _by_identifier(field: str, value: str) -> list[str]:
    try:
        entry = table.get(users.IDENTIFIERS[field](terms.UNIQUE[field](value)))
    except identifiers.InvalidIdentifier:
        return []
    return [entry["user_id"]] if entry else []


def _by_entry(field: str, prefix: str) -> list[str]:
    found, _ = table.page(table.find_partition(field), limit=MOST_CANDIDATES + 1, low=prefix, high=f"{prefix}{_LAST}")
    return [table.found_user(entry["sk"]) for entry in found]


def _made(low: str, high: str) -> list[str]:
    found = listing.between(table.user_lists(), low, high, most=MOST_CANDIDATES + 1)
    return [key["pk"].removeprefix("USER#") for key in found]
