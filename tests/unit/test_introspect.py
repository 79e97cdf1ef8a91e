"""Introspection: what a token is worth right now, told only to who may know (row 41)."""

import pytest

from gatehouse import users
from tests.unit.conftest import ISSUER, call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import (
    basic,
    browser_of,
    introspect,
    later,
    new_client,
    new_user,
    refresh,
    token,
    tokens_of,
)

API = "https://orders.example.com"


@pytest.mark.row(41)
def test_a_client_learns_what_its_own_access_token_is_worth_and_nothing_about_the_person() -> None:
    user = new_user(name="Ada Lovelace")
    app = new_client("web")
    tokens = tokens_of_web(app, user)

    found = introspect(app, tokens["access_token"])

    assert found["active"] is True
    assert set(found) == {"active", "token_type", "iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "sid"}
    assert (found["iss"], found["sub"], found["client_id"]) == (ISSUER, user.user_id, app.client_id)
    assert (found["token_type"], found["scope"]) == ("Bearer", "openid profile email")


def tokens_of_web(app, user):  # type: ignore[no-untyped-def]
    from tests.unit.flows import exchange, new_code

    code = new_code(app.client_id, browser_of(user))
    return exchange("", code, authorization=basic(app.client_id, app.secret)).json
