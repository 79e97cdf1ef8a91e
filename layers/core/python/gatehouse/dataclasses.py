"""The standard library's dataclasses as far as this package uses them, made in a tenth of the time. Type checkers see the original.

The original compiles six methods of each class when it is defined, and imports `inspect` for that: of the 110 ms of processor time that the
token endpoint took to be imported, it had 40. Here __init__ alone is compiled, when a class is first instantiated; the rest is shared.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

__all__ = ["asdict", "dataclass", "field", "fields", "of_known", "replace"]

_NONE: Final = object()
_T = TypeVar("_T")


class _Field:
    """default, default_factory: _NONE for none. The rest is for functions of the original, which take these, too."""

    init = compare = repr = True

    def __init__(self, name: str = "", kind: object = None, *, default: Any = _NONE, default_factory: Any = _NONE) -> None:
        self.name, self.type, self.default, self.default_factory = name, kind, default, default_factory

    @property
    def _field_type(self) -> object:
        import dataclasses

        return vars(dataclasses)["_FIELD"]


if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, replace
else:

    def dataclass(*, frozen: bool = False, slots: bool, kw_only: bool = False) -> Callable[[type], type]:
        """The class with slots and the methods of a dataclass. It inherits no fields."""
        return partial(_made, frozen=frozen, kw_only=kw_only)

    def field(*, default_factory: Callable[[], Any]) -> _Field:
        """A field whose default is made anew for each instance."""
        return _Field(default_factory=default_factory)

    def fields(of: Any) -> tuple[_Field, ...]:
        """Those of a class or an instance, in their order."""
        return tuple(of.__dataclass_fields__.values())

    def replace(instance: Any, /, **changes: Any) -> Any:
        """The same with other values."""
        kept = {name: getattr(instance, name) for name in instance.__dataclass_fields__ if name not in changes}
        return type(instance)(**kept, **changes)

    def asdict(instance: Any) -> dict[str, Any]:
        """Names and values; likewise of dataclasses in them, and in their lists, tuples and dicts. Other values are not copied."""
        return {name: _plain(getattr(instance, name)) for name in instance.__dataclass_fields__}


def of_known(cls: type[_T], values: Mapping[str, Any]) -> _T:
    """An instance of the values that the class has fields for; the original has no such thing.

    Raises:
        KeyError: a field without a default has no value.
    """
    made: Any = cls
    return made.__of_known__(values)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return asdict(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value


def _made(cls: type, *, frozen: bool, kw_only: bool) -> type:
    namespace = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    found = {name: _field(name, kind, namespace.pop(name, _NONE)) for name, kind in cls.__annotations__.items()}
    names = tuple(found)
    shared: dict[str, Any] = {"__slots__": names, "__dataclass_fields__": found, "__eq__": _equals, "__repr__": _shown}
    shared["__match_args__"] = () if kw_only else names
    if frozen:
        shared |= {"__hash__": _hashed, "__setattr__": _frozen, "__delattr__": _frozen}
    # Slots are for a class that does not exist yet.
    made: Any = type(cls)(cls.__name__, cls.__bases__, shared | namespace)
    made.__qualname__ = cls.__qualname__

    def first(self: Any, /, *values: Any, **named: Any) -> None:
        made.__init__ = _compiled(made, kw_only=kw_only)
        made.__init__(self, *values, **named)

    made.__init__ = first
    made.__of_known__ = classmethod(_first_of_known)
    return made  # type: ignore[no-any-return]  # a class by construction


def _field(name: str, kind: object, default: Any) -> _Field:
    if isinstance(default, _Field):
        return _Field(name, kind, default_factory=default.default_factory)
    if default.__class__.__hash__ is None:
        raise ValueError(f"every instance would have the same {name}: use field(default_factory=…)")
    return _Field(name, kind, default=default)


def _first_of_known(made: Any, values: Mapping[str, Any]) -> Any:
    made.__of_known__ = _compiled_of_known(made)
    return made.__of_known__(values)


def _compiled(made: Any, *, kw_only: bool) -> Any:
    """Its __init__: written out, since a loop over fields takes several times as long."""
    known = _globals(made)
    parameters, body = ["self", "*"] if kw_only else ["self"], []
    for name, found in made.__dataclass_fields__.items():
        default, value = "", name
        if found.default_factory is not _NONE:
            default, value = "=_NONE", f"_make_{name}() if {name} is _NONE else {name}"
        elif found.default is not _NONE:
            default = f"=_default_{name}"
        parameters.append(name + default)
        body.append(f" _set_{name}(self, {value})")
    exec("\n".join([f"def __init__({', '.join(parameters)}):", *(body or [" pass"])]), known)  # noqa: S102 - names out of our own code
    known["__init__"].__qualname__ = f"{made.__qualname__}.__init__"
    return known["__init__"]


def _compiled_of_known(made: Any) -> Any:
    """What of_known calls: without names of arguments, which are looked for one by one if they come out of JSON."""
    known = _globals(made) | {"_new": partial(object.__new__, made)}
    body = []
    for name, found in made.__dataclass_fields__.items():
        value = f"values[{name!r}]"
        if found.default_factory is not _NONE:
            value = f"{value} if {name!r} in values else _make_{name}()"
        elif found.default is not _NONE:
            value = f"get({name!r}, _default_{name})"
        body.append(f" _set_{name}(self, {value})")
    lines = ["def __of_known__(values):", " self = _new()", " get = values.get", *body, " return self"]
    exec("\n".join(lines), known)  # noqa: S102 - names out of our own code
    return staticmethod(known["__of_known__"])


def _globals(made: Any) -> dict[str, Any]:
    """What the code of a class's methods refers to. The slot itself sets what a frozen class refuses to."""
    known: dict[str, Any] = {"_NONE": _NONE}
    for name, found in made.__dataclass_fields__.items():
        known |= {f"_set_{name}": vars(made)[name].__set__, f"_default_{name}": found.default, f"_make_{name}": found.default_factory}
    return known


def _values(instance: Any) -> list[Any]:
    return [getattr(instance, name) for name in instance.__dataclass_fields__]


def _equals(self: Any, other: Any) -> bool:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hashed(self: Any) -> int:
    return hash(tuple(_values(self)))


def _shown(self: Any) -> str:
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
    return f"{type(self).__qualname__}({told})"


def _frozen(self: Any, name: str, *value: Any) -> NoReturn:
    raise AttributeError(f"{type(self).__qualname__}.{name} stays as it is")
