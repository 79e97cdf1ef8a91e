"""moto as it is, in less time: much of what it does for each request is of no use to these tests, which make hundreds of thousands."""

import copy
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from moto import backend_index
from moto.core import parse, responses, serialize
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Expression, Node, UpdateExpressionFunction
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

# Attribute values that are on the wire what they are in the table.
_PLAIN = frozenset({"S", "N", "BOOL", "NULL"})
_USED = frozenset({"dynamodb", "kms", "sqs", "sesv2", "scheduler", "secretsmanager", "events"})


def install(patch: pytest.MonkeyPatch) -> None:
    """Until the patch is undone."""
    patch.setattr(serialize.ResponseSerializer, "_serialize_structure_member", _of_what_is_there(serialize.ResponseSerializer))
    patch.setattr(serialize.BaseJSONSerializer, "_serialize_type_structure", _passed_on(serialize.BaseJSONSerializer))
    patch.setattr(parse.BaseJSONParser, "_parse_structure", _taken_as_it_is(parse.BaseJSONParser))
    # Nobody changes what it makes of an expression: a validator begins with a copy.
    patch.setattr(UpdateExpressionParser, "make", staticmethod(cache(UpdateExpressionParser.make)))
    patch.setattr(Node, "__deepcopy__", _node_copied, raising=False)
    patch.setattr(Node, "find_clauses", _clauses)
    patch.setattr(DepthFirstTraverser, "traverse", _traverse)
    patch.setattr(Table, "__deepcopy__", _with_its_own_list_of_items, raising=False)
    patch.setattr(DynamoDBBackend, "update_item", _of_a_copy(DynamoDBBackend))
    for name in ("camelcase_to_underscores", "method_names_from_class"):
        patch.setattr(responses, name, cache(getattr(responses, name)))
    # Of two hundred services, it takes the first whose pattern fits a URL.
    patterns = sorted(backend_index.backend_url_patterns, key=lambda entry: entry[0] not in _USED)
    patch.setattr(backend_index, "backend_url_patterns", patterns)


def _is_plain(value: Any, shape: Any) -> bool:
    return shape.name == "AttributeValue" and isinstance(value, dict) and len(value) == 1 and not _PLAIN.isdisjoint(value)


def _of_what_is_there(serializer: Any) -> Callable[..., None]:
    """moto looks for each of the ten kinds of an attribute value under six names. One is there."""
    serialize_member = serializer._serialize_structure_member

    def member(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.parent.name != "AttributeValue" or key in value:
            serialize_member(self, serialized, value, shape, key)

    return member


def _passed_on(serializer: Any) -> Callable[..., None]:
    serialize_structure = serializer._serialize_type_structure

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if _is_plain(value, shape):
            self._default_serialize(serialized, value, shape, key)
        else:
            serialize_structure(self, serialized, value, shape, key)

    return structure


def _taken_as_it_is(parser: Any) -> Callable[..., Any]:
    parse_structure = parser._parse_structure

    def structure(self: Any, shape: Any, value: Any) -> Any:
        return value if _is_plain(value, shape) else parse_structure(self, shape, value)

    return structure


@cache
def _is(kind: type, kinds: tuple[type, ...]) -> bool:
    return issubclass(kind, kinds)


def _traverse(self: Any, root: Any) -> Any:
    """As moto's own, which asks anew at each node of an expression which nodes a processor is about."""
    kinds = self.nodes_to_be_processed()

    def walk(node: Any, place: int) -> Any:
        parent = node.parent
        for index, child in enumerate(node.children or ()):
            self.pre_processing_of_child(node, index)
            if _is(type(child), (Node,)):
                walk(child, index)
        if _is(type(node), kinds):
            node = self.process(node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    return walk(root, -1)


def _clauses(self: Any, kinds: list[type]) -> list[Any]:
    found: list[Any] = []
    for child in self.children or ():
        if type(child) in kinds:
            found.append(child)
        elif _is(type(child), (Expression, UpdateExpressionFunction)):
            found += child.find_clauses(kinds)
    return found


def _node_copied(node: Any, memo: dict[int, Any]) -> Any:
    made = object.__new__(type(node))
    memo[id(node)] = made
    vars(made).update(vars(node))
    if node.children is not None:
        made.children = [copy.deepcopy(child, memo) for child in node.children]
    for child in made.children or ():
        if _is(type(child), (Node,)):
            child.parent = made
    return made


def _with_its_own_list_of_items(table: Any, memo: dict[int, Any]) -> Any:
    """moto copies every table before each transaction. What nobody changes in place, both copies can have."""
    made = copy.copy(table)
    for name, value in vars(table).items():
        if isinstance(value, dict | list):
            setattr(made, name, copy.copy(value))
    if table.stream_shard:
        made.stream_shard = copy.copy(table.stream_shard)
        made.stream_shard.table, made.stream_shard.items = made, list(table.stream_shard.items)
    made.items = defaultdict(dict, {key: dict(found) if isinstance(found, dict) else found for key, found in table.items.items()})
    return made


def _of_a_copy(backend: Any) -> Callable[..., Any]:
    """moto changes an item in place, which then would be another in every copy of the table."""
    update = backend.update_item

    def update_item(self: Any, table_name: str, key: dict[str, Any], *rest: Any, **more: Any) -> Any:
        table, item = self.get_table(table_name), None
        # A key that is none is what it is going to say itself.
        with suppress(MockValidationException):
            item = self.get_item(table_name, key)
        if item:
            table.items[item.hash_key][item.range_key] = copy.deepcopy(item)
        return update(self, table_name, key, *rest, **more)

    return update_item
