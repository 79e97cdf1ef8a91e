"""What events are beside their kinds: ids that repeat, no secrets, no size that a queue refuses, and none after somebody is gone."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gatehouse import (
    consents,
    custom_data,
    events,
    organizations,
    table,
    user_changes,
    users,
)
from gatehouse.user_changes import Edited
from gatehouse.users import User
from tests.unit.buses import connect, heard
from tests.unit.deletions import deleted, full_life, operator
from tests.unit.flows import PASSWORD, browser_of, later, new_client, new_user, tokens_of
from tests.unit.streams import Record, after, passed_on, recorded, turn_on, waiting
from tests.unit.user_data import switch_on


@pytest.fixture(autouse=True)
def bus(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_on()
    connect(monkeypatch)


def told(records: list[Record]) -> list[dict[str, Any]]:
    assert passed_on(records) == []
    assert waiting("failed_events_queue_url") == []
    return heard()


def a_life() -> User:
    """Something of every kind, and then the end."""
    switch_on()
    user = full_life()
    custom_data.insert({"user_id": user.user_id})
    users.sign_out_everywhere(user.user_id, invocation_id="x")
    return user


def test_no_event_holds_what_opens_an_account() -> None:
    canaries = ["canary-hash", "canary-token", PASSWORD]

    def deeds() -> None:
        user = new_user()
        user_changes.change(user.user_id, lambda now: Edited(replace(now, password_hash="canary-hash-1"), sign_out=True))
        users.describe(user.user_id, token="canary-token", signed_in_by="canary-token")
        user_changes.change(user.user_id, lambda now: Edited(replace(now, password_hash="canary-hash-2"), sign_out=True))
        table.delete(table.user_key(user.user_id))

    found = told(after(deeds))

    assert [event["type"] for event in found] == ["user.created", "user.password_changed", "user.password_changed", "user.deleted"]
    text = json.dumps(found)
    assert not [canary for canary in canaries if canary in text] and "argon2" not in text


def test_tokens_of_sessions_are_in_no_event() -> None:
    app = new_client(backchannel_logout_uri="https://rp.example.com/back").client_id
    user = new_user()
    tokens = tokens_of(app, browser_of(user))

    text = json.dumps(told(after(lambda: users.set_blocked(user.user_id, True))))

    assert "session.ended" in text
    assert not [name for name in ("access_token", "refresh_token", "id_token") if tokens[name] in text]


def test_a_record_that_comes_again_in_another_batch_makes_the_same_events() -> None:
    records = after(a_life)
    once = told(records)

    again = [event for record in reversed(records) for event in reversed(told([record]))]

    assert sorted(event["id"] for event in again) == sorted(event["id"] for event in once)
    assert len({event["id"] for event in once}) == len(once)
    by_id = {event["id"]: event for event in again}
    assert all(by_id[event["id"]] == event for event in once)


def test_with_the_record_goes_its_version_by_which_what_is_older_is_told_apart() -> None:
    user = new_user()

    found = told(after(lambda: [users.describe(user.user_id, app_metadata={"at": number}) for number in range(3)]))
    found += told(after(lambda: table.delete(table.user_key(user.user_id))))

    assert [(event["type"], event["data"]["version"]) for event in found] == [
        *(("user.updated", number) for number in (2, 3, 4)),
        ("user.deleted", 4),
    ]


def test_the_same_change_made_again_is_another_event() -> None:
    user = new_user()

    found = told(after(lambda: [users.set_blocked(user.user_id, blocked) for blocked in (True, False, True, False)]))

    blocks = [event["id"] for event in found if event["type"] == "user.blocked"]
    assert len(set(blocks)) == 2


def test_a_deletion_is_told_once_with_the_sessions_that_it_ended_and_nothing_else() -> None:
    switch_on()
    user = full_life()
    custom_data.insert({"user_id": user.user_id})
    bearer = operator()

    found = told(after(lambda: deleted(user.user_id, bearer)))

    kinds = [event["type"] for event in found]
    assert kinds[-1] == "user.deleted" and set(kinds) == {"session.ended", "user.deleted"}
    assert kinds.count("user.deleted") == 1
    assert found[-1]["data"]["user"]["email"] == "ada@example.com"


def test_what_is_left_behind_by_a_deletion_and_swept_tells_nothing() -> None:
    acme, user = organizations.create("acme"), new_user()
    bearer = operator()
    deleted(user.user_id, bearer)
    keys = [
        table.consent_key(user.user_id, "app"),
        table.membership_key(user.user_id, acme.org_id),
        table.custom_key(user.user_id, "companies"),
    ]
    late = {"client_id": "app", "granted_at": 1, "org_id": acme.org_id, "roles": [], "metadata": {}, "document": {}, "version": 1}

    def leftovers() -> None:
        for key in keys:
            table.put(key, late)
        for key in keys:
            table.delete(key)
        table.put(table.login_key(user.user_id, 1, "x"), {"at_ms": 1, "ip": "", "user_agent": "", "client_id": ""})

    records = after(leftovers)
    assert len(records) == 7
    assert told(records) == []


def test_what_happened_before_a_deletion_is_told_also_when_its_record_comes_after_it() -> None:
    user, app = new_user(), new_client(first_party=False).client_id
    consent = {"client_id": app, "granted_at": 1, "scopes": ["openid"]}
    with later(-60):
        table.put(table.consent_key(user.user_id, app), consent)
        records = after(lambda: consents.withdraw(user.user_id, app))
    bearer = operator()
    deleted(user.user_id, bearer)

    assert [event["type"] for event in told(records)] == ["consent.revoked"]


def test_an_event_that_would_be_too_large_leaves_the_person_out_and_says_so() -> None:
    user = new_user()
    large = {f"k{number}": "\N{GRINNING FACE}" * 100 for number in range(300)}

    (event,) = told(after(lambda: users.describe(user.user_id, app_metadata=large)))

    assert event["data"] == {"user_id": user.user_id, "changed": ["app_metadata"], "version": 2, "left_out": ["user"]}
    assert len(json.dumps(event)) < events.LARGEST_BYTES


def test_items_of_others_that_look_alike_are_no_events() -> None:
    def deeds() -> None:
        organizations.create("acme")
        table.put({"pk": "ORG#1", "sk": "ORG#2"}, {"org_id": "2"})
        table.put({"pk": "USER#1", "sk": "SIGNON#2"}, {"user_id": "1"})

    assert after(deeds) == []
    assert passed_on([record for record in recorded() if record["dynamodb"]["Keys"]["pk"]["S"] != "ORG#1"]) == []
    assert heard() == []
