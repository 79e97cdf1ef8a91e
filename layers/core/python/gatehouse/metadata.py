"""The documents that hang on a user, what the person chose (user_metadata) and what was earned (app_metadata): merging, and caps.

Auth0's rules: a patch replaces keys of the first level, null takes one away, {} takes all away.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatehouse import schemas, tenant

NAMESPACES: Final = ("user_metadata", "app_metadata")
LARGEST_BYTES: Final = 16_384
DEEPEST: Final = 10
MOST_MEMBERS: Final = 1000
LONGEST_NAME: Final = 128
# DynamoDB keeps 38 digits of a number, and sizes from 1E-130 up to below 1E+126.
_LARGEST_INTEGER: Final = 10**38
_LARGEST_FLOAT, _SMALLEST_FLOAT = 1e125, 1e-130


class Unacceptable(ValueError):
    """A document that is not kept. reason: for whoever sent it; names the place and never repeats a value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def merged(document: Mapping[str, Any], patch: Mapping[str, Any] | None) -> dict[str, Any]:
    """The document after a patch: keys of the first level are replaced whole, null takes a key away, and {} or None takes all away."""
    if not patch:
        return {}
    return {name: value for name, value in {**document, **patch}.items() if value is not None}


def accept(namespace: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
    """Accept the change of a document by the caps and by the schema that the operator gave its namespace, if any.

    before: None for a document that is new as a whole. What was not changed is not judged again.

    Raises:
        Unacceptable: it is not kept.
    """
    # As written out: True equals 1 in Python, and is another value in JSON.
    if repr(before) == repr(after):
        return
    check(namespace, after)
    try:
        if schema := tenant.settings().schema_of(namespace):
            schemas.judge(namespace, schema, before, after)
    except schemas.Violated as flaw:
        raise Unacceptable(flaw.reason) from flaw


def check(namespace: str, document: Mapping[str, Any], *, largest_bytes: int = LARGEST_BYTES, dots: bool = False) -> None:
    """Accept a document as it is to be kept, or say what is wrong with it. dots: names may have them, and dollar signs.

    Raises:
        Unacceptable: too large, too deep, too many members, a name or a number that is not kept.
    """
    for before, (depth, name, value) in enumerate(_walk(document, 1)):
        if before == MOST_MEMBERS:
            raise Unacceptable(f"{namespace} has more than {MOST_MEMBERS} members and elements")
        if depth > DEEPEST:
            raise Unacceptable(f"{namespace} is nested deeper than {DEEPEST} levels")
        if name is not None:
            _check_name(namespace, name, dots=dots)
        _check_number(namespace, value)
    if len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()) > largest_bytes:
        raise Unacceptable(f"{namespace} is larger than {largest_bytes} bytes")


def _walk(value: Any, depth: int) -> Iterator[tuple[int, str | None, Any]]:
    """Depth, name (None for an element of a list) and value of everything inside. Goes one level past the deepest, so that it can end."""
    if depth > DEEPEST + 1:
        return
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield depth, name, member
            yield from _walk(member, depth + 1)
    elif isinstance(value, list):
        for element in value:
            yield depth, None, element
            yield from _walk(element, depth + 1)


def _check_name(namespace: str, name: str, *, dots: bool) -> None:
    if not 0 < len(name) <= LONGEST_NAME:
        raise Unacceptable(f"a name in {namespace} is empty or longer than {LONGEST_NAME} characters")
    if not name.isprintable():
        raise Unacceptable(f"a name in {namespace} has a character that cannot be seen")
    if not dots and ("." in name or "$" in name):
        raise Unacceptable(f"a name in {namespace} has a dot or a dollar sign")


def _check_number(namespace: str, value: object) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        raise Unacceptable(f"a number in {namespace} has more than 38 digits")
    if isinstance(value, float) and not _kept(value):
        raise Unacceptable(f"a number in {namespace} is too large, too small or none")


def _kept(value: float) -> bool:
    return math.isfinite(value) and (value == 0 or _SMALLEST_FLOAT <= abs(value) <= _LARGEST_FLOAT)
