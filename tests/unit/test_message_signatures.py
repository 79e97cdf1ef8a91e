"""Secrets that messages to others are signed with: how they follow one another, and how they are kept."""

from dataclasses import asdict

import pytest

from gatehouse import clock, message_signatures
from gatehouse.message_signatures import Earlier, Secret, TooMany, headers, new_secret, successor
from tests.unit.flows import later

pytestmark = pytest.mark.row(93)
HOUR = 3600


def signatures(secret: Secret) -> list[str]:
    return headers(secret, "message", b"{}")["webhook-signature"].split()


def test_every_secret_that_still_counts_signs_the_newest_first_until_its_own_end() -> None:
    with later(0):
        first, second, third = (new_secret()[0] for _ in range(3))
        both = successor(first, second, overlap_seconds=HOUR)
        all_of_them = successor(both, third, overlap_seconds=2 * HOUR)

        assert signatures(all_of_them) == [signatures(secret)[0] for secret in (third, second, first)]
        assert all_of_them.previous_until == clock.now() + 2 * HOUR
    with later(HOUR):
        assert len(signatures(all_of_them)) == 2
    with later(2 * HOUR):
        assert len(signatures(all_of_them)) == 1


def test_no_more_than_three_count_beside_the_newest_and_those_that_ended_make_room() -> None:
    with later(0):
        secret = new_secret()[0]
        for _ in range(message_signatures.MOST_EARLIER):
            secret = successor(secret, new_secret()[0], overlap_seconds=HOUR)

        with pytest.raises(TooMany):
            successor(secret, new_secret()[0], overlap_seconds=HOUR)
        assert successor(secret, new := new_secret()[0], overlap_seconds=0) == new
    with later(HOUR):
        assert len(successor(secret, new_secret()[0], overlap_seconds=HOUR).earlier) == 1


def test_a_secret_that_is_given_twice_follows_once() -> None:
    first, second = new_secret()[0], new_secret()[0]
    both = successor(first, second, overlap_seconds=HOUR)

    assert successor(both, second, overlap_seconds=HOUR) == both
    assert successor(both, second, overlap_seconds=0) == both


def test_secrets_are_read_back_as_they_were_kept_and_as_they_were_kept_at_first() -> None:
    kept = Secret(b"c", (Earlier(b"b", 7), Earlier(b"a", 5)))

    assert Secret.from_item(asdict(kept)) == kept
    assert Secret.from_item({"current": b"c", "previous": b"b", "previous_until": 7}) == Secret(b"c", (Earlier(b"b", 7),))
    assert Secret.from_item({"current": b"c", "previous": b"", "previous_until": 0}) == Secret(b"c")
