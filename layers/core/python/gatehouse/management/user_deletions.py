"""DELETE /api/v2/users/{id}: a person and all that is theirs."""

from pydantic import Field

from gatehouse import identifiers, user_deletion
from gatehouse.audit import Deed
from gatehouse.management.routes import Call, Query, Route


class DeletionQuery(Query):
    """reason: for the audit trail, in the operator's words."""

    reason: str = Field(default="", max_length=200)


def delete(call: Call) -> None:
    """DELETE users/{id}: also of whoever is not there, so that it can be repeated after a 503 or a lost answer."""
    user_id = call.path["id"]
    if identifiers.valid_user_id(user_id):
        deed = Deed(actor=call.caller.name, ip=call.request.source_ip, request_id=call.request.id, reason=call.query.reason)
        user_deletion.delete(user_id, deed)


ROUTES = [
    Route(
        method="DELETE",
        path="/users/{id}",
        serve=delete,
        summary="Delete a user",
        scopes=("delete:users",),
        query=DeletionQuery,
        status=204,
    )
]
