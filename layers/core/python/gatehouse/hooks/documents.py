"""What hooks may change of a person: metadata, as a patch that is judged like anybody's change of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gatehouse import metadata
from gatehouse.dataclasses import replace
from gatehouse.hooks.calls import Malformed
from gatehouse.users import User

# By the member of a response.
_NAMESPACES: Final = {"userMetadata": "user_metadata", "appMetadata": "app_metadata"}

# Namespace, and what is merged into it.
Patch = tuple[str, Mapping[str, Any]]


def member(response: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """An object among the members of a response, None where it is absent or null.

    Raises:
        Malformed: something else, or with text that cannot be written.
    """
    value = response.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Malformed(f"{name} must be an object")
    try:
        # Halves of surrogate pairs: JSON can name them, and nothing can store them.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Malformed(f"{name} has text that cannot be kept, or is nested too deep") from None
    return value


def patches(response: Mapping[str, Any]) -> list[Patch]:
    """How a response changes metadata; raises as `member` does. An empty patch changes nothing."""
    found = [(namespace, member(response, name)) for name, namespace in _NAMESPACES.items()]
    return [(namespace, patch) for namespace, patch in found if patch]


def patched(user: User, changes: Sequence[Patch]) -> User:
    """The user after these patches, one after the other: keys of the first level are replaced, null takes one away.

    Raises:
        metadata.Unacceptable: a document that is not kept.
    """
    documents: dict[str, Any] = {namespace: getattr(user, namespace) for namespace in metadata.NAMESPACES}
    for namespace, patch in changes:
        documents[namespace] = metadata.merged(documents[namespace], patch)
    for namespace, document in documents.items():
        metadata.accept(namespace, getattr(user, namespace), document)
    return replace(user, **documents)


def accepted(user: User, changes: Sequence[Patch]) -> User:
    """The same of what a hook answered.

    Raises:
        Malformed: a document that is not kept.
    """
    try:
        return patched(user, changes)
    except metadata.Unacceptable as flaw:
        raise Malformed(flaw.reason) from flaw


def size(value: object) -> int:
    """What a part of an answer takes, in bytes of JSON; nothing where there is none."""
    return len(json.dumps(value, separators=(",", ":"))) if value else 0
