"""The webhooks that there are: one item for all of them, as for hooks."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from gatehouse import audit, clients, clock, message_signatures, table
from gatehouse.audit import Deed
from gatehouse.configuration import Configuration, Invalid, Stale
from gatehouse.dataclasses import asdict, dataclass, replace
from gatehouse.webhooks.webhook import Webhook, check

MOST: Final = 25
LARGEST_BYTES: Final = 131_072


class Unknown(Exception):
    """There is no such webhook."""


class Unsigned(Exception):
    """The webhook has no secret: Lambda itself tells a function who calls it."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """All of them, oldest first. updated_at: seconds since the epoch."""

    version: int = 0
    updated_at: int = 0
    webhooks: tuple[Webhook, ...] = ()

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return cls(item["version"], item["updated_at"], tuple(map(Webhook.from_item, item["webhooks"])))

    def to_item(self) -> dict[str, Any]:
        stored = [asdict(webhook) for webhook in self.webhooks]
        for webhook in stored:
            webhook |= {name: list(webhook[name]) for name in ("events", "clients", "organizations")}
        return {"version": self.version, "updated_at": self.updated_at, "webhooks": stored}


def switched_on() -> list[Webhook]:
    """Those that are told of events. As Configuration.settings: reads nothing for a minute at a time.

    Raises:
        Unavailable: nobody knows which there are.
    """
    return [webhook for webhook in _CONFIGURATION.settings().webhooks if webhook.enabled]


def listed() -> list[Webhook]:
    """All webhooks as they are now, oldest first: 1 RRU per 4 KB."""
    return list(_CONFIGURATION.current().webhooks)


def get(webhook_id: str) -> Webhook | None:
    """A webhook as it is now: 1 RRU per 4 KB of all of them."""
    return next((webhook for webhook in listed() if webhook.id == webhook_id), None)


def recent(webhook_id: str) -> Webhook | None:
    """A webhook as it was at most a minute ago if it was switched on then, else as it is now. As switched_on, or as get."""
    found = next((webhook for webhook in switched_on() if webhook.id == webhook_id), None)
    return found or get(webhook_id)


def new_id() -> str:
    return f"wh_{clients.new_identifier(16)}"


def add(webhook: Webhook, *, deed: Deed | None = None) -> tuple[Webhook, str]:
    """Add a webhook under an id of new_id, and return it with its secret as its receiver is given it once; "" for a function's.

    1 read, 1 write, 1 encryption. deed: of whom the audit trail is told, None for nobody, as in all of these.

    Raises:
        Invalid: as it says; nothing was changed.
        Unavailable: KMS does not encrypt.
    """
    check(webhook)
    secret, shown = (None, "") if webhook.is_function else message_signatures.new_secret()

    def added(before: Webhooks) -> Webhooks:
        # A repeat after a lost answer finds what it wrote itself.
        if any(known.id == webhook.id for known in before.webhooks):
            return before
        now = clock.now()
        return replace(before, webhooks=(*before.webhooks, replace(webhook, secret=secret, created_at=now, updated_at=now)))

    return _named(_CONFIGURATION.change(added, writes=audit.of_configured("webhooks", deed)), webhook.id), shown


def change(webhook_id: str, edit: Callable[[Webhook], Webhook], *, if_version: int | None = None, deed: Deed | None = None) -> Webhook:
    """Apply `edit` to a webhook and return it as it then is. 1 read, 1 write. A URL stays a URL, and a function a function.

    if_version: the only version of the webhook that may be changed.

    Raises:
        Unknown, Invalid, Stale: as they say; nothing was changed.
    """

    def changed(before: Webhooks) -> Webhooks:
        known = _named(before, webhook_id)
        after = replace(edit(known), id=known.id, version=known.version, created_at=known.created_at, updated_at=known.updated_at)
        if after.enabled:
            after = replace(after, disabled_because="")
        if after.is_function != known.is_function:
            raise Invalid("target of a webhook stays a URL, or a function")
        if after == known:
            # Also what was done already, but for the answer to it that was lost.
            return before
        if if_version not in (None, known.version):
            raise Stale
        after = replace(after, version=known.version + 1, updated_at=clock.now())
        return replace(before, webhooks=tuple(after if one.id == webhook_id else one for one in before.webhooks))

    return _named(_CONFIGURATION.change(changed, writes=audit.of_configured("webhooks", deed)), webhook_id)


def rotate_secret(webhook_id: str, *, overlap_seconds: int, if_version: int | None = None, deed: Deed | None = None) -> tuple[Webhook, str]:
    """Give a webhook a new secret, beside which the present one signs for so long; and return both. 1 read, 1 write, 1 encryption.

    Raises:
        Unknown, Unsigned, Stale, message_signatures.TooMany: as they say; nothing was changed.
        Unavailable: KMS does not encrypt.
    """
    new, shown = message_signatures.new_secret()

    def rotated(before: Webhook) -> Webhook:
        if before.secret is None:
            raise Unsigned
        return replace(before, secret=message_signatures.successor(before.secret, new, overlap_seconds=overlap_seconds))

    return change(webhook_id, rotated, if_version=if_version, deed=deed), shown


def disable(webhook_id: str, because: str) -> None:
    """Switch a webhook off, for a reason that its operator reads. Nothing happens if it is gone."""
    try:
        change(webhook_id, lambda found: replace(found, enabled=False, disabled_because=because) if found.enabled else found)
    except Unknown:
        return


def remove(webhook_id: str, *, deed: Deed | None = None) -> None:
    """Remove a webhook; what waits for it is dropped. 1 read, 1 write.

    Raises:
        Unknown: as it says.
    """

    def removed(before: Webhooks) -> Webhooks:
        _named(before, webhook_id)
        return replace(before, webhooks=tuple(webhook for webhook in before.webhooks if webhook.id != webhook_id))

    _CONFIGURATION.change(removed, writes=audit.of_configured("webhooks", deed))


def forget() -> None:
    """Read the webhooks anew."""
    _CONFIGURATION.forget()


def _named(webhooks: Webhooks, webhook_id: str) -> Webhook:
    found = next((webhook for webhook in webhooks.webhooks if webhook.id == webhook_id), None)
    if found is None:
        raise Unknown
    return found


def _completed(before: Webhooks, after: Webhooks, version: int) -> Webhooks:
    if len(after.webhooks) > MOST:
        raise Invalid(f"there are at most {MOST} webhooks")
    # What was saved under other rules, or on another host, must not keep anyone from switching it off, or from removing the next one.
    known = {_described(webhook) for webhook in before.webhooks}
    for webhook in after.webhooks:
        if _described(webhook) not in known:
            check(webhook)
    made = replace(after, version=version, updated_at=clock.now())
    if len(json.dumps(made.to_item(), default=str)) > LARGEST_BYTES:
        raise Invalid(f"all webhooks together are larger than {LARGEST_BYTES} bytes")
    return made


def _described(webhook: Webhook) -> Webhook:
    """A webhook without what changes in operation."""
    return replace(webhook, enabled=True, disabled_because="", secret=None, version=0, updated_at=0)


_CONFIGURATION: Final = Configuration(Webhooks, table.webhooks_key, _completed)
