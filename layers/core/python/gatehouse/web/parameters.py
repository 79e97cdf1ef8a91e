"""A request's parameters: from a query, a form or a JSON body, each at most once but for two."""

import json
import re
from typing import Any, Final
from urllib.parse import unquote_plus

from gatehouse.errors import InvalidRequest

MOST_PARAMETERS: Final = 64
# Levels of lists and objects in a JSON body: far more than any that is kept, and far less than what takes a stack to its end.
DEEPEST: Final = 100
# Several at once are meant to be named so (RFC 8707 section 2, RFC 8693 2.1); no value of theirs has a space, so that one joins them.
REPEATABLE: Final = frozenset({"resource", "audience"})
_LONGEST_NAME_SHOWN: Final = 64
# JSON can spell one with \u; nothing can encode it afterwards.
_HALF_A_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def of_form(encoded: str) -> dict[str, str]:
    """The parameters of a query or a form body; those without a value count as absent (RFC 6749 3.1).

    Raises:
        InvalidRequest: one is repeated, or is not text.
    """
    if encoded.count("&") >= MOST_PARAMETERS:
        raise InvalidRequest(f"more than {MOST_PARAMETERS} parameters")
    seen: dict[str, str] = {}
    for pair in filter(None, encoded.split("&")):
        name, _, value = map(_decoded, pair.partition("="))
        if name in seen and name not in REPEATABLE:
            raise InvalidRequest(f"{_shown(name) or 'a parameter'} is repeated")
        seen[name] = f"{seen[name]} {value}" if name in seen else value
    return {name: value for name, value in seen.items() if value}


def _decoded(part: str) -> str:
    # As parse_qsl does, which looks for escapes where none can be.
    if "%" not in part and "+" not in part:
        return part
    try:
        return unquote_plus(part, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequest("a parameter is not UTF-8") from None


def of_json(text: str) -> dict[str, str]:
    """The string members of a JSON object; null and "" count as absent.

    Raises:
        InvalidRequest: it is no such object, a member is repeated or no string.
    """
    value = object_of_json(text)
    for name, entry in value.items():
        if entry is not None and not isinstance(entry, str):
            raise InvalidRequest(f"{_shown(name) or 'a member of the JSON body'} must be a string")
    return {name: entry for name, entry in value.items() if entry}


def object_of_json(text: str) -> dict[str, Any]:
    """A JSON object with members of any kind.

    Raises:
        InvalidRequest: it is none, or has a member, at whatever depth, that is repeated or that nothing can encode.
    """
    value = value_of_json(text)
    if not isinstance(value, dict):
        raise InvalidRequest("the body is not a JSON object")
    return value


def value_of_json(text: str) -> Any:
    """A JSON value of any kind.

    Raises:
        InvalidRequest: it is none (RFC 8259 knows neither NaN nor Infinity), is nested deeper than DEEPEST, or has, at whatever depth, a
            member that is repeated or a character that nothing can encode.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unrepeated, parse_constant=_no_number)
        # Written out again, so that what an escape spelled is seen at every depth.
        whole = _HALF_A_CHARACTER.search(json.dumps(value, ensure_ascii=False)) is None
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON") from None
    if not whole:
        raise InvalidRequest("the body has half of a surrogate pair, which is no character")
    if _deeper_than(DEEPEST, value):
        raise InvalidRequest(f"the body is nested deeper than {DEEPEST} levels")
    return value


def text_of(body: bytes) -> str:
    """The text of a body.

    Raises:
        InvalidRequest: it is not UTF-8.
    """
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise InvalidRequest("the body is not UTF-8") from None


def _shown(name: str) -> str:
    """A parameter's name if it can stand in error_description (RFC 6749 5.2), else an empty string."""
    return name if name.isascii() and name.isidentifier() and len(name) <= _LONGEST_NAME_SHOWN else ""


def _deeper_than(levels: int, value: Any) -> bool:
    level = [value]
    for _ in range(levels + 1):
        inner = [entry.values() if isinstance(entry, dict) else entry for entry in level if isinstance(entry, dict | list)]
        level = [entry for entries in inner for entry in entries]
    return bool(level)


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise InvalidRequest("a member of the JSON body is repeated")
    return dict(pairs)
