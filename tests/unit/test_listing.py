"""Lists in pages: in order, each entry once while others are being added, and at a price that does not grow."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse import clock, listing, table
from gatehouse.listing import BadCursor, TooFar
from tests.unit.faults import trouble
from tests.unit.flows import later

BEGUN = 1_790_000_000


def add(*names: str, at: int = BEGUN) -> None:
    """Users by these ids, one second after the other."""
    for second, name in enumerate(names):
        user_id = f"gatehouse|{name}"
        table.put(table.user_key(user_id), {"user_id": user_id, **table.listed_user(user_id, at + second)})


def numbered(page: int, per_page: int = 10, **more: Any) -> list[str]:
    return named(listing.numbered(table.user_lists(), page=page, per_page=per_page, **more))


def checkpoint(after: str = "", take: int = 10, purpose: str = "users", **more: Any) -> tuple[list[str], str]:
    keys, following = listing.checkpoint(table.user_lists(), purpose=purpose, take=take, after=after, **more)
    return named(keys), following


def named(keys: list[table.Key]) -> list[str]:
    return [key["pk"].removeprefix("USER#gatehouse|") for key in keys]


def pages(per_page: int, between: Callable[[int], object] = lambda page: None, **more: Any) -> list[str]:
    """Every page until one is empty, as auth0-python reads them."""
    found: list[str] = []
    page = 0
    while entries := numbered(page, per_page, **more):
        found += entries
        between(page)
        page += 1
    return found


NAMES = [f"p{number:03d}" for number in range(64)]


@pytest.mark.parametrize("per_page", [1, 7, 10, 64, 100])
def test_pages_have_everybody_in_the_order_in_which_they_came(per_page: int) -> None:
    add(*NAMES)

    assert pages(per_page) == NAMES
    assert pages(per_page, newest_first=True) == NAMES[::-1]


def test_those_of_one_second_keep_one_order() -> None:
    for name in reversed(NAMES):
        add(name)

    assert pages(9) == NAMES


def test_past_the_end_and_of_nobody_there_are_empty_pages() -> None:
    assert (numbered(0), numbered(3)) == ([], [])

    add(*NAMES[:10])

    assert (len(numbered(0)), numbered(1), numbered(2), numbered(10**9)) == (10, [], [], [])


@pytest.mark.parametrize("newest_first", [False, True])
def test_nobody_is_skipped_or_comes_twice_while_others_are_added_and_deleted(newest_first: bool) -> None:
    add(*NAMES)
    deleted = NAMES[:4] if newest_first else NAMES[-4:]

    def meanwhile(page: int) -> None:
        add(f"late{page}", at=BEGUN + 1000)
        # In both directions one that was read already goes, too.
        gone = NAMES[-1 - page] if newest_first else NAMES[page]
        table.delete(table.user_key(f"gatehouse|{gone}"))
        for name in deleted:
            table.delete(table.user_key(f"gatehouse|{name}"))

    found = pages(8, meanwhile, newest_first=newest_first)

    assert len(found) == len(set(found))
    assert set(found) >= set(NAMES) - set(deleted)


def test_two_who_page_at_once_do_not_lead_each_other_astray() -> None:
    add(*NAMES)
    first = numbered(0, newest_first=True, reader="ada")
    add("late1", "late2", at=BEGUN + 1000)
    numbered(0, newest_first=True, reader="bob")

    assert first + numbered(1, newest_first=True, reader="ada") == NAMES[:-21:-1]


def test_any_page_can_be_the_first_that_is_asked_for() -> None:
    add(*NAMES)

    assert numbered(4) == NAMES[40:50]
    assert numbered(5) == NAMES[50:60]
    assert numbered(3, newest_first=True) == NAMES[::-1][30:40]


def test_where_a_page_begins_is_forgotten_in_time_and_found_again() -> None:
    add(*NAMES)
    with later(0):
        numbered(0)
        numbered(1)
        with later(listing.POSITION_SECONDS + 1), trouble() as sent:
            assert numbered(2) == NAMES[20:30]
            # Nothing that has expired was believed, although no TTL has swept it: looked for nearby, walked to.
            assert sent[:2] == ["dynamodb.GetItem", "dynamodb.BatchGetItem"]


def test_a_page_after_one_that_was_read_costs_the_same_everywhere() -> None:
    def sent_for(page: int) -> list[str]:
        with trouble() as sent:
            assert len(numbered(page)) == 10
        return sorted(sent)

    add(*NAMES[:30])
    few = [sent_for(page) for page in (0, 1, 2)]
    add(*(f"q{number:04d}" for number in range(600)), at=BEGUN + 100)
    many = [sent_for(page) for page in (0, 1, 2)]

    queries = ["dynamodb.Query"] * table.USER_BUCKETS
    assert many[0] == few[0] == ["dynamodb.PutItem", *queries]
    assert many[1] == many[2] == few[1] == ["dynamodb.GetItem", "dynamodb.PutItem", *queries]


def test_a_partition_is_asked_for_its_share_and_not_for_a_page() -> None:
    add(*(f"p{number:04d}" for number in range(400)))

    limits = asked_for(lambda: numbered(0, 100))

    # 30 keys are what 0.5 RRU read.
    assert max(limits) <= 30


def asked_for(action: Callable[[], object]) -> list[int]:
    """The Limit of each query."""
    seen: list[int] = []
    page = table.page

    def watched(*given: Any, **more: Any) -> Any:
        seen.append(more["limit"])
        return page(*given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "page", watched)
        action()
    return seen


def test_an_uneven_partition_is_asked_again() -> None:
    one = [name for number in range(400) if table.bucket_of(f"gatehouse|{(name := f'n{number:03d}')}") == 3]
    add(*one)

    assert pages(20) == one


def test_a_page_far_from_any_that_was_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    add(*NAMES)
    monkeypatch.setattr(listing, "FARTHEST", 30)

    with pytest.raises(TooFar):
        numbered(5)

    assert numbered(2) == NAMES[20:30]
    assert numbered(5) == NAMES[50:60]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_cursor_leads_on_to_the_end(newest_first: bool) -> None:
    add(*NAMES)
    found, cursor = checkpoint(newest_first=newest_first)
    while cursor:
        add(f"late{len(found)}", at=BEGUN + 1000)
        more, cursor = checkpoint(cursor, newest_first=newest_first)
        found += more

    assert [name for name in found if name in NAMES] == (NAMES[::-1] if newest_first else NAMES)
    assert len(found) == len(set(found))


def test_at_the_end_there_is_no_cursor_even_if_the_page_is_full() -> None:
    add(*NAMES[:10])

    assert checkpoint(take=10) == (NAMES[:10], "")
    assert checkpoint(take=9)[1]


@pytest.mark.row(85)
def test_a_cursor_of_another_list_or_of_nobodys_is_refused() -> None:
    add(*NAMES)
    _, cursor = checkpoint(purpose="members org_a")

    others = [cursor[:-2] + "AA", cursor[:-1], cursor + "A", "A" * 60, "x", "#n0", "é", cursor[:8]]
    for purpose, bad in [("members org_b", cursor), *(("members org_a", other) for other in others)]:
        with pytest.raises(BadCursor):
            checkpoint(bad, purpose=purpose)
    assert checkpoint(cursor, purpose="members org_a")[0] == NAMES[10:20]


def test_a_cursor_tells_nothing_of_whom_it_stands_behind() -> None:
    add("secret-name", "other")

    _, cursor = checkpoint(take=1)

    assert "secret" not in cursor
    assert cursor.isascii() and cursor.replace("-", "").replace("_", "").isalnum()


def test_the_total_of_users_is_read_from_its_counters() -> None:
    for bucket, number in ((0, 3), (7, 4)):
        table.put(table.count_key("USERS", bucket), {"total": number})
    with trouble() as sent:
        assert listing.total("USERS") == 7
    assert sent == ["dynamodb.BatchGetItem"]


def test_the_total_of_another_list_is_counted() -> None:
    for name in "abc":
        table.put(table.role_key(name), {"role_id": name, **table.listed("ROLES", name, clock.now())})

    assert listing.total("ROLES") == 3
    assert [key["pk"] for key in listing.numbered(["ROLES"], page=1, per_page=2)] == ["ROLE#c"]


@given(st.text(max_size=200))
@settings(max_examples=60)
def test_no_text_is_a_cursor(text: str) -> None:
    if text:
        with pytest.raises(BadCursor):
            listing.opened("users", text)
