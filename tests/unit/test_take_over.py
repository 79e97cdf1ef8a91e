"""Whoever may not give somebody's power cannot take it over either, by changing what that person signs in with (row 86)."""

from collections.abc import Callable
from typing import Any

import pytest

from gatehouse import connections, identities, limits, organizations, role_holders, roles, users
from gatehouse.permissions import api_id
from gatehouse.settings import settings
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.flows import new_user
from tests.unit.operators import api, giving, machine, operator, token_of, user_path
from tests.unit.teams import join

pytestmark = pytest.mark.row(86)

# What the caller has below: it may write every record and make every link, and nothing else.
CLERK = ("read:users", "update:users", "create:user_tickets")
BEYOND = "delete:users"
NEW_PASSWORD = "seven ginger otters juggle lanterns"
MERGE, OPERATIONS = "application/merge-patch+json", "application/json-patch+json"


def by_role(user: User) -> None:
    role_holders.assign(user.user_id, [giving("chief", "read:users", BEYOND)])


def by_permission(user: User) -> None:
    role_holders.give_permissions(user.user_id, {api_id(settings().management_audience): [BEYOND]})


def in_an_organization(user: User) -> None:
    join(organizations.create("acme"), user, giving("chief of acme", BEYOND))


POWERS = {"by role": by_role, "by permission": by_permission, "in an organization": in_an_organization}


def elsewhere(user: User) -> str:
    """The path of an account that the person has elsewhere."""
    found = connections.by_name("github") or connections.create("github", "github", trust_email=True)
    identities.link(user.user_id, found, "77", {})
    return user_path(user.user_id, "identities", "github", "77")


def change(**document: Any) -> Callable[[str, User], Answer]:
    return lambda bearer, user: api("PATCH", user_path(user.user_id), bearer, document)


WAYS: dict[str, Callable[[str, User], Answer]] = {
    "password": change(password=NEW_PASSWORD),
    "email": change(email="eve@example.com"),
    "email, said to be verified": change(email="eve@example.com", email_verified=True),
    "no longer verified": change(email_verified=False),
    "username": change(username="eve"),
    "phone number": change(phone_number="+4930123456"),
    "merge patch": lambda bearer, user: api("PATCH", user_path(user.user_id), bearer, {"email": "eve@example.com"}, content_type=MERGE),
    "json patch": lambda bearer, user: api(
        "PATCH", user_path(user.user_id), bearer, [{"op": "add", "path": "/password", "value": NEW_PASSWORD}], content_type=OPERATIONS
    ),
    "link": lambda bearer, user: api("POST", user_path(user.user_id, "identities"), bearer, {"provider": "github", "user_id": "666"}),
    "unlink": lambda bearer, user: api("DELETE", elsewhere(user), bearer),
    "what is told elsewhere": lambda bearer, user: api(
        "PATCH", elsewhere(user), bearer, {"profileData": {"email": "eve@example.com", "email_verified": True}}
    ),
    "password ticket": lambda bearer, user: api("POST", "/tickets/password-change", bearer, {"user_id": user.user_id}),
    "password ticket by address": lambda bearer, user: api(
        "POST", "/tickets/password-change", bearer, {"email": user.email, "connection_id": "con_database"}
    ),
    "verification ticket": lambda bearer, user: api("POST", "/tickets/email-verification", bearer, {"user_id": user.user_id}),
    "more guesses": lambda bearer, user: api("DELETE", f"/user-blocks/{user.user_id}", bearer),
    "more guesses by name": lambda bearer, user: api("DELETE", "/user-blocks", bearer, query={"identifier": user.email}),
}


@pytest.fixture(autouse=True)
def github() -> None:
    connections.create("github", "github", trust_email=True)


def chief(power: str = "by role") -> User:
    user = new_user("chief@example.com")
    POWERS[power](user)
    return now(user)


def now(user: User) -> User:
    found = users.get(user.user_id)
    assert found is not None
    return found


def denied(answer: Answer) -> bool:
    return answer.status == 403 and answer.json["errorCode"] == "access_denied"


@pytest.mark.parametrize("way", WAYS)
def test_an_account_that_may_more_is_taken_over_in_no_way(way: str) -> None:
    user = chief()
    elsewhere(user)
    before = now(user)

    for bearer in (machine(*CLERK), operator(*CLERK)[1]):
        answer = WAYS[way](bearer, user)

        assert denied(answer), answer.body
        assert BEYOND not in answer.body
    assert now(user) == before


@pytest.mark.parametrize("power", POWERS)
def test_it_makes_no_difference_where_the_power_comes_from(power: str) -> None:
    user = chief(power)

    assert denied(WAYS["password"](machine(*CLERK), user))
    assert denied(WAYS["password ticket"](operator(*CLERK)[1], user))


@pytest.mark.parametrize("way", WAYS)
def test_who_has_all_of_that_power_may(way: str) -> None:
    assert WAYS[way](machine(*CLERK, BEYOND), chief()).status // 100 == 2


@pytest.mark.parametrize("way", WAYS)
def test_people_without_power_are_anybodys_to_change_who_may_change_any(way: str) -> None:
    user = new_user("chief@example.com")
    role_holders.assign(user.user_id, [giving("everybody", "read:current_user")])

    assert WAYS[way](machine(*CLERK), user).status // 100 == 2


def test_what_opens_no_account_stays_free_to_be_changed() -> None:
    user, bearer = chief(), machine(*CLERK)

    assert change(nickname="C", user_metadata={"a": 1}, app_metadata={"b": 2}, email=user.email)(bearer, user).status == 200
    assert change(blocked=True)(bearer, user).status == 200


def test_a_token_with_less_than_its_person_has_does_not_get_them_the_rest() -> None:
    user = chief()
    role_holders.assign(user.user_id, [giving("clerk", *CLERK)])

    assert denied(WAYS["password"](token_of(user, *CLERK), user))
    assert WAYS["password"](token_of(user, *CLERK, BEYOND), user).status == 200


def test_a_person_takes_away_an_account_of_their_own_whatever_they_may() -> None:
    user = chief()

    assert api("DELETE", elsewhere(user), token_of(user, "update:current_user_identities")).status == 200


def test_it_is_decided_by_the_roles_as_they_are_now() -> None:
    user, bearer = new_user("chief@example.com"), machine(*CLERK)
    role_id = giving("chief")
    role_holders.assign(user.user_id, [role_id])
    assert WAYS["username"](bearer, user).status == 200
    roles.known([role_id])

    roles.change(role_id, lambda role: roles.with_permissions(role, {api_id(settings().management_audience): [BEYOND]}))

    assert denied(WAYS["password"](bearer, user))


def test_an_unlocked_name_may_be_a_user_name_that_looks_like_a_phone_number() -> None:
    user = chief()
    assert change(username="+4930123456")(machine(*CLERK, BEYOND), user).status == 200
    limits.count(limits.PASSWORD, "+4930123456")

    assert denied(api("DELETE", "/user-blocks", machine(*CLERK), query={"identifier": "+49 30 123456"}))
