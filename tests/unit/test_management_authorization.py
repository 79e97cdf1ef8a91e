"""Every route of the description of the API against every wrong kind of token: 401 or 403, before anything that was sent is looked at."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from gatehouse import management_scopes
from gatehouse.management import catalogue, description
from gatehouse.management.callers import OWN_SCOPES
from gatehouse.settings import settings
from tests.unit.conftest import ISSUER, Answer, call, function
from tests.unit.flows import Browser, basic, later, new_client, new_user, sign_out_everywhere, signed_in, token, tokens_of
from tests.unit.operators import machine, person

# Nobody's: what is refused must not depend on whether there is such a thing.
EXAMPLES = {"id": "gatehouse|nobody", "user_id": "gatehouse|nobody"}


@cache
def operations() -> dict[tuple[str, str], tuple[str, set[str]]]:
    """Method and path as described: the function that serves it, and the scopes that open it. Public ones are left out."""
    served = {(route.method, route.full_path): name for name in catalogue.MODULES for route in catalogue.routes_of(name)}
    served |= {(route.method, route.full_path): "global_sign_out" for route in description.ELSEWHERE}
    document = json.loads(json.dumps(description.document(ISSUER)))
    described = {
        (method.upper(), path): {scope for way in operation["security"] for scopes in way.values() for scope in scopes}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert described.keys() == served.keys()
    return {key: (served[key], scopes) for key, scopes in described.items() if scopes}


def asked(method: str, path: str, name: str, bearer: str) -> Answer:
    """The operation, with a body that no model knows: whoever may not call it never learns that."""
    values = {segment[1:-1]: EXAMPLES.get(segment[1:-1], "nobody") for segment in path.split("/") if segment.startswith("{")}
    filled = path
    for parameter, value in values.items():
        filled = filled.replace(f"{{{parameter}}}", value)
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
    return call(name, method, filled, body='{"no such member": 1}', headers=headers, path_parameters=values)


def statuses(bearer: str, *, with_own: bool = True) -> dict[tuple[str, str], int]:
    """What each operation answers to this token. with_own: also those that people have for their own record."""
    return {
        (method, path): asked(method, path, name, bearer).status
        for (method, path), (name, scopes) in operations().items()
        if with_own or (path.startswith("/api/v2/") and scopes.isdisjoint(OWN_SCOPES))
    }


def others(answers: dict[tuple[str, str], int], *expected: int) -> dict[tuple[str, str], int]:
    return {operation: status for operation, status in answers.items() if status not in expected}


def every_scope() -> list[str]:
    return sorted({scope for _, scopes in operations().values() for scope in scopes})


def id_token() -> str:
    new_user()
    value: str = signed_in(new_client().client_id, scope="openid profile")["id_token"]
    return value


def for_another_api() -> str:
    app = new_client("machine", scopes=every_scope(), audience="https://orders.example.com")
    value: str = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).json["access_token"]
    return value


def of_person_who_signed_out() -> str:
    new_user()
    browser = Browser()
    value = person(browser, *OWN_SCOPES)
    assert sign_out_everywhere(tokens_of(new_client().client_id, browser)["access_token"]).status == 204
    return value


def forged() -> str:
    head, payload, signature = machine(*every_scope()).split(".")
    return f"{head}.{payload}.{signature[:-8]}{'A' * 8}"


@pytest.mark.row(84)
@pytest.mark.parametrize(
    "wrong",
    [lambda: "", lambda: "garbage", id_token, for_another_api, of_person_who_signed_out, forged],
    ids=["none", "garbage", "id token", "another api's", "signed out", "forged"],
)
def test_no_operation_takes_a_token_that_is_none_for_it(wrong: Callable[[], str]) -> None:
    assert others(statuses(wrong()), 401) == {}


@pytest.mark.row(84)
def test_no_operation_takes_a_token_that_is_over() -> None:
    bearer = machine(*every_scope())

    with later(settings().access_token_seconds + 1):
        assert others(statuses(bearer), 401) == {}


@pytest.mark.row(84)
def test_a_machine_without_the_scope_is_refused_everywhere() -> None:
    assert others(statuses(machine("read:nothing")), 401, 403) == {}


@pytest.mark.row(84)
def test_a_scope_opens_its_own_operations_and_no_other() -> None:
    for scope in every_scope():
        bearer = machine(scope)
        for (method, path), (name, scopes) in operations().items():
            if scope not in scopes:
                assert asked(method, path, name, bearer).status in (401, 403), (scope, method, path)


@pytest.mark.row(84)
def test_a_persons_scopes_are_worth_nothing_without_a_role_that_gives_them() -> None:
    new_user()
    foreign = sorted(set(every_scope()) - set(OWN_SCOPES))

    # As many at once as an authorization request may name.
    for first in range(0, len(foreign), 20):
        bearer = person(Browser(), *foreign[first : first + 20])
        assert others(statuses(bearer, with_own=False), 401, 403) == {}


@pytest.mark.row(84)
def test_a_persons_own_scopes_reach_nobody_elses_record() -> None:
    new_user()
    bearer = person(None, *OWN_SCOPES)

    reached = {
        (method, path): asked(method, path, name, bearer).status
        for (method, path), (name, _) in operations().items()
        if path.startswith("/api/v2/") and "{id}" in path
    }
    assert others(reached, 401, 403) == {}


def test_every_function_behind_the_api_is_described() -> None:
    for name in catalogue.MODULES:
        assert function(name)
    assert settings().management_audience == f"{ISSUER}/api/v2/"


def test_whoever_may_gets_further_than_the_door() -> None:
    """So that a refusal above is about the token and not about the request."""
    bearer = machine(*management_scopes.OPERATORS)

    passed: dict[Any, int] = {key: status for key, status in statuses(bearer).items() if key[1].startswith("/api/v2/")}
    assert {key: status for key, status in passed.items() if status in (401, 403, 500)} == {}
