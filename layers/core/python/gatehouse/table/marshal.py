"""Plain values to DynamoDB's attribute values and back: str, int, bool, bytes, None, list, dict with str keys."""

from collections.abc import Mapping
from typing import Any


def to_attribute(value: object) -> dict[str, Any]:
    """One value as an attribute value.

    Raises:
        TypeError: a kind of value that no item holds, floats among them.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case list() | tuple():
            return {"L": [to_attribute(entry) for entry in value]}
        case dict():
            return {"M": to_item(value)}
    raise TypeError(f"cannot be stored: {type(value).__name__}")


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_attribute(value) for name, value in values.items()}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    [(kind, value)] = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value)
        case "NULL":
            return None
        case "B":
            return bytes(value)
        case "L":
            return [from_attribute(entry) for entry in value]
        case "M":
            return from_item(value)
    raise TypeError(f"never stored by us: {kind}")


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: from_attribute(attribute) for name, attribute in item.items()}
