"""What the functions that people wait for import: each of these would cost more than all of their own code."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from bench.budgets import NEVER_LOADED, PAGES_NEVER_LOADED, SDK_NEVER_LOADED
from tests.unit.cold_starts import FIRST, Started, first_requests, moto_over_http, start
from tests.unit.conftest import ROOT, begin_anew

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
GOLDEN = ROOT / "tests" / "golden" / "imports"
# Of the standard library each version has other modules inside; these files tell of the one that the functions run on.
ON_LAMBDA = sys.version_info[:2] == (3, 13) and sys.platform == "linux"
# What of the standard library takes longest, and came in with something else more than once.
HEAVY = {"asyncio", "dataclasses", "email", "http.client", "inspect", "logging", "multiprocessing", "ssl", "xml.etree"}
REMEDY = "; if that is meant, `make imports` writes the files of tests/golden/imports anew"


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Every module in a process that imported all hot functions, and was told nothing of any deployment."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "core" / "python")])
    command = [sys.executable, "-c", PROGRAM, *(f"functions.{name}.app" for name in HOT)]
    ended = subprocess.run(command, env={"PYTHONPATH": path}, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout))


@pytest.fixture(scope="module")
def started(cloud: dict[type, dict[str, object]]) -> Mapping[str, Started]:
    """By name, what each function has imported after a first request, in a process of its own."""
    begin_anew(cloud)
    with moto_over_http() as url:
        return {function: start(operation, url) for function, operation in first_requests().items()}


def test_a_function_that_people_wait_for_imports_no_framework(loaded: set[str]) -> None:
    assert loaded.isdisjoint(NEVER_LOADED)


def test_a_function_that_shows_no_page_imports_neither_the_pages_nor_the_password_rules(loaded: set[str]) -> None:
    assert loaded.isdisjoint(PAGES_NEVER_LOADED)


def test_importing_a_function_needs_no_environment(loaded: set[str]) -> None:
    assert {f"functions.{name}.app" for name in HOT} <= loaded


@pytest.mark.parametrize("function", sorted(FIRST.keys() - SHOWING_PAGES))
def test_whoever_waits_for_no_page_waits_for_no_framework_and_no_sdk(started: Mapping[str, Started], function: str) -> None:
    refused = {*NEVER_LOADED, *PAGES_NEVER_LOADED, *SDK_NEVER_LOADED, *HEAVY}

    assert started[function].imported & refused == set()


def test_a_page_to_sign_in_on_is_shown_without_the_sdk_and_without_hashing_passwords(started: Mapping[str, Started]) -> None:
    refused = {*SDK_NEVER_LOADED, *NEVER_LOADED, "gatehouse.blocklist", "http.client", "ssl"} - {"jinja2"}

    assert started["hosted_pages"].imported & refused == set()


@pytest.mark.parametrize("function", sorted(FIRST))
def test_what_is_imported_is_what_was_looked_at(started: Mapping[str, Started], function: str) -> None:
    file = GOLDEN / f"{function}.txt"
    ours, of_python = parted(started[function].imported)
    if os.environ.get("WRITE_IMPORTS"):
        write(file, ours, of_python)

    known_ours, known_of_python = parted(file.read_text().split())
    assert ours == known_ours, f"{function} imports something else{REMEDY}"
    if ON_LAMBDA:
        assert of_python == known_of_python, f"{function} imports something else of the standard library{REMEDY}"


def test_every_file_is_of_a_function() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == FIRST.keys()


def test_every_function_that_people_wait_for_is_started_here() -> None:
    seldom = {"claims_enrichment", "registration", "user_creation", "webhook_delivery"}

    assert HOT - seldom == FIRST.keys() - SHOWING_PAGES


def parted(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Modules of ours and of packages, and those of the standard library."""
    of_python = [name for name in names if name.partition(".")[0] in sys.stdlib_module_names]
    return sorted(set(names) - set(of_python)), sorted(of_python)


def write(file: Path, ours: list[str], of_python: list[str]) -> None:
    if not ON_LAMBDA:
        pytest.fail("these files are written by Python 3.13 on Linux, as on Lambda")
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join([*ours, "", *of_python, ""]))
