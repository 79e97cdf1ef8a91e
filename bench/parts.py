"""The parts that measure: each a module with measure, tables and exceeded."""

import importlib
from typing import Any

# In the order in which `all` runs them: the later ones use what the earlier ones kept. `exact` is within `work`.
MODULES = {
    "exact": "bench.exact",
    "work": "bench.work",
    "peers": "bench.peers",
    "load": "bench.load",
    "growth": "bench.growth",
    "cost": "bench.cost",
}
EVERYTHING = ("work", "peers", "load", "growth", "cost")


def module(part: str) -> Any:
    """Imported only when its turn comes, since some bring much."""
    return importlib.import_module(MODULES[part])
