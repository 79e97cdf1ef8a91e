"""Joining, leaving, roles and invitations when many act at the same moment: each happens once, whole, and none is lost."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from gatehouse import invitations, memberships, organizations, table, users, versions
from gatehouse.client_registration import Registered
from gatehouse.organizations import Organization
from gatehouse.users import User
from tests.integration.scenes import CALLERS, ROUNDS, Person, accepted, at_once, new_address, new_network, quick_client, signed_on, times
from tests.unit.conftest import Answer
from tests.unit.flows import PASSWORD, Browser, exchange, new_user, tokens_of

pytestmark = pytest.mark.usefixtures("stack", "interleaved")


@pytest.fixture(scope="module")
def app(stack: object) -> Registered:
    return quick_client()


@pytest.fixture
def acme(stack: object) -> Organization:
    return organizations.create(f"acme-{new_network().replace('.', '-')}")


def both(organization: Organization, user: User) -> tuple[bool, bool]:
    """Whether each of the two items of a membership is there."""
    keys = table.membership_key(user.user_id, organization.org_id), table.member_key(organization.org_id, user.user_id)
    there, back = table.get_many(*keys)
    return there is not None, back is not None


def outcome(call: Any, *arguments: object) -> str:
    """What came of it: the name of what it raised, or done."""
    try:
        call(*arguments)
    except Exception as refusal:  # noqa: BLE001 - which one it was is compared
        return type(refusal).__name__
    return "done"


def test_of_many_who_make_somebody_a_member_one_does(acme: Organization) -> None:
    for _ in range(ROUNDS):
        user = new_user(new_address())

        outcomes = at_once(*times(CALLERS, outcome, memberships.join, acme.org_id, user.user_id))

        assert Counter(outcomes) == {"done": 1, "AlreadyMember": CALLERS - 1}
        assert both(acme, user) == (True, True)


def test_of_many_who_take_a_name_one_gets_it() -> None:
    for number in range(ROUNDS):
        outcomes = at_once(*times(CALLERS, outcome, organizations.create, f"name-{number}"))

        assert Counter(outcomes) == {"done": 1, "NameTaken": CALLERS - 1}


def give(user: User, organization: Organization, role_id: str) -> None:
    memberships.change(user.user_id, organization.org_id, lambda before: {"roles": [*before.roles, role_id]})


@pytest.mark.row(87)
def test_of_parallel_changes_of_a_membership_none_is_lost(acme: Organization) -> None:
    for _ in range(ROUNDS):
        user = new_user(new_address())
        memberships.join(acme.org_id, user.user_id)

        at_once(*(partial(give, user, acme, f"rol_{n}") for n in range(12)))

        found = memberships.get(user.user_id, acme.org_id)
        assert found
        assert (sorted(found.roles), found.version) == (sorted(f"rol_{n}" for n in range(12)), 13)


def test_whoever_leaves_while_roles_are_given_is_gone_whole(acme: Organization) -> None:
    for _ in range(ROUNDS):
        user = new_user(new_address())
        memberships.join(acme.org_id, user.user_id)
        gifts = [partial(outcome, give, user, acme, f"rol_{n}") for n in range(8)]

        outcomes = at_once(partial(outcome, memberships.leave, acme.org_id, user.user_id), *gifts)

        assert set(outcomes) <= {"done", versions.Unknown.__name__}
        assert both(acme, user) == (False, False)


def test_whoever_joins_and_leaves_at_once_is_a_member_whole_or_not_at_all(acme: Organization) -> None:
    for _ in range(ROUNDS):
        user = new_user(new_address())
        joins = times(6, outcome, memberships.join, acme.org_id, user.user_id)
        leaves = times(6, outcome, memberships.leave, acme.org_id, user.user_id)

        at_once(*joins, *leaves)

        assert both(acme, user) in {(True, True), (False, False)}


def test_nobody_is_a_member_of_an_organization_that_was_deleted_meanwhile() -> None:
    for number in range(ROUNDS):
        organization = organizations.create(f"short-{number}")
        people = [new_user(new_address()) for _ in range(8)]
        joins = [partial(outcome, memberships.join, organization.org_id, user.user_id) for user in people]

        outcomes = at_once(partial(outcome, organizations.remove, organization.org_id), *joins)

        assert set(outcomes) <= {"done", "NoOrganization"}
        assert {both(organization, user) for user in people} == {(False, False)}
        assert list(table.query(table.organization_partition(organization.org_id))) == []


def test_an_invitation_that_is_followed_many_times_at_once_is_used_once(acme: Organization, app: Registered) -> None:
    for _ in range(ROUNDS // 2):
        user = new_user(new_address())
        _, link = invitations.create(acme.org_id, inviter="Ada", email=user.email, client_id=app.client_id, roles=["rol_1"])
        browsers = [Browser(new_network()) for _ in range(6)]
        pages = [browser.get("hosted_pages", browser.authorize(app.client_id, invitation=link).location) for browser in browsers]
        forms = [
            partial(browser.fill, page, "/u/login", email=user.email, password=PASSWORD)
            for browser, page in zip(browsers, pages, strict=True)
        ]

        answers = at_once(*forms)

        assert all("code" in answer.sent_back for answer in answers)
        found = memberships.get(user.user_id, acme.org_id)
        assert found
        assert (found.roles, found.version) == (["rol_1"], 1)
        assert invitations.of_organization(acme.org_id) == []


def test_an_invitation_that_is_withdrawn_while_it_is_followed_lets_its_person_in_or_does_not(acme: Organization) -> None:
    for _ in range(ROUNDS):
        user = new_user(new_address())
        _, value = invitations.create(acme.org_id, inviter="Ada", email=user.email, client_id="x", roles=["rol_1"])
        link = invitations.link(value)
        assert link

        outcomes = at_once(*times(6, invitations.accept, link, user), partial(invitations.withdraw, acme.org_id, link.invitation_id))

        joined = memberships.get(user.user_id, acme.org_id) is not None
        assert both(acme, user) == (joined, joined)
        assert joined != outcomes[-1] or not any(outcomes[:-1])
        assert invitations.get(acme.org_id, link.invitation_id) is None


def test_whoever_leaves_while_a_code_is_redeemed_has_no_session_that_works(acme: Organization, app: Registered) -> None:
    for _ in range(ROUNDS):
        person = member(acme, app)
        code = person.browser.authorize(app.client_id, organization=acme.org_id).sent_back["code"]

        answer, _ = at_once(partial(exchange, app.client_id, code), partial(memberships.leave, acme.org_id, person.user.user_id))

        is_out(person, answer)


def test_whoever_leaves_while_a_session_is_refreshed_has_no_token_that_works(acme: Organization, app: Registered) -> None:
    for _ in range(ROUNDS):
        person = member(acme, app)
        person.tokens = tokens_of(app.client_id, person.browser, organization=acme.org_id)

        answer, _ = at_once(person.refresh, partial(memberships.leave, acme.org_id, person.user.user_id))

        is_out(person, answer)
        assert not accepted(person.tokens["access_token"])


def member(organization: Organization, app: Registered) -> Person:
    person = signed_on(app)
    memberships.join(organization.org_id, person.user.user_id)
    return person


def is_out(person: Person, answer: Answer) -> None:
    assert users.get(person.user.user_id)
    if answer.status == 200:
        assert not accepted(answer.json["access_token"])
        assert person.refresh(answer.json["refresh_token"]).json["error"] == "invalid_grant"
    else:
        assert answer.json["error"] == "invalid_grant"
    assert person.live_sessions() == []
