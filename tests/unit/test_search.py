"""Searching for people: who is found by what, what it costs, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gatehouse import clock, search, table, tenant, user_changes, users
from gatehouse.search import MOST_CANDIDATES, Unanswerable, terms
from gatehouse.table import verbs
from gatehouse.user_changes import Edited
from gatehouse.users import User
from tests.unit.faults import trouble
from tests.unit.flows import later

JANUARY = 1_767_225_600  # 2026-01-01T00:00:00Z
DAY = 86400


def person(name: str = "", *, seconds: int = 0, **record: Any) -> User:
    """A user with entries, as after the stream was read."""
    with later(JANUARY + seconds - clock.now()):
        profile = record.pop("profile", {}) | ({"name": name} if name else {})
        record.setdefault("email", f"{name[:20].lower().replace(' ', '.')}{seconds}@example.com")
        made = users.create(record.pop("email"), email_verified=record.pop("email_verified", True), password_hash="", profile=profile)
        if record:
            made = user_changes.change(made.user_id, lambda user: Edited(replace(user, **record)))
    for field, text in terms.entries(made, tenant.settings().searchable):
        table.put(table.find_key(field, text, made.user_id), {})
    return made


def searchable(*paths: str) -> None:
    tenant.change(lambda settings: replace(settings, searchable=paths))


def found(query: str) -> list[str]:
    """The names of whoever is found, in alphabetical order."""
    result = search.find(search.parse(query))
    return sorted(user.profile.get("name", user.user_id) for user in result.load(result.ids))


@pytest.fixture
def people(aws: None) -> None:
    searchable("user_metadata.city", "app_metadata.plan.level")
    person("Ada Lovelace", profile={"nickname": "Countess"}, user_metadata={"city": "London"}, username="ada", phone_number="+4930123456")
    person("Alan Turing", seconds=DAY, user_metadata={"city": "London", "zip": 1}, app_metadata={"plan": {"level": 3}}, blocked=True)
    person("Grace Hopper", seconds=40 * DAY, email_verified=False, profile={"family_name": "Hopper"})


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('name:"Ada Lovelace"', ["Ada Lovelace"]),
        ('name:"ADA   lovelace"', ["Ada Lovelace"]),
        ("name:Ada", []),
        ("name:a*", ["Ada Lovelace", "Alan Turing"]),
        ("name:ada\\ *", ["Ada Lovelace"]),
        ("name:al\\ *", []),
        ("name:*", ["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
        ("email:ADA.lovelace0@example.com", ["Ada Lovelace"]),
        ("email:a*", ["Ada Lovelace", "Alan Turing"]),
        ("email:nobody@example.com", []),
        ("email:none", []),
        ("username:Ada", ["Ada Lovelace"]),
        ("username:ad*", ["Ada Lovelace"]),
        ('phone_number:"+49 30 123456"', ["Ada Lovelace"]),
        ("nickname:countess", ["Ada Lovelace"]),
        ("_exists_:nickname", ["Ada Lovelace"]),
        ("_exists_:family_name", ["Grace Hopper"]),
        ("user_metadata.city:london", ["Ada Lovelace", "Alan Turing"]),
        ("user_metadata.city:lon*", ["Ada Lovelace", "Alan Turing"]),
        ("app_metadata.plan.level:3", ["Alan Turing"]),
        ("user_metadata.city:london AND user_metadata.zip:1", ["Alan Turing"]),
        ("user_metadata.city:london AND NOT blocked:true", ["Ada Lovelace"]),
        ("user_metadata.city:london AND blocked:true", ["Alan Turing"]),
        ("email_verified:false AND name:*", ["Grace Hopper"]),
        ("NOT email_verified:true AND name:*", ["Grace Hopper"]),
        ("name:ada* OR name:grace*", ["Ada Lovelace", "Grace Hopper"]),
        ("(name:ada* OR name:grace*) AND created_at:[* TO 2026-01-31]", ["Ada Lovelace"]),
        ("created_at:[2026-01-01 TO 2026-01-02]", ["Ada Lovelace", "Alan Turing"]),
        ("created_at:[2026-01-01 TO 2026-01-02}", ["Ada Lovelace"]),
        ("created_at:{2026-01-01 TO *]", ["Alan Turing", "Grace Hopper"]),
        ("created_at:{2026-01 TO *]", ["Grace Hopper"]),
        ("created_at:[* TO 2026-01}", []),
        ("created_at:[* TO 2026]", ["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
        ("created_at:[2026-01-01T00:00:01Z TO 2026-01-02T01:00:00+01:00]", ["Alan Turing"]),
        ('created_at:["2026-01-02T00:00:00.000Z" TO 2026-01-02T00:00Z]', ["Alan Turing"]),
        ("created_at:[1900 TO 1969]", []),
        ("created_at:[* TO *]", ["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
        ("name:a* AND logins_count:0", ["Ada Lovelace", "Alan Turing"]),
        ("name:a* AND logins_count:{0 TO *]", []),
        ("name:a* AND last_login:[2020 TO *]", []),
        ("name:a* AND _exists_:last_login", []),
        ("name:a* AND _exists_:last_ip", []),
        ("name:a* AND updated_at:[2026 TO *]", ["Ada Lovelace", "Alan Turing"]),
        ("name:a* AND user_metadata.none:x", []),
        ('identities.connection:"Username-Password-Authentication"', ["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
        ("identities.provider:gatehouse AND name:g*", ["Grace Hopper"]),
        ("user_id:nobody", []),
        ("user_id:gatehouse|nobody", []),
        ('name:""', []),
    ],
)
def test_who_is_found(people: None, query: str, names: list[str]) -> None:
    assert found(query) == names


def test_an_id_finds_its_user_in_its_own_case(people: None) -> None:
    ada = users.get_by("username", "ada")
    assert ada

    assert found(f'user_id:"{ada.user_id}"') == ["Ada Lovelace"]
    assert found(f'user_id:"{ada.user_id}" AND NOT name:ada*') == []
    assert found(f'user_id:"{ada.user_id.swapcase()}"') == []
    assert found(f"identities.user_id:{ada.user_id.partition('|')[2]}") == ["Ada Lovelace"]


def test_an_identity_from_elsewhere_finds_its_user() -> None:
    identity = {"connection": "acme", "provider": "oidc", "user_id": "E-17", "is_social": False, "at": 1, "profile": {}}
    person("Ada", identities=[identity])
    person("Bob", seconds=1)

    assert found("identities.connection:acme") == found("identities.user_id:e-17") == found("identities.provider:oidc") == ["Ada"]


@pytest.mark.parametrize(
    "query",
    [
        "blocked:true",
        "NOT name:a*",
        "name:a* OR blocked:true",
        "name:a* OR NOT name:b*",
        "last_login:[2026 TO *]",
        "logins_count:1",
        "user_metadata.zip:1",
        "user_id:gatehouse*",
        "phone_number:+49*",
        "_exists_:last_ip",
        "NOT (name:a* AND email:b*)",
    ],
)
def test_a_query_that_no_index_answers_is_refused_with_what_would_be(people: None, query: str) -> None:
    with pytest.raises(Unanswerable) as refused:
        search.find(search.parse(query))

    for indexed in ("email", "name", "user_metadata.city", "created_at"):
        assert indexed in refused.value.reason


@pytest.mark.parametrize(
    "query",
    [
        "nonsense:1",
        "password_hash:x",
        "epoch:1",
        "roles:x",
        "_exists_:password_hash",
        "name:a* AND password_hash:*",
        "name:a* AND blocked:yes",
        "name:a* AND blocked:t*",
        "name:a* AND logins_count:many",
        "name:a* AND logins_count:1*",
        "name:a* AND logins_count:[a TO b]",
        "name:a* AND created_at:2026",
        "created_at:[yesterday TO *]",
        "created_at:[2026-13 TO *]",
        "created_at:[2026-02-30 TO *]",
        "created_at:[2026-01-01T25:00:00Z TO *]",
        "created_at:[2026-01-01T00:00:00+99:00 TO *]",
        "created_at:[0000 TO *]",
        "name:[a TO b]",
        "user_metadata.city:[a TO b]",
        "user_metadata:x",
    ],
)
def test_a_field_or_value_that_cannot_be_is_refused(people: None, query: str) -> None:
    with pytest.raises(Unanswerable):
        search.find(search.parse(query))


def test_a_stale_entry_finds_nobody(people: None) -> None:
    ada = users.get_by("username", "ada")
    assert ada
    for user_id in ("gatehouse|gone", ada.user_id):
        table.put(table.find_key("name", "someone", user_id), {})

    assert found("name:someone") == []


def test_a_long_value_is_found_although_its_entry_is_cut() -> None:
    person("x" * 900 + "a")
    person("x" * 900 + "b", seconds=1, email="b@example.com")

    assert found("name:" + "x" * 900 + "a") == ["x" * 900 + "a"]
    assert len(found("name:" + "x" * 900 + "*")) == 2


def test_more_candidates_than_are_looked_at_are_refused_unless_another_clause_has_fewer(people: None) -> None:
    for number in range(MOST_CANDIDATES + 1):
        table.put(table.find_key("name", f"zoe {number:04d}", f"gatehouse|z{number}"), {})

    with pytest.raises(Unanswerable, match="narrow it"):
        found("name:zoe*")
    with pytest.raises(Unanswerable, match="narrow it"):
        found("name:zoe* OR email:ada*")
    assert found("name:* AND created_at:[* TO 2026-01-01]") == ["Ada Lovelace"]
    assert found("_exists_:name AND nickname:count*") == ["Ada Lovelace"]


def test_one_clause_reads_no_more_users_than_are_wanted(people: None) -> None:
    with trouble() as sent:
        result = search.find(search.parse("name:*"))
        assert (len(result.ids), result.exact) == (3, True)
        result.load(result.ids[:1])

    assert sent == ["dynamodb.Query", "dynamodb.BatchGetItem"]
    assert not search.find(search.parse("name:* AND NOT blocked:true")).exact


def test_the_best_index_is_asked_first(people: None) -> None:
    with trouble() as sent:
        assert found("created_at:[2026 TO *] AND name:a* AND email:ada.lovelace0@example.com") == ["Ada Lovelace"]

    assert sent == ["dynamodb.GetItem", "dynamodb.BatchGetItem"]


HOSTILE = [
    "#n0",
    ":v0",
    "a = :x OR attribute_exists(b)",
    "size",
    "ü\u202e名",
    "'; DROP TABLE",
    "\x1f",
    "USER#",
    "x" * 300,
    "\U0010ffff",
    " ",
    "$ne",
]


@pytest.mark.row(88)
@pytest.mark.row(89)
@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["name", "email", "username", "phone_number", "user_id", "user_metadata.city", "identities.user_id"])
def test_a_hostile_value_finds_nobody_and_is_never_an_expression(people: None, field: str, value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')

    assert found(f'{field}:"{quoted}"') == []


@pytest.mark.row(88)
def test_a_search_string_stands_in_no_expression(people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    call = verbs.call
    monkeypatch.setattr(verbs, "call", lambda operation, **given: (seen.append(given), call(operation, **given))[1])

    found('(name:needle* OR email:"needle@example.com") AND user_metadata.needle:needle')

    expressions = [value for given in seen for name, value in given.items() if name.endswith("Expression")]
    assert expressions and not any("needle" in expression for expression in expressions)


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=60),
    st.sampled_from(["name", "email", "user_id", "username", "phone_number"]),
)
@examples(max_examples=80)
def test_any_value_can_be_searched_for(value: str, field: str) -> None:
    result = search.find(search.Is(field, value))

    assert result.load(result.ids) == []
