"""Deleting a person: nothing of theirs opens anything, nothing of theirs stays, and it is written down once."""

import hashlib
from typing import Any

import pytest

from gatehouse import audit, backchannel_logout, sessions, table, users
from gatehouse import user_deletion as deletion
from gatehouse.users import User
from tests.unit.deletions import DEED, PASSING, deleted, entries, full_life, operator, traces
from tests.unit.flows import PASSWORD, Browser, browser_of, claims_of, later, new_client, new_user, refresh, signed_in, tokens_of, userinfo
from tests.unit.operators import api, machine, person, user_path
from tests.unit.streams import filtered, passed_on, recorded, turn_on, waiting
from tests.unit.test_cleanup import sweep
from tests.unit.test_login import opened


@pytest.fixture
def bearer() -> str:
    return operator()


def test_nothing_that_names_the_person_stays_but_the_tombstone_and_what_runs_out(bearer: str) -> None:
    user = full_life()
    kinds = {sk.partition("#")[0] for _, sk in traces(user)}
    assert {"USER", "EMAIL", "USERNAME", "PHONE", "IDENTITY", "SESSION", "SIGNON", "CONSENT", "LOGIN", "ORG", "MEMBER", "HOLDER"} <= kinds
    assert {"TICKET", "CUSTOM"} <= kinds

    assert deleted(user.user_id, bearer).status == 204

    assert {pk.partition("#")[0] for pk, _ in traces(user)} <= PASSING
    assert table.get(table.gone_key(user.user_id)) is not None
    assert table.get(table.limit_key("PASSWORD", hashlib.sha256(user.email.encode()).hexdigest())) is None


@pytest.mark.row(37, 95)
def test_the_deleted_person_is_gone_for_everybody(bearer: str) -> None:
    user, app = new_user(), new_client().client_id
    browser = Browser()
    tokens = signed_in(app, browser)

    deleted(user.user_id, bearer)

    assert userinfo(tokens["access_token"]).status == 401
    assert refresh(app, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert browser.authorize(app, prompt="none").sent_back["error"] == "login_required"
    assert api("GET", user_path(user.user_id), bearer).json["errorCode"] == "inexistent_user"
    assert api("GET", "/users-by-email", bearer, query={"email": user.email}).json == []
    again = Browser()
    assert again.fill(opened(again, app), "/u/login", email=user.email, password=PASSWORD).status == 400


@pytest.mark.row(84, 95)
def test_only_who_may_delete_deletes() -> None:
    user = new_user()

    own = person(None, "read:current_user", "update:current_user_metadata")
    for bearer in (machine("update:users", "read:users", "create:users"), own):
        assert deleted(user.user_id, bearer).status == 403
    assert users.get(user.user_id)


@pytest.mark.row(95)
def test_deleting_again_and_deleting_nobody_is_a_success_and_is_written_down_once(bearer: str) -> None:
    user = new_user()

    assert [deleted(user_id, bearer).status for user_id in (user.user_id, user.user_id, "gatehouse|nobody", "nonsense")] == [204] * 4

    assert len(entries()) == 1
    assert table.get(table.gone_key("gatehouse|nobody")) is None


@pytest.mark.row(96)
def test_the_audit_trail_tells_who_did_it_when_from_where_and_why(bearer: str) -> None:
    user = new_user()
    with later(0):
        deleted(user.user_id, bearer, reason="asked for it by post")

        (entry,) = entries()

    assert entry["pk"] == f"AUDIT#{entry['at'][:10]}"
    assert (entry["action"], entry["subject"], entry["ip"]) == ("user.deleted", user.user_id, "192.0.2.7")
    assert (entry["reason"], entry["actor"].endswith("@clients")) == ("asked for it by post", True)
    assert entry["request_id"]
    assert user.email not in repr(entry)
    assert deleted(user.user_id, bearer, reason="x" * 201).json["errorCode"] == "invalid_query_string"


@pytest.mark.row(96)
def test_nothing_can_be_written_over_what_was_written_down() -> None:
    write = audit.write("user.deleted", "gatehouse|x", DEED)
    table.transact(write)

    with pytest.raises(table.ConditionFailed):
        table.transact(write)


@pytest.mark.row(95)
def test_the_id_is_never_given_again_but_the_address_is(bearer: str) -> None:
    body = {"connection": "Username-Password-Authentication", "email": "ada@example.com"}
    user_id = api("POST", "/users", bearer, body | {"user_id": "ada"}).json["user_id"]
    deleted(user_id, bearer)

    assert api("POST", "/users", bearer, body | {"user_id": "ada"}).status == 409
    assert api("POST", "/users", bearer, body).json["user_id"] != user_id


def test_the_count_of_users_goes_down_with_the_user(bearer: str) -> None:
    user = new_user()
    count = table.count_key("USERS", table.bucket_of(user.user_id))

    for _ in range(2):
        deleted(user.user_id, bearer)

    assert table.get(count) == {**count, "total": 0}


def test_each_session_that_was_live_is_told_of_once_and_no_other() -> None:
    turn_on()
    user, app = new_user(), new_client(backchannel_logout_uri="https://rp.example.com/back").client_id
    ended = sid_of(tokens_of(app, browser_of(user)))
    users.sign_out_everywhere(user.user_id, invocation_id="x")
    revoked = sid_of(tokens_of(app, browser_of(now(user))))
    sessions.revoke(user.user_id, revoked, "signed_out")
    live = {sid_of(tokens_of(app, browser_of(now(user)))) for _ in range(3)}
    before = len(recorded())

    deletion.delete(user.user_id, DEED)

    records = filtered(recorded()[before:])
    assert passed_on(records) == []
    notices = waiting()
    assert {notice["sid"] for notice in notices} == live
    assert ended not in live
    assert len({notice["id"] for notice in notices}) == 3
    # Records that come late, as all have gone meanwhile, or twice, make the same notices in another process.
    backchannel_logout.forget()
    assert passed_on(records * 2) == []
    assert {notice["id"] for notice in waiting()} == {notice["id"] for notice in notices}


def sid_of(tokens: dict[str, Any]) -> str:
    sid: str = claims_of(tokens["access_token"])["sid"]
    return sid


def now(user: User) -> User:
    found = users.get(user.user_id)
    assert found is not None
    return found


def test_what_a_request_wrote_in_that_instant_is_taken_by_the_next_delete_or_by_the_sweep(bearer: str) -> None:
    user, other = new_user(), new_user("eve@example.com")
    late = {"at_ms": 1, "ip": "", "user_agent": "", "client_id": "", "ttl": 2**33}
    deleted(user.user_id, bearer)

    table.put(table.login_key(user.user_id, 1, "x"), late)
    deleted(user.user_id, bearer)
    assert list(table.query(table.user_partition(user.user_id))) == []

    table.put(table.login_key(user.user_id, 1, "x"), late)
    table.put(table.consent_key(user.user_id, "client"), {"client_id": "client", "scopes": [], "granted_at": 1})
    table.put(table.login_key(other.user_id, 1, "x"), late)
    sweep()
    assert list(table.query(table.user_partition(user.user_id))) == []
    assert len(list(table.query(table.user_partition(other.user_id), "LOGIN#"))) == 1
