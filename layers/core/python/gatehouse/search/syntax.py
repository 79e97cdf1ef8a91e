"""Search queries: the part of Lucene's syntax that is understood, read into a tree. Nothing is guessed: what is not understood is refused.

    query  = and *("OR" and)            and = not *("AND" not)          not = ["NOT"] ("(" query ")" / clause)
    clause = field ":" (word / word "*" / quoted / range)  /  "_exists_" ":" field
    range  = ("[" / "{") bound "TO" bound ("]" / "}")      bound = word / quoted / "*"

A backslash takes the meaning from the character behind it. Two clauses side by side are refused: AND and OR must be written.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatehouse.dataclasses import dataclass

LONGEST: Final = 1000
DEEPEST: Final = 20
MOST_CLAUSES: Final = 50


class Unanswerable(Exception):
    """A query that is not answered. reason: for whoever asked; it never repeats what they asked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Is:
    """The field has this value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Begins:
    """The field's value begins so."""

    field: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Within:
    """The field's value lies between the two; None leaves a side open. included: whether low and high themselves are."""

    field: str
    low: str | None
    high: str | None
    included: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Node", ...]


Clause = Is | Begins | Within | Exists
Node = Clause | Not | And | Or


@dataclass(frozen=True, slots=True)
class _Token:
    """kind: one of ( ) [ ] { } : and word, quoted, end. text: what a word or a quoted one says. starred: a word before a bare *.

    plain: no character of it was escaped, so that it may be an operator. at: its first character, counted from 1.
    """

    kind: str
    at: int
    text: str = ""
    starred: bool = False
    plain: bool = True


# What a word is made of. The other signs mean something in Lucene, and stand for themselves after a backslash only.
_WORD: Final = re.compile(r'(?:\\.|[^\s()\[\]{}:"\\*?~^/<>])+', re.DOTALL)
_QUOTED: Final = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_SPACE: Final = re.compile(r"\s*")
# In a bound a time needs no quotes.
_BOUND: Final = re.compile(r'(?:\\.|[^\s()\[\]{}"\\*?~^/<>])+', re.DOTALL)
_FIELD: Final = re.compile(r"[^\W\d][\w-]*(?:\.[\w -]+)*")
_OPERATORS: Final = ("AND", "OR", "NOT", "TO")
_SIGNS: Final = "()[]{}:"


def parse(query: str) -> Node:
    """The tree of a query.

    Raises:
        Unanswerable: too long, too deep, too many clauses, or not understood; it says where.
    """
    if len(query) > LONGEST:
        raise Unanswerable(f"a query has at most {LONGEST} characters")
    return _Parser(list(_tokens(query))).whole()


def _tokens(query: str) -> Iterator[_Token]:
    at, in_range = _skip(query, 0), False
    while at < len(query):
        token, at = _token(query, at, _BOUND if in_range else _WORD)
        in_range = token.kind in "[{" or (in_range and token.kind not in "]}")
        yield token
        at = _skip(query, at)
    yield _Token("end", len(query) + 1)


def _skip(query: str, at: int) -> int:
    found = _SPACE.match(query, at)
    return found.end() if found else at


def _token(query: str, at: int, word: re.Pattern[str]) -> tuple[_Token, int]:
    """The token that begins there, and where it ends."""
    if query[at] in _SIGNS:
        return _Token(query[at], at + 1), at + 1
    if quoted := _QUOTED.match(query, at):
        return _Token("quoted", at + 1, _ESCAPED.sub(r"\1", quoted[1])), quoted.end()
    found = word.match(query, at)
    raw, end = (found[0], found.end()) if found else ("", at)
    starred = query[end : end + 1] == "*"
    if not raw and not starred:
        raise Unanswerable(f"character {at + 1} means nothing here; put values that have such signs into quotes")
    return _Token("word", at + 1, _ESCAPED.sub(r"\1", raw), starred, "\\" not in raw), end + starred


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._clauses = 0

    def whole(self) -> Node:
        found = self._or(0)
        if self._peek().kind != "end":
            raise self._unexpected("AND or OR is expected")
        return found

    def _or(self, depth: int) -> Node:
        parts = [self._and(depth)]
        while self._took("OR"):
            parts.append(self._and(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self, depth: int) -> Node:
        parts = [self._not(depth)]
        while self._took("AND"):
            parts.append(self._not(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise Unanswerable(f"a query is nested at most {DEEPEST} levels")
        if self._took("NOT"):
            return Not(self._not(depth + 1))
        if self._peek().kind != "(":
            return self._clause()
        self._take("(", "")
        inner = self._or(depth + 1)
        self._take(")", "the bracket is never closed")
        return inner

    def _clause(self) -> Clause:
        self._clauses += 1
        if self._clauses > MOST_CLAUSES:
            raise Unanswerable(f"a query has at most {MOST_CLAUSES} clauses")
        field = self._field()
        self._take(":", "a field and a colon stand before each value")
        if field == "_exists_":
            return Exists(self._field())
        token = self._peek()
        if token.kind in "[{":
            return self._range(field)
        if token.kind == "quoted":
            return Is(field, self._take("quoted", "").text)
        word = self._take("word", "a value is expected")
        if word.plain and word.text in _OPERATORS:
            raise Unanswerable(f"character {word.at}: a value is expected; put this one into quotes")
        if not word.starred:
            return Is(field, word.text)
        return Begins(field, word.text) if word.text else Exists(field)

    def _field(self) -> str:
        token = self._take("word", "the name of a field is expected")
        if token.starred or (token.plain and token.text in _OPERATORS) or not _FIELD.fullmatch(token.text):
            raise Unanswerable(f"character {token.at}: the name of a field is expected")
        return token.text

    def _range(self, field: str) -> Within:
        opened = self._take_one_of("[{")
        low = self._bound()
        if not self._took("TO"):
            raise self._unexpected("TO is expected")
        high = self._bound()
        closed = self._take_one_of("]}")
        return Within(field, low, high, (opened.kind == "[", closed.kind == "]"))

    def _bound(self) -> str | None:
        token = self._peek()
        if token.kind == "quoted":
            return self._take("quoted", "").text
        word = self._take("word", "a bound is expected")
        if not word.starred:
            return word.text
        if word.text:
            raise Unanswerable(f"character {word.at}: a bound is a value or *")
        return None

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _took(self, operator: str) -> bool:
        token = self._peek()
        found = token.kind == "word" and token.plain and not token.starred and token.text == operator
        self._next += found
        return found

    def _take_one_of(self, kinds: str) -> _Token:
        kind = self._peek().kind
        return self._take(kind if kind in kinds else kinds[0], "a range ends with ] or }")

    def _take(self, kind: str, otherwise: str) -> _Token:
        token = self._peek()
        if token.kind != kind:
            raise self._unexpected(otherwise)
        self._next += 1
        return token

    def _unexpected(self, expected: str) -> Unanswerable:
        token = self._peek()
        place = "at the end" if token.kind == "end" else f"character {token.at}"
        return Unanswerable(f"{place}: {expected}")
