"""Capacity units from the sizes of items, by the rules that DynamoDB documents."""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096

# Attributes in the form of the wire: {"S": "text"}, {"N": "1"}, ...
RawItem = Mapping[str, Mapping[str, Any]]


def item_size(item: RawItem) -> int:
    """Bytes that DynamoDB counts: names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def read_units(items: Sequence[RawItem | None], *, consistent: bool) -> float:
    """RRU of reading each of `items` by its key; what is not there costs the least that there is."""
    units = sum(max(1, math.ceil(item_size(item or {}) / READ_UNIT_BYTES)) for item in items)
    return units if consistent else units / 2


def query_units(items: Sequence[RawItem], *, consistent: bool) -> float:
    """RRU of a query, which rounds once over all that it reads."""
    units = max(1, math.ceil(sum(map(item_size, items)) / READ_UNIT_BYTES))
    return units if consistent else units / 2


def write_units(item: RawItem) -> float:
    """WRU of writing the item as it then is."""
    return max(1, math.ceil(item_size(item) / WRITE_UNIT_BYTES))


def _value_size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            digits = content.lstrip("-").replace(".", "").strip("0")
            return math.ceil(len(digits) / 2) + 1 + int(content.startswith("-"))
        case "B":
            return len(base64.b64decode(content))
        case "L":
            return 3 + sum(1 + _value_size(entry) for entry in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(entry) for name, entry in content.items())
    return 1  # BOOL, NULL
