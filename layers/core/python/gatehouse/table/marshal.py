"""Plain values to DynamoDB's attribute values, as JSON has them, and back."""

import base64
import math
from collections.abc import Mapping
from typing import Any


def to_attribute(value: object) -> dict[str, Any]:
    """One value as an attribute value.

    Raises:
        TypeError: a kind of value that no item holds.
        ValueError: a float that is no number, or infinite.
    """
    match value:
        case str():
            return {"S": value}
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": _digits(value)}
        case bytes():
            return {"B": base64.b64encode(value).decode()}
    return _nested(value)


def _nested(value: object) -> dict[str, Any]:
    match value:
        case list() | tuple():
            return {"L": [to_attribute(entry) for entry in value]}
        case dict():
            return {"M": to_item(value)}
    raise TypeError(f"cannot be stored: {type(value).__name__}")


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_attribute(value) for name, value in values.items()}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """The value of an attribute value.

    Raises:
        TypeError: a kind of value that we never store.
    """
    if "M" in attribute:
        return from_item(attribute["M"])
    if "L" in attribute:
        return [entry["S"] if "S" in entry else from_attribute(entry) for entry in attribute["L"]]
    [(kind, value)] = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return _number(value)
        case "NULL":
            return None
        case "B":
            return base64.b64decode(value)
    raise TypeError(f"never stored by us: {kind}")


def _digits(number: int | float) -> str:
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError("cannot be stored: not a finite number")
    return repr(number)


def _number(digits: str) -> int | float:
    # 1.0 comes back as 1: to DynamoDB, as to JSON, they are the same number.
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an item, or of a map in one; raises as from_attribute."""
    # Most values are text, and most others numbers: without a call for each.
    return {name: held["S"] if "S" in held else _number(held["N"]) if "N" in held else from_attribute(held) for name, held in item.items()}
