"""/api/v2/custom-data: the business data about people, one document each, by the id of the user."""

from typing import Any

from pydantic import ConfigDict

from gatehouse import custom_data, identifiers, metadata, tenant
from gatehouse.custom_data import Document
from gatehouse.errors import NotFound
from gatehouse.management.patches import patched
from gatehouse.management.refusals import Conflict, InvalidBody, NoSuchUser, NotPermitted, PreconditionFailed
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.web import Response


class DocumentBody(Body):
    """Members of any name."""

    model_config = ConfigDict(extra="allow", strict=True)


class DocumentAnswer(Answer):
    """The document as it was written."""


def get(call: Call) -> Response:
    """GET custom-data/{id}"""
    _check_access(call)
    return _answered(lambda: custom_data.get(_user_id(call)))


def insert(call: Call) -> Response:
    """POST custom-data: the key field names the user."""
    _check_access(call)
    return _answered(lambda: custom_data.insert(call.body.model_dump()), status=201)


def replace(call: Call) -> Response:
    """PUT custom-data/{id}: the whole document anew."""
    _check_access(call)
    return _answered(lambda: custom_data.change(_user_id(call), lambda _: call.body.model_dump(), if_version=call.if_version))


def patch(call: Call) -> Response:
    """PATCH custom-data/{id}: by default its members are replaced, and null takes one away."""
    _check_access(call)
    return _answered(lambda: custom_data.change(_user_id(call), lambda document: _patched(document, call), if_version=call.if_version))


def remove(call: Call) -> None:
    """DELETE custom-data/{id}"""
    _check_access(call)
    try:
        custom_data.remove(_user_id(call), if_version=call.if_version)
    except custom_data.SwitchedOff as off:
        raise _off() from off
    except custom_data.Stale as stale:
        raise PreconditionFailed from stale


def _patched(document: dict[str, Any], call: Call) -> dict[str, Any]:
    if call.patch is None:
        return metadata.merged(document, call.body.model_dump()) if call.body.model_extra else document
    return patched(document, call)[0]


def _check_access(call: Call) -> None:
    """No person touches the documents where the operator left them to machines.

    Raises:
        NotPermitted: the caller is a person, and they may not.
    """
    if call.caller.user_id and tenant.settings().custom_data.access != tenant.OWN:
        raise NotPermitted("Custom data is for machines only here.")


def _user_id(call: Call) -> str:
    if not identifiers.valid_user_id(call.path["id"]):
        raise _unknown()
    return call.path["id"]


def _answered(work: Any, *, status: int = 200) -> Response:
    try:
        made: Document = work()
    except custom_data.SwitchedOff as off:
        raise _off() from off
    except custom_data.Unknown as unknown:
        raise _unknown() from unknown
    except custom_data.UnknownUser as unknown:
        raise NoSuchUser from unknown
    except custom_data.Exists as exists:
        raise Conflict("The user has a document already.") from exists
    except custom_data.Stale as stale:
        raise PreconditionFailed from stale
    except metadata.Unacceptable as flaw:
        raise InvalidBody(flaw.reason) from flaw
    return sent(made.document, status=status, version=made.version)


def _off() -> NotFound:
    return NotFound("Custom data is not switched on.")


def _unknown() -> NotFound:
    return NotFound("The user has no document.")


ROUTES = [
    Route(
        method="POST",
        path="/custom-data",
        serve=insert,
        summary="Insert the document of a user",
        scopes=("create:custom_data",),
        body=DocumentBody,
        answers=DocumentAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/custom-data/{id}",
        serve=get,
        summary="Get the document of a user",
        scopes=("read:custom_data",),
        own_scopes=("read:current_user",),
        answers=DocumentAnswer,
    ),
    Route(
        method="PUT",
        path="/custom-data/{id}",
        serve=replace,
        summary="Replace the document of a user",
        scopes=("update:custom_data",),
        own_scopes=("update:current_user_custom_data",),
        body=DocumentBody,
        answers=DocumentAnswer,
    ),
    Route(
        method="PATCH",
        path="/custom-data/{id}",
        serve=patch,
        summary="Change the document of a user",
        scopes=("update:custom_data",),
        own_scopes=("update:current_user_custom_data",),
        body=DocumentBody,
        patchable=True,
        answers=DocumentAnswer,
    ),
    Route(
        method="DELETE",
        path="/custom-data/{id}",
        serve=remove,
        summary="Remove the document of a user",
        scopes=("delete:custom_data",),
    ),
]
