"""Schemathesis against the description of the Management and account API: what fits it, what breaks it, and never a fault of ours."""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from gatehouse.management import callers, catalogue, description
from tests.unit.conftest import ISSUER, Snapshot, begin_anew, call, snapshot
from tests.unit.flows import new_client, new_user, signed_in
from tests.unit.operators import machine

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
# pytest --hypothesis-profile=explore tries more of each.
MOST_EXAMPLES = 300 if settings.get_current_profile_name() == "explore" else 8
PATIENT = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.large_base_example]
BOUNDED = settings(
    max_examples=MOST_EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=PATIENT, phases=[Phase.generate]
)


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The functions behind the API, as a WSGI application."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode(errors="replace")
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    answer = call(serving(path), method, path, query=environ.get("QUERY_STRING", ""), headers=headers, body=body)
    start(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
    return [answer.body.encode()]


def serving(path: str) -> str:
    """The function that API Gateway hands a path to."""
    for name in catalogue.MODULES:
        if any(route.full_path.split("/")[1:4] == path.split("/")[1:4] for route in catalogue.routes_of(name)):
            return name
    return "account" if path.startswith("/me") else "users_api"


def described() -> Any:
    """The description, but for what functions without a table of routes serve."""
    document = description.document(ISSUER)
    for route in description.ELSEWHERE:
        del document["paths"][route.full_path]
    made = schemathesis.openapi.from_dict(document)
    made.app = application
    return made


schema = described()
ACCOUNT_SCOPES = sorted({scope for route in catalogue.everything() if route.audience == callers.ACCOUNT for scope in route.scopes})
# Of the stack as it is in each test: a token with every scope, and somebody whom half of the requests are about.
there: dict[str, str] = {}
# That stack, and when it was made: to make it takes longer than most of the tests. After a while its tokens end.
_stacks: list[tuple[float, Snapshot]] = []
_LASTS_SECONDS = 60


@pytest.fixture(autouse=True)
def prepared(aws: None) -> None:
    if not _stacks or time.monotonic() - _stacks[-1][0] > _LASTS_SECONDS:
        prepare()
        _stacks[:] = [(time.monotonic(), snapshot())]
    begin_anew(_stacks[-1][1])


def prepare() -> None:
    scopes = dict.fromkeys(scope for route in catalogue.everything() for scope in route.scopes)
    there.update(token=machine(*scopes), user_id=new_user().user_id)
    app = new_client("spa", scopes=["openid", *ACCOUNT_SCOPES])
    assert ACCOUNT_SCOPES
    there["own"] = signed_in(app.client_id, scope=" ".join(["openid", *ACCOUNT_SCOPES]))["access_token"]


PATHS = schema.raw_schema["paths"]
OPERATIONS = {f"{method.upper()} {path}": schema[path][method.upper()] for path, way in PATHS.items() for method in way}


@pytest.mark.row(88, 89)
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("fitting", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "breaking"])
def test_every_operation_answers_as_it_is_described(operation: str, fitting: GenerationMode) -> None:
    # Not schema.parametrize(): its tests all have one name, of which pytest-xdist runs one.
    @BOUNDED
    @given(case=OPERATIONS[operation].as_strategy(fitting))
    def answers(case: schemathesis.Case) -> None:
        case.headers = {**(case.headers or {}), "authorization": f"Bearer {there['own' if case.path.startswith('/me') else 'token']}"}
        if "id" in (case.path_parameters or {}) and len(str(case.path_parameters["id"])) % 2:
            case.path_parameters["id"] = there["user_id"]
        answer = case.call()
        # A parameter without a value counts as absent (RFC 6749 3.1), whatever its type; and what is too large, or for another version
        # (RFC 9110 13.2.1), is refused for that.
        excused = "" in (case.query or {}).values() or answer.status_code in (412, 413)
        case.validate_response(answer, checks=[check for check in CHECKS if not (excused and check is checks.negative_data_rejection)])

    try:
        answers()
    except Unsatisfiable:
        assert fitting is GenerationMode.NEGATIVE, "nothing fits the description"
