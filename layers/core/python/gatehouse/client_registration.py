"""Registering and changing clients."""

from dataclasses import dataclass
from typing import Any

from gatehouse import clock, table
from gatehouse.client_rules import PROPERTIES, InvalidRegistration, checked, with_defaults
from gatehouse.clients import LONGEST_CLIENT_ID, new_identifier, secret_digest

SECRET_LENGTH = 43
CLIENT_ID_LENGTH = 22
SECRETS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Registered:
    """secret: shown once, empty for clients that prove themselves with a key or not at all."""

    client_id: str
    secret: str


def register(client_id: str = "", /, **properties: Any) -> Registered:
    """Store a new client and return its id and secret. properties: fields of clients.Client that an administrator sets.

    client_id: chosen by the administrator, for seeds; otherwise random.

    Raises:
        InvalidRegistration: with the rule that it breaks.
    """
    item = checked(with_defaults(properties))
    client_id = client_id or new_identifier(CLIENT_ID_LENGTH)
    if not (client_id.isascii() and client_id.isalnum() and len(client_id) <= LONGEST_CLIENT_ID):
        raise InvalidRegistration("client_id", f"at most {LONGEST_CLIENT_ID} letters and digits, which every client library encodes alike")
    by_secret = item["token_endpoint_auth_method"].startswith("client_secret")
    secret = new_identifier(SECRET_LENGTH) if by_secret else ""
    item |= {"client_id": client_id, "created_at": clock.now(), "secret_digests": [_digest_entry(secret)] if secret else []}
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
        table.update(table.client_key(client_id), where=[("secret_digests", "=", item["secret_digests"])], set={"secret_digests": kept})
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
        table.update(table.client_key(client_id), where=_unchanged(item), set=changed)
    except table.ConditionFailed as raced:
        if raced.item is None or any(raced.item.get(name) != value for name, value in changed.items()):
            raise InvalidRegistration("client_id", "the client was changed by somebody else just now") from raced


def _unchanged(item: table.Item) -> table.Where:
    """The client is as it was read: no property was changed, and none was added, that the rules were held against."""
    return [(name, "=", item[name]) if name in item else (name, "absent", None) for name in PROPERTIES]


def _digest_entry(secret: str) -> dict[str, Any]:
    return {"digest": secret_digest(secret), "expires_at": 0}
