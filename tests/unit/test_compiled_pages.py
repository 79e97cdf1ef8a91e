"""Templates made into modules, as layers have them, beside the templates themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatehouse import pages
from tests.unit.page_contexts import CONTEXTS


@pytest.fixture(autouse=True)
def nothing_made_before() -> Iterator[None]:
    pages._environment.cache_clear()
    yield
    pages._environment.cache_clear()


def test_a_page_is_the_same_from_a_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {name: pages.render(name, **context) for name, context in CONTEXTS.items()}
    pages.compile_templates(str(tmp_path / "compiled"))
    monkeypatch.setattr(pages, "_COMPILED", str(tmp_path / "compiled"))
    # So that nothing else can be shown.
    monkeypatch.setattr(pages, "_TEMPLATES", str(tmp_path / "nowhere"))
    pages._environment.cache_clear()

    assert {name: pages.render(name, **context) for name, context in CONTEXTS.items()} == made


def test_nothing_is_made_where_the_templates_themselves_lie() -> None:
    assert not Path(pages._COMPILED).exists()
