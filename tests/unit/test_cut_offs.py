"""Whatever ends a session ends it everywhere, and of several ends the strictest counts (row 39)."""

import os
from collections.abc import Callable

import pytest

from gatehouse import client_registration, clients, clock, sessions, table, users
from gatehouse.client_registration import Registered
from tests.unit.conftest import ISSUER, forget
from tests.unit.flows import (
    basic,
    browser_of,
    claims_of,
    exchange,
    introspect,
    later,
    new_client,
    new_code,
    new_user,
    refresh,
    sign_out_everywhere,
    token,
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


def cut_off(app: Registered, *, client: int = 0, stack: int = 0) -> None:
    """Set the cut-offs of a client and of the stack."""
    client_registration.change(app.client_id, sessions_not_before=client)
    os.environ["SESSIONS_NOT_BEFORE"] = str(stack)
    forget()


@pytest.fixture(autouse=True)
def no_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONS_NOT_BEFORE", "0")


@pytest.mark.row(39)
@pytest.mark.parametrize(("client", "stack"), [(60, 0), (0, 60), (60, 30), (30, 60), (60, 60)])
def test_of_the_cut_offs_of_client_and_stack_the_later_one_counts(client: int, stack: int) -> None:
    user, app = new_user(), new_client("web")
    with later(60) as moved:
        tokens = tokens_of(app.client_id, browser_of(user), secret=app.secret)
        began = claims_of(tokens["access_token"])["iat"]
        cut_off(app, client=began - 60 + client, stack=began - 60 + stack)

        assert honoured(app, tokens) == []
        moved.shift(1)
        assert len(honoured(app, tokens_of(app.client_id, browser_of(user), secret=app.secret))) == 4


@pytest.mark.row(39)
def test_what_began_after_every_cut_off_counts() -> None:
    user, app = new_user(), new_client("web")
    with later(0):
        tokens = tokens_of(app.client_id, browser_of(user), secret=app.secret)
        began = claims_of(tokens["access_token"])["iat"]

        cut_off(app, client=began - 1, stack=began - 1)

        assert len(honoured(app, tokens)) == 4


@pytest.mark.row(39)
def test_a_cut_off_of_one_client_leaves_the_others_alone() -> None:
    user, app, other = new_user(), new_client("web"), new_client("web")
    tokens = tokens_of(other.client_id, browser_of(user), secret=other.secret)

    cut_off(app, client=claims_of(tokens["access_token"])["iat"])

    assert len(honoured(other, tokens)) == 4


@pytest.mark.row(39)
def test_a_machine_s_token_and_a_code_from_before_a_cut_off_are_worth_nothing() -> None:
    user, app = new_user(), new_client("web", grant_types=["authorization_code", "refresh_token", "client_credentials"])
    secret = basic(app.client_id, app.secret)
    machine = token(grant_type="client_credentials", authorization=secret).json["access_token"]
    code = new_code(app.client_id, browser_of(user))

    cut_off(app, client=clock.now())

    assert introspect(app, machine) == {"active": False}
    assert exchange("", code, authorization=secret).json["error"] == "invalid_grant"


@pytest.mark.row(39)
def test_a_cut_off_of_the_stack_ends_browser_sign_ons_as_well() -> None:
    user, app = new_user(), new_client("web")
    browser = browser_of(user)

    cut_off(app, stack=clock.now())

    assert browser.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"


@pytest.mark.row(39)
def test_tokens_of_a_client_that_is_gone_count_nowhere() -> None:
    app, observer = new_client(), new_client("web", introspection_audiences=[ISSUER])
    tokens = tokens_of(app.client_id, browser_of(new_user()))
    table.delete(table.client_key(app.client_id))
    clients.forget()

    assert userinfo(tokens["access_token"]).status == 401
    assert introspect(observer, tokens["access_token"]) == {"active": False}
