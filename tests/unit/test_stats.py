"""How much the service is used: counted from the table's stream, and by the daily sweep."""

from collections.abc import Callable
from typing import Any

import pytest

from gatehouse import login_history, session_ids, sessions, table, usage, users
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.faults import THROTTLED, always, go_through, trouble
from tests.unit.flows import later, new_client, new_user
from tests.unit.operators import api, machine
from tests.unit.streams import Record, after, filtered, passed_on, recorded, turn_on
from tests.unit.test_cleanup import sweep

DAY = 86400


@pytest.fixture(autouse=True)
def stream(aws: None) -> None:
    turn_on()


def log_in(user: User, invocation_id: str) -> None:
    login_history.signed_in(user.user_id, source_ip="192.0.2.7", user_agent="", client_id="", invocation_id=invocation_id)


def logins(number: int) -> Callable[[], None]:
    def action() -> None:
        user = new_user()
        for count in range(number):
            log_in(user, str(count))

    return action


def daily(**query: str) -> list[dict[str, Any]]:
    answer = api("GET", "/stats/daily", machine("read:stats"), query=query)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json
    return found


def numbers(**query: str) -> list[tuple[int, int]]:
    return [(day["logins"], day["signups"]) for day in daily(**query)]


def test_sign_ins_and_sign_ups_are_counted_by_day() -> None:
    with later(0):
        assert passed_on(after(logins(3))) == []
        (today,) = daily()
    assert (today["logins"], today["signups"], today["leaked_passwords"]) == (3, 1, 0)
    assert today["date"].endswith("T00:00:00.000Z")
    assert today["date"] == today["created_at"] <= today["updated_at"]


def test_what_is_neither_does_not_count() -> None:
    user = new_user()

    def changes() -> None:
        users.describe(user.user_id, profile={"name": "Ada"})
        users.set_blocked(user.user_id, True)
        sessions.begin(sessions.Session(user.user_id, session_ids.new(1), "client", created_at=1, expires_at=2**33, idle_expires_at=2**33))
        sessions.revoke_of_client(user.user_id, "client", "x")
        table.delete(table.user_key(user.user_id))

    passed_on(after(changes))

    assert daily() == []


def test_a_batch_that_comes_twice_counts_once() -> None:
    records = after(logins(2))
    for _ in range(3):
        assert passed_on(records) == []

    assert numbers() == [(2, 1)]


def test_what_comes_again_because_a_record_before_it_failed_counts_once() -> None:
    app = new_client(backchannel_logout_uri="https://rp.example.com/back").client_id
    user = new_user("eve@example.com")
    sid = session_ids.new(1)
    sessions.begin(sessions.Session(user.user_id, sid, app, created_at=1, expires_at=2**33, idle_expires_at=2**33))
    first = after(logins(2))
    failing = after(lambda: sessions.revoke(user.user_id, sid, "signed_out"))
    last = after(lambda: log_in(user, "x"))
    batch = first + failing + last

    with trouble({"sqs.SendMessageBatch": always(THROTTLED)}):
        again = passed_on(batch)
    assert again == [number_of(failing[0])]
    assert numbers() == [(2, 1)]

    # As Lambda does: from the first that failed on.
    assert passed_on(failing + last) == []
    assert numbers() == [(3, 1)]


def number_of(record: Record) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


def test_while_nothing_can_be_counted_the_whole_batch_comes_again() -> None:
    records = after(logins(1))
    with trouble({"dynamodb.UpdateItem": always(THROTTLED)}):
        assert passed_on(records) == [number_of(records[0])]
    assert daily() == []

    assert passed_on(records) == []
    assert numbers() == [(1, 1)]


def test_a_record_that_cannot_be_read_counts_for_nothing_and_holds_up_no_other() -> None:
    records = after(logins(2))
    place = next(at for at, record in enumerate(records) if record["dynamodb"]["Keys"]["sk"]["S"].startswith("LOGIN#"))
    records[place] = {"dynamodb": {"Keys": [], "SequenceNumber": "1"}}

    assert passed_on([{}, *records]) == []

    assert sum(logins for logins, _ in numbers()) == 1


def test_a_batch_over_midnight_counts_for_both_days() -> None:
    records = after(logins(2))
    login_records = [record for record in records if record["dynamodb"]["Keys"]["sk"]["S"].startswith("LOGIN#")]
    login_records[0]["dynamodb"]["ApproximateCreationDateTime"] -= DAY
    with trouble({"dynamodb.TransactWriteItems": [go_through]}) as sent:
        assert passed_on(records) == []
    assert sent.count("dynamodb.TransactWriteItems") == 1

    assert passed_on(records) == []
    assert numbers() == [(1, 0), (1, 1)]


def test_only_sign_ins_sign_ups_and_ends_reach_the_function() -> None:
    logins(1)()

    kinds = [record["dynamodb"]["Keys"]["sk"]["S"].partition("#")[0] for record in filtered(recorded())]
    assert sorted(kinds) == ["LOGIN", "USER", "USER"]


def counted(day: str, **numbers: int) -> None:
    usage.add({day: numbers}, f"batch of {day}")


def test_days_are_asked_for_from_and_to() -> None:
    for day in ("2026-01-31", "2026-02-01", "2026-02-02"):
        counted(day, logins=1)

    def days(**query: str) -> list[str]:
        return [day["date"][:10] for day in daily(**query)]

    assert days(**{"from": "20260131", "to": "20260201"}) == ["2026-01-31", "2026-02-01"]
    assert days(**{"from": "20260202", "to": "20260202"}) == ["2026-02-02"]
    assert days(to="20260201") == ["2026-01-31", "2026-02-01"]
    assert days(**{"from": "20250101", "to": "20250102"}) == []


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-01-01"},
        {"from": "20260230"},
        {"to": "00000000"},
        {"from": "20260102", "to": "20260101"},
        {"from": "20250101", "to": "20260102"},
        {"to": "00010101"},
        {"day": "20260101"},
    ],
)
def test_what_is_no_range_of_days_is_refused(query: dict[str, str]) -> None:
    answer = api("GET", "/stats/daily", machine("read:stats"), query=query)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")


def active() -> Answer:
    return api("GET", "/stats/active-users", machine("read:stats"))


def test_people_who_signed_in_within_thirty_days_are_counted_by_the_sweep() -> None:
    assert active().json == 0
    with later(-31 * DAY):
        log_in(new_user("old@example.com"), "old")
    for name in ("ada", "eve"):
        user = new_user(f"{name}@example.com")
        log_in(user, f"{name} 1")
        log_in(user, f"{name} 2")
    new_user("never@example.com")

    sweep()

    assert active().json == 2
    assert daily() == []


def test_a_sweep_in_parts_counts_everybody_once() -> None:
    for number in range(7):
        log_in(new_user(f"p{number}@example.com"), str(number))
    counts = []

    def one_page() -> Callable[[], int]:
        left = iter([60_000, 0])
        return lambda: next(left, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gatehouse.cleanup.PAGE", 5)
        while not (result := sweep(one_page()))["finished"]:
            counts.append(active().json)
    assert result["finished"]
    assert set(counts) == {0}
    assert active().json == 7


def test_numbers_take_their_own_scope() -> None:
    for path in ("/stats/daily", "/stats/active-users"):
        assert api("GET", path, machine("read:users")).status == 403
