"""Deleting a person: nothing of theirs opens anything, nothing of theirs stays, and it is written down once (rows 84, 87)."""

import hashlib
from typing import Any

import boto3
import pytest

from gatehouse import audit, limits, login_history, memberships, organizations, role_holders, roles, sessions, table, tickets, users
from gatehouse import user_deletion as deletion
from gatehouse.audit import Deed
from gatehouse.errors import Unavailable
from gatehouse.settings import settings
from gatehouse.table.marshal import from_item
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import Browser, browser_of, claims_of, later, new_client, new_user, refresh, signed_in, tokens_of, userinfo
from tests.unit.operators import api, machine, person, user_path
from tests.unit.streams import filtered, passed_on, recorded, turn_on, waiting
from tests.unit.test_cleanup import sweep
from tests.unit.test_login import opened

DEED = Deed(actor="operator@clients", ip="192.0.2.1", request_id="one")


@pytest.fixture
def bearer() -> str:
    return machine("delete:users", "read:users", "create:users", "update:users")


def deleted(user_id: str, bearer: str, **query: Any) -> Answer:
    return api("DELETE", user_path(user_id), bearer, query=query)


def entries() -> list[dict[str, Any]]:
    """The audit trail."""
    found = boto3.client("dynamodb").scan(TableName=settings().audit_table_name)["Items"]
    return [from_item(item) for item in found]


def everything() -> list[table.Item]:
    return table.scan(None, limit=10_000)[0]


def traces(user: User) -> list[tuple[str, str]]:
    """Every item that names the person in any way."""
    names = [user.user_id, user.email, user.username, user.phone_number]
    return [(item["pk"], item["sk"]) for item in everything() if any(name and name in repr(item) for name in names)]


def full_life() -> User:
    """A person with one of everything."""
    user = users.create(
        "ada@example.com",
        email_verified=True,
        password_hash=new_user("other@example.com").password_hash,
        username="ada",
        phone_number="+4930123456",
    )
    role = roles.create("Librarian")
    role_holders.assign(user.user_id, [role.role_id])
    organization = organizations.create("acme")
    memberships.join(organization.org_id, user.user_id)
    app = new_client(first_party=False)
    browser = Browser()
    browser.fill(browser.get("hosted_pages", browser.sign_in(app.client_id).location), "/u/consent", decision="allow")
    tokens_of(new_client().client_id, browser_of(user))
    limits.count(limits.PASSWORD, user.email)
    for purpose in (tickets.RESET, tickets.VERIFY, tickets.EMAIL, tickets.OPERATOR_RESET):
        tickets.issue(purpose, user.email, user_id=user.user_id)
    table.put(table.custom_key(user.user_id, "shop"), {"document": {}})
    table.put(table.identity_key("con_x", "1"), {"user_id": user.user_id})
    identity = {"connection_id": "con_x", "connection": "x", "provider": "x", "user_id": "1", "is_social": True, "at": 1, "profile": {}}
    users.describe(user.user_id, identities=[identity])
    return user


def test_nothing_that_names_the_person_stays_but_the_tombstone_and_what_runs_out(bearer: str) -> None:
    user = full_life()
    kinds = {sk.partition("#")[0] for _, sk in traces(user)}
    assert {"USER", "EMAIL", "USERNAME", "PHONE", "IDENTITY", "SESSION", "SIGNON", "CONSENT", "LOGIN", "ORG", "MEMBER", "HOLDER"} <= kinds
    assert {"TICKET", "CUSTOM"} <= kinds

    assert deleted(user.user_id, bearer).status == 204

    # Pending sign-ins live for minutes, and nothing of them works.
    assert {pk.partition("#")[0] for pk, _ in traces(user)} <= {"SIGNIN"}
    assert table.get(table.gone_key(user.user_id)) is not None
    assert table.get(table.limit_key("PASSWORD", hashlib.sha256(user.email.encode()).hexdigest())) is None


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
    assert again.fill(opened(again, app), "/u/login", email=user.email, password="correct horse battery staple").status == 400


@pytest.mark.row(84)
def test_only_who_may_delete_deletes() -> None:
    user = new_user()

    for bearer in (
        machine("update:users", "read:users", "create:users"),
        person(None, "read:current_user", "update:current_user_metadata"),
    ):
        assert deleted(user.user_id, bearer).status == 403
    assert users.get(user.user_id)


def test_deleting_again_and_deleting_nobody_is_a_success_and_is_written_down_once(bearer: str) -> None:
    user = new_user()

    assert [deleted(user_id, bearer).status for user_id in (user.user_id, user.user_id, "gatehouse|nobody", "nonsense")] == [204] * 4

    assert len(entries()) == 1
    assert table.get(table.gone_key("gatehouse|nobody")) is None


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


def test_nothing_can_be_written_over_what_was_written_down() -> None:
    write = audit.write("user.deleted", "gatehouse|x", DEED)
    table.transact(write)

    with pytest.raises(table.ConditionFailed):
        table.transact(write)


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


STEPS = ["_marked", "_end_sessions", "_forget", "_release", "_finish"]


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

    assert {pk.partition("#")[0] for pk, _ in traces(user)} <= {"SIGNIN"}
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
        sessions.begin(sessions.Session(user.user_id, sessions.new_id(1), "client", **lasting))
    monkeypatch.setattr(deletion, "SECONDS", 0)
    answer = deleted(user.user_id, bearer)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    monkeypatch.undo()

    assert deleted(user.user_id, bearer).status == 204
    assert traces(user) == []


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
    # Records that come late, as all have gone meanwhile, or twice, make the same notices.
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
    assert {pk.partition("#")[0] for pk, _ in traces(user)} <= {"SIGNIN"}
