"""The table in memory that gatehouse is measured with beside peers: it does what DynamoDB does, or says that it does not know how."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.peers.memory_table import MemoryTable, Unknown
from gatehouse import table
from gatehouse.table import connection, verbs
from gatehouse.table.marshal import to_item
from tests.unit.flows import browser_of, later, new_client, new_user, refresh, tokens_of, userinfo

KEY = table.Key(pk="USER#1", sk="SESSION#a")
OTHER = table.Key(pk="USER#1", sk="SESSION#b")
ITEM = {"generation": 3, "client": "app", "scope": ["openid", "email"], "seen": 0.5, "open": True, "note": None, "mac": b"\x00\xff"}
WHERE: list[Any] = [
    [("generation", "=", 3), ("client", "=", "app")],
    [("generation", "=", 3), ("client", "=", "other")],
    [("generation", "=", 4)],
    [("generation", "<>", 3)],
    [("generation", "<>", 4)],
    [("generation", "<", 4), ("generation", "<=", 3), ("generation", ">", 2), ("generation", ">=", 3)],
    [("generation", "<", 3)],
    [("generation", "<=", 2)],
    [("generation", ">", 10)],
    [("generation", ">=", 4)],
    [("generation", "=", "3")],
    [("seen", "<", 1)],
    [("client", "<", "apq")],
    [("mac", "=", b"\x00\xff"), ("open", "=", True), ("scope", "=", ["openid", "email"])],
    [("absent", "=", 3)],
    [("absent", "<>", 3)],
    [("absent", "<", 3)],
    [("absent", "absent", None), ("generation", "exists", None)],
    [("generation", "absent", None)],
    [("absent", "exists", None)],
]
CHANGES: list[dict[str, Any]] = [
    {"set": {"client": "other", "scope": []}},
    {"add": {"generation": 2, "fresh": -1}},
    {"remove": ["mac", "absent"]},
    {"set": {"client": "other", "seen": 2}, "add": {"generation": 1}, "remove": ["open", "note"]},
]


def serve_from_memory(monkeypatch: pytest.MonkeyPatch) -> MemoryTable:
    """A copy of the table as it is, which the verbs ask from now on."""
    memory = MemoryTable(connection.table_name())
    memory.copy()
    monkeypatch.setattr(verbs, "call", memory.call)
    return memory


def becomes(act: Callable[[], Any]) -> Any:
    """What is answered, or stands in the way, and what then lies there."""
    try:
        answer = act()
    except table.ConditionFailed as failed:
        answer = type(failed), failed.item
    return answer, table.get_many(KEY, OTHER), list(table.query("USER#1"))


def assert_becomes_the_same(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    before = verbs.call
    serve_from_memory(monkeypatch)
    in_memory = becomes(act)
    monkeypatch.setattr(verbs, "call", before)

    assert in_memory == becomes(act)


@pytest.mark.parametrize("where", WHERE, ids=str)
def test_a_condition_holds_and_fails_as_in_dynamodb(monkeypatch: pytest.MonkeyPatch, where: Any) -> None:
    table.put(KEY, ITEM)

    assert_becomes_the_same(monkeypatch, lambda: table.update(KEY, where=where, set={"seen": 1}))


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("before", [ITEM, None], ids=["there", "not there"])
@pytest.mark.parametrize("wanted", [True, False])
def test_a_change_does_what_it_does_in_dynamodb(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], before: dict[str, Any] | None, wanted: bool
) -> None:
    if before:
        table.put(KEY, before)

    assert_becomes_the_same(monkeypatch, lambda: table.update(KEY, where=[("absent", "absent", None)], wanted=wanted, **change))


@pytest.mark.parametrize("key", [KEY, OTHER])
@pytest.mark.parametrize("put", [table.put, table.put_new])
def test_an_item_is_written_over_another_only_where_it_may(monkeypatch: pytest.MonkeyPatch, put: Any, key: table.Key) -> None:
    table.put(KEY, ITEM)

    assert_becomes_the_same(monkeypatch, lambda: put(key, {"generation": 9}))


def test_a_change_of_the_copy_is_none_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    table.put(KEY, ITEM)
    of_dynamodb = verbs.call

    serve_from_memory(monkeypatch)
    table.update(KEY, where=[("pk", "exists", None)], add={"generation": 1})
    table.put_new(OTHER, ITEM)

    assert [(item or {}).get("generation") for item in table.get_many(KEY, OTHER)] == [4, 3]
    monkeypatch.setattr(verbs, "call", of_dynamodb)
    assert [(item or {}).get("generation") for item in table.get_many(KEY, OTHER)] == [3, None]


@pytest.mark.parametrize(
    "act",
    [
        lambda: table.delete(KEY),
        lambda: list(table.query("USER#1", "SESSION#")),
        lambda: table.page("USER#1", limit=1),
        lambda: table.transact(table.Write(KEY, put=ITEM)),
        lambda: table.put_new(KEY, ITEM, audit=True),
        lambda: verbs.call("PutItem", TableName=connection.table_name(), Item=to_item(KEY), ConditionExpression="size(pk) > :v"),
        lambda: verbs.call(
            "UpdateItem",
            TableName=connection.table_name(),
            Key=to_item(KEY),
            UpdateExpression="DELETE #n0 :v0",
            ExpressionAttributeNames={"#n0": "scope"},
            ReturnValues="NONE",
        ),
    ],
)
def test_what_no_measured_operation_asks_for_raises(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    serve_from_memory(monkeypatch)

    with pytest.raises(Unknown):
        act()


def test_gatehouse_serves_from_it_what_is_measured_and_refuses_what_it_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    app, browser = new_client(), browser_of(new_user())
    serve_from_memory(monkeypatch)

    first = tokens_of(app.client_id, browser, scope="openid email offline_access")
    second = refresh(app.client_id, first["refresh_token"])
    assert userinfo(second.json["access_token"]).json["email"] == "ada@example.com"

    with later(60):
        assert refresh(app.client_id, first["refresh_token"]).status == 400
        assert userinfo(second.json["access_token"]).status == 401
