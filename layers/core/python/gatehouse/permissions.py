"""What a person may do at an API: what their roles give, and what they were given themselves.

In the name of an organization only the roles that they have there count, so that no organization's operator reaches beyond it and nothing
that was given elsewhere shows in it.
"""

import hashlib
from collections.abc import Iterable

from gatehouse import roles, table
from gatehouse.roles import Role
from gatehouse.users import User


def api_id(identifier: str) -> str:
    """The id of the API with this identifier (its audience)."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:24]


def of_user(user: User, audience: str, org_id: str = "") -> set[str]:
    """The permissions of a person at the API, as their roles are now: 1 RRU in an organization, and what roles.known costs."""
    return given(user, roles_of(user, org_id), audience, org_id)


def given(user: User, held: Iterable[Role], audience: str, org_id: str = "") -> set[str]:
    """The permissions of a person who holds these roles, at the API."""
    key = api_id(audience)
    own = [] if org_id else user.permissions.get(key, [])
    return {*own, *(name for role in held for name in role.permissions.get(key, []))}


def anywhere(user: User, audience: str) -> set[str]:
    """The permissions of a person at the API, for the tenant or in any organization, as they are now: 1 RRU for each role, and for their
    memberships 1 per 4 KB.
    """
    memberships = table.query(table.user_partition(user.user_id), table.membership_key("", "")["sk"])
    held = roles.existing([*user.roles, *(role_id for item in memberships for role_id in item.get("roles", []))])
    return given(user, held, audience)


def roles_of(user: User, org_id: str = "") -> list[Role]:
    """The roles of a person, or those that they have in the organization."""
    if not org_id:
        return roles.known(user.roles)
    membership = table.get(table.membership_key(user.user_id, org_id))
    return roles.known(membership.get("roles", []) if membership else [])
