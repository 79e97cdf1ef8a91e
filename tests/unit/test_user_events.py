"""The table's stream becomes notices of ended sessions: each once by its id, whatever the stream and AWS do meanwhile (F7, F8)."""

import itertools
import json
from copy import deepcopy
from typing import Any

import pytest

from gatehouse import backchannel_logout, clients, clock, session_ids, sessions, table, users
from gatehouse.users import User
from tests.unit.conftest import call
from tests.unit.faults import DENIED, THROTTLED, always, answer, go_through, trouble, unreachable
from tests.unit.flows import browser_of, later, new_client, new_user, refresh, tokens_of
from tests.unit.streams import Record, after, filtered, passed_on, recorded, turn_on, waiting
from tests.unit.test_cleanup import sweep

URI = "https://rp.example.com/back"
DAY = 86400


@pytest.fixture(autouse=True)
def stream(aws: None) -> None:
    turn_on()


@pytest.fixture
def user() -> User:
    return new_user()


@pytest.fixture
def app() -> str:
    """A client that wants to be told."""
    return new_client(backchannel_logout_uri=URI).client_id


def begun(user: User, client_id: str, epoch: int = 1, **properties: Any) -> str:
    """The sid of a session that is there."""
    sid = session_ids.new(epoch)
    lasting = {"created_at": 1, "expires_at": 2**33, "idle_expires_at": 2**33} | properties
    sessions.begin(sessions.Session(user.user_id, sid, client_id, **lasting))
    return sid


def revocations(user: User, sids: list[str]) -> list[Record]:
    """What the stream tells when these end, one after the other."""
    return after(lambda: [sessions.revoke(user.user_id, sid, "signed_out") for sid in sids])


def told(records: list[Record]) -> list[dict[str, Any]]:
    """The notices that a batch leads to in a new process, when nothing goes wrong."""
    backchannel_logout.forget()
    assert passed_on(records) == []
    return waiting()


def sids(notices: list[dict[str, Any]]) -> set[str]:
    return {notice["sid"] for notice in notices}


def kinds(records: list[Record]) -> list[tuple[str, str]]:
    return [(record["eventName"], record["dynamodb"]["Keys"]["sk"]["S"].partition("#")[0]) for record in records]


def test_a_session_that_ends_makes_one_notice(user: User, app: str) -> None:
    sid = begun(user, app)

    (notice,) = told(revocations(user, [sid]))

    assert notice == {"id": notice["id"], "client_id": app, "user_id": user.user_id, "sid": sid}
    assert len(notice["id"]) == 24


def test_sessions_that_begin_or_go_on_do_not_reach_the_function(user: User, app: str) -> None:
    browser = browser_of(user)
    tokens = tokens_of(app, browser)
    refresh(app, tokens["refresh_token"])
    assert len(recorded()) > 4

    assert kinds(filtered(recorded())) == [("INSERT", "USER")]

    users.describe(user.user_id, profile={"name": "Ada"})
    browser.get("logout", f"/oidc/logout?id_token_hint={tokens['id_token']}")
    assert kinds(filtered(recorded()))[1:] == [("MODIFY", "USER"), ("MODIFY", "SESSION")]


def test_a_change_of_a_person_that_ends_nothing_makes_no_notice(user: User, app: str) -> None:
    begun(user, app)
    users.set_blocked(user.user_id, True)
    waiting()

    def changes() -> None:
        users.describe(user.user_id, profile={"name": "Ada"})
        users.rehash(user, "another")
        users.set_blocked(user.user_id, False)

    assert told(after(changes)) == []


def test_signing_out_everywhere_ends_each_session_that_was_live(user: User, app: str) -> None:
    other = new_user("eve@example.com")
    mine = {begun(user, app) for _ in range(23)}
    begun(user, app, idle_expires_at=2)
    begun(user, app, expires_at=2)
    sessions.revoke(user.user_id, begun(user, app), "signed_out")
    begun(user, app, epoch=2)
    begun(user, new_client().client_id)
    begun(other, app)

    notices = told(after(lambda: users.sign_out_everywhere(user.user_id, invocation_id="x")))

    assert sids(notices) == mine
    assert len({notice["id"] for notice in notices}) == len(notices) == 23


WAYS = {
    "block": lambda user: users.set_blocked(user.user_id, True),
    "reset": lambda user: table.transact(users.password_write(user.user_id, user.email, "hash")),
    "everywhere": lambda user: users.sign_out_everywhere(user.user_id, invocation_id="x"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_end_all_sessions_ends_them_here_too(user: User, app: str, way: str) -> None:
    sid = begun(user, app)

    assert sids(told(after(lambda: WAYS[way](user)))) == {sid}


def test_sessions_of_an_earlier_epoch_were_told_of_then(user: User, app: str) -> None:
    first = begun(user, app)
    one = after(lambda: users.sign_out_everywhere(user.user_id, invocation_id="x"))
    second = begun(user, app, epoch=2)
    two = after(lambda: users.sign_out_everywhere(user.user_id, invocation_id="y"))

    assert sids(told(two)) == {second}
    assert sids(told(one)) == {first}


def test_a_session_that_was_over_only_when_the_record_came_is_told_of(user: User, app: str) -> None:
    with later(0):
        sid = begun(user, app, expires_at=clock.now() + 60)
        records = after(lambda: users.sign_out_everywhere(user.user_id, invocation_id="x"))

    with later(3600):
        assert sids(told(records)) == {sid}


@pytest.mark.parametrize("way", WAYS)
def test_the_sweep_leaves_what_is_still_to_be_told(user: User, app: str, way: str) -> None:
    with later(0):
        sid = begun(user, app)
        records = after(lambda: WAYS[way](user))
        with later(DAY - 1):
            sweep()
            assert sids(told(records)) == {sid}


def test_nobody_is_told_who_does_not_want_to_know_or_is_gone(user: User, app: str) -> None:
    records = revocations(user, [begun(user, new_client().client_id), begun(user, "nobody")])

    assert told(records) == []


def test_a_client_that_took_its_token_back_itself_is_not_told(user: User, app: str) -> None:
    tokens = tokens_of(app, browser_of(user))
    form = {"token": tokens["refresh_token"], "client_id": app}
    records = after(lambda: call("revoke", "POST", "/oauth/revoke", form=form))

    assert len(records) == 1
    assert told(records) == []


@pytest.mark.parametrize("reason", ["code_replayed", "refresh_token_reused", "revoked_by_operator", "signed_out", "something new"])
def test_whatever_else_ends_a_session_is_told(user: User, app: str, reason: str) -> None:
    sid = begun(user, app)

    assert len(told(after(lambda: sessions.revoke(user.user_id, sid, reason)))) == 1


def test_a_record_that_comes_twice_makes_the_same_notice(user: User, app: str) -> None:
    records = revocations(user, [begun(user, app), begun(user, app)])

    once, again, both = told(records), told(records), told(records * 2)

    assert once == again
    assert {notice["id"] for notice in both} == {notice["id"] for notice in once}


def test_the_order_of_records_does_not_matter(user: User, app: str) -> None:
    gone, left = begun(user, app), begun(user, app)
    records = revocations(user, [gone]) + after(lambda: users.sign_out_everywhere(user.user_id, invocation_id="x"))
    records += revocations(user, [left])

    found = {json.dumps(sorted({n["id"] for n in told(list(order))})) for order in itertools.permutations(records)}

    assert len(found) == 1
    assert len(json.loads(found.pop())) == 2


def test_a_session_that_is_revoked_after_it_ended_with_all_others_keeps_its_one_id(user: User, app: str) -> None:
    sid = begun(user, app)
    everywhere = after(lambda: users.sign_out_everywhere(user.user_id, invocation_id="x"))
    ids = [notice["id"] for notice in told(everywhere)]

    with later(3600):
        assert [notice["id"] for notice in told(revocations(user, [sid]))] == ids


def spoilt(record: Record) -> list[Record]:
    """What no record of ours looks like."""
    empty, no_image, no_client, odd, not_a_number, list_ = (deepcopy(record) for _ in range(6))
    empty["dynamodb"] = {"SequenceNumber": "1"}
    no_image["dynamodb"]["NewImage"] = {}
    del no_client["dynamodb"]["NewImage"]["client_id"]
    odd["dynamodb"]["NewImage"]["scope"] = {"SS": ["a"]}
    not_a_number["dynamodb"]["NewImage"]["generation"] = {"N": "many"}
    list_["dynamodb"]["Keys"] = []
    return [{}, {"dynamodb": None}, empty, no_image, no_client, odd, not_a_number, list_]


@pytest.mark.parametrize("kind", range(8))
@pytest.mark.parametrize("place", range(3))
def test_a_record_that_cannot_be_read_is_put_aside_and_holds_up_no_other(
    user: User, app: str, kind: int, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    good = revocations(user, [begun(user, app), begun(user, app)])
    bad = spoilt(good[0])[kind]

    assert passed_on([*good[:place], bad, *good[place:]]) == []

    assert len(waiting()) == 2
    (aside,) = waiting("failed_events_queue_url")
    assert set(aside) == {"event_id", "source", "defect", "keys", "sequence_number"}
    assert '"message":"unhandled"' in capsys.readouterr().out


def test_what_is_put_aside_holds_nothing_of_the_item(user: User, app: str) -> None:
    (record,) = after(lambda: users.describe(user.user_id, profile={"name": "Ada"}))
    record["dynamodb"]["NewImage"]["epoch"] = {"SS": []}

    assert passed_on([record]) == []

    (aside,) = waiting("failed_events_queue_url")
    assert aside["keys"] == {"pk": {"S": f"USER#{user.user_id}"}, "sk": {"S": "USER"}}
    assert aside["sequence_number"] == record["dynamodb"]["SequenceNumber"]
    assert user.password_hash not in json.dumps(aside)


def numbers(records: list[Record]) -> list[str]:
    return [record["dynamodb"]["SequenceNumber"] for record in records]


NOT_TAKEN = answer(200, {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]})


@pytest.mark.parametrize("fate", [THROTTLED, DENIED, unreachable, NOT_TAKEN], ids=["throttled", "denied", "unreachable", "not taken"])
def test_the_record_that_met_trouble_comes_again_and_none_behind_it_goes_ahead(user: User, app: str, fate: Any) -> None:
    records = revocations(user, [begun(user, app) for _ in range(12)])
    clients.get(app)
    # The second request, behind ten messages, meets it, as often as botocore tries.
    with trouble({"sqs.SendMessageBatch": [go_through, *[fate] * (3 if fate in (THROTTLED, unreachable) else 1)]}):
        again = passed_on(records)

    assert again == numbers(records)[10:11]
    first, second = waiting(), told(records[10:])
    assert [len(first), len(second)] == [10, 2]
    assert len({notice["id"] for notice in first + second}) == 12


@pytest.mark.parametrize("operation", ["dynamodb.Query", "dynamodb.GetItem"])
def test_while_the_table_cannot_be_read_the_record_comes_again(
    user: User, app: str, operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(user, app)
    records = after(lambda: users.sign_out_everywhere(user.user_id, invocation_id="x"))
    clients.forget()
    with trouble({operation: always(THROTTLED)}):
        assert passed_on(records) == numbers(records)

    assert waiting() == []
    assert '"level":"ERROR"' in capsys.readouterr().out
    assert len(told(records)) == 1


def test_what_can_be_neither_read_nor_put_aside_comes_again(user: User, app: str) -> None:
    (record,) = revocations(user, [begun(user, app)])
    record["dynamodb"]["NewImage"] = {}
    with trouble({"sqs": always(DENIED)}):
        assert passed_on([record]) == numbers([record])

    assert waiting("failed_events_queue_url") == []


def test_a_batch_leaves_one_line_without_names_of_people(user: User, app: str, capsys: pytest.CaptureFixture[str]) -> None:
    records = revocations(user, [begun(user, app)])
    capsys.readouterr()
    passed_on(records)

    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["message"], line["records"], line["notices"], line["again"]) == ("passed on", 1, 1, 0)
    assert user.email not in json.dumps(line)
