"""Pages of lists that are at hand as a whole, in the three forms that Auth0 has."""

from typing import Any

import pytest
from pydantic import ValidationError

from gatehouse import listing
from gatehouse.management import paging
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import InvalidPaging

ITEMS = list(range(7))


def query(**given: Any) -> PageQuery:
    return PageQuery.model_validate(given)


def test_a_page_is_an_array_or_an_object_with_totals() -> None:
    assert paging.sliced(query(), ITEMS, "roles") == ITEMS
    assert paging.sliced(query(page="1", per_page="3"), ITEMS, "roles") == [3, 4, 5]
    assert paging.sliced(query(page="2", per_page="3", include_totals="true"), ITEMS, "roles") == {
        "start": 6,
        "limit": 3,
        "length": 1,
        "total": 7,
        "roles": [6],
    }


def test_past_the_end_it_is_empty() -> None:
    assert paging.sliced(query(page=9), ITEMS, "roles") == []
    assert paging.sliced(query(), [], "roles") == []


def test_cursors_lead_to_the_end() -> None:
    found: list[int] = []
    asked: dict[str, Any] = {"take": 3}
    while asked:
        answer: Any = paging.sliced(query(**asked), ITEMS, "roles")
        found += answer["roles"]
        asked = {"take": 3, "from": answer["next"]} if "next" in answer else {}

    assert found == ITEMS


def test_a_cursor_alone_takes_fifty() -> None:
    cursor = listing.sealed("slice roles", "2")

    assert paging.sliced(query(**{"from": cursor}), ITEMS, "roles") == {"roles": ITEMS[2:]}


@pytest.mark.row(85)
def test_a_cursor_is_good_for_its_own_list_only() -> None:
    answer: Any = paging.sliced(query(take=3), ITEMS, "roles", purpose="roles of a")

    for purpose, cursor in (("roles of b", answer["next"]), ("", answer["next"]), ("roles of a", "x" * 60)):
        with pytest.raises(InvalidPaging):
            paging.sliced(query(**{"from": cursor}), ITEMS, "roles", purpose=purpose)


@pytest.mark.parametrize(
    "given",
    [
        {"page": -1},
        {"per_page": 0},
        {"per_page": 101},
        {"take": 0},
        {"take": 101},
        {"from": "x" * 2001},
        {"from_": "x"},
        {"size": 1},
        {"page": "1.5"},
    ],
)
def test_what_no_page_can_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        query(**given)
