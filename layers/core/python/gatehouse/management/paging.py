"""Pages of lists, as Auth0 writes them: numbered (page, per_page, include_totals), or from a cursor on (from, take)."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import Field

from gatehouse import listing, table
from gatehouse.management.refusals import InvalidPaging
from gatehouse.management.routes import Query

LARGEST_PAGE = 100


class PageQuery(Query):
    """take or from asks for checkpoint paging; then the other three count for nothing."""

    page: int = Field(default=0, ge=0)
    per_page: int = Field(default=50, ge=1, le=LARGEST_PAGE)
    include_totals: bool = False
    from_: str = Field(default="", alias="from", max_length=2000)
    take: int | None = Field(default=None, ge=1, le=LARGEST_PAGE)

    @property
    def by_cursor(self) -> bool:
        """The caller pages with from and take."""
        return bool(self.from_) or self.take is not None

    @property
    def taken(self) -> int:
        """How many a page from a cursor has at most."""
        return self.take or 50


def listed(
    query: PageQuery,
    partitions: Sequence[str],
    load: Callable[[Sequence[table.Key]], list[Any]],
    *,
    what: str,
    name: str,
    purpose: str,
    reader: str = "",
    newest_first: bool = False,
) -> dict[str, Any] | list[Any]:
    """The page of a list of the index that the query asks for, in the answer's form.

    load: what is shown of these keys, without those that are gone. what: as listing.total counts it. name: of the member with the entries.
    purpose: which list this is, for cursors. reader: whose numbered pages these are.

    Raises:
        InvalidPaging: the cursor is not of this list, or the page too far from any that was read.
    """
    if query.by_cursor:
        keys, following = cursor_page(partitions, query, purpose=purpose, newest_first=newest_first)
        return checkpointed(load(keys), following, name)
    try:
        keys = listing.numbered(partitions, page=query.page, per_page=query.per_page, newest_first=newest_first, reader=reader)
    except listing.TooFar as far:
        raise InvalidPaging("no page near this one was read lately; page from the first, or with from and take") from far
    return answered(query, load(keys), listing.total(what) if query.include_totals else 0, name)


def cursor_page(partitions: Sequence[str], query: PageQuery, *, purpose: str, newest_first: bool = False) -> tuple[list[table.Key], str]:
    """listing.checkpoint for a query.

    Raises:
        InvalidPaging: the cursor is not of this list.
    """
    try:
        return listing.checkpoint(partitions, purpose=purpose, take=query.taken, after=query.from_, newest_first=newest_first)
    except listing.BadCursor as bad:
        raise bad_cursor() from bad


def sliced(query: PageQuery, items: Sequence[Any], name: str, *, purpose: str = "") -> dict[str, Any] | list[Any]:
    """The page of a list that is at hand as a whole. purpose: which list this is, for cursors; by default its name.

    Raises:
        InvalidPaging: the cursor is not of this list.
    """
    if not query.by_cursor:
        start = query.page * query.per_page
        return answered(query, items[start : start + query.per_page], len(items), name)
    purpose = f"slice {purpose or name}"
    try:
        start = int(listing.opened(purpose, query.from_) or 0)
    except listing.BadCursor as bad:
        raise bad_cursor() from bad
    end = start + query.taken
    return checkpointed(items[start:end], listing.sealed(purpose, str(end)) if end < len(items) else "", name)


def answered(query: PageQuery, items: Sequence[Any], total: int, name: str) -> dict[str, Any] | list[Any]:
    """A numbered page: an object with totals if the query wants them, else the bare array."""
    if not query.include_totals:
        return list(items)
    start = query.page * query.per_page
    return {"start": start, "limit": query.per_page, "length": len(items), "total": total, name: list(items)}


def checkpointed(items: Sequence[Any], following: str, name: str) -> dict[str, Any]:
    """A page from a cursor on. following: the cursor behind it, empty at the end."""
    return {name: list(items)} | ({"next": following} if following else {})


def bad_cursor() -> InvalidPaging:
    """What a cursor of another list, or none of ours, is refused with."""
    return InvalidPaging("from is no cursor of this list")
