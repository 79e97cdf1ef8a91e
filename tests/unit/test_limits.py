"""Counting attempts before they are made (rows 61, 62, 64, 65; faults F1, F2, F4, F9)."""

import pytest

from gatehouse import clock, limits, table
from gatehouse.errors import Unavailable
from gatehouse.limits import Limit
from tests.unit.faults import THROTTLED, always, lose_answer, trouble, unreachable
from tests.unit.flows import later

THREE = Limit("TEST", 3, 900)
FIVE_IN_A_ROW = Limit("TEST", 3, 900, streak=5)


def allowed(limit: Limit, subject: str = "somebody", tries: int = 10) -> int:
    """How many of so many attempts may be made."""
    made = 0
    for _ in range(tries):
        try:
            limits.count(limit, subject)
            made += 1
        except limits.Exhausted:
            pass
    return made


@pytest.mark.row(61)
def test_so_many_attempts_and_then_none_until_the_window_is_over() -> None:
    with later(0):
        assert allowed(THREE) == 3
        with later(899), pytest.raises(limits.Exhausted) as exhausted:
            limits.count(THREE, "somebody")
        assert exhausted.value.retry_after_seconds == 1
        with later(900):
            assert allowed(THREE) == 3


@pytest.mark.row(61, 64)
def test_trying_on_during_the_lock_does_not_prolong_it() -> None:
    with later(0):
        allowed(THREE)
        with later(890):
            assert allowed(THREE) == 0
        with later(901):
            assert allowed(THREE) == 3


@pytest.mark.row(61)
def test_a_success_lets_the_count_begin_anew() -> None:
    allowed(FIVE_IN_A_ROW)
    limits.clear(FIVE_IN_A_ROW, "somebody")

    assert allowed(FIVE_IN_A_ROW) == 3


def test_everybody_counts_alone() -> None:
    allowed(THREE, "somebody")

    assert allowed(THREE, "somebody else") == 3
    assert allowed(Limit("OTHER", 3, 900), "somebody") == 3


@pytest.mark.row(61)
def test_a_streak_goes_on_over_the_windows_until_a_success() -> None:
    with later(0):
        assert allowed(FIVE_IN_A_ROW) == 3
        with later(1000):
            assert allowed(FIVE_IN_A_ROW) == 2
        for days in (1, 20, 300):
            with later(days * 86400):
                assert allowed(FIVE_IN_A_ROW) == 0
        limits.clear(FIVE_IN_A_ROW, "somebody")
        with later(86400):
            assert allowed(FIVE_IN_A_ROW) == 3


@pytest.mark.row(61)
def test_an_account_bears_at_most_a_hundred_failures_in_a_row() -> None:
    made = 0
    with later(0):
        for window in range(15):
            with later(window * 901):
                made += allowed(limits.PASSWORD, "ada@example.com", tries=12)

    assert made == limits.LONGEST_STREAK == 100


def test_an_attempt_that_was_none_is_given_back() -> None:
    for _ in range(20):
        limits.count(THREE, "somebody")
        limits.give_back(THREE, "somebody")

    assert allowed(THREE) == 3
    limits.give_back(THREE, "nobody")
    assert allowed(THREE, "nobody") == 3


@pytest.mark.row(62)
def test_a_window_that_another_attempt_began_first_is_counted_in() -> None:
    # Both saw no window; the other one's write came first.
    limits.count(THREE, "somebody")
    limits._begin_window(THREE, "somebody", None)

    assert allowed(THREE) == 1


@pytest.mark.row(62)
def test_a_window_that_others_filled_meanwhile_lets_no_attempt_through() -> None:
    allowed(THREE)

    with pytest.raises(limits.Exhausted):
        limits._begin_window(THREE, "somebody", None)


def test_a_lock_that_ttl_should_have_swept_is_over_all_the_same() -> None:
    with later(0):
        allowed(THREE)
        with later(30 * 86400):
            assert allowed(THREE) == 3


@pytest.mark.parametrize("begun", [0, 1])
def test_an_attempt_whose_answer_was_lost_counts_once(begun: int) -> None:
    allowed(THREE, tries=begun)

    with trouble({"dynamodb.UpdateItem": [lose_answer, lose_answer]}):
        limits.count(THREE, "somebody")

    assert allowed(THREE) == 3 - begun - 1


def test_an_attempt_is_given_back_once_although_the_answer_was_lost() -> None:
    allowed(THREE)

    with trouble({"dynamodb.UpdateItem": [lose_answer]}):
        limits.give_back(THREE, "somebody")

    assert allowed(THREE) == 1


def test_an_attempt_on_a_throttled_table_counts_once() -> None:
    with trouble({"dynamodb.UpdateItem": [THROTTLED]}):
        limits.count(THREE, "somebody")

    assert allowed(THREE) == 2


def test_what_cannot_be_counted_may_not_be_tried() -> None:
    with trouble({"dynamodb": always(unreachable)}), pytest.raises(Unavailable):
        limits.count(THREE, "somebody")


@pytest.mark.row(65)
@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
        ("192.0.2.7, 10.0.0.1", "unknown"),
    ],
)
def test_one_subscriber_is_one_network(address: str, network: str) -> None:
    assert limits.network(address) == network


@pytest.mark.row(25, 89)
def test_a_counter_does_not_say_whom_it_counts() -> None:
    limits.count(limits.PASSWORD, "ada@example.com")

    items, _ = table.scan(None, limit=1000)
    [counter] = [item for item in items if item["pk"].startswith("LIMIT#")]
    assert "ada" not in str(counter)
    assert counter["ttl"] > clock.now()
