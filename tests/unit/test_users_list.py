"""GET /api/v2/users: pages, cursors, searches, and what is shown of each."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from gatehouse import identifiers, table, users
from tests.unit.conftest import Answer
from tests.unit.faults import trouble
from tests.unit.flows import later, new_user
from tests.unit.operators import api, machine, person
from tests.unit.streams import after, passed_on, turn_on


@pytest.fixture
def bearer() -> str:
    return machine("read:users")


def crowd(number: int) -> list[str]:
    """So many people, one a second; their ids in order."""
    made = []
    for second in range(number):
        with later(second - number):
            made.append(new_user(f"p{second:03d}@example.com", name=f"Person {second:03d}", nickname=str(second % 3)).user_id)
    return made


def listed(bearer: str, **query: Any) -> Any:
    answer = api("GET", "/users", bearer, query=query)
    assert answer.status == 200, answer.body
    return answer.json


def ids(documents: list[dict[str, Any]]) -> list[str]:
    return [document["user_id"] for document in documents]


def refused(bearer: str, code: str, **query: Any) -> Answer:
    answer = api("GET", "/users", bearer, query=query)
    assert (answer.status, answer.json["errorCode"]) == (400, code), answer.body
    return answer


def test_a_page_with_totals_is_an_object(bearer: str) -> None:
    everybody = crowd(7)

    page = listed(bearer, page=1, per_page=3, include_totals=True)

    assert (page["start"], page["limit"], page["length"], page["total"]) == (3, 3, 3, 7)
    assert ids(page["users"]) == everybody[3:6]
    assert page["users"][0] == api("GET", f"/users/{everybody[3]}", bearer).json


def test_without_totals_it_is_an_array_of_the_first_fifty(bearer: str) -> None:
    everybody = crowd(52)

    assert ids(listed(bearer)) == everybody[:50]
    assert ids(listed(bearer, page=1)) == everybody[50:]


def test_pages_are_read_to_an_empty_one(bearer: str) -> None:
    everybody = crowd(25)
    found: list[str] = []
    page = 0
    while documents := listed(bearer, page=page, per_page=10, include_totals=True)["users"]:
        found += ids(documents)
        page += 1

    assert (found, page) == (everybody, 3)
    assert listed(bearer, page=99, include_totals=True) == {"start": 4950, "limit": 50, "length": 0, "total": 25, "users": []}


def test_the_newest_come_first_on_demand(bearer: str) -> None:
    everybody = crowd(12)

    assert ids(listed(bearer, sort="created_at:-1", per_page=5)) == everybody[:-6:-1]
    assert ids(listed(bearer, sort="created_at:-1", per_page=5, page=1)) == everybody[6:1:-1]
    assert ids(listed(bearer, sort="created_at:1", per_page=5)) == everybody[:5]


def test_cursors_lead_to_the_end(bearer: str) -> None:
    everybody = crowd(25)
    page = listed(bearer, take=10)
    found = ids(page["users"])
    while cursor := page.get("next"):
        page = listed(bearer, take=10, **{"from": cursor})
        assert set(page) <= {"users", "next"}
        found += ids(page["users"])

    assert found == everybody
    assert len(listed(bearer, **{"from": listed(bearer, take=3)["next"]})["users"]) == 22


@pytest.mark.row(85)
def test_a_cursor_of_another_order_or_of_nobodys_is_refused(bearer: str) -> None:
    crowd(3)
    cursor = listed(bearer, take=1)["next"]

    refused(bearer, "invalid_paging", **{"from": "x" * 60})
    refused(bearer, "invalid_paging", **{"from": cursor, "sort": "created_at:-1"})
    refused(bearer, "invalid_paging", **{"from": cursor, "q": "name:p*"})


@pytest.mark.parametrize(
    "query",
    [
        {"page": -1},
        {"page": "x"},
        {"per_page": 0},
        {"per_page": 101},
        {"take": 0},
        {"take": 101},
        {"from_": "x"},
        {"include_totals": "perhaps"},
        {"search_engine": "v1"},
        {"sort": "name:1"},
        {"sort": "created_at"},
        {"sort": "created_at:2"},
        {"sort": "a:1 OR b"},
        {"q": "blocked:true"},
        {"q": "name:a email:b"},
        {"q": "x" * 1001},
        {"q": "name:p*", "sort": "#n0:1"},
        {"nonsense": "1"},
    ],
)
def test_a_query_that_cannot_be_is_refused(bearer: str, query: dict[str, Any]) -> None:
    refused(bearer, "invalid_query_string", **query)


def test_fields_say_what_is_shown(bearer: str) -> None:
    (user_id,) = crowd(1)

    assert listed(bearer, fields="user_id,email") == [{"user_id": user_id, "email": "p000@example.com"}]
    (without,) = listed(bearer, fields="identities,email", include_fields=False)
    assert "email" not in without and "identities" not in without and without["user_id"] == user_id


def test_who_is_deleted_while_the_list_is_read_is_left_out(bearer: str) -> None:
    first, second, third = crowd(3)

    def meanwhile(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
        table.delete(table.user_key(second))
        return really()

    with trouble({"dynamodb.BatchGetItem": [meanwhile]}):
        assert ids(listed(bearer)) == [first, third]


def test_a_page_costs_the_same_whatever_comes_before_it(bearer: str) -> None:
    crowd(40)
    calls = []
    for page in range(4):
        with trouble() as sent:
            listed(bearer, page=page, per_page=10, include_totals=True)
        calls.append(sorted(call for call in sent if call.startswith("dynamodb")))

    assert calls[1] == calls[2] == calls[3]
    assert len(calls[3]) == table.USER_BUCKETS + len(["where it begins", "users", "counters", "where the next begins"])


def searched(bearer: str, **query: Any) -> list[str]:
    return [document["name"] for document in listed(bearer, **query)]


@pytest.fixture
def people(aws: None) -> None:
    turn_on()
    passed_on(after(lambda: crowd(9)))


def test_a_search_has_pages_and_totals(bearer: str, people: None) -> None:
    page = listed(bearer, q="name:person*", page=1, per_page=4, include_totals=True, search_engine="v3", primary_order=False)

    assert (page["start"], page["limit"], page["length"], page["total"]) == (4, 4, 4, 9)
    assert [user["name"] for user in page["users"]] == [f"Person {number:03d}" for number in (4, 5, 6, 7)]
    assert listed(bearer, q="name:person*", page=7) == []


def test_a_search_of_one_clause_reads_only_the_users_of_the_page(bearer: str, people: None) -> None:
    with trouble() as sent:
        listed(bearer, q="name:person*", per_page=2)

    assert [call for call in sent if call.startswith("dynamodb")].count("dynamodb.BatchGetItem") == 1


def test_what_is_found_can_be_sorted_by_any_member(bearer: str, people: None) -> None:
    found = listed(bearer, q="name:person*", sort="nickname:-1")

    assert [user["nickname"] for user in found] == ["2"] * 3 + ["1"] * 3 + ["0"] * 3
    assert ids(found)[:3] == sorted(ids(found)[:3])
    assert searched(bearer, q="name:person*", sort="created_at:-1", per_page=2) == ["Person 008", "Person 007"]
    assert len(searched(bearer, q="name:person*", sort="user_metadata.none:1")) == 9


def test_a_connection_narrows_the_list(bearer: str, people: None) -> None:
    assert len(listed(bearer, connection="Username-Password-Authentication")) == 9
    assert listed(bearer, connection="google-oauth2") == []
    assert len(listed(bearer, connection="Username-Password-Authentication", q="nickname:1")) == 3


def test_a_search_shows_fields_and_no_secret(bearer: str, people: None) -> None:
    assert listed(bearer, q="email:p003@example.com", fields="email") == [{"email": "p003@example.com"}]
    answer = api("GET", "/users", bearer, query={"q": "email:p003@example.com"})
    assert "argon2" not in answer.body and "epoch" not in answer.body


def test_a_new_user_is_found_by_mail_at_once(bearer: str) -> None:
    made = new_user("new@example.com")

    assert ids(listed(bearer, q='email:"new@example.com"')) == [made.user_id]
    assert ids(listed(bearer, q=f'user_id:"{made.user_id}"')) == [made.user_id]


@pytest.mark.row(84)
def test_only_who_may_read_users_may_list_them() -> None:
    new_user()

    assert api("GET", "/users").status == 401
    assert api("GET", "/users", machine("update:users")).status == 403
    assert api("GET", "/users", person(None, "read:current_user")).status == 403


@pytest.mark.row(88)
@pytest.mark.parametrize(
    "query", ['name:"#n0"', "name:\\:v0", 'name:"a = :x OR attribute_exists(b)"', "user_metadata.#n0:x", "name:\u202e名", "q\x00"]
)
def test_a_hostile_search_is_answered_or_refused(bearer: str, query: str) -> None:
    assert api("GET", "/users", bearer, query={"q": query}).status in (200, 400)


def test_every_user_is_counted_once(bearer: str) -> None:
    crowd(3)
    with pytest.raises(users.Taken):
        new_user("p001@example.com")

    assert listed(bearer, include_totals=True)["total"] == 3
    assert identifiers.valid_user_id(listed(bearer)[0]["user_id"])
