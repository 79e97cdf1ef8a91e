"""Organizations, their members and their operators: the vocabulary of the tests about them."""

from dataclasses import dataclass
from typing import Any

from gatehouse import memberships, organizations, roles
from gatehouse.memberships import Membership
from gatehouse.organizations import Organization
from gatehouse.permissions import api_id
from gatehouse.settings import settings
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.flows import browser_of, new_client, new_user, tokens_of
from tests.unit.operators import api, as_of_now

OPERATOR = (
    "read:organizations",
    "update:organizations",
    "delete:organizations",
    "create:organizations",
    "read:organization_members",
    "create:organization_members",
    "update:organization_members",
    "delete:organization_members",
    "read:organization_member_roles",
    "create:organization_member_roles",
    "delete:organization_member_roles",
    "read:organization_invitations",
    "create:organization_invitations",
    "delete:organization_invitations",
    "read:organization_connections",
    "create:organization_connections",
)


@dataclass(frozen=True)
class Operator:
    """Somebody who is signed in for one organization."""

    user: User
    bearer: str

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        return api(method, path, self.bearer, body)


def new_role(name: str, *permissions: str) -> str:
    """The id of a role that gives these at the Management API."""
    role = roles.create(name)
    if permissions:
        roles.change(role.role_id, lambda before: roles.with_permissions(before, {api_id(settings().management_audience): permissions}))
    as_of_now()
    return role.role_id


def join(organization: Organization, user: User, *role_ids: str) -> Membership:
    """Make somebody a member with these roles."""
    memberships.join(organization.org_id, user.user_id)
    return memberships.change(user.user_id, organization.org_id, lambda before: {"roles": [*role_ids]})


def member(organization: Organization, email: str, *role_ids: str) -> User:
    """A new person who is a member."""
    user = new_user(email)
    join(organization, user, *role_ids)
    return user


def operator_of(organization: Organization, email: str = "boss@example.com", *permissions: str) -> Operator:
    """A new member whose role in the organization gives these, by default OPERATOR, signed in for it."""
    given = permissions or OPERATOR
    user = member(organization, email, new_role(f"Operator {email}", *given))
    audience = settings().management_audience
    app = new_client(scopes=["openid", *given], resources=[audience])
    tokens = tokens_of(
        app.client_id, browser_of(user), scope=" ".join(["openid", *given]), resource=audience, organization=organization.org_id
    )
    return Operator(user, tokens["access_token"])


def two() -> tuple[Organization, Organization]:
    return organizations.create("acme", display_name="Acme Ltd"), organizations.create("globex")


def path(organization: Organization, *more: str) -> str:
    return "/".join(["", "organizations", organization.org_id, *more])
