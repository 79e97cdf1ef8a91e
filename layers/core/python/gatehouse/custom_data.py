"""Business data about people: one document each, apart from the user's record, in a store that the operator switches on and off."""

from collections.abc import Callable, Mapping
from typing import Any, Self

from gatehouse import clock, identifiers, metadata, table, tenant, versions
from gatehouse.dataclasses import dataclass, field, of_known
from gatehouse.tenant import CustomData

NAMESPACE = "custom_data"


class SwitchedOff(Exception):
    """No custom data is kept, or none is shown any more."""


class Unknown(Exception):
    """There is no such document, or none that is its user's by the key field."""


class UnknownUser(Exception):
    """There is nobody whom the document could belong to."""


class Exists(Exception):
    """The person has a document; the one that was inserted first counts."""


class Stale(Exception):
    """The document is not in the version that the change was made for."""


@dataclass(frozen=True, slots=True)
class Document:
    """version: as it was inserted, in milliseconds since the epoch, and one more with each change. Other times in seconds."""

    user_id: str
    document: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    created_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return of_known(cls, item)


def claim(user_id: str) -> dict[str, Any] | None:
    """The person's document, None if there is none or custom data is switched off. 1 RRU per 4 KB, only where it is switched on."""
    store = tenant.settings().custom_data
    found = _read(user_id, store) if store.enabled else None
    return found.document if found else None


def place(user_id: str) -> table.Key | None:
    """Where the person's document lies, for those who read it together with something else; None if custom data is switched off."""
    store = tenant.settings().custom_data
    return table.custom_key(user_id, store.store) if store.enabled else None


def shown(item: table.Item | None) -> dict[str, Any] | None:
    """The document in the item that was found there, as `claim` gives it."""
    found = _exposed(item, tenant.settings().custom_data)
    return found.document if found else None


def get(user_id: str) -> Document:
    """The person's document: 1 RRU per 4 KB.

    Raises:
        SwitchedOff, Unknown: as they say.
    """
    found = _read(user_id, _store())
    if found is None:
        raise Unknown
    return found


def insert(document: dict[str, Any]) -> Document:
    """Insert the document of the person that its key field names. Of two racing callers exactly one succeeds.

    Raises:
        SwitchedOff, UnknownUser, Exists: as they say.
        metadata.Unacceptable: the document is not kept.
    """
    store = _store()
    user_id = document.get(store.key_field)
    if not isinstance(user_id, str) or not identifiers.valid_user_id(user_id):
        raise metadata.Unacceptable(f"{store.key_field} must be the id of a user")
    _check(document, user_id, store, None)
    write = _first(user_id, document, store)
    try:
        table.transact(
            table.Write(table.user_key(user_id), where=[("pk", "exists", None), ("deleting", "absent", None)], check=True), write
        )
    except table.ConditionFailed as refused:
        raise (Exists if refused.at else UnknownUser) from refused
    return Document.from_item(write.put or {})


def of_new_user(user_id: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it is inserted with a user who is about to be made: with the key field, and checked.

    Raises:
        SwitchedOff: as it says.
        metadata.Unacceptable: the document is not kept.
    """
    store = _store()
    whole = {store.key_field: user_id, **document}
    _check(whole, user_id, store, None)
    return whole


def insertion(user_id: str, document: Mapping[str, Any]) -> table.Write:
    """The write that inserts a document of `of_new_user`, for the transaction that makes the user.

    Raises:
        SwitchedOff: as it says.
    """
    return _first(user_id, dict(document), _store())


def change(user_id: str, edit: Callable[[dict[str, Any]], dict[str, Any]], *, if_version: int | None = None) -> Document:
    """Apply `edit` to the person's document and return it as it then is. 1 read, 1 write.

    edit: makes of the document what it is to be, and may be called again if it was changed meanwhile. What it raises goes through.

    Raises:
        SwitchedOff, Unknown, Stale: as they say; nothing was changed.
        metadata.Unacceptable: the document is not kept.
        Unavailable: too many changes at once.
    """
    store = _store()

    def changed(item: table.Item) -> versions.Edit:
        before = _exposed(item, store)
        if before is None:
            raise Unknown
        after = edit(before.document)
        # As written out: True equals 1 in Python, and is another value in JSON.
        if repr(after) == repr(before.document):
            return {}, ()
        _check(after, user_id, store, before.document)
        return {"document": after}, ()

    try:
        return Document.from_item(versions.change(table.custom_key(user_id, store.store), changed, if_version=if_version))
    except versions.Unknown as unknown:
        raise Unknown from unknown
    except versions.Stale as stale:
        raise Stale from stale


def remove(user_id: str, *, if_version: int | None = None) -> None:
    """Remove the person's document, exposed or not; nothing happens if there is none.

    Raises:
        SwitchedOff, Stale: as they say.
    """
    key = table.custom_key(user_id, _store().store)
    try:
        table.delete(key, where=[] if if_version is None else [("version", "=", if_version)])
    except table.ConditionFailed as refused:
        # The repeat after a lost answer finds nothing, and it was its own deed.
        if refused.item:
            raise Stale from refused


def _first(user_id: str, document: dict[str, Any], store: CustomData) -> table.Write:
    now = clock.now()
    # Not from 1: what is removed and inserted anew is in no version that anybody knows.
    made = Document(user_id, document, clock.milliseconds(), now, now)
    item = {name: getattr(made, name) for name in Document.__dataclass_fields__}
    return table.Write(table.custom_key(user_id, store.store), where=[("pk", "absent", None)], put=item)


def _store() -> CustomData:
    store = tenant.settings().custom_data
    if not store.enabled:
        raise SwitchedOff
    return store


def _read(user_id: str, store: CustomData) -> Document | None:
    return _exposed(table.get(table.custom_key(user_id, store.store)), store)


def _exposed(item: table.Item | None, store: CustomData) -> Document | None:
    """The document, unless its key field names somebody else or nobody."""
    found = Document.from_item(item) if item else None
    return found if found and found.document.get(store.key_field) == found.user_id else None


def _check(document: dict[str, Any], user_id: str, store: CustomData, before: Mapping[str, Any] | None) -> None:
    if document.get(store.key_field) != user_id:
        raise metadata.Unacceptable(f"{store.key_field} is the id of the user and stays so")
    metadata.accept(NAMESPACE, before, document)
