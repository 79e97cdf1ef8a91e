"""/api/v2/users/{id}/identities and provenance: a person's accounts elsewhere, and where the values of the profile come from."""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from gatehouse import connections, identifiers, identities, metadata, profile_sync, user_changes
from gatehouse.connections import Connection
from gatehouse.errors import NotFound
from gatehouse.management import callers
from gatehouse.management.refusals import Conflict, InvalidBody, NoSuchUser, OperationNotSupported, PreconditionFailed
from gatehouse.management.routes import Answer, Body, Call, Query, Route, sent
from gatehouse.management.users import existing
from gatehouse.user_documents import shown
from gatehouse.users import Taken, User
from gatehouse.web import Response


class NewIdentity(Body):
    provider: str | None = None
    user_id: str | int | None = None
    connection_id: str | None = None
    profileData: dict[str, Any] = Field(default_factory=dict)  # noqa: N815 - Auth0's name
    link_with: str | None = None


class ToldProfile(Body):
    profileData: dict[str, Any]  # noqa: N815 - Auth0's name


class IdentityQuery(Query):
    connection_id: str = ""


class IdentityAnswer(Answer):
    connection: str
    provider: str
    user_id: str
    isSocial: bool = False  # noqa: N815 - Auth0's name


class ValueAnswer(Answer):
    name: str
    value: Any = None
    source: str | None = None
    at: str | None = None
    verified: bool = False
    offers: list[dict[str, Any]] = Field(default_factory=list)


def provenance(call: Call) -> list[dict[str, Any]]:
    """GET users/{id}/provenance"""
    user = existing(call.path["id"])
    ids = [identity["connection_id"] for identity in user.identities]
    known = {found.id: found for found in connections.get_many(ids) if found}
    return profile_sync.explained(user, known)


def link(call: Call) -> Response:
    """POST users/{id}/identities"""
    if call.body.link_with is not None:
        raise OperationNotSupported("link_with is not supported; name provider, user_id and connection_id")
    id_there = str(call.body.user_id or "")
    if not identifiers.valid_segment(id_there):
        raise InvalidBody("user_id must be the id that the person has there")
    connection, user_id = _connection(call.body), _changeable(call)
    profile = call.body.profileData
    return _answered(lambda: identities.link(user_id, connection, id_there, profile, if_version=call.if_version), status=201)


def _connection(body: NewIdentity) -> Connection:
    # Without its id the connection that is called like its provider, as social ones usually are.
    named = body.connection_id or ""
    found = connections.by_name(body.provider or "") if not named else connections.get(named) if identifiers.valid_segment(named) else None
    if found is None or found == connections.DATABASE:
        raise InvalidBody("there is no such connection, or nobody of it can be linked")
    if body.provider not in (None, found.strategy):
        raise InvalidBody(f"provider of this connection is {found.strategy}")
    return found


def unlink(call: Call) -> Response:
    """DELETE users/{id}/identities/{provider}/{user_id}"""
    if call.path["provider"] == connections.DATABASE.strategy:
        raise OperationNotSupported("The main identity cannot be unlinked.")
    which = call.path["provider"], call.path["user_id"], call.query.connection_id
    user_id = _changeable(call)
    return _answered(lambda: identities.unlink(user_id, *which, if_version=call.if_version))


def told(call: Call) -> Response:
    """PATCH users/{id}/identities/{provider}/{user_id}: what a sign-in through this identity tells."""
    provider, id_there, profile = call.path["provider"], call.path["user_id"], call.body.profileData
    connection_id, user_id = call.query.connection_id, _changeable(call)
    return _answered(lambda: identities.told(user_id, provider, id_there, profile, connection_id, if_version=call.if_version))


def _changeable(call: Call) -> str:
    """The user that the path names, if the caller may change how they sign in.

    Raises:
        NoSuchUser, NotPermitted: there is none, or one who may do more than the caller.
    """
    user = existing(call.path["id"])
    if not call.own:
        callers.demand_power_over(call.caller, user)
    return user.user_id


def _answered(work: Callable[[], User], *, status: int = 200) -> Response:
    """The user's identities after the work."""
    try:
        user = work()
    except user_changes.Unknown as unknown:
        raise NoSuchUser from unknown
    except user_changes.Stale as stale:
        raise PreconditionFailed from stale
    except Taken as taken:
        raise Conflict("The identity is linked to another user.") from taken
    except (identities.Unknown, identities.Ambiguous, identities.TooMany) as flaw:
        raise _refusal(flaw) from flaw
    except metadata.Unacceptable as flaw:
        raise InvalidBody(flaw.reason) from flaw
    return sent(shown(user)["identities"], status=status, version=user.version)


def _refusal(flaw: Exception) -> Exception:
    if isinstance(flaw, identities.Ambiguous):
        return InvalidBody("several identities of the user fit; name connection_id in the query")
    if isinstance(flaw, identities.TooMany):
        return InvalidBody(f"a user has at most {identities.MOST} identities")
    return NotFound("The user has no such identity.")


_IDENTITY = "/users/{id}/identities/{provider}/{user_id}"
ROUTES = [
    Route(
        method="GET",
        path="/users/{id}/provenance",
        serve=provenance,
        summary="Where each value of the profile comes from",
        scopes=("read:users",),
        own_scopes=("read:current_user",),
        answers=list[ValueAnswer],
    ),
    Route(
        method="POST",
        path="/users/{id}/identities",
        serve=link,
        summary="Link an identity to a user",
        scopes=("update:users",),
        body=NewIdentity,
        answers=list[IdentityAnswer],
        status=201,
    ),
    Route(
        method="DELETE",
        path=_IDENTITY,
        serve=unlink,
        summary="Unlink an identity from a user",
        scopes=("update:users",),
        own_scopes=("update:current_user_identities",),
        query=IdentityQuery,
        answers=list[IdentityAnswer],
    ),
    Route(
        method="PATCH",
        path=_IDENTITY,
        serve=told,
        summary="Tell what a sign-in through an identity told",
        scopes=("update:users",),
        query=IdentityQuery,
        body=ToldProfile,
        answers=list[IdentityAnswer],
    ),
]
