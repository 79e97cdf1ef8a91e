"""Accounts that guessing has locked (Auth0's user-blocks): which of a person's names take no password for now, and how to open them.

A browser that signed in before counts apart, under a number that only it knows: its lock is not shown, and ends with its window.
"""

from typing import Any

from pydantic import Field

from gatehouse import identifiers, limits, users
from gatehouse.management import callers
from gatehouse.management.refusals import InvalidQuery
from gatehouse.management.routes import Answer, Call, Query, Route
from gatehouse.management.users import existing
from gatehouse.users import IDENTIFIERS, User


class BlocksQuery(Query):
    consider_brute_force_enablement: bool = False


class IdentifierQuery(BlocksQuery):
    identifier: str = Field(min_length=1, max_length=400)


class Block(Answer):
    """ip: always empty, as the lock holds for every address."""

    identifier: str
    ip: str


class BlocksAnswer(Answer):
    blocked_for: list[Block]


def of_user(call: Call) -> dict[str, Any]:
    """GET user-blocks/{id}"""
    return _shown(_names(existing(call.path["id"])))


def of_identifier(call: Call) -> dict[str, Any]:
    """GET user-blocks?identifier=: also of one that nobody has."""
    return _shown([_canonical(call.query.identifier)])


def unblock_user(call: Call) -> None:
    """DELETE user-blocks/{id}"""
    user = existing(call.path["id"])
    _unblock(call, _names(user), user)


def unblock_identifier(call: Call) -> None:
    """DELETE user-blocks?identifier="""
    name = _canonical(call.query.identifier)
    # A phone number can be somebody's user name.
    _unblock(call, [name], *filter(None, (users.get_by(kind, name) for kind in IDENTIFIERS)))


def _names(user: User) -> list[str]:
    return [value for name in IDENTIFIERS if (value := getattr(user, name))]


def _canonical(identifier: str) -> str:
    """What attempts are counted under.

    Raises:
        InvalidQuery: it is neither an address nor a user name nor a phone number.
    """
    for canonical in (identifiers.canonical_email, identifiers.canonical_phone, identifiers.canonical_username):
        try:
            return canonical(identifier)
        except identifiers.InvalidIdentifier:
            continue
    raise InvalidQuery("identifier is neither an email nor a phone_number nor a username")


def _shown(names: list[str]) -> dict[str, Any]:
    return {"blocked_for": [{"identifier": name, "ip": ""} for name in names if limits.exhausted(limits.PASSWORD, name)]}


def _unblock(call: Call, names: list[str], *people: User) -> None:
    for user in people:
        # Whoever opens the lock again and again guesses without end.
        callers.demand_power_over(call.caller, user)
    for name in names:
        limits.clear(limits.PASSWORD, name)


_READ, _UPDATE = ("read:users",), ("update:users",)

ROUTES = [
    Route(
        method="GET",
        path="/user-blocks",
        serve=of_identifier,
        summary="Get the blocks of an identifier",
        scopes=_READ,
        query=IdentifierQuery,
        answers=BlocksAnswer,
    ),
    Route(
        method="DELETE",
        path="/user-blocks",
        serve=unblock_identifier,
        summary="Unblock an identifier",
        scopes=_UPDATE,
        query=IdentifierQuery,
        status=204,
    ),
    Route(
        method="GET",
        path="/user-blocks/{id}",
        serve=of_user,
        summary="Get a user's blocks",
        scopes=_READ,
        query=BlocksQuery,
        answers=BlocksAnswer,
    ),
    Route(method="DELETE", path="/user-blocks/{id}", serve=unblock_user, summary="Unblock a user", scopes=_UPDATE, status=204),
]
