"""JSON by encoders that are kept says what json.dumps says."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse import compact_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
# What is kept, and whether only ASCII comes out.
ENCODERS = pytest.mark.parametrize(
    ("kept", "ensure_ascii"), [(compact_json.in_ascii, True), (compact_json.text, False)], ids=["ascii", "text"]
)


def dumped(value: object, *, ensure_ascii: bool) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=ensure_ascii)


@ENCODERS
@given(value=VALUES)
def test_any_value_is_written_as_by_the_standard_library(kept: Callable[[Any], str], ensure_ascii: bool, value: object) -> None:
    assert kept(value) == dumped(value, ensure_ascii=ensure_ascii)


@ENCODERS
@pytest.mark.parametrize("value", [{"a": object()}, {1, 2}, b"bytes"], ids=["object", "set", "bytes"])
def test_what_json_cannot_say_is_refused(kept: Callable[[Any], str], ensure_ascii: bool, value: object) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        kept(value)


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_without_a_compiled_encoder_the_same_is_written(ensure_ascii: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("json.encoder.c_make_encoder", None)
    value = {"name": "Zoë \u2028", "of": [1, 2.5, None, True]}

    assert compact_json.kept(ensure_ascii=ensure_ascii)(value) == dumped(value, ensure_ascii=ensure_ascii)
