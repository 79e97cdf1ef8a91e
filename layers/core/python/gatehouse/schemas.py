"""JSON Schemas (2020-12) that operators give the documents of users: which are taken, and which change of a document breaks one."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any, Final

LARGEST_BYTES: Final = 16_384
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# Longer text is judged by no pattern: expressions may take time that grows with a power of the length.
LONGEST_MATCHED: Final = 1000
# How many rules are held against one document. References make of a short schema one whose rules double with every line.
MOST_RULES: Final = 50_000
_REFERENCES: Final = ("$ref", "$dynamicRef")
_left: ContextVar[int] = ContextVar("_left")


class Unusable(ValueError):
    """A schema that is not taken. reason: for the operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Violated(ValueError):
    """A change that the schema does not allow. reason: names the place in the document and the rule, never the value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Endless(Exception):
    """A document that takes more than MOST_RULES to judge."""


def check(schema: Mapping[str, Any]) -> None:
    """Accept a schema, or say what is wrong with it.

    Raises:
        Unusable: too large, no JSON Schema 2020-12, one that refers to something outside itself or to itself without end, or has a pattern
            that some text takes ages to match.
    """
    try:
        size, members = len(json.dumps(schema, allow_nan=False).encode()), list(_members(schema))
    except (ValueError, RecursionError):
        raise Unusable("the schema is nested too deep, or has a number that is none") from None
    if size > LARGEST_BYTES:
        raise Unusable(f"the schema is larger than {LARGEST_BYTES} bytes")
    if str(schema.get("$schema", DIALECT)).rstrip("#") != DIALECT or sum(name == "$schema" for name, _ in members) > ("$schema" in schema):
        raise Unusable(f"$schema must be {DIALECT}, and stands at the root of the schema only")
    _check_form(schema)
    _check_references(schema, members)
    if not all(_quick(pattern) for pattern in _patterns(members)):
        raise Unusable("a pattern repeats a group that has a repetition or a choice in it, for which some texts take ages")
    try:
        _broken(schema, {})
    except (RecursionError, _Endless):
        raise Unusable("the schema refers to itself without end, or so often that nothing can be judged by it") from None


def judge(namespace: str, schema: Mapping[str, Any], before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
    """Accept the change of a document. What broke the schema before, and is as it was, is tolerated: so a schema can grow stricter.

    before: None for a document that is new as a whole.

    Raises:
        Violated: the change brings something that the schema does not allow.
    """
    try:
        broken = _broken(schema, after)
        known = _broken(schema, before) if broken and before is not None else {}
    except (RecursionError, _Endless):
        raise Violated(f"{namespace}: its schema comes to no end on this document") from None
    for complaint, error in broken.items():
        if complaint not in known:
            raise Violated(f"{_place((namespace, *error.absolute_path))} breaks the rule {_rule(error)} of its schema")


def _broken(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[tuple[Any, ...], Any]:
    """What is wrong with a document, by complaint.

    Raises:
        _Endless, RecursionError: judging it comes to no end.
    """
    _left.set(MOST_RULES)
    return {_complaint(error): error for error in _validator(json.dumps(schema)).iter_errors(document)}


def _complaint(error: Any) -> tuple[Any, ...]:
    """What is wrong where: the same before and after, unless the value it is about has changed."""
    return (*error.absolute_path, error.validator, error.message)


def _rule(error: Any) -> str:
    if error.validator != "required":
        return str(error.validator)
    return f"required: {', '.join(name for name in error.validator_value if name not in error.instance)}"[:200]


def _place(path: Iterable[Any]) -> str:
    return ".".join(str(part) for part in path)[:200] or "its root"


def _check_form(schema: Any) -> None:
    # Imported on first use, here and below: most stacks have no schema, and it takes its time.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as flaw:
        raise Unusable(f"not JSON Schema 2020-12 at {_place(flaw.absolute_path)}: {flaw.validator}") from None


def _check_references(schema: Mapping[str, Any], members: Sequence[tuple[str, Any]]) -> None:
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    if sum(name == "$id" for name, _ in members) > ("$id" in schema):
        raise Unusable("$id stands at the root of the schema only")
    registry: Any = Registry()
    resolver = registry.with_resource("", DRAFT202012.create_resource(schema)).resolver()
    for reference in (value for name, value in members if name in _REFERENCES and isinstance(value, str)):
        if not reference.startswith("#"):
            raise Unusable("a reference must stay within the schema and begin with #")
        try:
            _check_form(resolver.lookup(reference).contents)
        except (Unresolvable, ValueError, TypeError):
            raise Unusable("a reference leads to nothing that is a schema") from None


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Name and value of every member, at whatever depth."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield name, member
            yield from _members(member)
    elif isinstance(value, list):
        for element in value:
            yield from _members(element)


def _patterns(members: Sequence[tuple[str, Any]]) -> Iterator[str]:
    for name, value in members:
        if name == "pattern" and isinstance(value, str):
            yield value
        elif name == "patternProperties" and isinstance(value, Mapping):
            yield from value


def _quick(pattern: str) -> bool:
    """Whether no group that is repeated has in it what is repeated or chosen: then the time does not double with every character."""
    # Escapes and classes are one character each, of no meaning here.
    rest = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "x", pattern, flags=re.DOTALL)
    open_groups = [False]
    for at, character in enumerate(rest):
        if character == "(":
            open_groups.append(False)
        elif character == ")" and len(open_groups) > 1:
            inner = open_groups.pop()
            if inner and rest[at + 1 : at + 2] in ("*", "+", "{"):
                return False
            open_groups[-1] |= inner
        elif character in "*+{|":
            open_groups[-1] = True
    return True


@lru_cache(maxsize=16)
def _validator(schema: str) -> Any:
    from referencing import Registry

    # Of its own, and so without one that would fetch what a reference names. Where a dialect is named, the library takes its own class.
    registry: Any = Registry()
    rules = {name: value for name, value in json.loads(schema).items() if name != "$schema"}
    return _validator_class()(rules, registry=registry)


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    def matches(_validator: Any, pattern: str, text: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(text, str) and (len(text) > LONGEST_MATCHED or not re.search(pattern, text)):
            yield ValidationError(f"{text!r} does not match")

    rules = {**Draft202012Validator.VALIDATORS, "pattern": matches}
    return extend(Draft202012Validator, {name: _counted(rule) for name, rule in rules.items()})  # type: ignore[no-untyped-call]


def _counted(rule: Callable[..., Any]) -> Callable[..., Any]:
    def judged(*given: Any) -> Any:
        _left.set(_left.get() - 1)
        if _left.get() < 0:
            raise _Endless
        return rule(*given)

    return judged
