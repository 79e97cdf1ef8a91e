"""The description of the Management and account API (OpenAPI 3.1), made from the routes themselves."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from gatehouse.management import catalogue, revoke_access
from gatehouse.management.routes import JSON_PATCH, MERGE_PATCH, PREFIX, Answer, Body, Call, Route
from gatehouse.settings import settings
from gatehouse.web import Response

_REF: Final = "#/components/schemas/{model}"
_CACHE_SECONDS: Final = 300
_JSON: Final = "application/json"
_SECURITY: Final = "oauth2"
_SEGMENT: Final = {"type": "string", "pattern": "^[A-Za-z0-9._:@+=|~-]{1,512}$"}
_PATCHES: Final = {
    MERGE_PATCH: {"schema": {"type": "object", "description": "RFC 7396"}},
    JSON_PATCH: {"schema": {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": 100, "description": "RFC 6902"}},
}


class ErrorAnswer(Answer):
    statusCode: int  # noqa: N815 - Auth0's name
    error: str
    message: str
    errorCode: str  # noqa: N815 - Auth0's name


class RevokeAccess(Body):
    session_id: str | None = None
    preserve_refresh_tokens: bool | None = None


# Served by functions that load no more than they must, and so not by a table of routes.
ELSEWHERE: Final = [
    Route(
        method="POST",
        path="/users/{id}/revoke-access",
        serve=lambda call: revoke_access.revoke_access(call.request, call.path["id"]),
        summary="End all sessions of a user, or one",
        scopes=(revoke_access.SCOPE,),
        body=RevokeAccess,
        body_optional=True,
        status=204,
    )
]


def openapi(call: Call) -> Response:
    """GET /api/v2/openapi.json"""
    headers = {"content-type": _JSON, "cache-control": f"public, max-age={_CACHE_SECONDS}"}
    return Response(200, _text(settings().base_url), headers)


@cache
def _text(base_url: str) -> str:
    return json.dumps(document(base_url), separators=(",", ":"), ensure_ascii=False)


def document(base_url: str) -> dict[str, Any]:
    """The whole description; `base_url` stands in it as the server."""
    routes = sorted([*catalogue.everything(), *ELSEWHERE], key=lambda route: (route.full_path, route.method))
    schemas, definitions = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.full_path, {})[route.method.lower()] = _operation(route, schemas)
    scopes = sorted({scope for route in routes for scope in (*route.scopes, *route.own_scopes)})
    flows = {"clientCredentials": {"tokenUrl": f"{base_url}/oauth/token", "scopes": dict.fromkeys(scopes, "")}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gatehouse", "version": "2", "description": "Management API (Auth0's, as far as it goes) and account API."},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "responses": {"Error": {"description": "Refused", "content": {_JSON: {"schema": {"$ref": _REF.format(model="ErrorAnswer")}}}}},
            "securitySchemes": {_SECURITY: {"type": "oauth2", "flows": flows}},
        },
    }


def _schemas(routes: Iterable[Route]) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    """By type the schema that refers to it, and the definitions that are referred to."""
    bodies = {route.body for route in routes if route.body}
    answers: dict[str, Any] = {str(route.answers): route.answers for route in routes if route.answers is not None}
    inputs: list[Any] = [(body, "validation", TypeAdapter(body)) for body in sorted(bodies, key=_full_name)]
    outputs: list[Any] = [(name, "serialization", TypeAdapter(kind)) for name, kind in sorted(answers.items())]
    outputs.append(("", "serialization", TypeAdapter(ErrorAnswer)))
    found, definitions = TypeAdapter.json_schemas([*inputs, *outputs], ref_template=_REF)
    return {key: schema for (key, _), schema in found.items()}, definitions.get("$defs", {})


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}"


def _operation(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, schemas),
        "security": [{_SECURITY: [scope]} for scope in (*route.scopes, *route.own_scopes)],
    }
    if route.patchable:
        operation["parameters"].append({"name": "If-Match", "in": "header", "schema": {"type": "string"}})
    if route.body:
        content = {_JSON: {"schema": schemas[route.body]}} | (_PATCHES if route.patchable else {})
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    return operation


def _operation_id(route: Route) -> str:
    words = route.full_path.removeprefix(PREFIX).translate(str.maketrans("-/", "__", "{}"))
    return f"{route.method.lower()}{words}"


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = [segment[1:-1] for segment in route.full_path.split("/") if segment.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": _SEGMENT} for name in names]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": {key: part for key, part in entry.items() if key != "title"}}
        for name, entry in schema.get("properties", {}).items()
    ]


def _responses(route: Route, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    protected = bool(route.scopes or route.own_scopes)
    refused = ["400", "405", "413", "429", "500", "503"] + (["401", "403", "404"] if protected else [])
    refused += ["409"] if route.method != "GET" else []
    refused += ["412"] if route.patchable else []
    made: dict[str, Any] = {"description": "Done"}
    if route.answers is not None:
        made["content"] = {_JSON: {"schema": _answer(route, schemas[str(route.answers)])}}
    status = "204" if route.answers is None and route.status == 200 else str(route.status)
    return {status: made, **{code: {"$ref": "#/components/responses/Error"} for code in sorted(refused)}}


def _answer(route: Route, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of the answer, and what the query can make of it: a page with its numbers, or parts of what is asked for."""
    members = route.query.model_fields if route.query else {}
    ways = [schema]
    if "include_totals" in members or "take" in members:
        ways.append({"type": "object", "description": "The list as a member, with start, limit, length and total, or with next"})
    if "fields" in members:
        ways.append({"type": "array", "items": {"type": "object"}} if schema.get("type") == "array" else {"type": "object"})
    return {"anyOf": ways} if len(ways) > 1 else schema


ROUTES = [Route(method="GET", path="/openapi.json", serve=openapi, summary="This description", answers=dict[str, Any])]
