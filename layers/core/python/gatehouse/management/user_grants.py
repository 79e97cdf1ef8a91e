"""What people allowed applications of others (Auth0's grants): one for each person and application, with all of its APIs."""

from typing import Any

from pydantic import Field

from gatehouse import consents, identifiers, table
from gatehouse.errors import InvalidRequest
from gatehouse.management import paging
from gatehouse.management.paging import PageQuery
from gatehouse.management.routes import Answer, Call, Query, Route
from gatehouse.management.users import existing


class GrantsQuery(PageQuery):
    user_id: str = Field(default="", max_length=255)
    client_id: str = ""
    audience: str = ""


class UserQuery(Query):
    user_id: str = Field(max_length=255)


class Grant(Answer):
    """audience: the APIs that were asked for by name, separated by spaces; empty for the application's own."""

    id: str
    clientID: str  # noqa: N815 - Auth0's name
    user_id: str
    audience: str
    scope: list[str]


def list_grants(call: Call) -> Any:
    """GET grants?user_id=

    Raises:
        InvalidRequest: no user_id. Consents lie under their people, and a list of all people's would be a walk through the whole table.
    """
    query = call.query
    if not query.user_id:
        raise InvalidRequest("user_id is needed: grants are listed for one user at a time")
    found = consents.of_user(existing(query.user_id).user_id)
    asked = [item for item in found if query.client_id in ("", item["client_id"])]
    asked = [item for item in asked if not query.audience or query.audience in item.get("resources", ())]
    return paging.sliced(query, [_shown(query.user_id, item) for item in asked], "grants", purpose=f"grants of {query.user_id}")


def _shown(user_id: str, item: table.Item) -> dict[str, Any]:
    return {
        "id": identifiers.joint_id(item["client_id"], user_id),
        "clientID": item["client_id"],
        "user_id": user_id,
        "audience": " ".join(item.get("resources", ())),
        "scope": list(item["scopes"]),
    }


def delete(call: Call) -> None:
    """DELETE grants/{id}: the application's sessions of this person end too. Also of what is gone."""
    named = identifiers.parts_of(call.path["id"])
    if named:
        client_id, user_id = named
        consents.withdraw(user_id, client_id)


def delete_all(call: Call) -> None:
    """DELETE grants?user_id="""
    user = existing(call.query.user_id)
    for item in consents.of_user(user.user_id):
        consents.withdraw(user.user_id, item["client_id"])


ROUTES = [
    Route(
        method="GET",
        path="/grants",
        serve=list_grants,
        summary="List what a user allowed applications",
        scopes=("read:grants",),
        query=GrantsQuery,
        answers=list[Grant],
    ),
    Route(method="DELETE", path="/grants/{id}", serve=delete, summary="Take back a grant", scopes=("delete:grants",), status=204),
    Route(
        method="DELETE",
        path="/grants",
        serve=delete_all,
        summary="Take back all grants of a user",
        scopes=("delete:grants",),
        query=UserQuery,
        status=204,
    ),
]
