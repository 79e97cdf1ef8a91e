"""What opens, closes or changes somebody's access is written down for good, once, and says nothing personal."""

from collections.abc import Callable
from typing import Any

import pytest

from gatehouse import custom_data, sessions, table, users
from gatehouse.audit_trail import keep
from gatehouse.events import KINDS, Event
from gatehouse.users import User
from tests.unit.deletions import deleted, entries, full_life, operator
from tests.unit.flows import Browser, browser_of, new_client, new_user, tokens_of
from tests.unit.operators import api, machine, user_path
from tests.unit.streams import after, passed_on, turn_on
from tests.unit.user_data import switch_on


@pytest.fixture(autouse=True)
def stream(aws: None) -> None:
    turn_on()


@pytest.fixture
def ada() -> User:
    return new_user()


def written(deed: Callable[[], object]) -> list[dict[str, Any]]:
    """The entries of a deed, whose records come twice, and once more later."""
    known = {entry["sk"] for entry in entries()}
    records = after(deed)
    assert passed_on(records * 2) == passed_on(records) == []
    return [entry for entry in entries() if entry["sk"] not in known]


def test_an_entry_says_what_became_of_whom_and_when(ada: User) -> None:
    (entry,) = written(lambda: users.set_blocked(ada.user_id, True))

    assert entry == {
        "pk": f"AUDIT#{entry['at'][:10]}",
        "sk": entry["sk"],
        "action": "user.blocked",
        "subject": ada.user_id,
        "at": entry["at"],
        **dict.fromkeys(("actor", "ip", "request_id", "reason"), ""),
        "event_id": entry["sk"].partition("#")[2],
        "details": {},
    }


def test_what_people_say_of_themselves_is_not_written_down_and_what_they_may_do_is(ada: User) -> None:
    bearer = machine("update:users", "update:users_app_metadata")

    def patch(**body: Any) -> list[dict[str, Any]]:
        return written(lambda: api("PATCH", user_path(ada.user_id), bearer, body))

    assert patch(name="Countess", user_metadata={"theme": "dark"}) == []
    (entry,) = patch(app_metadata={"plan": "pro"}, name="Ada")
    assert (entry["action"], entry["details"]) == ("user.updated", {"changed": ["app_metadata", "profile.name"]})
    (entry,) = patch(email="countess@example.com")
    assert (entry["action"], entry["details"]) == ("user.email_changed", {})


def test_everyday_sign_ins_and_outs_and_business_data_are_not_written_down(ada: User) -> None:
    switch_on()
    tokens_of(new_client().client_id, browser_of(ada))
    (session,) = sessions.of_user(ada.user_id)

    def deeds() -> None:
        Browser().sign_in(new_client().client_id)
        sessions.revoke(ada.user_id, session.sid, "signed_out")
        custom_data.insert({"user_id": ada.user_id})

    assert written(deeds) == []


def test_a_session_that_somebody_else_ended_is_written_down(ada: User) -> None:
    tokens_of(new_client().client_id, browser_of(ada))
    (session,) = sessions.of_user(ada.user_id)

    (entry,) = written(lambda: sessions.revoke(ada.user_id, session.sid, "revoked_by_operator"))

    assert entry["details"] == {"because": "revoked_by_operator", "client_id": session.client_id}


def test_a_deletion_has_the_one_entry_that_was_written_with_it() -> None:
    user, bearer = full_life(), operator()

    assert [entry["action"] for entry in written(lambda: deleted(user.user_id, bearer))] == ["user.deleted"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_entry_holds_anything_personal(kind: str) -> None:
    personal = {"user": {"email": "ada@example.com"}, "previous": "ada@example.com", "ip": "192.0.2.7", "session": {"ip": "192.0.2.7"}}
    linked = {"added": [{"connection": "x", "user_id": "ada@example.com"}]} if kind == "user.identities_changed" else {"added": ["rol_1"]}
    data = personal | linked | {"because": "revoked_by_operator", "changed": ["app_metadata"]}

    keep([Event.of("x", kind, 1, "gatehouse|1", data)])

    assert "ada@example.com" not in repr(entries()) and "192.0.2.7" not in repr(entries())


def test_a_verified_address_is_written_down_when_it_becomes_so(ada: User) -> None:
    user = users.create("eve@example.com", email_verified=False, password_hash="")

    found = written(lambda: table.transact(users.verification_write(user.user_id, user.email)))

    assert "user.email_verified" in [entry["action"] for entry in found]
