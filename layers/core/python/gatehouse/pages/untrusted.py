"""Values somebody else chose (names, addresses, links), made fit to stand on a page."""

import unicodedata
from urllib.parse import urlsplit

# Bidirectional controls let a name read backwards and so pass for another one.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str | None, limit: int = 80) -> str:
    """Return the text as one line of at most `limit` characters, without control or bidirectional characters.

    It is not escaped: that is the template's part.
    """
    visible = "".join(_visible(character) for character in (text or "")[: limit * 8])
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def web_address(url: str | None) -> str:
    """Return the URL when it is http, https or a path on this site, and otherwise an empty string."""
    if not url or any(character.isspace() or unicodedata.category(character) == "Cc" for character in url):
        return ""
    if "\\" in url:  # browsers read a backslash as a slash
        return ""
    if url.startswith("/"):
        return "" if url.startswith("//") else url
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return ""
    return url if usable else ""


def web_host(url: str | None) -> str:
    """Return the host of an http or https URL in its ASCII form, or an empty string."""
    host = urlsplit(web_address(url)).hostname or ""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def initial(name: str | None) -> str:
    """Return the first letter or digit of a name in upper case, or an empty string."""
    return next((character.upper() for character in name or "" if character.isalnum()), "")


def _visible(character: str) -> str:
    if character in _BIDI_CONTROLS:
        return ""
    return " " if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") else character
