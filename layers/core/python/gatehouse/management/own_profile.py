"""/me: what a person keeps about themselves, for the applications they use: read and changed with their own token."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from gatehouse import clock, custom_data, memberships, organizations, profiles, tenant, user_changes, user_documents
from gatehouse.errors import InsufficientScope
from gatehouse.management import callers
from gatehouse.management.patches import patched
from gatehouse.management.refusals import InvalidBody, PreconditionFailed
from gatehouse.management.routes import Answer, Call, Query, Route, sent
from gatehouse.management.user_documents import editable, edited
from gatehouse.management.users import Profile, existing
from gatehouse.provenance import SELF
from gatehouse.user_changes import Edited
from gatehouse.users import User
from gatehouse.web import Response

# What a person is shown of their record. Not app_metadata, which is between the operator and the applications, nor who blocked them when.
_SHOWN: Final = (
    "user_id",
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    *profiles.MEMBERS,
    "identities",
    "user_metadata",
    "created_at",
    "updated_at",
    "last_login",
    "last_password_reset",
)


class OwnPatch(Profile):
    user_metadata: dict[str, Any] | None = None


class OwnAnswer(Answer):
    user_id: str
    email: str | None = None
    email_verified: bool = False
    user_metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: str
    updated_at: str


class OwnOrganization(Answer):
    id: str
    name: str
    display_name: str
    joined_at: str


def shown(user: User) -> dict[str, Any]:
    """The person's record as they see it, without what is none of their doing."""
    document = user_documents.shown(user)
    return {name: document[name] for name in _SHOWN if name in document}


def get(call: Call) -> Response:
    """GET /me, with the person's custom document where it is theirs to see."""
    user = existing(call.caller.user_id)
    own = custom_data.claim(user.user_id) if tenant.settings().custom_data.access == tenant.OWN else None
    return sent(shown(user) | ({"custom_data": own} if own is not None else {}), version=user.version)


def list_organizations(call: Call) -> list[dict[str, Any]]:
    """GET /me/organizations: those that the person belongs to, and since when."""
    joined = {membership.org_id: membership.joined_at for membership in memberships.of_user(call.caller.user_id)}
    return [
        {"id": one.org_id, "name": one.name, "display_name": one.display_name, "joined_at": clock.iso(joined[one.org_id])}
        for one in sorted(organizations.many(list(joined)), key=lambda organization: organization.name)
    ]


def patch(call: Call) -> Response:
    """PATCH /me: the profile and user_metadata. Whatever else a person has is changed in ways of its own, or not by them."""
    try:
        user = user_changes.change(call.caller.user_id, lambda user: _patched(user, call), if_version=call.if_version)
    except user_changes.Stale as stale:
        raise PreconditionFailed from stale
    return sent(shown(user), version=user.version)


def _patched(user: User, call: Call) -> Edited:
    before = {**user.profile, "user_metadata": user.user_metadata}
    document, mentioned = patched(before, call, merging=("user_metadata",))
    if unknown := sorted(set(document) - {*profiles.MEMBERS, "user_metadata"}):
        raise InvalidBody(f"Payload validation error: 'Additional properties not allowed: {', '.join(unknown)[:200]}'")
    if callers.UPDATE_OWN not in call.caller.scopes and _profile_of(document) != _profile_of(before):
        raise InsufficientScope(callers.UPDATE_OWN)
    whole = editable(user) | dict.fromkeys(profiles.MEMBERS) | document
    return edited(user, whole | {"user_metadata": document.get("user_metadata")}, mentioned=mentioned, source=SELF)


def _profile_of(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in profiles.MEMBERS if document.get(name) not in (None, "")}


ROUTES = [
    Route(
        method="GET",
        path="/me",
        serve=get,
        summary="Get your own profile",
        scopes=(callers.READ_OWN,),
        audience=callers.ACCOUNT,
        prefix="",
        query=Query,
        answers=OwnAnswer,
    ),
    Route(
        method="GET",
        path="/me/organizations",
        serve=list_organizations,
        summary="List the organizations that you belong to",
        scopes=(callers.READ_OWN,),
        audience=callers.ACCOUNT,
        prefix="",
        answers=list[OwnOrganization],
    ),
    Route(
        method="PATCH",
        path="/me",
        serve=patch,
        summary="Change your own profile and user_metadata",
        scopes=(callers.UPDATE_OWN, callers.UPDATE_OWN_METADATA),
        audience=callers.ACCOUNT,
        prefix="",
        body=OwnPatch,
        patchable=True,
        answers=OwnAnswer,
    ),
]
