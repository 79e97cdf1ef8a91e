"""Three ways to change a document: Auth0's PATCH, JSON Merge Patch (RFC 7396) and JSON Patch (RFC 6902)."""

import json
from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any, Final

from gatehouse import metadata
from gatehouse.management.refusals import InvalidBody
from gatehouse.management.routes import Call

MOST_OPERATIONS = 100
# More than any of our documents, with what a body adds to it.
_LARGEST_CHARACTERS: Final = 262_144


def patched(document: Mapping[str, Any], call: Call, *, merging: Collection[str] = metadata.NAMESPACES) -> tuple[dict[str, Any], set[str]]:
    """The document after the call's patch, and the members that it speaks of.

    merging: members that Auth0's PATCH merges at their first level; it replaces the others, and null unsets them.

    Raises:
        InvalidBody: the patch is malformed, or does not fit the document.
    """
    if call.patch is None:
        given = call.body.model_dump(exclude_unset=True)
        values = {name: metadata.merged(document.get(name) or {}, value) if name in merging else value for name, value in given.items()}
        return {**document, **values}, set(given)
    if isinstance(call.patch, dict):
        merged: dict[str, Any] = _merge_patched(document, call.patch)
        return merged, set(call.patch)
    return _json_patched(document, call.patch)


def _merge_patched(target: object, patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396 section 2, for a patch that is an object."""
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merge_patched(result.get(name), value) if isinstance(value, dict) else value
    return result


def _json_patched(document: Mapping[str, Any], operations: object) -> tuple[dict[str, Any], set[str]]:
    # Imported on first use: few patches are of this kind.
    import jsonpatch
    from jsonpointer import JsonPointerException

    if not isinstance(operations, list) or not 0 < len(operations) <= MOST_OPERATIONS:
        raise InvalidBody(f"a JSON Patch is an array of 1 to {MOST_OPERATIONS} operations")
    try:
        result = deepcopy(dict(document))
        for operation in operations:
            result = jsonpatch.apply_patch(result, [operation], in_place=True)
            # Each can double what is there.
            if operation["op"] == "copy" and len(json.dumps(result)) > _LARGEST_CHARACTERS:
                raise InvalidBody("the JSON Patch makes the document larger than any that is kept")
        # Who asks for a value says nothing about what it is to be.
        paths = [str(operation["path"]) for operation in operations if operation["op"] != "test"]
    except (jsonpatch.JsonPatchException, JsonPointerException, KeyError, TypeError, ValueError, RecursionError):
        raise InvalidBody("the JSON Patch is malformed, or does not fit the document") from None
    if not isinstance(result, dict):
        raise InvalidBody("the JSON Patch leaves no object")
    return result, {path.split("/")[1] for path in paths if path.startswith("/")}
