"""How it is read from sources what code can come to import."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import reach

Reached = Callable[[str], reach.Reach]


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


@pytest.fixture
def of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reached]:
    """What a program reaches in a small package, of which some modules import others late."""
    files = {
        "gatehouse/__init__.py": "",
        "gatehouse/rare.py": "def use():\n    import heavy\n\nclass Kind:\n    def method(self):\n        import heavier\n",
        "gatehouse/table.py": "from gatehouse import rare\nDONE = {'use': rare.use}\ndef nothing(): ...\n",
        "gatehouse/passed_on.py": "from gatehouse.rare import use\n",
        "gatehouse/late.py": "def load():\n    from gatehouse import passed_on\n    passed_on.use()\n",
        "gatehouse/parts/__init__.py": "import importlib\ndef part(name):\n    importlib.import_module(f'gatehouse.parts.{name}')\n",
        "gatehouse/parts/one.py": "def work():\n    import of_a_part\n",
        "gatehouse/unreadable.py": "import importlib\ndef part(name):\n    importlib.import_module(name)\n",
        "gatehouse/typed.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import for_types\nelse:\n    import otherwise\n",
    }
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    monkeypatch.setattr(reach, "SOURCES", tmp_path)
    forget()

    def program(source: str) -> reach.Reach:
        (tmp_path / "app.py").write_text(source)
        return reach.of(tmp_path / "app.py")

    yield program
    forget()


def forget() -> None:
    for remembered in (reach.modules, reach._module, reach._leads):
        remembered.cache_clear()


def test_what_a_named_function_imports_when_it_is_called_counts(of: Reached) -> None:
    assert of("from gatehouse import rare\nrare.use()\n") == reach.Reach(frozenset({"gatehouse", "gatehouse.rare"}), frozenset({"heavy"}))


def test_what_nobody_names_does_not_count(of: Reached) -> None:
    assert of("from gatehouse import table\ntable.nothing()\n").packages == frozenset()


def test_a_function_counts_when_a_table_that_holds_it_is_named(of: Reached) -> None:
    assert of("from gatehouse.table import DONE\nprint(DONE)\n").packages == {"heavy"}


def test_a_class_counts_with_all_its_methods(of: Reached) -> None:
    assert of("from gatehouse.rare import Kind\n\ndef handler(event, context):\n    return Kind()\n").packages == {"heavier"}


def test_late_imports_are_followed_through_modules_that_pass_a_name_on(of: Reached) -> None:
    found = of("from gatehouse import late\nlate.load()\n")

    assert found == reach.Reach(frozenset({"gatehouse", "gatehouse.late", "gatehouse.passed_on", "gatehouse.rare"}), frozenset({"heavy"}))


def test_what_is_imported_by_a_name_that_is_put_together_is_all_that_it_can_be(of: Reached) -> None:
    assert of("from gatehouse import parts\nparts.part('one')\n").packages == {"of_a_part"}


def test_a_name_that_cannot_be_told_is_refused(of: Reached) -> None:
    with pytest.raises(ValueError, match="cannot tell what is imported"):
        of("from gatehouse import unreadable\nunreadable.part('one')\n")


def test_imports_for_type_checkers_alone_do_not_count(of: Reached) -> None:
    assert of("import gatehouse.typed\n").packages == {"otherwise"}


def test_of_a_setting_that_all_read_the_check_counts_for_those_who_change_it() -> None:
    reading, changing = ("from gatehouse import tenant\ntenant.settings()\n", "from gatehouse import tenant\ntenant.change(print)\n")

    assert "jsonschema" not in of_source(reading).packages
    assert "jsonschema" in of_source(changing).packages


def of_source(source: str) -> reach.Reach:
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(source)
        file.flush()
        return reach.of(Path(file.name))
