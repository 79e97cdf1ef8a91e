"""Reading what an operator configured for a hook: every member is known and of its kind, or nothing goes on."""

from collections.abc import Collection, Mapping
from typing import Any, Final

_MISSING: Final = object()


class Misconfigured(Exception):
    """A hook's configuration that cannot be. The message names the member and the rule; whoever is refused by it sees it too."""


class Options:
    """The configuration of a hook, as its event carries it."""

    def __init__(self, given: object, known: Collection[str]) -> None:
        """known: the names of all members that there are.

        Raises:
            Misconfigured: it is no object, or has a member that nobody knows, such as a rule with a slip of the pen in its name.
        """
        if not isinstance(given, Mapping):
            raise Misconfigured("configuration must be an object")
        if unknown := sorted(set(given) - set(known)):
            raise Misconfigured(f"configuration has members that are not known: {', '.join(unknown)}")
        self._given: Mapping[str, Any] = given

    def text(self, name: str, default: str | None = None) -> str:
        """Raises Misconfigured if it is no text, or is missing without a default."""
        value = self._value(name, default)
        if not isinstance(value, str) or (not value and default is None):
            raise Misconfigured(f"configuration: {name} must be a text")
        return value

    def one_of(self, name: str, values: Collection[str], default: str) -> str:
        """Raises Misconfigured if it is none of these."""
        value = self.text(name, default)
        if value not in values:
            raise Misconfigured(f"configuration: {name} must be {' or '.join(values)}")
        return value

    def whole(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        """Raises Misconfigured if it is no whole number, or out of bounds."""
        value = self._value(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise Misconfigured(f"configuration: {name} must be a whole number from {lowest} to {highest}")
        return value

    def number(self, name: str) -> float:
        """Raises Misconfigured if it is no number, or missing."""
        value = self._value(name, None)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise Misconfigured(f"configuration: {name} must be a number")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where nothing is given. Raises Misconfigured if it is something else."""
        value = self._value(name, ())
        if not isinstance(value, list | tuple) or not all(isinstance(entry, str) and entry for entry in value):
            raise Misconfigured(f"configuration: {name} must be a list of texts")
        return tuple(value)

    def document(self, name: str) -> dict[str, Any]:
        """An object; empty where nothing is given. Raises Misconfigured if it is something else."""
        value = self._value(name, {})
        if not isinstance(value, Mapping):
            raise Misconfigured(f"configuration: {name} must be an object")
        return dict(value)

    def documents(self, name: str) -> list[Mapping[str, Any]]:
        """A list of objects; empty where nothing is given. Raises Misconfigured if it is something else."""
        value = self._value(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
            raise Misconfigured(f"configuration: {name} must be a list of objects")
        return value

    def has(self, name: str) -> bool:
        return name in self._given

    def _value(self, name: str, default: object) -> Any:
        value = self._given.get(name, _MISSING)
        if value is not _MISSING:
            return value
        if default is None:
            raise Misconfigured(f"configuration: {name} is missing")
        return default
