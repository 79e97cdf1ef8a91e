"""Roles, their names and their holders when many change them at the same moment."""

from collections import Counter
from functools import partial

import pytest

from gatehouse import resource_servers, role_holders, roles, table, user_changes, users
from gatehouse.roles import Role
from gatehouse.users import User
from tests.integration.scenes import ROUNDS, at_once, new_address
from tests.unit.flows import new_user

pytestmark = pytest.mark.usefixtures("stack", "interleaved")


def new_roles(number: int) -> list[str]:
    """Roles of names that nobody has."""
    return [roles.create(new_address()).role_id for _ in range(number)]


def now(user: User) -> User:
    found = users.get(user.user_id)
    assert found is not None
    return found


def holders(role_id: str) -> list[str]:
    """As the role's list has them."""
    return [item["user_id"] for item in table.query(table.role_key(role_id)["pk"], table.holder_key(role_id, "")["sk"])]


def agree(user: User, role_ids: list[str]) -> bool:
    """Record and lists say the same of the roles that there are."""
    held = now(user).roles
    return all((role_id in held) == (user.user_id in holders(role_id)) for role_id in role_ids if roles.get(role_id))


@pytest.mark.row(87)
def test_of_parallel_assignments_to_one_user_none_is_lost() -> None:
    for _ in range(ROUNDS // 4):
        user, ids = new_user(new_address()), new_roles(8)

        at_once(*(partial(role_holders.assign, user.user_id, [role_id]) for role_id in ids))

        assert Counter(now(user).roles) == Counter(ids)
        assert agree(user, ids)


def test_giving_and_taking_at_once_leave_record_and_lists_in_agreement() -> None:
    for _ in range(ROUNDS // 4):
        user, ids = new_user(new_address()), new_roles(4)
        role_holders.assign(user.user_id, ids[:2])

        give = [partial(role_holders.assign, user.user_id, [role_id]) for role_id in ids]
        take = [partial(role_holders.unassign, user.user_id, [role_id]) for role_id in ids]
        at_once(*give, *take)

        assert agree(user, ids)


def test_a_role_that_is_removed_beside_its_assignment_has_no_holder_left() -> None:
    for _ in range(ROUNDS):
        user, [role_id] = new_user(new_address()), new_roles(1)

        def assign(user: User = user, role_id: str = role_id) -> str:
            try:
                role_holders.assign(user.user_id, [role_id])
            except role_holders.UnknownRole:
                return "unknown"
            return "given"

        _, done = at_once(partial(roles.remove, role_id), assign)

        assert holders(role_id) == []
        assert roles.get(role_id) is None
        assert (role_id in now(user).roles) == (done == "given")
        assert roles.existing(now(user).roles) == []


@pytest.mark.row(71)
def test_one_name_becomes_one_role_however_many_ask() -> None:
    def create(name: str) -> Role | None:
        try:
            return roles.create(name)
        except roles.Taken:
            return None

    for _ in range(ROUNDS // 4):
        name = new_address()
        made = [role for role in at_once(*(partial(create, name) for _ in range(8))) if role]
        assert len(made) == 1
        assert roles.get(made[0].role_id) == made[0]


@pytest.mark.row(87)
def test_of_parallel_changes_of_one_role_none_is_lost() -> None:
    for _ in range(ROUNDS // 4):
        [role_id] = new_roles(1)
        names = [f"read:{number}" for number in range(8)]

        def give(name: str, role_id: str = role_id) -> Role:
            return roles.change(role_id, lambda found: roles.with_permissions(found, {"api": [name]}))

        at_once(*(partial(give, name) for name in names))

        role = roles.get(role_id)
        assert role is not None and role.permissions == {"api": names}
        assert role.version == 9


def test_a_role_beside_the_deletion_of_its_user_brings_nobody_back() -> None:
    for _ in range(ROUNDS // 4):
        user, [role_id] = new_user(new_address()), new_roles(1)

        def assign(user: User = user, role_id: str = role_id) -> None:
            try:
                role_holders.assign(user.user_id, [role_id])
            except user_changes.Unknown:
                return

        at_once(partial(table.delete, table.user_key(user.user_id)), assign)
        assert users.get(user.user_id) is None


def test_one_api_is_registered_once_however_many_register_it() -> None:
    def create(identifier: str) -> bool:
        try:
            resource_servers.create(identifier, "An API")
        except resource_servers.Taken:
            return False
        return True

    identifier = f"https://{new_address()}/"
    assert sum(at_once(*(partial(create, identifier) for _ in range(8)))) == 1
