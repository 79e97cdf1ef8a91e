"""The expressions of a request: placeholders for every name and value, so that nothing which a caller sent can become part of one."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from gatehouse.dataclasses import dataclass, field
from gatehouse.table.marshal import to_attribute, to_item

# (attribute, one of = <> < <= > >= exists absent, value or None)
Where = Sequence[tuple[str, str, Any]]
# Operators without a value.
_FUNCTIONS: Final = {"exists": "attribute_exists", "absent": "attribute_not_exists"}


@dataclass(frozen=True, slots=True)
class Names:
    """What the partition and sort key are called, in the table or in its index."""

    partition: str
    sort: str
    index: Mapping[str, str] = field(default_factory=dict)


BASE = Names("pk", "sk")
LISTING = Names("list_pk", "list_sk", {"IndexName": "Listing"})
# No sort key of ours is outside these.
_FIRST = "\x00"
_LAST = "\U0010ffff"


def of_write(
    where: Where, assigned: Mapping[str, Any] | None = None, added: Mapping[str, int] | None = None, removed: Sequence[str] = ()
) -> dict[str, Any]:
    """The members of a request that say what it changes, and on which conditions; each only if there is any."""
    assigned, added = assigned or {}, added or {}
    # The texts depend on names and operators only, and are the same for all writes of a kind.
    texts, names = _texts(tuple(assigned), tuple(added), tuple(removed), tuple([(attribute, operator) for attribute, operator, _ in where]))
    values = [*assigned.values(), *added.values(), *[value for _, operator, value in where if operator not in _FUNCTIONS]]
    told: dict[str, Any] = {**texts}
    if names:
        told["ExpressionAttributeNames"] = {**names}
    if values:
        told["ExpressionAttributeValues"] = {f":v{at}": to_attribute(value) for at, value in enumerate(values)}
    return told


@lru_cache(maxsize=256)
def _texts(
    assigned: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...], where: tuple[tuple[str, str], ...]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The expressions, and attributes by their placeholders; those of values are numbered in the order of the arguments."""
    names: dict[str, str] = {}
    count = 0

    def name(attribute: str) -> str:
        return names.setdefault(attribute, f"#n{len(names)}")

    def value() -> str:
        nonlocal count
        count += 1
        return f":v{count - 1}"

    clauses = [
        ("SET", [f"{name(attribute)} = {value()}" for attribute in assigned]),
        ("ADD", [f"{name(attribute)} {value()}" for attribute in added]),
        ("REMOVE", [name(attribute) for attribute in removed]),
    ]
    texts: dict[str, str] = {}
    if changes := " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts):
        texts["UpdateExpression"] = changes
    conditions = [
        f"{_FUNCTIONS[operator]}({name(attribute)})" if operator in _FUNCTIONS else f"{name(attribute)} {operator} {value()}"
        for attribute, operator in where
    ]
    if conditions:
        texts["ConditionExpression"] = " AND ".join(conditions)
    return texts, {placeholder: attribute for attribute, placeholder in names.items()}


def of_query(names: Names, partition: str, low: str = "", high: str = "", *, prefix: str = "") -> dict[str, Any]:
    """The members of a request that say which items of a partition it is about: by the first and the last sort key, else its beginning."""
    condition, sort_keys = "#p = :p", {}
    if low or high:
        # A key is never empty, and DynamoDB takes no empty value for one.
        condition, sort_keys = "#p = :p AND #s BETWEEN :low AND :high", {":low": low or _FIRST, ":high": high or _LAST}
    elif prefix:
        condition, sort_keys = "#p = :p AND begins_with(#s, :prefix)", {":prefix": prefix}
    return {
        **names.index,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": {"#p": names.partition, **({"#s": names.sort} if sort_keys else {})},
        "ExpressionAttributeValues": to_item({":p": partition, **sort_keys}),
    }
