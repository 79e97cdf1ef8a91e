"""The daily sweep: what is over goes, what lives or must be remembered stays (row 45)."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from gatehouse import cleanup, invitations, limits, listing, organizations, session_ids, sessions, table, users
from gatehouse.errors import Unavailable
from tests.unit.conftest import function
from tests.unit.faults import DENIED, answer, trouble
from tests.unit.flows import (
    Browser,
    exchange,
    later,
    mailed_link,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    signed_in,
    userinfo,
)
from tests.unit.test_login import opened
from tests.unit.test_sessions import silent

DAY = 86400


def sweep(milliseconds_left: Callable[[], int] = lambda: 60_000) -> dict[str, Any]:
    """The handler's answer."""
    return function("cleanup")({}, SimpleNamespace(aws_request_id="sweep", get_remaining_time_in_millis=milliseconds_left))


def kinds() -> dict[str, int]:
    """How many items of each kind are there."""
    items, _ = table.scan(None, limit=10_000)
    found: dict[str, int] = {}
    for item in items:
        name = (item["sk"] if item["pk"].startswith("USER#") else item["pk"]).partition("#")[0]
        found[name] = found.get(name, 0) + 1
    return found


def test_what_is_in_use_stays() -> None:
    new_user()
    app, browser = new_client(first_party=False), Browser()
    code = browser.fill(browser.get("hosted_pages", browser.sign_in(app.client_id).location), "/u/consent", decision="allow").sent_back[
        "code"
    ]
    tokens = exchange(app.client_id, code).json
    opened(Browser(), app.client_id)
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email="ada@example.com")
    limits.count(limits.PASSWORD, "eve@example.com")
    before = kinds()

    assert sweep()["swept"] == 0

    # The people who are active are counted besides.
    assert kinds() == before | {"STATS": 1}
    assert {
        "USER",
        "EMAIL",
        "SESSION",
        "SIGNON",
        "CONSENT",
        "SIGNIN",
        "TICKET",
        "LIMIT",
        "CLIENT",
        "KEYS",
    } <= before.keys()
    assert refresh(app.client_id, tokens["refresh_token"]).status == 200


def test_what_is_over_goes_and_people_clients_keys_and_consents_stay() -> None:
    new_user()
    app, browser = new_client(first_party=False), Browser()
    code = browser.fill(browser.get("hosted_pages", browser.sign_in(app.client_id).location), "/u/consent", decision="allow").sent_back[
        "code"
    ]
    exchange(app.client_id, code)
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email="ada@example.com")
    limits.count(limits.PASSWORD, "eve@example.com")
    before = kinds()

    with later(61 * DAY):
        sweep()
        after = kinds()

    assert {kind: after.get(kind) for kind in ("USER", "EMAIL", "CLIENT", "KEYS", "CONSENT")} == {
        kind: before[kind] for kind in ("USER", "EMAIL", "CLIENT", "KEYS", "CONSENT")
    }
    assert not {"SESSION", "SIGNON", "SIGNIN", "TICKET", "LIMIT", "SWEEP"} & after.keys()


def test_sessions_that_a_sign_out_everywhere_ended_go_when_everybody_can_have_been_told_of_it() -> None:
    new_user()
    app = new_client()
    with later(0):
        old = [signed_in(app.client_id) for _ in range(3)]
        sign_out_everywhere(old[0]["access_token"])
        with later(DAY - 1):
            sweep()
            assert kinds()["SESSION"] == 3
        with later(DAY):
            alive = signed_in(app.client_id)
            sweep()
            assert kinds()["SESSION"] == 1
            assert userinfo(alive["access_token"]).status == 200


def test_a_dead_session_stays_while_a_code_could_still_be_replayed_into_it() -> None:
    new_user()
    app = new_client()
    code = Browser().sign_in(app.client_id).sent_back["code"]
    tokens = exchange(app.client_id, code).json
    assert exchange(app.client_id, code).json["error"] == "invalid_grant"

    sweep()

    assert exchange(app.client_id, code).json["error"] == "invalid_grant"
    assert userinfo(tokens["access_token"]).status == 401


def test_a_sign_on_stays_while_its_grace_could_still_count() -> None:
    user, app = new_user(), new_client(sign_on_grace_seconds=3600)
    browser = Browser()
    browser.sign_in(app.client_id)
    with later(0):
        users.sign_out_everywhere(user.user_id, invocation_id="x")
        with later(3500):
            sweep()
            assert silent(browser, app.client_id) == "code"
        with later(3700):
            sweep()
            assert "SIGNON" not in kinds()


def test_sessions_of_people_who_are_gone_go_too() -> None:
    user, app = new_user(), new_client()
    signed_in(app.client_id)
    table.delete(table.user_key(user.user_id))

    with later(2 * 3600):
        sweep()

    assert not {"SESSION", "SIGNON"} & kinds().keys()


def test_a_run_that_is_cut_off_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "PAGE", 4)
    user = new_user()
    for number in range(10):
        session = sessions.Session(user.user_id, session_ids.new(0), "client", created_at=number, expires_at=1, idle_expires_at=1)
        sessions.begin(session)
    left = iter([60_000, 60_000, 0] * 50)

    runs = [sweep(lambda: next(left)) for _ in range(8)]

    assert [run["finished"] for run in runs].index(True) > 0
    assert max(run["seen"] for run in runs) <= 8
    assert "SESSION" not in kinds() and kinds()["USER"] == 1


def test_a_run_without_time_does_nothing_and_forgets_nothing() -> None:
    assert sweep(lambda: 0).items() >= {"seen": 0, "swept": 0}.items()


def test_running_it_twice_changes_nothing_more() -> None:
    new_user()
    signed_in(new_client().client_id)
    with later(61 * DAY):
        assert sweep()["swept"] > 0
        assert sweep()["swept"] == 0


def test_what_came_alive_between_the_look_and_the_deletion_stays() -> None:
    user, app = new_user(), new_client(session_idle_seconds=3600)
    with later(0):
        tokens = signed_in(app.client_id)
        with later(3000):
            sessions_then = boto3.client("dynamodb").query(
                TableName="identity",
                KeyConditionExpression="pk = :user AND begins_with(sk, :session)",
                ExpressionAttributeValues={":user": {"S": f"USER#{user.user_id}"}, ":session": {"S": "SESSION#"}},
            )["Items"]
            second = refresh(app.client_id, tokens["refresh_token"]).json
        with later(4000):
            with trouble({"dynamodb.Scan": [answer(200, {"Items": sessions_then})]}):
                assert sweep()["seen"] == 1
            assert userinfo(refresh(app.client_id, second["refresh_token"]).json["access_token"]).status == 200


def test_trouble_fails_the_run_so_that_the_alarm_rings_and_loses_nothing() -> None:
    new_user()
    signed_in(new_client().client_id)

    with later(61 * DAY):
        with trouble({"dynamodb.DeleteItem": [DENIED]}), pytest.raises(Unavailable):
            sweep()
        assert sweep()["finished"]
    assert "SESSION" not in kinds()


@pytest.mark.row(45, 72)
def test_nothing_waits_for_the_sweep_to_be_over() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email="ada@example.com")
    link = mailed_link("/u/reset")

    with later(61 * DAY):
        assert {"SESSION", "SIGNON", "TICKET"} <= kinds().keys()
        assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
        assert silent(browser, app.client_id) == "login_required"
        assert browser.get("hosted_pages", link).status == 400


def test_places_in_lists_and_invitations_that_are_over_go_too() -> None:
    new_user()
    listing.numbered(table.user_lists(), page=0, per_page=1)
    acme = organizations.create("acme")
    invitations.create(acme.org_id, inviter="Ada", email="bob@example.com", client_id="app")
    assert "PAGE" in kinds()

    with later(61 * DAY):
        assert sweep()["finished"]

    assert "PAGE" not in kinds()
    assert [item["sk"] for item in table.query(table.organization_partition(acme.org_id))] == ["ORG"]
