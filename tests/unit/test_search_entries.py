"""Search entries: what leads from a value to a person, made of the stream, and never left behind."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from gatehouse import listing, table, tenant, user_changes, user_deletion, users
from gatehouse.search import entries, reindex, terms
from gatehouse.user_changes import Edited
from gatehouse.users import User
from tests.unit.deletions import DEED
from tests.unit.faults import THROTTLED, trouble
from tests.unit.flows import new_client, new_user
from tests.unit.streams import after, passed_on, turn_on, waiting


@pytest.fixture(autouse=True)
def stream(aws: None) -> None:
    turn_on()


def searchable(*paths: str) -> None:
    tenant.change(lambda settings: replace(settings, searchable=paths))


def there() -> set[tuple[str, str]]:
    """Field and value of every entry."""
    items, _ = table.scan(None, limit=10_000)
    return {(item["pk"][5:], item["sk"].partition("\x1f")[0]) for item in items if item["pk"].startswith("FIND#")}


def changed(user: User, **values: Any) -> User:
    return user_changes.change(user.user_id, lambda found: Edited(replace(found, **values)))


def test_a_new_user_is_found_by_what_is_known_of_them() -> None:
    assert passed_on(after(lambda: new_user("ada@example.com", name="Ada  LOVELACE", family_name="Lovelace"))) == []

    assert there() == {("email", "ada@example.com"), ("name", "ada lovelace"), ("family_name", "lovelace")}


def test_a_change_takes_the_old_entry_away() -> None:
    ada = new_user(name="Ada")
    passed_on(after(lambda: changed(ada, profile={"name": "Augusta", "nickname": "Ada"})))

    assert there() == {("name", "augusta"), ("nickname", "ada")}


def test_who_is_deleted_leaves_none() -> None:
    records = after(lambda: new_user(name="Ada"))
    passed_on(records)
    ada = users.get_by_email("ada@example.com")
    assert ada and there()

    gone = after(lambda: table.delete(table.user_key(ada.user_id)))
    passed_on(gone)
    assert there() == set()

    # Nor does what comes late bring them back.
    passed_on(records)
    assert there() == set()


def test_who_is_being_deleted_is_found_no_more() -> None:
    passed_on(after(lambda: new_user(name="Ada")))
    ada = users.get_by_email("ada@example.com")
    assert ada

    passed_on(after(lambda: table.update(table.user_key(ada.user_id), where=[("pk", "exists", None)], set={"deleting": {}})))

    assert there() == set()


def test_a_sign_in_touches_no_entry() -> None:
    ada = new_user(name="Ada")
    records = after(lambda: users.signed_in(ada.user_id, source_ip="192.0.2.1", invocation_id="i"))

    with trouble() as sent:
        passed_on(records)

    assert records
    assert [call for call in sent if call in ("dynamodb.PutItem", "dynamodb.DeleteItem")] == []


def test_only_what_is_new_is_written() -> None:
    records = after(lambda: new_user(name="Ada", nickname="ada"))
    passed_on(records)
    ada = users.get_by_email("ada@example.com")
    assert ada
    records = after(lambda: changed(ada, profile={"name": "Ada L", "nickname": "ada"}))

    with trouble() as sent:
        passed_on(records)

    assert (sent.count("dynamodb.PutItem"), sent.count("dynamodb.DeleteItem")) == (1, 1)


def test_twice_and_in_any_order_the_entries_end_the_same() -> None:
    def story() -> None:
        ada = new_user(name="A")
        ada = changed(ada, profile={"name": "B"})
        ada = changed(ada, profile={"name": "A"})
        changed(ada, profile={"name": "C"})

    records = after(story)
    assert len(records) == 4
    for order in itertools.permutations(records):
        passed_on([*order, order[0]])
        assert there() == {("email", "ada@example.com"), ("name", "c")}


def test_trouble_brings_the_record_back_and_then_all_is_there() -> None:
    records = after(lambda: new_user(name="Ada", nickname="Countess"))

    with trouble({"dynamodb.PutItem": [THROTTLED] * 4}):
        again = passed_on(records)
    assert len(again) == 1
    assert passed_on(records) == []

    assert there() == {("email", "ada@example.com"), ("name", "ada"), ("nickname", "countess")}


def test_a_record_that_makes_no_sense_is_put_aside() -> None:
    (record,) = after(lambda: new_user(name="Ada"))
    record["dynamodb"]["NewImage"]["profile"] = {"S": "none"}

    assert passed_on([record]) == []

    assert waiting("failed_events_queue_url")[0]["defect"] == "TypeError"


def test_metadata_has_entries_where_the_tenant_says_so() -> None:
    searchable("user_metadata.city", "app_metadata.plan.level", "user_metadata.tags")
    ada = new_user()
    metadata = {"city": "Wien", "zip": "1010", "tags": ["x", "y", 3, True, None, {"z": 1}]}
    passed_on(after(lambda: changed(ada, user_metadata=metadata, app_metadata={"plan": {"level": 2}})))

    assert there() == {
        ("user_metadata.city", "wien"),
        ("app_metadata.plan.level", "2"),
        *(("user_metadata.tags", value) for value in ("x", "y", "3", "true")),
    }


def test_identities_from_elsewhere_have_entries_and_the_password_has_none() -> None:
    ada = new_user()
    identity = {"connection": "google", "provider": "google-oauth2", "user_id": "108", "is_social": True, "at": 1, "profile": {}}
    passed_on(after(lambda: changed(ada, identities=[identity])))

    assert there() == {("identities.connection", "google"), ("identities.provider", "google-oauth2"), ("identities.user_id", "108")}


@pytest.mark.row(88)
@pytest.mark.row(89)
@pytest.mark.parametrize(
    "value", ["a\x1fgatehouse|other", "\x00", "\ud800x", "USER#1", "#n0", "ü\u202e名", "x" * 2000, "名" * 1000, "\U0010ffff"]
)
def test_a_hostile_value_stays_a_value(value: str) -> None:
    user = User("gatehouse|a", "", 1, profile={"name": value})

    for field, text in terms.entries(user, ()):
        key = table.find_key(field, text, user.user_id)
        assert len(key["sk"].encode()) <= 1024
        assert table.found_user(key["sk"]) == "gatehouse|a"
        assert key["sk"].count("\x1f") == 1
        table.put(key, {})


def test_a_list_in_the_metadata_has_a_bounded_number_of_entries() -> None:
    user = User("gatehouse|a", "", 1, user_metadata={"tags": [f"t{number}" for number in range(1000)]})

    assert len(terms.entries(user, ("user_metadata.tags",))) == terms.MOST_VALUES


def test_nobody_else_is_touched() -> None:
    table.put(table.find_key("name", "ada", "gatehouse|other"), {})
    passed_on(after(lambda: new_user(name="Ada")))
    ada = users.get_by_email("ada@example.com")
    assert ada
    passed_on(after(lambda: changed(ada, profile={})))

    assert there() == {("name", "ada"), ("email", "ada@example.com")}
    assert entries.follow(table.Change("ORG#1", "ORG", None, {"name": "x"}, 1)) == 0


def test_reindexing_completes_what_is_missing_and_removes_what_is_wrong() -> None:
    ada, old = new_user(name="Ada"), new_user("old@example.com", name="Old")
    item = table.get(table.user_key(old.user_id))
    assert item
    table.put(table.user_key(old.user_id), {name: value for name, value in item.items() if not name.startswith("list_")})
    table.update(table.count_key("USERS", table.bucket_of(old.user_id)), where=[("pk", "exists", None)], add={"total": -1})
    for field, value, user_id in (("name", "gone", "gatehouse|gone"), ("name", "eve", ada.user_id), ("picture", "ada", ada.user_id)):
        table.put(table.find_key(field, value, user_id), {})

    done = reindex.everything()

    assert there() == {(field, value) for name in ("ada", "old") for field, value in (("email", f"{name}@example.com"), ("name", name))}
    assert (done.users, done.listed, done.written, done.removed) == (2, 1, 4, 3)
    assert (listing.total("USERS"), len(listing.numbered(table.user_lists(), page=0, per_page=10))) == (2, 2)
    assert reindex.everything().listed == 0


def test_changed_paths_are_in_force_after_reindexing() -> None:
    ada = new_user()
    changed(ada, user_metadata={"city": "Wien", "zip": "1010"})
    searchable("user_metadata.city")
    reindex.everything()
    assert there() == {("email", "ada@example.com"), ("user_metadata.city", "wien")}

    searchable("user_metadata.zip")
    reindex.everything()
    assert there() == {("email", "ada@example.com"), ("user_metadata.zip", "1010")}


def test_a_client_from_before_there_were_lists_is_put_into_its_own() -> None:
    client_id = new_client().client_id
    item = table.get(table.client_key(client_id))
    assert item
    table.put(table.client_key(client_id), {name: value for name, value in item.items() if not name.startswith("list_")})

    reindex.everything()

    assert table.get(table.client_key(client_id)) == item


def test_reindexing_leaves_alone_who_is_being_deleted() -> None:
    gone = new_user()
    user_deletion._marked(gone.user_id, DEED)

    assert reindex.everything().listed == 0
    assert listing.numbered(table.user_lists(), page=0, per_page=10) == []
    user_deletion.delete(gone.user_id, DEED)
    assert listing.total("USERS") == 0


@pytest.mark.parametrize("becomes", ["another", "nobody"])
def test_who_changes_or_goes_while_their_entries_are_written_leaves_none_behind(becomes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = new_user(name="Ada")
    real = table.put
    meanwhile = [lambda: changed(ada, profile={"name": "Eve"}) if becomes == "another" else user_deletion.delete(ada.user_id, DEED)]

    def put(key: table.Key, item: dict[str, Any]) -> None:
        if meanwhile:
            passed_on(after(meanwhile.pop()))
        real(key, item)

    monkeypatch.setattr(table, "put", put)
    entries.write(ada.user_id)

    assert there() == ({("email", "ada@example.com"), ("name", "eve")} if becomes == "another" else set())


def test_an_entry_that_came_while_it_was_swept_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = new_user(name="Ada")
    key = table.find_key("name", "eve", ada.user_id)
    table.put(key, {})
    real = table.delete
    meanwhile = [lambda: changed(ada, profile={"name": "Eve"})]

    def delete(key: table.Key) -> None:
        if meanwhile:
            meanwhile.pop()()
        real(key)

    monkeypatch.setattr(table, "delete", delete)
    entries.sweep([dict(key)])

    assert there() == {("name", "eve")}
