"""How predictable a password is: what it is made of that an attacker tries first (NIST SP 800-63B-4 3.1.1.2)."""

import gzip
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import count, pairwise
from math import log10
from pathlib import Path
from typing import Literal, NamedTuple

from gatehouse.dataclasses import dataclass

Kind = Literal["pattern", "context", "common", "character"]

_DATA = Path(__file__).with_name("data")

# Bounds the work: the search for repeats grows with the square of the length.
_LONGEST_ANALYSED = 256
_LONGEST_RUN = 40
_LONGEST_CONTEXT_WORD = 64
_SHORTEST_PIECE = 3

_CONTEXT_WORTH = 0.5
_REPEAT_WORTH = 0.5
_RUN_WORTH = 1.5
_TURN_WORTH = 0.5
_PHRASE_RANK = 1000

# "1" and "!" stand for two letters each, so a password is read in both ways beside the plain one.
_SUBSTITUTIONS = (str.maketrans("@430$571!", "aaeosstii"), str.maketrans("@430$571!", "aaeosstll"))
_UNSHIFTED = str.maketrans('!@#$%^&*()_+{}:"<>?', "1234567890-=[];',./")
_NEIGHBOURS = frozenset({(0, 1), (0, -1), (1, 0), (1, -1), (-1, 0), (-1, 1)})
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a password is worth, in powers of ten of guesses: one unpredictable character counts as one."""

    worth: float
    mostly: Kind


class _Piece(NamedTuple):
    start: int
    end: int
    worth: float
    kind: Kind | Literal["repeat"]


def explain(password: str, context: Iterable[str]) -> Explanation:
    """The cheapest way to put the whole password together from what an attacker tries first.

    context: what the attacker knows beside it, such as the person's mail address and the name of the service.
    A listed word inside a longer password makes only that part worth less.
    """
    text = _folded(password)[:_LONGEST_ANALYSED]
    words = _context_words(context)
    readings = [_cheapest(text, words)]
    bare = _SEPARATORS.sub("", text)
    if bare != text:
        # p.a.s.s.w.o.r.d: the same separator everywhere costs one guess more, not one per place.
        inner = _cheapest(bare, words)
        readings.append(Explanation(inner.worth + len(set(text) - set(bare)), inner.mostly))
    return min(readings, key=lambda reading: reading.worth)


def _folded(value: str) -> str:
    """Lower case without accents or compatibility forms: for comparison only, never what is hashed."""
    decomposed = unicodedata.normalize("NFKD", value.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _context_words(context: Iterable[str]) -> frozenset[str]:
    words: set[str] = set()
    for value in map(_folded, context):
        for part in (value, *value.split("@"), *_SEPARATORS.split(value)):
            words |= {part, _SEPARATORS.sub("", part)}
    return frozenset(word for word in words if _SHORTEST_PIECE <= len(word) <= _LONGEST_CONTEXT_WORD)


def _cheapest(text: str, context_words: frozenset[str]) -> Explanation:
    ending_at: list[list[_Piece]] = [[] for _ in range(len(text) + 1)]
    for piece in (*_known_words(text, context_words), *_sequences(text), *_keyboard_walks(text), *_repeats(text)):
        ending_at[piece.end].append(piece)
    worth = [0.0]
    last: list[_Piece] = []
    for end in range(1, len(text) + 1):
        candidates = (_Piece(end - 1, end, 1.0, "character"), *ending_at[end])
        best = min(candidates, key=lambda piece: worth[piece.start] + piece.worth)
        worth.append(worth[best.start] + best.worth)
        last.append(best)
    return Explanation(worth[-1], _mostly(last))


def _mostly(last: list[_Piece]) -> Kind:
    """last: the best piece that ends after each character."""
    covered: Counter[str] = Counter()
    end = len(last)
    while end:
        piece = last[end - 1]
        covered[piece.kind] += piece.end - piece.start
        end = piece.start
    if covered["repeat"] and covered["character"] == covered.total() - covered["repeat"]:
        return "pattern"
    kinds: tuple[Kind, ...] = ("pattern", "context", "common", "character")
    return max(kinds, key=lambda kind: covered[kind])


def _known_words(text: str, context_words: frozenset[str]) -> Iterator[_Piece]:
    ranks = _ranks()
    longest = max(_longest_common(), max(map(len, context_words), default=0))
    for reading in {text, *(text.translate(table) for table in _SUBSTITUTIONS)}:
        for start in range(len(text)):
            for end in range(start + _SHORTEST_PIECE, min(len(text), start + longest) + 1):
                word = reading[start:end]
                if word in context_words:
                    yield _Piece(start, end, _CONTEXT_WORTH, "context")
                elif rank := ranks.get(word):
                    yield _Piece(start, end, max(0.5, log10(rank)), "common")


def _sequences(text: str) -> Iterator[_Piece]:
    """aaa, abc, 321, and 890123: digits go on after nine."""
    steps = [_step(before, after) for before, after in pairwise(text)]
    for start, step in enumerate(steps):
        if abs(step) > 1:
            continue
        for end in range(start + 1, min(len(steps), start + _LONGEST_RUN)):
            if steps[end] != step:
                break
            yield _Piece(start, end + 2, _RUN_WORTH, "pattern")


def _step(before: str, after: str) -> int:
    if before + after in ("90", "09"):
        return 1 if before == "9" else -1
    return ord(after) - ord(before)


def _keyboard_walks(text: str) -> Iterator[_Piece]:
    keys = text.translate(_UNSHIFTED)
    for layout in _layouts():
        places = [layout.get(key) for key in keys]
        for start in range(len(keys) - 2):
            yield from _walks_from(places, start)


def _walks_from(places: list[tuple[int, int] | None], start: int) -> Iterator[_Piece]:
    turns = 0
    previous = None
    for end in range(start + 1, min(len(places), start + _LONGEST_RUN)):
        here, there = places[end - 1], places[end]
        if here is None or there is None:
            return
        direction = (there[0] - here[0], there[1] - here[1])
        if direction not in _NEIGHBOURS:
            return
        turns += previous not in (None, direction)
        previous = direction
        if end + 1 - start >= _SHORTEST_PIECE:
            yield _Piece(start, end + 1, _RUN_WORTH + turns * _TURN_WORTH, "pattern")


def _repeats(text: str) -> Iterator[_Piece]:
    """What already stands further left, so that a short password typed twice is not worth twice as much."""
    length = 0
    for start in range(1, len(text)):
        length = max(length - 1, 0)
        while start + length < len(text) and text.find(text[start : start + length + 1], 0, start + length) >= 0:
            length += 1
        for end in range(start + _SHORTEST_PIECE, start + length + 1):
            yield _Piece(start, end, _REPEAT_WORTH, "repeat")


@cache
def _ranks() -> dict[str, int]:
    """Folded value -> how many an attacker tries first."""
    common = gzip.decompress((_DATA / "common-passwords.txt.gz").read_bytes()).decode().splitlines()
    phrases = (_DATA / "well-known-phrases.txt").read_text(encoding="utf-8").splitlines()
    return dict.fromkeys(map(_folded, phrases), _PHRASE_RANK) | dict(zip(common, count(1), strict=False))


@cache
def _longest_common() -> int:
    return max(map(len, _ranks()))


@cache
def _layouts() -> tuple[dict[str, tuple[int, int]], ...]:
    """Per keyboard: key -> row and column, columns slanting to the left downwards as the keys do."""
    layouts = (_DATA / "keyboards.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return tuple(
        {key: (row, column) for row, keys in enumerate(layout.split("\n")) for column, key in enumerate(keys)} for layout in layouts
    )
