"""The two hooks that the stack ships, switched on: real sign-ups and tokens, and what is left behind when they say no or fail."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gatehouse import custom_data, hooks, users
from tests import plays_api
from tests.operator_functions import Service
from tests.plays_api import PlaysApi
from tests.unit.conftest import Answer, function
from tests.unit.flows import browser_of, claims_of, exchange, new_client, new_code, new_user, refresh
from tests.unit.hooks import hooked
from tests.unit.operators import api, machine
from tests.unit.user_data import switch_on

EDITOR = {"role": "playlist_editor", "field": "plays", "at_least": 100}


@pytest.fixture
def plays(lambdas: Service, laptop: None) -> Iterator[PlaysApi]:
    with plays_api.serving() as listening:
        yield listening


def enriching(plays: PlaysApi, **configuration: Any) -> None:
    rules = {"url": plays.of_people, "roles": [EDITOR], "cache_seconds": 0, "stale_seconds": 0, "timeout_seconds": 1} | configuration
    hooked(hooks.PRE_TOKEN, function("claims_enrichment"), configuration=rules)


def roles_of(token: str) -> list[str]:
    return list(claims_of(token).get("roles", []))


@pytest.mark.row(91)
def test_a_role_comes_and_goes_with_what_the_api_counts(plays: PlaysApi) -> None:
    ada, app = new_user(), new_client(scopes=["openid", "offline_access", "roles"])
    enriching(plays, claims={"plays": "plays", "sub": "plays"})
    plays.told[ada.user_id] = {"plays": 100}

    first = exchange(app.client_id, new_code(app.client_id, browser_of(ada), scope="openid offline_access roles")).json
    plays.told[ada.user_id] = {"plays": 99}
    second = refresh(app.client_id, first["refresh_token"]).json

    assert (roles_of(first["access_token"]), roles_of(second["access_token"])) == (["playlist_editor"], [])
    assert (claims_of(first["access_token"])["plays"], claims_of(second["access_token"])["plays"]) == (100, 99)
    assert claims_of(second["access_token"])["sub"] == ada.user_id


def test_when_nothing_may_go_on_without_the_api_code_and_refresh_token_wait_for_it(plays: PlaysApi) -> None:
    ada, app = new_user(), new_client(scopes=["openid", "offline_access"])
    enriching(plays, on_error="deny")
    plays.told[ada.user_id] = {"plays": 1}
    code = new_code(app.client_id, browser_of(ada), scope="openid offline_access")

    plays.answers.append(500)
    assert (answer := exchange(app.client_id, code)).status == 503, answer.body
    assert answer.headers["retry-after"]
    tokens = exchange(app.client_id, code).json
    plays.answers.append(500)
    assert refresh(app.client_id, tokens["refresh_token"]).status == 503
    assert refresh(app.client_id, tokens["refresh_token"]).status == 200


def test_a_mistake_in_its_configuration_makes_no_token_and_says_which(plays: PlaysApi) -> None:
    app, browser = new_client(), browser_of(new_user())
    enriching(plays, retries=3)

    answer = exchange(app.client_id, new_code(app.client_id, browser))

    assert (answer.status, answer.json["error"]) == (400, "access_denied")
    assert "retries" in answer.json["error_description"]


@pytest.mark.usefixtures("lambdas")
def test_whom_user_creation_lets_in_has_their_document_with_the_account_and_whom_it_does_not_has_nothing() -> None:
    switch_on()
    rules = {
        "allowed_email_domains": ["example.com"],
        "app_metadata": {"plan": "free"},
        "custom_document": {"plan": "free", "mail": {"$user": "email"}},
    }
    hook = hooked(hooks.PRE_SIGN_UP, function("user_creation"), configuration=rules)

    allowed, refused = created("ada@example.com"), created("eve@elsewhere.example")

    assert (allowed.status, refused.status) == (201, 400), allowed.body
    assert "another organization" in refused.json["message"]
    user_id = allowed.json["user_id"]
    assert custom_data.get(user_id).document == {"user_id": user_id, "plan": "free", "mail": "ada@example.com"}
    assert allowed.json["app_metadata"] == {"plan": "free"}
    assert users.get_by_email("eve@elsewhere.example") is None
    hooks.change(hook.id, lambda known: replace(known, configuration={"alowed_email_domains": ["example.com"]}))
    hooks.forget()
    assert created("grace@example.com").status == 400
    assert users.get_by_email("grace@example.com") is None


def created(email: str) -> Answer:
    """POST users by a machine."""
    new = {"connection": "Username-Password-Authentication", "email": email, "password": "tin umbrella forgets nothing"}
    return api("POST", "/users", machine("create:users"), new)
