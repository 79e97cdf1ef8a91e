"""What the functions that people wait for must not import: each of these would cost more than all of their own code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.budgets import NEVER_LOADED, PAGES_NEVER_LOADED

ROOT = Path(__file__).parents[2]
SHOWING_PAGES, IN_THE_BACKGROUND = (
    {"hosted_pages"},
    {"cleanup", "hook_guard", "key_rotation", "logout_delivery", "schedule_runner", "user_events"},
)
FOR_DATA = {"account", "clients_api", "hooks_api", "organizations_api", "users_api"}
HOT = {file.parent.name for file in ROOT.glob("functions/*/app.py")} - SHOWING_PAGES - IN_THE_BACKGROUND - FOR_DATA
PROGRAM = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Every module in a process that imported all hot functions, and was told nothing of any deployment."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "core" / "python")])
    command = [sys.executable, "-c", PROGRAM, *(f"functions.{name}.app" for name in HOT)]
    ended = subprocess.run(command, env={"PYTHONPATH": path}, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout))


def test_a_function_that_people_wait_for_imports_no_framework(loaded: set[str]) -> None:
    assert loaded.isdisjoint(NEVER_LOADED)


def test_a_function_that_shows_no_page_imports_neither_the_pages_nor_the_password_rules(loaded: set[str]) -> None:
    assert loaded.isdisjoint(PAGES_NEVER_LOADED)


def test_importing_a_function_needs_no_environment(loaded: set[str]) -> None:
    assert {f"functions.{name}.app" for name in HOT} <= loaded
