"""The expressions of a request: placeholders for every name and value, so that nothing which a caller sent can become part of one."""

from collections.abc import Mapping, Sequence
from typing import Any

from gatehouse.dataclasses import dataclass, field
from gatehouse.table.marshal import to_attribute

# (attribute, one of = <> < <= > >= exists absent, value or None)
Where = Sequence[tuple[str, str, Any]]


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


class Expression:
    """Collects the placeholders of one request."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        return self.names.setdefault(attribute, f"#n{len(self.names)}")

    def value(self, value: object) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = to_attribute(value)
        return placeholder

    def within(self, names: Names, partition: str, low: str, high: str) -> str:
        condition = f"{self.name(names.partition)} = {self.value(partition)}"
        if low or high:
            # A key is never empty, and DynamoDB takes no empty value for one.
            condition += f" AND {self.name(names.sort)} BETWEEN {self.value(low or _FIRST)} AND {self.value(high or _LAST)}"
        return condition

    def changes(self, assigned: Mapping[str, Any], added: Mapping[str, int], removed: Sequence[str]) -> str:
        clauses = [
            ("SET", [f"{self.name(name)} = {self.value(value)}" for name, value in assigned.items()]),
            ("ADD", [f"{self.name(name)} {self.value(value)}" for name, value in added.items()]),
            ("REMOVE", [self.name(name) for name in removed]),
        ]
        return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)

    def condition(self, where: Where) -> str:
        parts = []
        for attribute, operator, value in where:
            match operator:
                case "exists":
                    parts.append(f"attribute_exists({self.name(attribute)})")
                case "absent":
                    parts.append(f"attribute_not_exists({self.name(attribute)})")
                case _:
                    parts.append(f"{self.name(attribute)} {operator} {self.value(value)}")
        return " AND ".join(parts)

    def placeholders(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if self.names:
            given["ExpressionAttributeNames"] = {placeholder: attribute for attribute, placeholder in self.names.items()}
        if self.values:
            given["ExpressionAttributeValues"] = self.values
        return given
