"""A deletion that breaks off anywhere hides the person at once, and the next one finishes it."""

from typing import Any

import pytest

from gatehouse import limits, login_history, session_ids, sessions, table, tickets, users
from gatehouse import user_deletion as deletion
from gatehouse.errors import Unavailable
from tests.unit.deletions import DEED, PASSING, deleted, entries, full_life, operator, traces
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import browser_of, later, new_client, new_user, refresh, tokens_of, userinfo
from tests.unit.operators import api, machine, user_path
from tests.unit.test_cleanup import sweep


@pytest.fixture
def bearer() -> str:
    return operator()


STEPS = ["_marked", "_end_sessions", "_forget", "_release", "_finish"]


@pytest.mark.row(95)
@pytest.mark.parametrize("step", STEPS)
def test_a_deletion_that_broke_off_is_finished_by_the_next_and_hidden_meanwhile(
    step: str, bearer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, app = full_life(), new_client().client_id
    tokens = tokens_of(app, browser_of(user))
    real = getattr(deletion, step)

    def broken(*arguments: Any) -> Any:
        real(*arguments)
        raise Unavailable(detail="planned")

    with monkeypatch.context() as patch:
        patch.setattr(deletion, step, broken)
        assert deleted(user.user_id, bearer, reason="first").status == 503
    assert userinfo(tokens["access_token"]).status == 401
    assert refresh(app, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert api("GET", user_path(user.user_id), bearer).status == 404
    assert api("PATCH", user_path(user.user_id), bearer, {"blocked": False}).status == 404
    assert browser_of(user).authorize(app, prompt="none").sent_back["error"] == "login_required"

    assert deleted(user.user_id, bearer, reason="second").status == 204

    assert {pk.partition("#")[0] for pk, _ in traces(user)} <= PASSING
    (entry,) = entries()
    assert entry["reason"] == "first"


def broken_off(*arguments: Any) -> None:
    raise Unavailable(detail="planned")


def test_whoever_has_the_address_by_now_loses_nothing(bearer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    user = new_user()
    with monkeypatch.context() as patch:
        patch.setattr(deletion, "_finish", broken_off)
        assert deleted(user.user_id, bearer).status == 503
    successor = new_user(user.email)
    limits.count(limits.PASSWORD, user.email)
    tickets.issue(tickets.RESET, user.email, user_id=successor.user_id)

    assert deleted(user.user_id, bearer).status == 204

    found = users.get_by_email(user.email)
    assert found is not None
    assert found.user_id == successor.user_id
    assert table.get(table.ticket_key(tickets.RESET, user.email)) is not None


def test_what_takes_too_long_is_a_503_and_goes_on(bearer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    user = new_user()
    for _ in range(120):
        lasting = {"created_at": 1, "expires_at": 2**33, "idle_expires_at": 2**33}
        sessions.begin(sessions.Session(user.user_id, session_ids.new(1), "client", **lasting))
    monkeypatch.setattr(deletion, "SECONDS", 0)
    answer = deleted(user.user_id, bearer)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    monkeypatch.undo()

    assert deleted(user.user_id, bearer).status == 204
    assert traces(user) == []


@pytest.mark.parametrize("way", ["sign in", "change", "block", "password", "verify", "sign out"])
def test_nobody_changes_a_person_who_is_being_deleted(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    user = new_user()
    deletion._marked(user.user_id, DEED)
    before = table.get(table.user_key(user.user_id))

    match way:
        case "sign in":
            login_history.signed_in(user.user_id, source_ip="", user_agent="", client_id="", invocation_id="x")
        case "change":
            assert api("PATCH", user_path(user.user_id), machine("update:users"), {"nickname": "Ada"}).status == 404
        case "block":
            assert not users.set_blocked(user.user_id, False)
        case "password":
            with pytest.raises(table.ConditionFailed):
                table.transact(users.password_write(user.user_id, user.email, "hash"))
        case "verify":
            with pytest.raises(table.ConditionFailed):
                table.transact(users.verification_write(user.user_id, user.email))
        case "sign out":
            assert not users.sign_out_everywhere(user.user_id, invocation_id="x")

    assert table.get(table.user_key(user.user_id)) == before
    assert list(table.query(table.user_partition(user.user_id), "LOGIN#")) == []


def test_a_person_who_is_being_deleted_is_in_no_list(bearer: str) -> None:
    user = new_user()
    deletion._marked(user.user_id, DEED)

    item = table.get(table.user_key(user.user_id))
    assert item is not None
    assert not {"list_pk", "list_sk"} & item.keys()
    assert api("GET", "/users", bearer).json == []


def test_trouble_with_the_table_is_a_503_and_nothing_is_forgotten(bearer: str) -> None:
    user = full_life()
    for operation in ("dynamodb.UpdateItem", "dynamodb.Query", "dynamodb.TransactWriteItems", "dynamodb.DeleteItem"):
        with trouble({operation: always(THROTTLED)}):
            assert deleted(user.user_id, bearer).status == 503
    assert entries() == []

    assert deleted(user.user_id, bearer).status == 204
    assert len(entries()) == 1
    assert {pk.partition("#")[0] for pk, _ in traces(user)} <= PASSING


@pytest.mark.row(95)
@pytest.mark.parametrize("step", STEPS[1:])
def test_a_deletion_that_nobody_repeats_is_finished_by_cleanup(step: str, bearer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    user = full_life()
    with later(0):
        with monkeypatch.context() as patch:
            patch.setattr(deletion, step, broken_off)
            assert deleted(user.user_id, bearer, reason="first").status == 503
        with later(3599):
            assert sweep()["resumed"] == 0
        with later(3600):
            assert sweep()["resumed"] == 1

    assert {pk.partition("#")[0] for pk, _ in traces(user)} <= PASSING
    (entry,) = entries()
    assert entry["reason"] == "first"


def test_a_deletion_that_takes_too_long_for_cleanup_too_is_left_for_the_next_day(bearer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    user = full_life()
    with later(0):
        deletion._marked(user.user_id, DEED)
        with later(3600):
            hurried = sweep(lambda: deletion.SECONDS * 1000)
            with monkeypatch.context() as patch:
                patch.setattr(deletion, "SECONDS", 0)
                unfinished = sweep()
            assert [answer["resumed"] for answer in (hurried, unfinished, sweep(), sweep())] == [0, 0, 1, 0]


def test_a_link_that_was_mailed_to_an_address_to_be_goes_with_a_person_who_has_none(bearer: str) -> None:
    user = users.create(email_verified=False, password_hash="", username="lovelace")
    tickets.issue(tickets.EMAIL, "ada@example.com", user_id=user.user_id)

    assert deleted(user.user_id, bearer).status == 204

    assert traces(user) == []
