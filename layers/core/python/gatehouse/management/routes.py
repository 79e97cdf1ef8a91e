"""A route of the Management API, and the way of a request through it: who, whether they may, what they sent, and the answer."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from gatehouse import identifiers
from gatehouse.audit import Deed
from gatehouse.dataclasses import dataclass, field
from gatehouse.errors import InsufficientScope, InvalidRequest, MethodNotAllowed, NotFound
from gatehouse.management import callers
from gatehouse.management.callers import Caller
from gatehouse.management.refusals import InvalidBody, InvalidQuery, InvalidUri
from gatehouse.web import Request, Response, api_error, endpoint

PREFIX: Final = "/api/v2"
MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"

Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """A JSON body: members by these names and of these types only."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """The parameters of a query, which arrive as text."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """What a route answers, for the description of the API; nothing is checked against it while serving."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its route. path: the parameters of the path. own: a person at their own record, by right of being that person.

    query, body: instances of the route's models. patch: the body as it came, for routes that take patches; else None.
    if_version: what If-Match asks for, else None.
    """

    request: Request
    caller: Caller
    path: Mapping[str, str]
    own: bool = False
    query: Any = None
    body: Any = None
    patch: Any = None
    if_version: int | None = None

    @property
    def deed(self) -> Deed:
        """For the audit trail: who asks, from where, and by which request."""
        return Deed(actor=self.caller.name, ip=self.request.source_ip, request_id=self.request.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """method and path, as OpenAPI writes it, below `prefix`. serve: makes the answer of a Call: a Response, or what is sent as JSON.

    scopes: any one of them opens it; none at all: it is public. own_scopes: any one of them opens it to a person whose record `{id}` is,
    or who is the only one that it is about. in_organization: `{id}` is an organization, whose own operators may call it too.
    query, body: what is accepted. answers: the type of what is sent, None for an empty 204. patchable: the body may also be a JSON Merge
    Patch or a JSON Patch of the document that the route names. audience: for whom a token has to be.
    """

    method: str
    path: str
    serve: Callable[[Call], Any]
    summary: str
    scopes: tuple[str, ...] = ()
    own_scopes: tuple[str, ...] = ()
    in_organization: bool = False
    query: type[Query] | None = None
    body: type[Body] | None = None
    body_optional: bool = False
    answers: Any = None
    status: int = 200
    patchable: bool = False
    audience: str = callers.MANAGEMENT
    prefix: str = PREFIX
    tags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def full_path(self) -> str:
        return self.prefix + self.path


def handler(routes: Sequence[Route]) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """A Lambda handler that serves these routes. HEAD is served like GET."""

    @endpoint("GET", "POST", "PUT", "PATCH", "DELETE", errors=api_error, cors=True)
    def serve(request: Request) -> Response:
        return serve_one(routes, request)

    return serve


def serve_one(routes: Sequence[Route], request: Request) -> Response:
    """The answer of the route that the request's path and method name.

    Raises:
        NotFound, MethodNotAllowed: there is none. Refusal: as the route says.
    """
    route, path = _found(routes, request)
    request.outcome["route"] = f"{route.method} {route.full_path}"
    call = _permitted(route, request, path)
    _check_path(path)
    return _response(route, route.serve(_with_input(route, call)))


def _found(routes: Sequence[Route], request: Request) -> tuple[Route, dict[str, str]]:
    segments = request.path.rstrip("/").split("/")
    method = "GET" if request.method == "HEAD" else request.method
    fits = [(route, path) for route in routes if (path := _matched(route.full_path, segments)) is not None]
    if not fits:
        raise NotFound("there is no such resource")
    # A literal segment is closer than a parameter: /roles/{id}/users and /users/{id}.
    fits.sort(key=lambda fit: len(fit[1]))
    closest = [fit for fit in fits if len(fit[1]) == len(fits[0][1])]
    for route, path in closest:
        if route.method == method:
            return route, path
    raise MethodNotAllowed(tuple(sorted({route.method for route, _ in closest})))


def _matched(template: str, segments: list[str]) -> dict[str, str] | None:
    """The parameters of a path, None if it is not of this shape."""
    wanted = template.split("/")
    if len(wanted) != len(segments):
        return None
    found = {}
    for want, segment in zip(wanted, segments, strict=True):
        if want.startswith("{"):
            found[want[1:-1]] = segment
        elif want != segment:
            return None
    return found


def _permitted(route: Route, request: Request, path: dict[str, str]) -> Call:
    """The call, if whoever makes it may. Decided before anything that was sent is looked at.

    Raises:
        InvalidToken, InsufficientScope, NotFound: they may not.
    """
    if not (route.scopes or route.own_scopes):
        return Call(request, Caller("", frozenset()), path)
    caller = callers.authenticate(request, route.audience)
    opened = not caller.scopes.isdisjoint(route.scopes)
    if opened and _within(route, caller, path):
        return Call(request, caller, path)
    if opened and route.in_organization:
        # An organization's operator learns nothing about the others.
        raise NotFound("there is no such organization")
    if not _is_own(route, caller, path):
        raise InsufficientScope(" ".join(route.scopes or route.own_scopes))
    callers.demand(caller, *route.own_scopes)
    return Call(request, caller, path, own=True)


def _within(route: Route, caller: Caller, path: Mapping[str, str]) -> bool:
    """Whether the caller's scopes reach there: those of an organization's operator reach that organization and nothing else."""
    return not caller.org_id or (route.in_organization and path.get("id") == caller.org_id)


def _is_own(route: Route, caller: Caller, path: Mapping[str, str]) -> bool:
    about_them = route.audience != callers.MANAGEMENT or path.get("id", caller.user_id) == caller.user_id
    return bool(route.own_scopes and caller.user_id and about_them)


def _check_path(path: Mapping[str, str]) -> None:
    """Refuse what can name nothing of ours, before it comes near a key.

    Raises:
        InvalidUri: a parameter is empty, too long, or has characters that no id has.
    """
    for name, value in path.items():
        if not identifiers.valid_segment(value):
            raise InvalidUri(f"{name} cannot be an id")


def _with_input(route: Route, call: Call) -> Call:
    request = call.request
    query = _read(route.query or Query, _query_of(request), InvalidQuery)
    if_version = _version(request.headers.get("if-match", ""))
    if route.body is None or (route.body_optional and not request.body):
        return Call(request, call.caller, call.path, call.own, query, route.body and route.body(), None, if_version)
    if route.patchable and request.media_type in (MERGE_PATCH, JSON_PATCH):
        return Call(request, call.caller, call.path, call.own, query, None, _patch_of(request), if_version)
    body = _read(route.body, request.json_object, InvalidBody)
    return Call(request, call.caller, call.path, call.own, query, body, None, if_version)


def _patch_of(request: Request) -> Any:
    """A JSON Merge Patch, which is an object here since all our documents are, or the operations of a JSON Patch."""
    patch = request.json_value(request.media_type)
    kind, name = (list, "an array of operations") if request.media_type == JSON_PATCH else (dict, "an object")
    if not isinstance(patch, kind):
        raise InvalidBody(f"a body of {request.media_type} is {name}")
    return patch


def _query_of(request: Request) -> dict[str, str]:
    try:
        return request.query
    except InvalidRequest as flaw:
        raise InvalidQuery(flaw.description) from flaw


def _read(model: type[Model], values: Mapping[str, Any], refusal: type[InvalidBody] | type[InvalidQuery]) -> Model:
    """The values as the model wants them; the refusal names places and rules, never values."""
    try:
        return model.model_validate(values)
    except ValidationError as flaws:
        first = flaws.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:100]
        raise refusal(f"Payload validation error: '{first['msg'][:200]}' on property {place}") from None


def _version(if_match: str) -> int | None:
    """The version that If-Match names; -1 for one that is none of ours, so that it equals none (RFC 9110 13.1.1)."""
    if if_match in ("", "*"):
        return None
    digits = if_match.strip().removeprefix('"').removesuffix('"')
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 16 else -1


def _response(route: Route, made: Any) -> Response:
    if isinstance(made, Response):
        return made
    if made is None:
        return Response(204)
    return sent(made, status=route.status)


def sent(body: Any, *, status: int = 200, version: int | None = None) -> Response:
    """JSON, with the version as its ETag."""
    headers = {"content-type": "application/json"} | ({"etag": f'"{version}"'} if version is not None else {})
    return Response(status, json.dumps(body, separators=(",", ":"), ensure_ascii=False), headers)
