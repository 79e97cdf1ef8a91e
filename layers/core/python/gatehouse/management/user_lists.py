"""GET /api/v2/users: everybody page by page, or whoever a query finds."""

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import Field

from gatehouse import search, table
from gatehouse.management import paging
from gatehouse.management.fields import FieldsQuery, only
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import InvalidPaging, InvalidQuery
from gatehouse.management.routes import Call, Route
from gatehouse.management.users import UserAnswer
from gatehouse.user_documents import shown
from gatehouse.users import User, there

_SORT: Final = re.compile(r"([a-z_]{1,64}(?:\.[A-Za-z0-9_-]{1,128}){0,9}):(-?1)")


class UsersQuery(PageQuery, FieldsQuery):
    """q: Lucene's syntax, in part. sort: a member and 1 or -1. search_engine, primary_order: taken, and without effect."""

    q: str = ""
    sort: str = Field(default="", max_length=1000)
    connection: str = Field(default="", max_length=128)
    search_engine: Literal["v2", "v3"] = "v3"
    primary_order: bool = True


def get(call: Call) -> dict[str, Any] | list[Any]:
    """GET users"""
    query: UsersQuery = call.query
    if not (query.q.strip() or query.connection):
        return _everybody(call)
    if query.by_cursor:
        raise InvalidPaging("what q or connection finds has pages by number: page and per_page")
    try:
        return _found(query)
    except search.Unanswerable as flaw:
        raise InvalidQuery(flaw.reason) from flaw


def _everybody(call: Call) -> dict[str, Any] | list[Any]:
    query: UsersQuery = call.query
    name, newest_first = _sorting(query) or ("created_at", False)
    if name != "created_at":
        raise InvalidQuery("without q, users are sorted by created_at:1 or created_at:-1")

    def load(keys: Sequence[table.Key]) -> list[dict[str, Any]]:
        # No fresher than the index that named them: half the price.
        items = table.get_many(*keys, consistent=False) if keys else []
        return [only(shown(User.from_item(item)), query) for item in items if item and there(item)]

    return paging.listed(
        query,
        table.user_lists(),
        load,
        what="USERS",
        name="users",
        purpose=f"GET /users {-1 if newest_first else 1}",
        reader=call.caller.name,
        newest_first=newest_first,
    )


def _found(query: UsersQuery) -> dict[str, Any] | list[Any]:
    """Whoever the query finds. Where one clause says it all, only those on the page are read; else all, as the others decide who is on it.

    Raises:
        Unanswerable: as search.find and search.parse say.
    """
    found = search.find(_tree(query))
    sorting = _sorting(query)
    first = query.page * query.per_page
    rows = slice(first, first + query.per_page)
    if found.exact and sorting is None:
        total, users = len(found.ids), [shown(user) for user in found.load(found.ids[rows])]
    else:
        documents = _sorted([shown(user) for user in found.load(found.ids)], sorting)
        total, users = len(documents), documents[rows]
    return paging.answered(query, [only(user, query) for user in users], total, "users")


def _tree(query: UsersQuery) -> search.Node:
    parts: list[search.Node] = [search.parse(query.q)] if query.q.strip() else []
    if query.connection:
        parts.append(search.Is("identities.connection", query.connection))
    return parts[0] if len(parts) == 1 else search.And(tuple(parts))


def _sorting(query: UsersQuery) -> tuple[str, bool] | None:
    """The member that is sorted by, and whether downwards; None if nothing is said.

    Raises:
        InvalidQuery: it is not said so that it can be understood.
    """
    if not query.sort:
        return None
    found = _SORT.fullmatch(query.sort)
    if found is None:
        raise InvalidQuery("sort is the name of a member, a colon, and 1 or -1")
    return found[1], found[2] == "-1"


def _sorted(documents: list[dict[str, Any]], sorting: tuple[str, bool] | None) -> list[dict[str, Any]]:
    """By one member, those without it last, and among equals by id."""
    if sorting is None:
        return documents
    name, downwards = sorting
    documents.sort(key=lambda document: str(document["user_id"]))
    having = [document for document in documents if _scalar(document, name) is not None]
    having.sort(key=lambda document: _order(_scalar(document, name)), reverse=downwards)
    return having + [document for document in documents if _scalar(document, name) is None]


def _scalar(document: dict[str, Any], name: str) -> str | float | None:
    value: Any = document
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str | int | float) else None


def _order(value: Any) -> tuple[bool, float, str]:
    return (True, 0, value.casefold()) if isinstance(value, str) else (False, value, "")


ROUTES = [
    Route(
        method="GET",
        path="/users",
        serve=get,
        summary="List or search users",
        scopes=("read:users",),
        query=UsersQuery,
        answers=list[UserAnswer],
    ),
]
