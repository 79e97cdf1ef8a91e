"""Whatever ends a session ends it everywhere, and of several ends the strictest counts (row 39)."""

from collections.abc import Callable

import pytest

from gatehouse import sessions, users
from gatehouse.client_registration import Registered
from tests.unit.flows import (
    basic,
    browser_of,
    claims_of,
    introspect,
    later,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    tokens_of,
    userinfo,
)

# Each ends the session that this access token belongs to.
ENDINGS: dict[str, Callable[[str], object]] = {
    "the session is revoked": lambda access: sessions.revoke(claims_of(access)["sub"], claims_of(access)["sid"], "test"),
    "the person signs out everywhere": sign_out_everywhere,
    "the person is blocked": lambda access: users.set_blocked(claims_of(access)["sub"], True),
}


def honoured(app: Registered, tokens: dict[str, str]) -> list[str]:
    """Where these tokens still count."""
    answers = {
        "userinfo": userinfo(tokens["access_token"]).status == 200,
        "introspection": introspect(app, tokens["access_token"])["active"],
        "introspection of the refresh token": introspect(app, tokens["refresh_token"])["active"],
        "refresh": refresh("", tokens["refresh_token"], authorization=basic(app.client_id, app.secret)).status == 200,
    }
    return [name for name, honoured in answers.items() if honoured]


@pytest.mark.row(39)
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_ended_session_counts_nowhere(ending: str) -> None:
    app = new_client("web")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    ENDINGS[ending](tokens["access_token"])

    assert honoured(app, tokens) == []


@pytest.mark.row(39)
@pytest.mark.parametrize("second", ENDINGS)
@pytest.mark.parametrize("first", ENDINGS)
def test_a_second_end_never_undoes_the_first(first: str, second: str) -> None:
    app = new_client("web")
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    ENDINGS[first](tokens["access_token"])
    ENDINGS[second](tokens["access_token"])

    assert honoured(app, tokens) == []


@pytest.mark.row(39)
def test_unblocking_brings_nothing_back() -> None:
    user, app = new_user(), new_client("web")
    tokens = tokens_of(app.client_id, browser_of(user), secret=app.secret)

    users.set_blocked(user.user_id, True)
    users.set_blocked(user.user_id, False)

    assert honoured(app, tokens) == []


@pytest.mark.row(39)
def test_tokens_of_the_second_in_which_the_person_signed_out_are_dead_and_later_ones_live() -> None:
    user, app = new_user(), new_client("web")
    with later(0):
        before = tokens_of(app.client_id, browser_of(user), secret=app.secret)
        sign_out_everywhere(before["access_token"])
        renewed = users.get(user.user_id)
        assert renewed
        after = tokens_of(app.client_id, browser_of(renewed), secret=app.secret)

        assert claims_of(before["access_token"])["iat"] == claims_of(after["access_token"])["iat"]
        assert honoured(app, before) == []
        assert userinfo(after["access_token"]).status == 200


@pytest.mark.row(39)
def test_the_shortest_of_all_lifetimes_counts() -> None:
    app = new_client("web", session_seconds=300, access_token_seconds=86400)
    tokens = tokens_of(app.client_id, browser_of(new_user()), secret=app.secret)

    assert tokens["expires_in"] == 300
    with later(300):
        assert honoured(app, tokens) == []
