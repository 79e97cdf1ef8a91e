"""JSON that others wrote: read as everybody reads it, or not at all."""

import json
import math
from typing import Any


def parsed(text: bytes) -> Any:
    """The value.

    Raises:
        ValueError: it is no JSON, or some of it means one thing here and another elsewhere: a name that stands twice in an object, a number
            that is none or too large for one, an object that is nested too deep.
    """
    try:
        return json.loads(text, object_pairs_hook=_unrepeated, parse_float=_finite, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("too large a number")
    return number


def _no_number(_name: str) -> None:
    raise ValueError("no number")
