"""The table: what its keys, expressions and retries hold against (rows 88, 89; faults F1, F2, F3, F4, F5, F18)."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse import table
from gatehouse.errors import Unavailable
from gatehouse.table import expressions, keys, marshal
from tests.unit.faults import DENIED, THROTTLED, always, answer, lose_answer, refuse, trouble, unreachable

HERE: table.Key = {"pk": "USER#gatehouse|a", "sk": "USER"}
OTHER: table.Key = {"pk": "USER#gatehouse|b", "sk": "USER"}
HOSTILE = [
    "#n0",
    ":v0",
    "a = :v0 OR attribute_exists(b)",
    "size",
    "status",
    "a.b.c",
    "a[0]",
    "ü\u202e名",
    "x" * 300,
    "'; DROP TABLE",
    " ",
]

_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)


@given(_values)
def test_what_is_marshalled_comes_back_as_it_was(value: Any) -> None:
    assert marshal.from_attribute(marshal.to_attribute(value)) == value


@pytest.mark.parametrize("value", [1.5, -0.1, 1e125, 1e-130, 2.0, 10**37, {"inside": [0.1, {"deep": 1.25}]}])
def test_numbers_come_back_as_they_were(value: object) -> None:
    assert marshal.from_attribute(marshal.to_attribute(value)) == value


@pytest.mark.parametrize("value", [{1, 2}, object(), {"inside": [object()]}])
def test_what_no_item_can_hold_is_an_error_and_not_a_guess(value: object) -> None:
    with pytest.raises(TypeError):
        marshal.to_attribute(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"inside": [float("-inf")]}])
def test_what_is_no_number_is_refused_as_a_value(value: object) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        marshal.to_attribute(value)


def test_true_and_one_stay_apart() -> None:
    table.put(HERE, {"flag": True, "number": 1})

    assert repr(table.get(HERE)) == repr({"flag": True, "number": 1, **HERE})


@pytest.mark.row(88)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_attribute_name_is_only_a_name(name: str) -> None:
    table.put(HERE, {"role": "user"})

    changed = table.update(HERE, where=[(name, "absent", None), ("role", "=", "user")], set={name: "set"}, add={f"{name}+": 1})

    assert changed == {**HERE, "role": "user", name: "set", f"{name}+": 1}
    assert "role" in table.update(HERE, where=[(name, "=", "set")], remove=[name])


@pytest.mark.row(88)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_only_a_value(value: str) -> None:
    table.put(HERE, {"role": "user"})

    with pytest.raises(table.ConditionFailed):
        table.update(HERE, where=[("role", "=", value)], set={"role": "admin"})

    assert table.update(HERE, where=[("role", "<>", value)], set={"role": value})["role"] == value


@pytest.mark.row(88)
def test_a_hostile_name_inside_a_transaction_is_only_a_name() -> None:
    for name in HOSTILE:
        table.transact(table.Write(HERE, where=[(name, "absent", None)], set={name: 1}))

    assert table.get(HERE) == {**HERE, **dict.fromkeys(HOSTILE, 1)}


@pytest.mark.row(89)
def test_a_value_in_a_key_attribute_stands_alone_and_last() -> None:
    marked = {name: f"<{name}>" for name in ("user_id", "sid", "sign_on_id", "client_id", "canonical", "sign_in_id", "kid", "digest")}
    shapes = [
        keys.user_key(marked["user_id"]),
        keys.session_key(marked["user_id"], marked["sid"]),
        keys.sign_on_key(marked["user_id"], marked["sign_on_id"]),
        keys.consent_key(marked["user_id"], marked["client_id"]),
        keys.email_key(marked["canonical"]),
        keys.sign_in_key(marked["sign_in_id"]),
        keys.ticket_key("reset", marked["canonical"]),
        keys.client_key(marked["client_id"]),
        keys.ring_key(marked["kid"]),
        keys.limit_key("PASSWORD", marked["digest"]),
    ]

    for key in shapes:
        for attribute in (key["pk"], key["sk"]):
            assert re.fullmatch(r"[A-Za-z#]*(<[^<>]+>)?", attribute), attribute


@pytest.mark.row(89)
@pytest.mark.parametrize("value", ["a#SESSION#b", "a\nUSER", "#", "USER#a"])
def test_a_separator_inside_a_value_opens_no_other_item(value: str) -> None:
    table.put(keys.user_key("a"), {})
    table.put(keys.session_key("a", "b"), {})

    for build in (keys.user_key, keys.email_key, keys.sign_in_key, keys.client_key, keys.ring_key):
        assert table.get(build(value)) is None


def test_the_writer_that_comes_second_learns_what_stands_there() -> None:
    table.put_new(HERE, {"by": "first"})

    with pytest.raises(table.AlreadyExists) as second:
        table.put_new(HERE, {"by": "second"})
    with pytest.raises(table.ConditionFailed) as third:
        table.transact(
            table.Write(OTHER, where=[("pk", "absent", None)], put={}),
            table.Write(HERE, where=[("pk", "absent", None)], put={}),
        )

    assert second.value.item["by"] == "first"
    assert third.value.item is not None and third.value.item["by"] == "first"
    assert table.get(OTHER) is None


def test_what_is_asked_of_nothing_fails_without_an_item() -> None:
    for write in (
        lambda: table.update(HERE, where=[("pk", "exists", None)], set={"a": 1}),
        lambda: table.delete(HERE, where=[("pk", "exists", None)]),
    ):
        with pytest.raises(table.ConditionFailed) as refused:
            write()
        assert refused.value.item is None
    table.delete(HERE)


@pytest.mark.parametrize("asked", [{"where": [], "set": {"a": 1}}, {"where": [("pk", "exists", None)]}], ids=["condition", "change"])
def test_an_update_without_a_condition_or_a_change_is_none(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs a condition and a change"):
        table.update(table.client_key("nobody"), **asked)

    assert table.get(table.client_key("nobody")) is None


def test_what_becomes_of_a_request_changes_no_other() -> None:
    first = expressions.of_write([("a", "=", 1)], {"b": 2})
    first["ExpressionAttributeNames"]["#n0"] = "another"
    first["UpdateExpression"] = "REMOVE #n0"

    assert expressions.of_write([("a", "=", 1)], {"b": 2}) == {
        "UpdateExpression": "SET #n0 = :v0",
        "ConditionExpression": "#n1 = :v1",
        "ExpressionAttributeNames": {"#n0": "b", "#n1": "a"},
        "ExpressionAttributeValues": {":v0": {"N": "2"}, ":v1": {"N": "1"}},
    }


def test_a_query_goes_on_to_the_last_page_and_stays_in_its_prefix() -> None:
    for number in range(4):
        table.put({"pk": "USER#a", "sk": f"SESSION#{number}"}, {"padding": "x" * 390_000})
    table.put({"pk": "USER#a", "sk": "SIGNON#1"}, {})
    table.put({"pk": "USER#ab", "sk": "SESSION#1"}, {})

    with trouble() as sent:
        found = [item["sk"] for item in table.query("USER#a", "SESSION#")]

    assert found == ["SESSION#0", "SESSION#1", "SESSION#2", "SESSION#3"]
    assert len(sent) > 1


def test_keys_left_unprocessed_are_asked_for_again() -> None:
    table.put(HERE, {"n": 1})
    table.put(OTHER, {"n": 2})
    first = answer(
        200,
        {
            "Responses": {"identity": []},
            "UnprocessedKeys": {"identity": {"Keys": [marshal.to_item(k) for k in (HERE, OTHER)]}},
        },
    )

    with trouble({"dynamodb.BatchGetItem": [first]}) as sent:
        found = table.get_many(HERE, {"pk": "USER#none", "sk": "USER"}, OTHER)

    assert [item and item["n"] for item in found] == [1, None, 2]
    assert len(sent) == 2
    assert [item and item["n"] for item in table.get_many(OTHER, HERE)] == [2, 1]


def test_keys_that_stay_unprocessed_are_trouble_and_not_absence() -> None:
    table.put(HERE, {"n": 1})
    left = answer(200, {"Responses": {}, "UnprocessedKeys": {"identity": {"Keys": [marshal.to_item(HERE)]}}})

    with trouble({"dynamodb.BatchGetItem": always(left)}), pytest.raises(Unavailable):
        table.get_many(HERE)


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "InternalServerError",
        "TransactionConflictException",
    ],
)
def test_what_passes_is_tried_again_and_done_once(code: str) -> None:
    table.put(HERE, {"count": 0})

    with trouble({"dynamodb.UpdateItem": [refuse(code)] * 2}) as sent:
        changed = table.update(HERE, where=[("count", "=", 0)], add={"count": 1})

    assert changed["count"] == 1
    assert len(sent) == 3


def test_a_transaction_in_conflict_is_tried_again() -> None:
    conflict = refuse("TransactionCanceledException", CancellationReasons=[{"Code": "None"}, {"Code": "TransactionConflict"}])

    with trouble({"dynamodb.TransactWriteItems": [conflict] * 2}) as sent:
        table.transact(table.Write(HERE, put={"n": 1}), table.Write(OTHER, put={"n": 2}))

    assert len(sent) == 3
    assert [item and item["n"] for item in table.get_many(HERE, OTHER)] == [1, 2]


def test_a_conflict_beside_a_failed_condition_is_a_failed_condition() -> None:
    reasons = [
        {"Code": "TransactionConflict"},
        {"Code": "ConditionalCheckFailed", "Item": marshal.to_item({**OTHER, "n": 7})},
    ]

    with (
        trouble({"dynamodb.TransactWriteItems": always(refuse("TransactionCanceledException", CancellationReasons=reasons))}) as sent,
        pytest.raises(table.ConditionFailed) as refused,
    ):
        table.transact(table.Write(HERE, put={}), table.Write(OTHER, put={}))

    assert refused.value.item == {**OTHER, "n": 7}
    assert len(sent) == 1


@pytest.mark.parametrize("fate", [THROTTLED, DENIED, unreachable, refuse("ResourceNotFoundException"), refuse("ExpiredTokenException")])
def test_lasting_trouble_of_any_kind_is_unavailable_and_never_a_verdict(fate: Any) -> None:
    verbs: dict[str, Callable[[], object]] = {
        "GetItem": lambda: table.get(HERE),
        "BatchGetItem": lambda: table.get_many(HERE),
        "PutItem": lambda: table.put_new(HERE, {}),
        "UpdateItem": lambda: table.update(HERE, where=[("pk", "exists", None)], set={"a": 1}),
        "DeleteItem": lambda: table.delete(HERE),
        "Query": lambda: list(table.query("KEYS")),
        "Scan": lambda: table.scan(None, limit=1),
        "TransactWriteItems": lambda: table.transact(table.Write(HERE, put={})),
    }
    # What passes is tried again after a while, so one verb stands for all there.
    for verb in ["UpdateItem"] if fate in (THROTTLED, unreachable) else verbs:
        with trouble({"dynamodb": always(fate)}), pytest.raises(Unavailable):
            verbs[verb]()


def test_an_outage_is_told_before_the_caller_gives_up() -> None:
    started = time.monotonic()

    with trouble({"dynamodb": always(THROTTLED)}), pytest.raises(Unavailable):
        table.get(HERE)

    assert time.monotonic() - started < 3


def test_a_transaction_whose_answer_was_lost_is_done_once() -> None:
    with trouble({"dynamodb.TransactWriteItems": [lose_answer]}) as sent:
        table.transact(table.Write(HERE, where=[("pk", "absent", None)], put={"n": 1}), table.Write(OTHER, add={"n": 1}))

    assert len(sent) == 2
    assert [item and item["n"] for item in table.get_many(HERE, OTHER)] == [1, 1]


def test_a_conditional_write_whose_answer_was_lost_meets_itself() -> None:
    with trouble({"dynamodb.PutItem": [lose_answer]}), pytest.raises(table.AlreadyExists) as itself:
        table.put_new(HERE, {"written_by": "this invocation"})

    assert itself.value.item["written_by"] == "this invocation"
