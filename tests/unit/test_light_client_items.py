"""What gatehouse.table writes boto3 reads, and the other way round; and answers of DynamoDB are told alike by both."""

import base64
import json
import math
from decimal import Decimal
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gatehouse import aws, table
from tests.unit.conftest import ENVIRONMENT
from tests.unit.raw_servers import answer, answering, aws_is, untouched

raw = pytest.mark.usefixtures(untouched.__name__)
KEY: table.Key = {"pk": "USER#x", "sk": "PROFILE"}
NAME = ENVIRONMENT["TABLE_NAME"]
# As DynamoDB keeps numbers: 38 digits, and floats that survive their own text.
NUMBERS = st.one_of(st.integers(-(10**38) + 1, 10**38 - 1), st.floats(-1e100, 1e100).filter(lambda n: n == 0 or abs(n) > 1e-100))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(), st.binary(max_size=40))
# DynamoDB has no empty ones, and moto takes one that is called like a kind of attribute for that: what is sent of those is told below.
NAMES = st.text(max_size=20).map("_{}".format)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=6)
quickly = hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
TRICKY: dict[str, Any] = {
    "empty text": "",
    "empty bytes": b"",
    "bytes": bytes(range(256)),
    "beyond the first plane": "\U0001f511 ключ 鍵 \u202e\u0000\u007f\ud7ff",
    "38 digits": 10**38 - 1,
    "negative": -(2**63) - 1,
    "fraction": 0.1,
    "small": 1e-100,
    "large": 1.5e100,
    "whole float": 2.0,
    "nothing": None,
    "yes": True,
    "no": False,
    "list": [],
    "map": {},
    "nested": [{"n": [None, [b"\xff", {"é": [""]}]]}, 0, False],
    "S": {"S": "looks like an attribute"},
}


def plain(value: Any) -> Any:
    """A value of boto3's, as ours are."""
    match value:
        case Binary():
            return bytes(value)  # type: ignore[call-overload]
        case Decimal():
            return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
        case list():
            return [plain(entry) for entry in value]
        case dict():
            return {name: plain(entry) for name, entry in value.items()}
    return value


def boto3s(value: Any) -> Any:
    """A value of ours, as boto3's are."""
    match value:
        case bool():
            return value
        case int() | float():
            return Decimal(repr(value))
        case list():
            return [boto3s(entry) for entry in value]
        case dict():
            return {name: boto3s(entry) for name, entry in value.items()}
    return value


def same(ours: Any, theirs: Any) -> bool:
    """1.0 and 1 are one number to DynamoDB, 1 and True are not."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(same(mine, other) for mine, other in zip(ours, theirs, strict=True))
    if isinstance(ours, float) or isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=0) and not isinstance(ours, bool) and not isinstance(theirs, bool)
    return type(ours) is type(theirs) and bool(ours == theirs)


@quickly
@given(item=ITEMS)
def test_what_the_table_writes_boto3_reads(item: dict[str, Any]) -> None:
    table.put(KEY, item)

    raw = boto3.client("dynamodb").get_item(TableName=NAME, Key={"pk": {"S": KEY["pk"]}, "sk": {"S": KEY["sk"]}})["Item"]
    assert same(plain({name: TypeDeserializer().deserialize(value) for name, value in raw.items()}), item | KEY)


@quickly
@given(item=ITEMS)
def test_what_boto3_writes_the_table_reads(item: dict[str, Any]) -> None:
    serialized = {name: TypeSerializer().serialize(value) for name, value in boto3s(item | KEY).items()}
    boto3.client("dynamodb").put_item(TableName=NAME, Item=serialized)

    found = table.get(KEY)
    assert found is not None and same(found, item | KEY)


@raw
@pytest.mark.parametrize("value", TRICKY.values(), ids=TRICKY)
def test_a_value_on_the_wire_is_what_boto3_makes_of_it(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done = answer(b"{}")
    with aws_is(answering(done), answering(done), monkeypatch=monkeypatch) as server:
        table.put(KEY, {"value": value})
        aws.forget()
        client = boto3.Session().client("dynamodb", endpoint_url=f"http://127.0.0.1:{server.port}")
        client.put_item(TableName=NAME, Item={name: TypeSerializer().serialize(boto3s(entry)) for name, entry in _item(value).items()})

    # 1.5e+100 is 1.5E+100.
    ours, theirs = (json.loads(body, object_hook=_number)["Item"] for body in server.bodies)
    assert ours == theirs


def _item(value: Any) -> dict[str, Any]:
    return {"value": value} | KEY


def _number(attribute: dict[str, Any]) -> Any:
    return Decimal(attribute["N"]) if attribute.keys() == {"N"} else attribute


def as_json(value: Any) -> Any:
    """An answer of boto3's, as JSON has it."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case list():
            return [as_json(entry) for entry in value]
        case dict():
            return {name: as_json(entry) for name, entry in value.items() if name != "ResponseMetadata"}
    return value


def _key(number: int) -> table.Key:
    return {"pk": "USER#x", "sk": f"SESSION#{number}"}


def _stored(number: int) -> dict[str, Any]:
    return {"pk": {"S": "USER#x"}, "sk": {"S": f"SESSION#{number}"}, "n": {"N": str(number)}}


def _put_once(number: int, **more: Any) -> dict[str, Any]:
    wanted = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return {"Put": {"TableName": NAME, "Item": _stored(number), **wanted, **more}}


def test_a_transaction_that_is_cancelled_is_told_as_boto3_tells_it() -> None:
    table.put(_key(2), {"n": 2, "secret": b"\x00\xff"})
    writes = [_put_once(1), _put_once(2), _put_once(3)]

    with pytest.raises(ClientError) as theirs:
        boto3.client("dynamodb").transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
    with pytest.raises(aws.Refused) as ours:
        aws.call(aws.DYNAMODB, "TransactWriteItems", {"TransactItems": writes})

    response: Any = theirs.value.response
    assert (ours.value.code, ours.value.status) == (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"])
    assert ours.value.answer["CancellationReasons"] == as_json(response["CancellationReasons"])
    assert [reason["Code"] for reason in ours.value.answer["CancellationReasons"]] == ["None", "ConditionalCheckFailed", "None"]
    with pytest.raises(table.ConditionFailed) as refused:
        table.transact(*(table.Write(_key(n), put={}, where=[("pk", "absent", None)]) for n in (1, 2, 3)))
    assert (refused.value.at, refused.value.item) == (1, {"pk": "USER#x", "sk": "SESSION#2", "n": 2, "secret": b"\x00\xff"})


def test_a_failed_condition_is_told_as_boto3_tells_it() -> None:
    table.put(_key(2), {"n": 2})
    [asked] = _put_once(2).values()

    with pytest.raises(ClientError) as theirs:
        boto3.client("dynamodb").put_item(**asked)
    with pytest.raises(aws.Refused) as ours:
        aws.call(aws.DYNAMODB, "PutItem", asked)

    response: Any = theirs.value.response
    assert (ours.value.code, ours.value.answer["Item"]) == (response["Error"]["Code"], as_json(response["Item"]))


def test_pages_are_those_of_boto3() -> None:
    for number in range(7):
        table.put(_key(number), {"n": number})
    asked: Any = {
        "TableName": NAME,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "USER#x"}},
        "Limit": 3,
    }
    counts = []
    while True:
        theirs = as_json(boto3.client("dynamodb").query(**asked))
        ours = aws.call(aws.DYNAMODB, "Query", asked)
        assert ours == theirs
        counts.append(ours["Count"])
        if "LastEvaluatedKey" not in ours:
            break
        asked["ExclusiveStartKey"] = ours["LastEvaluatedKey"]

    assert counts == [3, 3, 1]


PAGE = {"Items": [_stored(1)], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": {"pk": {"S": "USER#x"}, "sk": {"S": "SESSION#1"}}}
BATCH = {
    "Responses": {NAME: [_stored(1) | {"b": {"B": base64.b64encode(b"\x00\xff").decode()}}]},
    "UnprocessedKeys": {NAME: {"Keys": [{"pk": {"S": "USER#x"}, "sk": {"S": "SESSION#2"}}], "ConsistentRead": True}},
    "ConsumedCapacity": [{"TableName": NAME, "CapacityUnits": 1.0}],
}
PAGES = {"query": PAGE, "scan": PAGE, "batch_get_item": BATCH}


@raw
@pytest.mark.parametrize("operation", PAGES)
def test_the_same_bytes_are_the_same_answer(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = answer(json.dumps(PAGES[operation]).encode())
    asked: dict[str, Any] = {"TableName": NAME} if operation != "batch_get_item" else {"RequestItems": {NAME: {"Keys": [{}]}}}
    with aws_is(answering(page), answering(page), monkeypatch=monkeypatch) as server:
        ours = aws.call(aws.DYNAMODB, operation.title().replace("_", ""), asked)
        aws.forget()
        config = Config(parameter_validation=False)
        client: Any = boto3.Session().client("dynamodb", endpoint_url=f"http://127.0.0.1:{server.port}", config=config)
        assert ours == as_json(getattr(client, operation)(**asked))


@raw
def test_keys_that_were_left_unprocessed_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {"Responses": {NAME: [_stored(2)]}, "UnprocessedKeys": {}}
    with aws_is(answering(*(answer(json.dumps(body).encode()) for body in (BATCH, rest))), monkeypatch=monkeypatch) as server:
        found = table.get_many(*(_key(number) for number in (1, 2, 3)))

    assert [item and item["n"] for item in found] == [1, 2, None]
    assert [len(json.loads(body)["RequestItems"][NAME]["Keys"]) for body in server.bodies] == [3, 1]


@raw
def test_pages_that_the_table_reads_go_on_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    last = {"Items": [_stored(2)], "Count": 1, "ScannedCount": 1}
    with aws_is(answering(*(answer(json.dumps(body).encode()) for body in (PAGE, last))), monkeypatch=monkeypatch) as server:
        assert [item["n"] for item in table.query("USER#x")] == [1, 2]

    assert [json.loads(body).get("ExclusiveStartKey") for body in server.bodies] == [None, PAGE["LastEvaluatedKey"]]
