"""Which modules and packages a function can come to import, at its start or later. Read from the sources; nothing is run."""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from local.instance import ROOT

PACKAGE = "gatehouse"
SOURCES = ROOT / "layers" / "core" / "python"
# A module, and a name that it defines: "" for what runs when it is imported.
_Node = tuple[str, str]
_AT_IMPORT = ""
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# Hangs on the settings that every function reads, and is called by tenant.change alone, which is followed where it is named.
_OTHERWISE: dict[_Node, _Node] = {("gatehouse.tenant", "_completed"): ("gatehouse.tenant", "change")}


@dataclass(frozen=True, slots=True)
class Reach:
    """modules: of this package. packages: all others but the standard library, by what is imported."""

    modules: frozenset[str]
    packages: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Module:
    """defined: by name, the code behind it. at_import: code that runs on import. bound: names that imports give, and their targets."""

    defined: dict[str, list[ast.AST]] = field(default_factory=dict)
    at_import: list[ast.AST] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by name, with its file."""
    return {_name(file.relative_to(SOURCES).with_suffix("").parts): file for file in sorted(SOURCES.rglob("*.py"))}


def of(file: Path) -> Reach:
    """What code in `file` can come to import: by every import on the way of what it names, and what that names, and so on.

    Methods count as named with their class, functions with their name, called or not: it may be too much, and is never too little.

    Raises:
        ValueError: something is imported by a name that is put together in a way that cannot be read.
    """
    own = _read(file.read_text(encoding="utf-8"))
    waiting, packages = _leads_to("", own, [*own.at_import, *(code for known in own.defined.values() for code in known)])
    reached: set[_Node] = set()
    while waiting := waiting - reached:
        reached |= waiting
        further = [_leads(node) for node in waiting if _OTHERWISE.get(node, node) in reached]
        waiting = {node for nodes, _ in further for node in nodes} | {node for node, cause in _OTHERWISE.items() if node in reached}
        packages = packages.union(*(found for _, found in further))
    return Reach(frozenset(module for module, _ in reached), frozenset(packages))


@cache
def _leads(node: _Node) -> tuple[set[_Node], set[str]]:
    """What one definition leads to directly: other definitions, and packages that it imports."""
    module, name = node
    known = _module(module)
    return _leads_to(module, known, known.at_import if name == _AT_IMPORT else known.defined[name])


def _leads_to(module: str, known: _Module, code: Sequence[ast.AST]) -> tuple[set[_Node], set[str]]:
    parts = [part for each in code for part in ast.walk(each)]
    imports = [part for part in parts if isinstance(part, ast.Import | ast.ImportFrom)]
    names = known.bound | {name: target for part in imports for name, target in _bound(part).items()}
    brought = [target for part in imports for target in _targets(part)]
    nodes = {node for target in brought for node in _imported(target)}
    for part in parts:
        nodes.update(_named(part, module, known, names))
    outside = {target.partition(".")[0] for target in brought} - sys.stdlib_module_names - {PACKAGE}
    return nodes, outside


def _named(part: ast.AST, module: str, known: _Module, names: dict[str, str]) -> Iterator[_Node]:
    """The definitions that an expression names."""
    if isinstance(part, ast.Call) and _last(part.func) == "import_module":
        yield from _computed(part)
    elif isinstance(part, ast.Attribute):
        first, *rest = _chain(part)
        if first in names:
            yield from _used(f"{names[first]}.{'.'.join(rest)}")
    elif isinstance(part, ast.Name):
        if part.id in names:
            yield from _used(names[part.id])
        elif module and part.id in known.defined:
            yield module, part.id


def _imported(target: str) -> Iterator[_Node]:
    """Every module that importing `target` runs: itself and the packages around it."""
    parts = target.split(".")
    for end in range(1, len(parts) + 1):
        if (name := ".".join(parts[:end])) in modules():
            yield name, _AT_IMPORT


def _used(target: str) -> Iterator[_Node]:
    """The definition behind a dotted name, through modules that only pass it on."""
    parts = target.split(".")
    for end in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:end])
        if ".".join(parts[: end + 1]) in modules():
            return
        if module in modules():
            known, name = _module(module), parts[end]
            if name in known.defined:
                yield module, name
            elif name in known.bound:
                yield from _used(".".join([known.bound[name], *parts[end + 1 :]]))
            return


def _computed(call: ast.Call) -> Iterator[_Node]:
    """All of every module that an `import_module` may be about, by the beginning of its name."""
    argument = call.args[0]
    beginning = argument.values[0] if isinstance(argument, ast.JoinedStr) else argument
    if not (isinstance(beginning, ast.Constant) and str(beginning.value).startswith(PACKAGE)):
        raise ValueError(f"cannot tell what is imported by {ast.unparse(call)}")
    for name in modules():
        if name.startswith(str(beginning.value)):
            yield from _imported(name)
            yield from ((name, defined) for defined in _module(name).defined)


@cache
def _module(name: str) -> _Module:
    return _read(modules()[name].read_text(encoding="utf-8"))


def _read(source: str) -> _Module:
    found = _Module()
    for statement in _statements(ast.parse(source).body):
        if isinstance(statement, _Definition):
            found.defined.setdefault(statement.name, []).append(statement)
            found.at_import.extend(_run_by_defining(statement))
        else:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                found.bound.update(_bound(statement))
            # What only puts names together, such as a table of functions, runs nothing of them.
            elif assigned := {part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}:
                for name in assigned:
                    found.defined.setdefault(name, []).append(statement)
            if not isinstance(statement, ast.Assign | ast.AnnAssign) or any(isinstance(part, ast.Call) for part in ast.walk(statement)):
                found.at_import.append(statement)
    return found


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module that may run, out of their conditions and attempts."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from _statements([] if _last(statement.test) == "TYPE_CHECKING" else statement.body)
            yield from _statements(statement.orelse)
        elif isinstance(statement, ast.Try):
            handled = [inner for handler in statement.handlers for inner in handler.body]
            yield from _statements([*statement.body, *handled, *statement.orelse, *statement.finalbody])
        else:
            yield statement


def _run_by_defining(definition: _Definition) -> Iterator[ast.AST]:
    """What runs when a function or class is defined, without what runs when it is called."""
    yield from definition.decorator_list
    if not isinstance(definition, ast.ClassDef):
        yield from (default for default in [*definition.args.defaults, *definition.args.kw_defaults] if default)
        return
    yield from [*definition.bases, *definition.keywords]
    for statement in definition.body:
        if isinstance(statement, _Definition):
            yield from _run_by_defining(statement)
        else:
            yield statement


def _bound(statement: ast.Import | ast.ImportFrom) -> dict[str, str]:
    if isinstance(statement, ast.ImportFrom):
        return {alias.asname or alias.name: f"{statement.module}.{alias.name}" for alias in statement.names}
    return {
        alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
        for alias in statement.names
    }


def _targets(statement: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if statement.level:
        raise ValueError(f"relative imports are not followed: {ast.unparse(statement)}")
    return [f"{statement.module}.{alias.name}" for alias in statement.names]


def _chain(attribute: ast.expr) -> list[str]:
    """a.b.c as its names; begins with "" where it does not begin with a name."""
    if isinstance(attribute, ast.Attribute):
        return [*_chain(attribute.value), attribute.attr]
    return [attribute.id] if isinstance(attribute, ast.Name) else [""]


def _last(expression: ast.expr) -> str:
    return _chain(expression)[-1]


def _name(parts: Sequence[str]) -> str:
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
