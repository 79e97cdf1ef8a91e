"""The table in the memory of its process, where peers have theirs: what the measured operations ask of DynamoDB, and nothing else.

It knows the expressions that gatehouse makes, not all those of DynamoDB; what it does not know raises.
"""

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from gatehouse import aws
from gatehouse.table import connection
from gatehouse.table.marshal import from_attribute, to_attribute

# Attribute values as DynamoDB's JSON has them, and what a request has, by DynamoDB's names.
Item = dict[str, Any]
Asked = Mapping[str, Any]

_CLAUSE = re.compile(r"(SET|ADD|REMOVE) (.+?)(?= (?:SET|ADD|REMOVE) |$)")
_EXISTENCE = re.compile(r"(attribute_exists|attribute_not_exists)\(([#\w]+)\)")
_COMPARISON = re.compile(r"(#\w+) (=|<>|<|<=|>|>=) (:\w+)")
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Unknown(Exception):
    """No measured operation asks for that. The message is an operation or an expression, never a value."""


class MemoryTable:
    """items: by their key. name: what the table is called."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.items: dict[tuple[str, str], Item] = {}

    def copy(self) -> None:
        """Take over all that DynamoDB has under that name.

        Raises:
            Unavailable: it cannot be read.
        """
        more: Asked = {}
        while True:
            answer = connection.call("Scan", TableName=self.name, **more)
            self.items |= {_at(item): item for item in answer["Items"]}
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def call(self, operation: str, **asked: Any) -> dict[str, Any]:
        """What gatehouse.table.connection.call does.

        Raises:
            aws.Refused: the condition does not hold.
            Unknown: as it says.
        """
        verb, known = _VERBS.get(operation, (None, frozenset[str]()))
        if verb is None or not asked.keys() <= known or asked.get("TableName", self.name) != self.name:
            raise Unknown(f"{operation} {sorted(asked)}")
        return verb(self, asked)

    def get(self, asked: Asked) -> dict[str, Any]:
        item = self.items.get(_at(asked["Key"]))
        return {"Item": item} if item else {}

    def get_many(self, asked: Asked) -> dict[str, Any]:
        keys = asked["RequestItems"][self.name]["Keys"]
        return {"Responses": {self.name: [item for key in keys if (item := self.items.get(_at(key)))]}}

    def put(self, asked: Asked) -> dict[str, Any]:
        at = _at(asked["Item"])
        _require(self.items.get(at, {}), asked)
        self.items[at] = asked["Item"]
        return {}

    def update(self, asked: Asked) -> dict[str, Any]:
        before = self.items.get(_at(asked["Key"]), {})
        _require(before, asked)
        names, values, after = asked["ExpressionAttributeNames"], asked.get("ExpressionAttributeValues", {}), {**asked["Key"], **before}
        for verb, placeholder, value in _changes(asked["UpdateExpression"]):
            name = names[placeholder]
            if verb == "SET":
                after[name] = values[value]
            elif verb == "ADD":
                after[name] = to_attribute(from_attribute(after.get(name, {"N": "0"})) + from_attribute(values[value]))
            else:
                after.pop(name, None)
        self.items[_at(after)] = after
        return {"Attributes": after} if asked["ReturnValues"] == "ALL_NEW" else {}

    def query(self, asked: Asked) -> dict[str, Any]:
        if asked["KeyConditionExpression"] != "#p = :p":
            raise Unknown(asked["KeyConditionExpression"])
        partition = asked["ExpressionAttributeValues"][":p"]["S"]
        return {"Items": [self.items[at] for at in sorted(self.items) if at[0] == partition]}


def _at(key: Item) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


@lru_cache(maxsize=256)
def _changes(expression: str) -> list[tuple[str, str, str]]:
    """What is done to which placeholder of a name, and by which of a value, if any."""
    clauses = _CLAUSE.findall(expression)
    if " ".join(f"{verb} {of_verb}" for verb, of_verb in clauses) != expression:
        raise Unknown(expression)
    parts = [(verb, part) for verb, of_verb in clauses for part in of_verb.split(", ")]
    divided = [(verb, part.partition(" = " if verb == "SET" else " ")) for verb, part in parts]
    return [(verb, name, value) for verb, (name, _, value) in divided]


def _require(item: Item, asked: Asked) -> None:
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    for name, sign, value in _conditions(asked.get("ConditionExpression", "")):
        if not _holds(item.get(names.get(name, name)), sign, values.get(value)):
            seen = {"Item": item} if item and asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
            raise aws.Refused("ConditionalCheckFailedException", 400, seen)


@lru_cache(maxsize=256)
def _conditions(expression: str) -> list[tuple[str, str, str]]:
    """Name or its placeholder, operator, and placeholder of the value, if any, of each thing that must hold."""
    found = []
    for part in expression.split(" AND ") if expression else ():
        if existence := _EXISTENCE.fullmatch(part):
            found.append((existence[2], existence[1], ""))
        elif comparison := _COMPARISON.fullmatch(part):
            found.append((comparison[1], comparison[2], comparison[3]))
        else:
            raise Unknown(part)
    return found


def _holds(held: Item | None, sign: str, value: Item | None) -> bool:
    if value is None:
        return (held is not None) is (sign == "attribute_exists")
    # What is not there, or of another kind, is neither equal nor less nor more.
    if held is None or held.keys() != value.keys():
        return sign == "<>"
    return _COMPARED[sign](from_attribute(held), from_attribute(value))


_VALUES = {"ExpressionAttributeNames", "ExpressionAttributeValues"}
_CONDITION = _VALUES | {"ConditionExpression", "ReturnValuesOnConditionCheckFailure"}
_VERBS: Mapping[str, tuple[Callable[[MemoryTable, Asked], dict[str, Any]], frozenset[str]]] = {
    "GetItem": (MemoryTable.get, frozenset({"TableName", "Key", "ConsistentRead"})),
    "BatchGetItem": (MemoryTable.get_many, frozenset({"RequestItems"})),
    "PutItem": (MemoryTable.put, frozenset({"TableName", "Item", *_CONDITION})),
    "UpdateItem": (MemoryTable.update, frozenset({"TableName", "Key", "ReturnValues", "UpdateExpression", *_CONDITION})),
    "Query": (MemoryTable.query, frozenset({"TableName", "ConsistentRead", "KeyConditionExpression", *_VALUES})),
}
