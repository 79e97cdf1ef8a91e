"""/api/v2/users/{id}/organizations: what a person belongs to (Auth0's Management API)."""

from typing import Any

from gatehouse import memberships, organizations
from gatehouse.management import paging
from gatehouse.management.organizations import OrganizationAnswer, shown
from gatehouse.management.paging import PageQuery
from gatehouse.management.routes import Call, Route
from gatehouse.management.users import existing


def listed(call: Call) -> Any:
    """GET users/{id}/organizations"""
    user = existing(call.path["id"])
    found = organizations.many([membership.org_id for membership in memberships.of_user(user.user_id)])
    return paging.sliced(call.query, [shown(one) for one in found], "organizations", purpose=f"organizations of {user.user_id}")


ROUTES = [
    Route(
        method="GET",
        path="/users/{id}/organizations",
        serve=listed,
        summary="List a user's organizations",
        scopes=("read:organizations",),
        query=PageQuery,
        answers=list[OrganizationAnswer],
    ),
]
