"""The table in memory that gatehouse is measured with beside peers: it does what DynamoDB does, or says that it does not know how."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.peers.memory_table import MemoryTable
from gatehouse import aws, table
from gatehouse.table import connection, verbs
from tests.unit.flows import basic, browser_of, introspect, new_client, new_user, refresh, tokens_of, userinfo

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


@pytest.fixture
def in_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[], MemoryTable]:
    """What copies the table as it is, and lets the verbs ask the copy from then on."""

    def kept() -> MemoryTable:
        memory = MemoryTable(connection.table_name())
        memory.copy()
        monkeypatch.setattr(verbs, "call", memory.call)
        return memory

    return kept


def both(in_memory: Callable[[], MemoryTable], act: Callable[[], Any]) -> tuple[Any, Any]:
    """What becomes of the same in DynamoDB and in memory: what is answered, or stands in the way, and what then lies there."""

    def became() -> Any:
        try:
            answer = act()
        except table.ConditionFailed as failed:
            answer = type(failed), failed.item
        return answer, table.get_many(KEY, OTHER), list(table.query("USER#1"))

    # Copied first: it must begin with the same.
    memory = MemoryTable(connection.table_name())
    memory.copy()
    of_dynamodb = became()
    in_memory().items = memory.items
    return of_dynamodb, became()


@pytest.mark.parametrize("where", WHERE, ids=str)
def test_a_condition_holds_and_fails_as_in_dynamodb(in_memory: Callable[[], MemoryTable], where: Any) -> None:
    table.put(KEY, ITEM)

    of_dynamodb, of_memory = both(in_memory, lambda: table.update(KEY, where=where, set={"seen": 1}))

    assert of_memory == of_dynamodb


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("before", [ITEM, None], ids=["there", "not there"])
@pytest.mark.parametrize("wanted", [True, False])
def test_a_change_does_what_it_does_in_dynamodb(
    in_memory: Callable[[], MemoryTable], change: dict[str, Any], before: dict[str, Any] | None, wanted: bool
) -> None:
    if before:
        table.put(KEY, before)

    of_dynamodb, of_memory = both(in_memory, lambda: table.update(KEY, where=[("absent", "absent", None)], wanted=wanted, **change))

    assert of_memory == of_dynamodb


@pytest.mark.parametrize("key", [KEY, OTHER])
@pytest.mark.parametrize("put", [table.put, table.put_new])
def test_an_item_is_written_over_another_only_where_it_may(in_memory: Callable[[], MemoryTable], put: Any, key: table.Key) -> None:
    table.put(KEY, ITEM)

    of_dynamodb, of_memory = both(in_memory, lambda: put(key, {"generation": 9}))

    assert of_memory == of_dynamodb


def test_a_change_of_the_copy_is_none_of_the_table(in_memory: Callable[[], MemoryTable]) -> None:
    table.put(KEY, ITEM)

    in_memory()
    table.update(KEY, where=[], add={"generation": 1})
    table.put_new(OTHER, ITEM)

    assert connection.call("Query", **_asked(prefix=""))["Count"] == 1
    assert (table.get(KEY) or {})["generation"] == 4


@pytest.mark.parametrize(
    "act",
    [
        lambda: table.delete(KEY),
        lambda: list(table.query("USER#1", "SESSION#")),
        lambda: table.page("USER#1", limit=1),
        lambda: table.transact(table.Write(KEY, put=ITEM)),
        lambda: table.put_new(KEY, ITEM, audit=True),
        lambda: verbs.call("PutItem", TableName=connection.table_name(), Item=KEY, ConditionExpression="size(pk) > :v"),
    ],
)
def test_what_no_measured_operation_asks_for_raises(in_memory: Callable[[], MemoryTable], act: Callable[[], Any]) -> None:
    in_memory()

    with pytest.raises(NotImplementedError):
        act()


def test_gatehouse_serves_from_it_what_is_measured(in_memory: Callable[[], MemoryTable]) -> None:
    app, machine = new_client(), new_client("machine")
    browser = browser_of(new_user())
    in_memory()

    first = tokens_of(app.client_id, browser, scope="openid email offline_access")
    second = refresh(app.client_id, first["refresh_token"])

    assert userinfo(second.json["access_token"]).json["email"] == "ada@example.com"
