"""The API as SAM generated it: routes, integrations and authorizers out of a deployed stack's processed template."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.instance import REGION

ACCOUNT = "000000000000"
_PSEUDO = {"AWS::Region": REGION, "AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::URLSuffix": "amazonaws.com"}
_METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "x-amazon-apigateway-any-method")


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A Lambda authorizer with payload 2.0 and simple responses."""

    function: str
    identity_sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """method: upper case, "ANY" for all; path: as in the template, with {variables}."""

    method: str
    path: str
    function: str
    authorizer: Authorizer | None = None

    @property
    def key(self) -> str:
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Cors:
    """A CORS configuration. exposed: response headers that a script may read. max_age: seconds, 0 for unsaid."""

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int = 0
    credentials: bool = False


@dataclass(frozen=True, slots=True)
class Api:
    id: str
    routes: tuple[Route, ...]
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    cors: Cors | None = None


def from_template(template: Mapping[str, Any], names: Mapping[str, str]) -> Api:
    """The one HTTP API of a processed template. names: parameter values, and physical ids by logical id.

    Raises:
        ValueError: the template uses what this gateway does not imitate.
    """
    resources = template["Resources"]
    (api_name,) = [name for name, resource in resources.items() if resource["Type"] == "AWS::ApiGatewayV2::Api"]
    body = resources[api_name]["Properties"]["Body"]
    schemes = body.get("components", {}).get("securitySchemes", {})
    authorizers = {name: _authorizer(name, scheme, names) for name, scheme in schemes.items()}
    routes = [
        _route(path, method, operation, authorizers, names)
        for path, operations in body["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]
    stages = [resource["Properties"] for resource in resources.values() if resource["Type"] == "AWS::ApiGatewayV2::Stage"]
    variables = [entry for stage in stages for entry in stage.get("StageVariables", {}).items()]
    stage_variables = {name: _resolve(value, names) for name, value in variables}
    return Api(
        id=names[api_name],
        routes=tuple(routes),
        stage_variables=stage_variables,
        cors=_cors(body.get("x-amazon-apigateway-cors"), names),
    )


def match(api: Api, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route that API Gateway selects, with its path variables: full match, then greedy, then $default.

    path: decoded as the gateway hands it on.
    """
    candidates = []
    for route in api.routes:
        variables = _variables(route.path, "/" + path.lstrip("/"))
        if route.method in (method, "ANY") and variables is not None:
            candidates.append((_specificity(route), route, variables))
    if not candidates:
        return None
    _, route, variables = max(candidates, key=lambda candidate: candidate[0])
    return route, variables


def _specificity(route: Route) -> tuple[bool, bool, int, bool]:
    literal = sum(1 for segment in route.path.split("/") if segment and not segment.startswith("{"))
    return route.path != "$default", not route.path.endswith("+}"), literal, route.method != "ANY"


def _variables(pattern: str, path: str) -> dict[str, str] | None:
    if pattern == "$default":
        return {}
    expression = ""
    for part in re.split(r"(\{[^}]+\})", pattern):
        if not part.startswith("{"):
            expression += re.escape(part)
            continue
        name = part[1:-1]
        expression += f"(?P<{name[:-1]}>.+)" if name.endswith("+") else f"(?P<{name}>[^/]+)"
    found = re.fullmatch(expression, path)
    return found.groupdict() if found else None


def _route(
    path: str,
    method: str,
    operation: Mapping[str, Any],
    authorizers: Mapping[str, Authorizer],
    names: Mapping[str, str],
) -> Route:
    integration = operation["x-amazon-apigateway-integration"]
    if integration["type"] != "aws_proxy" or integration["payloadFormatVersion"] != "2.0":
        raise ValueError(f"{path}: only Lambda proxy integrations with payload 2.0 are imitated")
    required = [name for entry in operation.get("security", []) for name in entry if name != "NONE"]
    return Route(
        method="ANY" if method == "x-amazon-apigateway-any-method" else method.upper(),
        path=path.removeprefix("/") if path == "/$default" else path,
        function=_function(integration["uri"], names),
        authorizer=authorizers[required[0]] if required else None,
    )


def _authorizer(name: str, scheme: Mapping[str, Any], names: Mapping[str, str]) -> Authorizer:
    settings = scheme.get("x-amazon-apigateway-authorizer", {})
    if settings.get("type") != "request" or not settings.get("enableSimpleResponses"):
        raise ValueError(f"authorizer {name}: only Lambda authorizers with simple responses are imitated")
    sources = settings.get("identitySource", [])
    return Authorizer(
        function=_function(settings["authorizerUri"], names),
        identity_sources=tuple(sources.split(",") if isinstance(sources, str) else sources),
    )


def _cors(configuration: Mapping[str, Any] | None, names: Mapping[str, str]) -> Cors | None:
    if configuration is None:
        return None
    lists = {
        "origins": "allowOrigins",
        "methods": "allowMethods",
        "headers": "allowHeaders",
        "exposed": "exposeHeaders",
    }
    values = {name: tuple(_resolve(entry, names) for entry in configuration.get(key, [])) for name, key in lists.items()}
    max_age, credentials = int(configuration.get("maxAge", 0)), bool(configuration.get("allowCredentials"))
    return Cors(**values, max_age=max_age, credentials=credentials)


def _function(uri: object, names: Mapping[str, str]) -> str:
    """Name or ARN of the function in arn:…:lambda:path/2015-03-31/functions/<arn>/invocations."""
    return _resolve(uri, names).split("/functions/", 1)[1].removesuffix("/invocations")


def _resolve(value: object, names: Mapping[str, str]) -> str:
    """The string behind Ref, Fn::GetAtt of a function's Arn, and Fn::Sub."""
    if not isinstance(value, dict):
        return str(value)
    ((intrinsic, argument),) = value.items()
    if intrinsic == "Ref":
        return _named(argument, names)
    if intrinsic == "Fn::GetAtt":
        return _named(argument if isinstance(argument, str) else ".".join(argument), names)
    if intrinsic != "Fn::Sub":
        raise ValueError(f"{intrinsic} is not understood here")
    text, own = argument if isinstance(argument, list) else (argument, {})
    local = {name: _resolve(entry, names) for name, entry in own.items()}
    return re.sub(r"\$\{([^}!]+)\}", lambda found: local.get(found[1]) or _named(found[1], names), text)


def _named(name: str, names: Mapping[str, str]) -> str:
    if name in _PSEUDO:
        return _PSEUDO[name]
    if name.endswith(".Arn"):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{names[name.removesuffix('.Arn')]}"
    return names[name]
