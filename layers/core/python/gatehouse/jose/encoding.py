"""Base64url and JSON as JOSE writes them (RFC 7515 section 2)."""

import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from gatehouse import compact_json

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


class InvalidJWT(Exception):
    """The token is not one of ours, or not for this use. The message is for the log."""


def b64encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode()


def b64decode(text: str) -> bytes:
    """The bytes of unpadded base64url.

    Raises:
        ValueError: other characters, padding, an impossible length, or set bits beyond the end.
    """
    # Strict, because a lenient decoder gives one token many spellings.
    padded = (text + "=" * (-len(text) % 4)).encode("ascii")
    data = binascii.a2b_base64(padded.translate(_STANDARD), strict_mode=True)
    if b64encode(data) != text:
        raise ValueError("not canonical base64url")
    return data


def decoded(part: str) -> bytes:
    """A part of a compact JWS.

    Raises:
        InvalidJWT: it is not base64url.
    """
    try:
        return b64decode(part)
    except (ValueError, binascii.Error) as error:
        raise InvalidJWT("not base64url") from error


def json_object(part: str) -> dict[str, Any]:
    """The JSON object in a part of a compact JWS.

    Raises:
        InvalidJWT: there is none.
    """
    try:
        text = decoded(part).decode()
        value = json.loads(text)
        if "\\u" in text:
            # It can spell half of a surrogate pair, which is no character and which nothing could encode afterwards.
            json_bytes({"": value})
    except (ValueError, RecursionError) as error:
        raise InvalidJWT("not JSON") from error
    if not isinstance(value, dict):
        raise InvalidJWT("not a JSON object")
    return value


def json_bytes(value: Mapping[str, Any]) -> bytes:
    return compact_json.text(value).encode()


def number(text: str) -> int:
    """The number of a JWK's member."""
    return int.from_bytes(b64decode(text))


def b64_number(value: int) -> str:
    return b64encode(value.to_bytes((value.bit_length() + 7) // 8))
