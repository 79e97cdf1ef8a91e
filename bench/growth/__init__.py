"""Whether anything costs more among many: the same operations among few and many people, and of people with few and many sessions.

What is counted must be the same to the unit. Processor time of the code of the service must stay within noise. Elapsed time is told for
information: it is mostly the emulator's, which keeps a million people in one process.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from bench import report, stack
from local import emulator
from local.instance import Instance, named

SIZES: Final = (1_000, 100_000, 1_000_000)
ROUNDS: Final = 30
EMULATOR_PORT: Final = 24_800
# Within noise: the median among most, against the median among fewest. Beyond the second factor it is no noise any more.
NOISE_FACTOR, BREAKING_FACTOR, NOISE_MS = 1.25, 2, 0.05
_COUNTS: Final = ("calls", "rru", "wru")
# Of fewer than fill a page there is less to show.
_PAGE, _PAGE_ENTRIES = "list of sessions, a page", 50
_PROGRAM: Final = Path(__file__).with_name("roomy_ministack.py")


def measure(sizes: Sequence[int] = SIZES, *, rounds: int = ROUNDS, emulator_port: int = EMULATOR_PORT) -> dict[str, Any]:
    """Figures by number of people and by number of sessions: calls, RRU, WRU, CPU and elapsed ms of each operation. Some minutes.

    Raises:
        LocalError: the emulator does not start, its port is taken, or an operation answered something else than it should.
    """
    here = named(f"bench-growth-{emulator_port}", emulator_port=emulator_port)
    with ExitStack() as running:
        running.callback(_end, here)
        _start(here)
        asked = ("--rounds", str(rounds), *map(str, sizes))
        return stack.told_by("bench.growth.process", *asked, environment=stack.plain_environment(here))


def _start(here: Instance) -> None:
    _end(here)
    command = [str(emulator.BIN / "python"), "-P", str(_PROGRAM)]
    emulator.start(here, command, {"PERSIST_STATE": "0", "S3_PERSIST": "0", "PYTHONDONTWRITEBYTECODE": "1"})


def _end(here: Instance) -> None:
    emulator.stop(here)
    shutil.rmtree(here.home, ignore_errors=True)


def tables(figures: Mapping[str, Any]) -> str:
    """All figures, as Markdown: what is counted, processor time, elapsed time."""
    filled = figures["filled"]
    resident = filled[max(filled, key=int)]["emulator_mib"] / 1024
    note = (
        f"Tables of {_listed(filled)} people in one emulator, which then takes {resident:.1f} GiB. Each person has the items that the "
        "code of the service makes of somebody: the record, the address, the entry of the list, the search entries; they share one "
        "password. The tables are asked in turns, each time about somebody else. CPU is that of the functions and their client of "
        f"DynamoDB, the median of {figures['rounds']}. Elapsed time is mostly the emulator's, and told for information."
    )
    more = (
        "Of people with so many sessions, each of which began in a browser of its own. A page of sessions has at most 50; that of one "
        "session is not held against the others. RP logout finds what the sign-on of the browser began by how the ids begin."
    )
    return "\n\n".join(
        [
            "### Growth: people",
            note,
            _table("calls / RRU / WRU", figures["people"], "people", _counts),
            _table("CPU ms (elapsed)", figures["people"], "people", _times),
            "### Growth: sessions of one person",
            more,
            _table("calls / RRU / WRU", figures["sessions"], "sessions", _counts),
            _table("CPU ms (elapsed)", figures["sessions"], "sessions", _times),
        ]
    )


def exceeded(figures: Mapping[str, Any]) -> list[str]:
    """What costs more among more, one sentence each; processor time only where it is far beyond noise."""
    found = []
    for dimension in ("people", "sessions"):
        for operation, by_size in _by_operation(figures[dimension]).items():
            found += _growing(f"{operation}, by {dimension}", by_size)
    return found


def _by_operation(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures by operation and number; those numbers that can be compared."""
    sizes = sorted(found, key=int)
    return {
        operation: {size: found[size][operation] for size in sizes if not (operation == _PAGE and int(size) < _PAGE_ENTRIES)}
        for operation in found[sizes[0]]
    }


def _growing(operation: str, by_size: Mapping[str, Any]) -> list[str]:
    first, last = _ends(by_size)
    found = []
    if len({_counts(figures) for figures in by_size.values()}) > 1:
        found.append(f"{operation}: calls / RRU / WRU are {', '.join(f'{_counts(each)} at {size}' for size, each in by_size.items())}")
    if last["cpu_ms"] > BREAKING_FACTOR * first["cpu_ms"] + NOISE_MS:
        found.append(f"{operation}: {last['cpu_ms']:.2f} ms of CPU, {first['cpu_ms']:.2f} among fewest")
    return found


def _ends(by_size: Mapping[str, Any]) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The figures among fewest and among most."""
    all_sizes = list(by_size.values())
    return all_sizes[0], all_sizes[-1]


def _counts(figures: Mapping[str, float]) -> str:
    return " / ".join(f"{figures[name]:g}" for name in _COUNTS)


def _times(figures: Mapping[str, float]) -> str:
    return f"{figures['cpu_ms']:.2f} ({figures['elapsed_ms']:.1f})"


def _table(what: str, found: Mapping[str, Any], unit: str, shown: Callable[[Mapping[str, float]], str]) -> str:
    by_operation, sizes = _by_operation(found), sorted(found, key=int)
    head = [what, *(f"{int(size):,} {unit}".replace(",", " ") for size in sizes), "flat" if shown is _counts else "most / fewest"]
    rows = [[name, *(shown(found[size][name]) for size in sizes), _verdict(of, shown)] for name, of in by_operation.items()]
    return report.table(head, rows)


def _verdict(by_size: Mapping[str, Any], shown: Callable[[Mapping[str, float]], str]) -> str:
    first, last = _ends(by_size)
    if shown is _counts:
        return "yes" if len(set(map(_counts, by_size.values()))) == 1 else "**no**"
    factor = last["cpu_ms"] / first["cpu_ms"]
    within = last["cpu_ms"] <= NOISE_FACTOR * first["cpu_ms"] + NOISE_MS
    return f"{factor:.2f}" if within else f"**{factor:.2f}**"


def _listed(sizes: Iterable[str]) -> str:
    *others, last = [f"{int(size):,}".replace(",", " ") for size in sorted(sizes, key=int)]
    return f"{', '.join(others)} and {last}" if others else last
