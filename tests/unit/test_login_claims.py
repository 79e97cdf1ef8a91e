"""Claims that hooks gave to a sign-in: they stay with its session, and every later layer counts more."""

import json
from dataclasses import fields
from typing import Any

import pytest

from gatehouse import codes, session_ids, sessions, table
from gatehouse.codes import Code
from gatehouse.hooks import PRE_TOKEN
from gatehouse.users import User
from tests.unit.flows import CALLBACK, CHALLENGE, claims_of, exchange, new_user, refresh
from tests.unit.hooks import hooked
from tests.unit.mapped import PLAN, adding, app, mapping, read, rule, saying

LOGIN = {"access_token": {"app:door": "north", PLAN: "of the sign-in"}, "id_token": {"app:door": "south", "nickname": "Countess"}}


def code_of(user: User, client_id: str, claims: Any, scope: str = "openid offline_access") -> str:
    """A code from a sign-in to which hooks gave these claims."""
    made = {field.name: "" for field in fields(Code)} | {"client_id": client_id, "redirect_uri": CALLBACK, "code_challenge": CHALLENGE}
    made |= {"user_id": user.user_id, "sid": session_ids.new(user.epoch), "scope": scope, "amr": ["pwd"], "redirect_uri_given": True}
    text = claims if isinstance(claims, str) else json.dumps(claims)
    return codes.issue(Code(**made | {"auth_time": sessions.clock.now(), "claims": text, "expires_at": 0}))


def test_they_stand_in_the_tokens_of_the_exchange_and_of_every_refresh() -> None:
    ada, registered = new_user(), app()

    tokens = exchange(registered.client_id, code_of(ada, registered.client_id, LOGIN)).json

    for _ in range(3):
        made = read(tokens)
        assert made["access"].items() >= LOGIN["access_token"].items()
        assert made["id"].items() >= LOGIN["id_token"].items()
        assert "nickname" not in made["access"]
        tokens = refresh(registered.client_id, tokens["refresh_token"]).json


@pytest.mark.usefixtures("lambdas")
def test_mapping_counts_more_and_hooks_before_tokens_most() -> None:
    ada, registered = new_user(), app()
    mapping(rule("email"))
    first = exchange(registered.client_id, code_of(ada, registered.client_id, LOGIN)).json
    hook = hooked(PRE_TOKEN, saying({**adding({"app:new": 1}), "claimsToSuppress": ["app:door"]}, adding({PLAN: "by the hook"})))

    second = read(refresh(registered.client_id, first["refresh_token"]).json)

    assert claims_of(first["access_token"])[PLAN] == second["access"][PLAN] == "ada@example.com"
    assert ("app:door" in second["access"], second["access"]["app:new"]) == (False, 1)
    assert (second["id"][PLAN], second["id"]["app:door"]) == ("by the hook", "south")
    told = hook.calls[0]["request"]["context"]["claims"]
    assert told["accessToken"] == {"app:door": "north", PLAN: "ada@example.com"}


@pytest.mark.row(91)
def test_they_are_judged_again_at_every_token() -> None:
    ada, registered = new_user(), app()
    harmful = {"sub": "eve", "scope": "all", "__proto__": 1, "app:card": "canary", "app:door": "north"}
    first = exchange(registered.client_id, code_of(ada, registered.client_id, {"access_token": harmful, "id_token": harmful})).json
    mapping(sensitive=("app_metadata.card",))

    second = read(refresh(registered.client_id, first["refresh_token"]).json)

    for claims in (second["access"], second["id"]):
        assert (claims["sub"], claims["app:door"], "app:card" in claims, "__proto__" in claims) == (ada.user_id, "north", False, False)
    assert second["answer"]["scope"] == "openid offline_access"


@pytest.mark.parametrize("claims", ["", "{}", "[]", "null", "no JSON", '{"access_token": 1}', '{"access_token": null}'])
def test_without_any_a_session_is_as_it_was(claims: str) -> None:
    ada, registered = new_user(), app()

    answer = exchange(registered.client_id, code_of(ada, registered.client_id, claims))

    assert answer.status == 200
    assert refresh(registered.client_id, answer.json["refresh_token"]).status == 200


def test_a_session_without_them_stores_nothing_for_them() -> None:
    ada, registered = new_user(), app()
    access = claims_of(exchange(registered.client_id, code_of(ada, registered.client_id, "")).json["access_token"])

    item = table.get(table.session_key(access["sub"], access["sid"]))

    assert item
    assert "claims" not in item
