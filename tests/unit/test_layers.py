"""What lies in which layer, held against what each function can come to import."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local import layers, reach
from local.instance import ROOT

OF_FUNCTIONS = layers.of_functions()
REQUIREMENTS = {
    "DependenciesLayer": ROOT / "layers" / "dependencies" / "requirements.txt",
    "WholeLayer": ROOT / "layers" / "core" / "requirements.txt",
    "ManagementLayer": ROOT / "layers" / "management" / "requirements.txt",
}
# What is imported by another name than it is installed by; and what Lambda's runtime has.
IMPORTED_AS = {"argon2_cffi": "argon2"}
OF_THE_RUNTIME = {"boto3", "botocore"}


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def packages(layer: str) -> set[str]:
    """What can be imported from a layer beside gatehouse."""
    if layer not in REQUIREMENTS:
        return set()
    named = re.findall(r"^([a-z0-9-]+)==", REQUIREMENTS[layer].read_text(encoding="utf-8"), re.MULTILINE)
    return {IMPORTED_AS.get(name, name) for name in (found.replace("-", "_") for found in named)}


def needed(function: str) -> reach.Reach:
    return reach.of(ROOT / "functions" / function / "app.py")


def test_every_function_has_the_modules_that_it_can_come_to_import() -> None:
    in_core = set(layers.LIST_FILE.read_text(encoding="utf-8").splitlines())

    lacking = {name: set(layers.files([name])) - in_core for name, has in OF_FUNCTIONS.items() if layers.WHOLE not in has}
    assert {name: files for name, files in lacking.items() if files} == {}


@pytest.mark.parametrize("function", OF_FUNCTIONS)
def test_every_function_has_the_packages_that_it_can_come_to_import(function: str) -> None:
    had = OF_THE_RUNTIME.union(*(packages(layer) for layer in OF_FUNCTIONS[function]))

    assert needed(function).packages - had == set()


def test_the_core_layer_has_what_is_needed_and_no_more() -> None:
    assert layers.LIST_FILE.read_text(encoding="utf-8") == layers.core(), "make layers writes it"


@pytest.mark.parametrize("function", [name for name, has in OF_FUNCTIONS.items() if "ManagementLayer" in has])
def test_a_function_has_the_packages_for_data_only_if_it_needs_them(function: str) -> None:
    assert needed(function).packages & packages("ManagementLayer")


def test_no_layer_brings_a_package_that_another_brings() -> None:
    owned = [packages(layer) - {"typing_extensions"} for layer in REQUIREMENTS]
    # The makefile of the whole layer takes these out, since all functions have the part that is needed of them.
    shared = {"cffi", "pycparser"}

    assert owned[0] & owned[1] == shared
    assert owned[2] & (owned[0] | owned[1]) == set()


def test_every_file_that_is_no_module_lies_with_the_module_that_reads_it() -> None:
    package = reach.SOURCES / reach.PACKAGE
    reading = {name for name, file in reach.modules().items() if "__file__" in file.read_text(encoding="utf-8")}
    listed = [package / path for paths in layers.DATA.values() for path in paths]
    others = {file for file in package.rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc") and file.name != "py.typed"}

    assert reading == set(layers.DATA)
    assert {file for file in others if not any(file == path or path in file.parents for path in listed)} == set()


def test_functions_start_from_the_files_of_the_core_layer_alone(tmp_path: Path) -> None:
    for line in layers.LIST_FILE.read_text(encoding="utf-8").splitlines():
        source, target = reach.SOURCES / line, tmp_path / line
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())

    lean = [name for name, has in OF_FUNCTIONS.items() if layers.WHOLE not in has]
    program = "import importlib, sys; [importlib.import_module(f'functions.{name}.app') for name in sys.argv[1:]]"
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", program, *lean], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
