"""The Lambda authorizer for other APIs: lets through while the session lives, and never takes an outage for a no."""

import json
from typing import Any

import pytest

from gatehouse import users
from gatehouse.errors import Unavailable
from tests.unit.conftest import ISSUER, context, event, function
from tests.unit.faults import THROTTLED, always, trouble, unreachable
from tests.unit.flows import (
    basic,
    browser_of,
    claims_of,
    later,
    new_client,
    new_user,
    sign_out_everywhere,
    token,
    tokens_of,
)

API = "https://orders.example.com"
DENIED = {"isAuthorized": False}


def decide(value: str, *, stage: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """The answer to a request with this Authorization header."""
    asked = event("authorizer") | {"headers": {"authorization": value}, "stageVariables": stage} | more
    return function("authorizer")(asked, context())


def test_a_persons_token_opens_the_api_and_tells_it_who_calls() -> None:
    user, app = new_user(), new_client(audience=API, scopes=["openid", "orders:read"])
    access = tokens_of(app.client_id, browser_of(user), scope="openid orders:read")["access_token"]

    answer = decide(f"Bearer {access}", stage={"audience": API, "scope": "orders:read"})

    claims = claims_of(access)
    assert answer == {
        "isAuthorized": True,
        "context": {
            "sub": user.user_id,
            "client_id": app.client_id,
            "scope": "openid orders:read",
            "sid": claims["sid"],
            "jti": claims["jti"],
            "exp": str(claims["exp"]),
        },
    }
    assert all(isinstance(value, str) for value in answer["context"].values())


def test_a_machines_token_opens_the_api_without_a_session() -> None:
    app = new_client("machine", audience=API, scopes=["orders:read"])
    access = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).json["access_token"]

    answer = decide(f"Bearer {access}", stage={"audience": API, "scope": "orders:read"})

    assert answer["isAuthorized"] is True
    assert "sid" not in answer["context"]


@pytest.mark.parametrize("stage", [None, {}, {"audience": ""}, {"audience": ISSUER}])
def test_without_stage_variables_the_audience_is_the_issuer_and_no_scope_is_asked_for(
    stage: dict[str, str] | None,
) -> None:
    own, other = new_client(), new_client(audience=API)
    browser = browser_of(new_user())

    assert decide(f"Bearer {tokens_of(own.client_id, browser)['access_token']}", stage=stage)["isAuthorized"]
    assert decide(f"Bearer {tokens_of(other.client_id, browser, scope='email')['access_token']}", stage=stage) == DENIED


@pytest.mark.parametrize(
    ("audience", "scope"),
    [
        ("https://stock.example.com", ""),
        (f"{API}/", ""),
        (API[:-1], ""),
        (API, "orders:write"),
        (API, "orders"),
        (API, "orders:read openid"),
    ],
)
def test_another_audience_or_a_missing_scope_is_denied(audience: str, scope: str) -> None:
    app = new_client("machine", audience=API, scopes=["orders:read"])
    access = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret)).json["access_token"]

    assert decide(f"Bearer {access}", stage={"audience": audience, "scope": scope}) == DENIED


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        "bearer x",
        "Basic YTpi",
        "x",
        "Bearer a.b.c",
        "Bearer \x00",
        "Bearer é",
        "Bearer " + "x" * 9000,
    ],
)
def test_what_is_no_token_is_denied(value: str) -> None:
    assert decide(value) == DENIED


@pytest.mark.parametrize("asked", [{}, {"headers": None}, {"headers": {}}, {"version": "2.0", "identitySource": None}])
def test_a_request_without_headers_is_denied(asked: dict[str, Any]) -> None:
    assert function("authorizer")(asked, context()) == DENIED


def test_an_id_token_and_a_refresh_token_are_denied() -> None:
    tokens = tokens_of(new_client().client_id, browser_of(new_user()))

    assert decide(f"Bearer {tokens['id_token']}") == DENIED
    assert decide(f"Bearer {tokens['refresh_token']}") == DENIED


def test_a_token_is_denied_from_the_moment_its_session_has_ended() -> None:
    user, app = new_user(), new_client()
    first, second = (tokens_of(app.client_id, browser_of(user))["access_token"] for _ in range(2))
    assert decide(f"Bearer {first}")["isAuthorized"]

    sign_out_everywhere(first)

    assert decide(f"Bearer {first}") == decide(f"Bearer {second}") == DENIED


def test_a_token_of_a_blocked_person_is_denied() -> None:
    user = new_user()
    access = tokens_of(new_client().client_id, browser_of(user))["access_token"]

    users.set_blocked(user.user_id, True)

    assert decide(f"Bearer {access}") == DENIED


def test_a_token_is_denied_when_its_time_is_over() -> None:
    access = tokens_of(new_client().client_id, browser_of(new_user()))["access_token"]

    with later(600):
        assert decide(f"Bearer {access}") == DENIED


def test_a_token_in_body_or_query_is_not_read() -> None:
    access = tokens_of(new_client().client_id, browser_of(new_user()))["access_token"]
    asked = {
        "headers": {},
        "rawQueryString": f"access_token={access}",
        "queryStringParameters": {"access_token": access},
    }

    assert function("authorizer")(event("authorizer") | asked, context()) == DENIED


@pytest.mark.parametrize("fate", [THROTTLED, unreachable])
def test_an_outage_raises_so_that_api_gateway_answers_500_and_never_401(fate: Any) -> None:
    access = tokens_of(new_client().client_id, browser_of(new_user()))["access_token"]

    with trouble({"dynamodb": always(fate)}), pytest.raises(Unavailable):
        decide(f"Bearer {access}")

    assert decide(f"Bearer {access}")["isAuthorized"]


def test_an_outage_does_not_matter_to_a_token_that_is_refused_anyway() -> None:
    access = tokens_of(new_client().client_id, browser_of(new_user()))["access_token"]
    decide(f"Bearer {access}")

    with trouble({"dynamodb.BatchGetItem": always(THROTTLED)}):
        assert decide("Bearer a.b.c") == DENIED


def test_every_decision_is_a_line_in_the_log_without_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    access = tokens_of(new_client().client_id, browser_of(new_user()))["access_token"]
    capsys.readouterr()

    decide(f"Bearer {access}")
    decide("Bearer a.b.c")

    written = capsys.readouterr().out
    assert [json.loads(line)["message"] for line in written.splitlines()] == ["allowed", "denied"]
    assert access not in written
