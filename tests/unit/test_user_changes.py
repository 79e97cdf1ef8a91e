"""Changing a record while answers get lost and others change it too: once, and the whole of it fits into its item."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from gatehouse import (
    identities,
    memberships,
    metadata,
    organizations,
    profile_questions,
    profiles,
    role_holders,
    roles,
    table,
    user_changes,
    users,
)
from gatehouse.connections import MOST_FIELDS, Connection
from gatehouse.table.marshal import to_item
from gatehouse.user_changes import Edited
from gatehouse.users import User
from tests.unit.faults import always, lose_answer, refuse, trouble
from tests.unit.flows import later, new_user

LARGEST_ITEM = 400 * 1024


def counted(user: User) -> Edited:
    """A change that shows how often it was made."""
    return Edited(replace(user, app_metadata={"made": user.app_metadata.get("made", 0) + 1}))


def meanwhile(deed: Callable[[], object]) -> Any:
    """The change is made, somebody else makes theirs, and the answer never arrives."""

    def fate(request: Any, really: Callable[[], Any]) -> Any:
        really()
        deed()
        return lose_answer(request, lambda: None)

    return fate


def test_a_change_that_another_followed_before_its_lost_answer_was_asked_for_again_is_made_once() -> None:
    user = new_user()

    def other() -> None:
        user_changes.change(user.user_id, lambda found: Edited(replace(found, blocked=True)))

    with trouble({"dynamodb.UpdateItem": [meanwhile(other)]}):
        changed = user_changes.change(user.user_id, counted, if_version=1)

    assert (changed.app_metadata, changed.blocked, changed.version) == ({"made": 1}, True, 3)


def test_so_is_a_change_of_what_else_has_a_version() -> None:
    user, organization = new_user(), organizations.create("acme")
    memberships.join(organization.org_id, user.user_id)

    def made(before: memberships.Membership) -> dict[str, Any]:
        return {"metadata": {"made": before.metadata.get("made", 0) + 1}}

    def other() -> None:
        memberships.change(user.user_id, organization.org_id, lambda _: {"roles": ["rol_x"]})

    with trouble({"dynamodb.UpdateItem": [meanwhile(other)]}):
        changed = memberships.change(user.user_id, organization.org_id, made, if_version=1)

    assert (changed.metadata, changed.roles, changed.version) == ({"made": 1}, ["rol_x"], 3)


@pytest.mark.parametrize("sign_out", [True, False])
def test_a_change_in_a_transaction_needs_no_further_read_that_could_fail(sign_out: bool) -> None:
    user = new_user()
    reads = [lambda request, really: really(), *[refuse("ProvisionedThroughputExceededException")] * 8]

    with trouble({"dynamodb.GetItem": reads}):
        changed = user_changes.change(
            user.user_id, lambda found: Edited(replace(found, email="new@example.com", email_verified=True), sign_out=sign_out)
        )

    assert changed == users.get(user.user_id)


def test_a_lasting_outage_is_told_as_one() -> None:
    user = new_user()

    with trouble({"dynamodb.UpdateItem": always(lose_answer)}), pytest.raises(user_changes.Unavailable):
        user_changes.change(user.user_id, counted)


def size(value: dict[str, Any]) -> int:
    """What an attribute value counts towards the size of an item (DynamoDB Developer Guide, item sizes), rounded up."""
    [(kind, content)] = value.items()
    match kind:
        case "M":
            return 3 + sum(1 + len(name.encode()) + size(entry) for name, entry in content.items())
        case "L":
            return 3 + sum(1 + size(entry) for entry in content)
        case "N":
            return len(content) // 2 + 3
        case "S":
            return len(content.encode())
    return 1


def fullest(namespace: str, largest: int = metadata.LARGEST_BYTES) -> dict[str, Any]:
    """The document that becomes the largest item: as many members as there may be, the rest one long text."""
    document: dict[str, Any] = {f"k{number:03d}": {} for number in range(metadata.MOST_MEMBERS - 1)}
    while len(json.dumps(document, separators=(",", ":"))) > largest - 20:
        document.popitem()
    document["long"] = "x" * (largest - len(json.dumps(document, separators=(",", ":"))) - len(',"long":""'))
    metadata.check(namespace, document, largest_bytes=largest)
    return document


def largest_user() -> User:
    """Everything as large as its own limit lets it be."""
    widest, noted = "\U0001f600", {"source": "c" * 20, "at": 10**10, "verified": True}
    chosen = fullest("user_metadata")
    questions = [f"user_metadata.{'q' * 58}{number:06d}" for number in range(profile_questions.MOST_SKIPPED)]
    identity = {name.name: "v" * 128 for name in fields(Connection) if name.name in ("id", "name", "strategy")}
    values = {"user_id": "i" * 512, "at": 10**10, "is_social": True, "profile": fullest("profileData", identities.LARGEST_PROFILE_BYTES)}
    lost = dict.fromkeys([*profiles.MEMBERS, "email"], "only_at_registration")
    assert len(lost) <= MOST_FIELDS
    permissions = {f"{number:024d}": [f"{number:04d}{'p' * 276}"] for number in range(role_holders.MOST_PERMISSIONS)}
    return User(
        "gatehouse|" + "u" * 245,
        "e" * 320,
        10**9,
        username="u" * 128,
        phone_number="+" + "1" * 15,
        password_hash="h" * 200,
        profile=dict.fromkeys(users.PROFILE_CLAIMS, widest * profiles.LONGEST_VALUE)
        | {"address": dict.fromkeys(profiles.ADDRESS, widest * profiles.LONGEST_VALUE)},
        user_metadata=chosen,
        app_metadata=fullest("app_metadata"),
        identities=[identity | values | {"lost": lost} for _ in range(identities.MOST)],
        provenance=dict.fromkeys([*profiles.MEMBERS, *users.IDENTIFIERS, *(f"user_metadata.{key}" for key in chosen)], noted),
        roles=["rol_" + "r" * 16] * roles.MOST_OF_A_USER,
        permissions=permissions,
        skipped=dict.fromkeys(questions, 10**10),
    )


def test_the_largest_record_of_a_person_fits_into_its_item() -> None:
    record = {field.name: getattr(largest_user(), field.name) for field in fields(User)}

    assert 100_000 < size({"M": to_item(record)}) < 0.9 * LARGEST_ITEM


def test_what_is_noted_about_answers_goes_with_them() -> None:
    user = new_user()
    profile_questions.answered(user.user_id, {"user_metadata.size": "42", "nickname": "Ada"}, [])
    user_changes.change(user.user_id, lambda found: Edited(replace(found, user_metadata={})))

    after = profile_questions.answered(user.user_id, {"user_metadata.city": "Wien"}, [])

    assert set(after.provenance) == {"email", "nickname", "user_metadata.city"}


def test_of_skipped_questions_the_latest_are_remembered() -> None:
    user = new_user()
    names = [f"user_metadata.q{number}" for number in range(profile_questions.MOST_SKIPPED)]
    with later(-1):
        profile_questions.answered(user.user_id, {}, names)

    after = profile_questions.answered(user.user_id, {}, ["nickname"])

    assert "nickname" in after.skipped
    assert len(after.skipped) == profile_questions.MOST_SKIPPED


def test_nobody_is_in_the_table_twice_after_a_lost_answer() -> None:
    with trouble({"dynamodb.TransactWriteItems": [lose_answer]}):
        user = new_user()

    assert table.get(table.count_key("USERS", table.bucket_of(user.user_id))) is not None
    assert users.get_by_email(user.email) == user
