"""Registering and changing clients."""

import hmac
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from gatehouse import clock, table
from gatehouse.client_rules import PROPERTIES, InvalidRegistration, checked, with_defaults
from gatehouse.clients import LONGEST_CLIENT_ID, new_identifier, secret_digest
from gatehouse.dataclasses import dataclass

SECRET_LENGTH = 43
CLIENT_ID_LENGTH = 22
SECRETS_AT_ONCE = 2
# Each round somebody's change goes through, so this many rivals at one instant are served.
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.005
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Registered:
    """secret: shown once, empty for clients that prove themselves with a key or not at all."""

    client_id: str
    secret: str


class Outrun(Exception):
    """The client was changed or deleted by somebody else just now; nothing was done."""


class Unknown(Exception):
    """There is no such client."""


class Stale(Exception):
    """The client is not in the version that the change was made for."""


def register(
    client_id: str = "", /, *, self_registered: Mapping[str, Any] | None = None, notes: Mapping[str, Any] | None = None, **properties: Any
) -> Registered:
    """Store a new client and return its id and secret. properties: fields of clients.Client that an administrator sets.

    client_id: chosen by the administrator, for seeds; otherwise random. self_registered: the attributes of one that registered itself,
    `registration_digest` among them. notes: what is kept with the client and given back, and nothing depends on.

    Raises:
        InvalidRegistration: with the rule that it breaks.
    """
    item = checked(with_defaults(properties))
    client_id = client_id or new_identifier(CLIENT_ID_LENGTH)
    if not _is_client_id(client_id):
        raise InvalidRegistration("client_id", f"at most {LONGEST_CLIENT_ID} letters and digits, which every client library encodes alike")
    secret = _secret_for(item)
    now = clock.now()
    item |= {"client_id": client_id, "created_at": now, "version": 1, "secret_digests": [_digest_entry(secret)] if secret else []}
    item |= {**({"notes": dict(notes)} if notes else {}), **(self_registered or {}), **table.listed("CLIENTS", client_id, now)}
    key = table.client_key(client_id)
    try:
        table.put_new(key, item)
    except table.AlreadyExists as taken:
        # What is there may be our own, found by the repeat of the write after a lost answer.
        if taken.item != item | key:
            raise InvalidRegistration("client_id", f"{client_id} is registered already") from taken
    return Registered(client_id, secret)


def rotate_secret(client_id: str, *, overlap_seconds: int) -> str:
    """Give the client a new secret; the old one stays valid for overlap_seconds beside it. Returns the new one.

    Raises:
        InvalidRegistration: no such client, a public one, or two rotations at once.
    """
    item = table.get(table.client_key(client_id))
    if item is None or not item["secret_digests"]:
        raise InvalidRegistration("client_id", f"no confidential client {client_id}")
    ends = clock.now() + overlap_seconds
    newest = item["secret_digests"][-1]
    secret = new_identifier(SECRET_LENGTH)
    kept = [newest | {"expires_at": ends}, _digest_entry(secret)][-SECRETS_AT_ONCE:]
    try:
        same = [("secret_digests", "=", item["secret_digests"])]
        table.update(table.client_key(client_id), where=same, set={"secret_digests": kept}, add={"version": 1})
    except table.ConditionFailed as raced:
        if raced.item is None or raced.item["secret_digests"] != kept:
            raise InvalidRegistration("client_id", "the secret was rotated by somebody else just now") from raced
    return secret


def change(client_id: str, **properties: Any) -> None:
    """Change fields of a client; the whole must meet the rules again.

    Raises:
        InvalidRegistration: no such client, two changes at once, or with the rule that is broken.
    """
    item = table.get(table.client_key(client_id))
    if item is None:
        raise InvalidRegistration("client_id", f"no client {client_id}")
    known = {name: item[name] for name in PROPERTIES if name in item}
    changed = checked(known | properties)
    try:
        table.update(table.client_key(client_id), where=_unchanged(item), set=changed, add={"version": 1})
    except table.ConditionFailed as raced:
        if raced.item is None or any(raced.item.get(name) != value for name, value in changed.items()):
            raise InvalidRegistration("client_id", "the client was changed by somebody else just now") from raced


def find(client_id: str) -> table.Item | None:
    """The client as it is stored now: 1 RRU."""
    return table.get(table.client_key(client_id)) if _is_client_id(client_id) else None


def everyone() -> Iterator[table.Item]:
    """All clients in the order of their registration: 0.5 RRU and the reading of the index for each."""
    after, more = "", True
    while more:
        # The bound itself is among them.
        entries, more = table.page("CLIENTS", limit=_BATCH, low=after, listing=True)
        fresh = [entry for entry in entries if entry["list_sk"] != after]
        yield from found(fresh)
        after = entries[-1]["list_sk"] if entries else after


def found(keys: Collection[Mapping[str, Any]]) -> list[table.Item]:
    """The clients of up to 100 entries of the index, without those that are gone."""
    wanted: list[table.Key] = [{"pk": key["pk"], "sk": key["sk"]} for key in keys]
    return [item for item in table.get_many(*wanted, consistent=False) if item] if wanted else []


def version_of(item: Mapping[str, Any]) -> int:
    """How often the client was written."""
    version: int = item.get("version", 0)
    return version


Edit = Callable[[table.Item], tuple[Mapping[str, Any], Mapping[str, Any]]]


def amend(client_id: str, edit: Edit, *, if_version: int | None = None) -> tuple[table.Item, str]:
    """Make of a client what `edit` says, and return it as it then is, with its secret if it needs one for the first time. 1 RRU, 1 WRU.

    edit: makes of the stored client all its properties and notes; called again if the client was changed meanwhile, so that what it decides
    holds for what is written. What it raises goes through. if_version: the only version that may be changed.

    Raises:
        Unknown, Stale: as they say. InvalidRegistration: with the rule that is broken.
        Outrun: too many change it at once.
    """
    for attempt in range(_ATTEMPTS):
        item = find(client_id)
        if item is None:
            raise Unknown
        if if_version not in (None, version_of(item)):
            raise Stale
        properties, notes = edit(item)
        changed = checked(with_defaults(properties))
        digests, secret = _secrets_for(item, changed)
        changed |= {"secret_digests": digests, "notes": dict(notes)}
        removed = [name for name in PROPERTIES if name in item and name not in changed]
        same = [("version", "=", item["version"]) if "version" in item else ("version", "absent", None), *_unchanged(item)]
        try:
            return table.update(table.client_key(client_id), where=same, set=changed, add={"version": 1}, remove=removed), secret
        except table.ConditionFailed as raced:
            if raced.item and _is_so(raced.item, changed, removed):
                # Our own change, found by the repeat of the write after a lost answer.
                return raced.item, secret
        time.sleep(random.uniform(0, _PAUSE_SECONDS) * attempt)  # noqa: S311 - jitter, not a secret
    raise Outrun


def delete(client_id: str) -> None:
    """Delete a client; also done if there is none. What it was issued is over within remembered.CACHE_SECONDS."""
    if _is_client_id(client_id):
        table.delete(table.client_key(client_id))


def find_self_registered(client_id: str, token: str) -> table.Item | None:
    """The client that registered itself and was given this registration access token; None for any other. 1 RRU.

    Never an administrator's client: that has no such token, and one that was made a first party is an administrator's from then on. Else it
    could lead people who are asked nothing any more wherever it likes.
    """
    item = find(client_id)
    digest = (item or {}).get("registration_digest", b"")
    known = hmac.compare_digest(secret_digest(token), digest)
    return item if item and known and item.get("first_party") is False else None


def replace(
    item: table.Item, properties: Mapping[str, Any], metadata: Mapping[str, Any], *, governed: Collection[str]
) -> tuple[table.Item, str]:
    """Give a client that registered itself other properties. It keeps those that it does not govern, and its secret while it needs one.

    item: as `find_self_registered` found it. governed: the properties that are as in `properties` afterwards, or gone.
    Returns it as it then is, and its secret if that is a new one.

    Raises:
        InvalidRegistration: with the rule that is broken.
        Outrun: it is not as it was found.
    """
    kept = {name: item[name] for name in PROPERTIES if name in item and name not in governed}
    changed = checked(with_defaults(kept | dict(properties)))
    digests, secret = _secrets_for(item, changed)
    changed |= {"secret_digests": digests, "metadata": dict(metadata)}
    removed = [name for name in governed if name in item and name not in changed]
    same = [(name, "=", item[name]) for name in ("registration_digest", "secret_digests", "metadata")]
    try:
        where, key = [*same, *_unchanged(item)], table.client_key(item["client_id"])
        return table.update(key, where=where, set=changed, remove=removed, add={"version": 1}), secret
    except table.ConditionFailed as raced:
        wanted = {name: value for name, value in (item | changed).items() if name not in removed} | {"version": version_of(item) + 1}
        if raced.item != wanted:
            raise Outrun from raced
        return wanted, secret


def remove(item: table.Item) -> None:
    """Delete a client that registered itself; also done if it is gone. item: as `find_self_registered` found it.

    Raises:
        Outrun: its registration token was taken from it meanwhile; it stays.
    """
    try:
        table.delete(table.client_key(item["client_id"]), where=[("registration_digest", "=", item["registration_digest"])])
    except table.ConditionFailed as raced:
        if raced.item is not None:
            raise Outrun from raced


def _secrets_for(item: table.Item, properties: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The digests that the client has with these properties, and the new secret among them, if any."""
    secret = _secret_for(properties)
    if not secret:
        return [], ""
    return (item["secret_digests"], "") if item["secret_digests"] else ([_digest_entry(secret)], secret)


def _secret_for(properties: Mapping[str, Any]) -> str:
    """A new secret, empty for a client that does without."""
    return new_identifier(SECRET_LENGTH) if properties["token_endpoint_auth_method"].startswith("client_secret") else ""


def _is_client_id(client_id: str) -> bool:
    return 0 < len(client_id) <= LONGEST_CLIENT_ID and client_id.isascii() and client_id.isalnum()


def _unchanged(item: table.Item) -> table.Where:
    """The client is as it was read: no property was changed, and none was added, that the rules were held against."""
    return [(name, "=", item[name]) if name in item else (name, "absent", None) for name in PROPERTIES]


def _is_so(item: Mapping[str, Any], changed: Mapping[str, Any], removed: Collection[str]) -> bool:
    return all(item.get(name) == value for name, value in changed.items()) and not any(name in item for name in removed)


def _digest_entry(secret: str) -> dict[str, Any]:
    return {"digest": secret_digest(secret), "expires_at": 0}
