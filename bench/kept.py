"""The figures of each part, kept as .local/bench/<part>.json for the parts and documents that are made of them."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.instance import HOME

FOLDER = HOME / "bench"


def keep(part: str, figures: Mapping[str, Any], exceeded: list[str]) -> None:
    """Replace what was kept of the part."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    run = {"part": part, "date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "exceeded": exceeded, "figures": figures}
    (FOLDER / f"{part}.json").write_text(json.dumps(run, indent=1), encoding="utf-8")


def run(part: str) -> dict[str, Any] | None:
    """The last run: its date, machine, figures and what it exceeded; None before the first."""
    file = FOLDER / f"{part}.json"
    if not file.exists():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def figures(part: str) -> dict[str, Any] | None:
    last = run(part)
    return last["figures"] if last else None


def machine() -> str:
    return f"{os.cpu_count()} processors {platform.machine()}, CPython {platform.python_version()}"
