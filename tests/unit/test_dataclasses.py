"""Our dataclasses beside the standard library's: what is written for one must hold of the other."""

import dataclasses
from types import ModuleType
from typing import Any

import pytest

import gatehouse.dataclasses as ours

BOTH = pytest.mark.parametrize("module", [ours, dataclasses], ids=["ours", "the original"])


def point(module: ModuleType) -> Any:
    @module.dataclass(frozen=True, slots=True)
    class Point:
        """Somewhere."""

        x: int
        y: int = 0
        notes: dict[str, Any] = module.field(default_factory=dict)
        UNIT = "mm"

        @property
        def far(self) -> bool:
            return self.x > 100

        @classmethod
        def at(cls: Any, x: int) -> Any:
            return cls(x)

    return Point


def counter(module: ModuleType) -> Any:
    @module.dataclass(slots=True)
    class Counter:
        count: int = 0
        seen: list[Any] = module.field(default_factory=list)

    return Counter


@BOTH
def test_fields_come_by_position_or_name_and_have_defaults(module: ModuleType) -> None:
    made = point(module)(1, notes={"a": 1})

    assert (made.x, made.y, made.notes) == (1, 0, {"a": 1})
    assert point(module)(y=2, x=1).y == 2


@BOTH
def test_a_default_that_is_made_is_nobody_elses(module: ModuleType) -> None:
    kind = counter(module)
    kind().seen.append(1)

    assert kind().seen == []


@BOTH
@pytest.mark.parametrize("default", [[], {}, set()])
def test_a_default_that_could_be_changed_is_refused(module: ModuleType, default: object) -> None:
    class Shared:
        seen: Any = default

    with pytest.raises(ValueError, match="default_factory"):
        module.dataclass(slots=True)(Shared)


@BOTH
def test_it_is_taken_apart_by_position(module: ModuleType) -> None:
    kind = point(module)
    match kind(1, 2):
        case kind(x, y):
            assert (x, y) == (1, 2)
        case _:
            pytest.fail("not taken for what it is")


@BOTH
@pytest.mark.parametrize("given", [{}, {"x": 1, "z": 2}])
def test_what_is_missing_or_unknown_is_refused(module: ModuleType, given: dict[str, int]) -> None:
    with pytest.raises(TypeError, match=r"__init__\(\) (missing|got an unexpected)"):
        point(module)(**given)


@BOTH
def test_those_for_names_only_take_no_positions(module: ModuleType) -> None:
    @module.dataclass(frozen=True, slots=True, kw_only=True)
    class Named:
        x: int = 0
        y: int

    kind: Any = Named
    with pytest.raises(TypeError):
        kind(1, 2)
    assert kind(y=2).x == 0


@BOTH
def test_what_is_frozen_stays_as_it_is(module: ModuleType) -> None:
    made = point(module)(1)

    with pytest.raises(AttributeError):
        made.x = 2
    with pytest.raises(AttributeError):
        del made.x
    assert made.x == 1


@BOTH
def test_what_is_not_frozen_has_only_the_fields_it_names(module: ModuleType) -> None:
    made = counter(module)()
    made.count += 1

    assert made.count == 1
    with pytest.raises(AttributeError):
        made.cuont = 1


@BOTH
def test_equal_are_those_of_one_kind_with_equal_values(module: ModuleType) -> None:
    kind = point(module)

    assert kind(1, 2) == kind(1, 2)
    assert kind(1, 2) != kind(2, 2)
    assert kind(1, 2) != point(module)(1, 2)
    assert kind(1, 2) != (1, 2)


@BOTH
def test_what_is_frozen_is_a_key_and_the_others_are_none(module: ModuleType) -> None:
    kind = point(module)

    assert {kind(1, 2, None): "there"}[kind(1, 2, None)] == "there"
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter(module)())


@BOTH
def test_it_is_shown_with_its_names(module: ModuleType) -> None:
    assert repr(counter(module)(1)).endswith("Counter(count=1, seen=[])")


@BOTH
def test_what_else_the_class_has_is_kept(module: ModuleType) -> None:
    kind = point(module)

    assert (kind.__doc__, kind.__name__, kind.__module__, kind.UNIT) == ("Somewhere.", "Point", __name__, "mm")
    assert kind.at(200).far


@BOTH
def test_a_field_may_be_named_like_anything_in_the_code_that_is_made(module: ModuleType) -> None:
    @module.dataclass(frozen=True, slots=True)
    class Odd:
        cls: int
        found: int = 1
        values: int = 2

    kind: Any = Odd
    made = kind(0)
    assert (made.cls, made.found, made.values) == (0, 1, 2)


@BOTH
@pytest.mark.parametrize("functions", [ours, dataclasses], ids=["by ours", "by the original"])
def test_replace_asdict_and_fields_take_either_kind(module: ModuleType, functions: ModuleType) -> None:
    inner = point(module)
    outer = counter(module)(1, [inner(1), {"a": (inner(2),)}])

    assert functions.replace(outer, count=2).count == 2
    assert [field.name for field in functions.fields(inner)] == ["x", "y", "notes"]
    assert [field.type for field in functions.fields(outer)] == [int, list[Any]]
    assert functions.asdict(outer) == {
        "count": 1,
        "seen": [{"x": 1, "y": 0, "notes": {}}, {"a": ({"x": 2, "y": 0, "notes": {}},)}],
    }


@BOTH
def test_replace_refuses_names_that_there_are_none_of(module: ModuleType) -> None:
    with pytest.raises(TypeError):
        module.replace(point(module)(1), z=1)


def test_what_asdict_gives_can_be_changed_without_changing_what_it_was_made_of() -> None:
    made = counter(ours)(1, [{"a": [1]}])
    told = ours.asdict(made)
    told["seen"][0]["a"].append(2)

    assert made.seen == [{"a": [1]}]


def test_of_what_is_stored_the_known_is_taken_and_the_rest_has_its_defaults() -> None:
    kind = point(ours)

    made = ours.of_known(kind, {"pk": "POINT#1", "x": 1, "ttl": 5})

    assert made == kind(1)
    assert ours.of_known(kind, {"x": 1, "y": 0, "notes": None}).notes is None


def test_a_default_that_is_made_for_what_is_stored_is_nobody_elses() -> None:
    kind = counter(ours)
    ours.of_known(kind, {}).seen.append(1)

    assert ours.of_known(kind, {}).seen == []


def test_what_has_no_default_must_be_stored() -> None:
    with pytest.raises(KeyError, match="x"):
        ours.of_known(point(ours), {"y": 2})
