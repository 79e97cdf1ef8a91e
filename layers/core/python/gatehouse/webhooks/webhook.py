"""A webhook: who is told, of what, and what one has to look like."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self
from urllib.parse import urlsplit

from gatehouse import hooks, identifiers, outbound
from gatehouse.configuration import Invalid
from gatehouse.dataclasses import dataclass
from gatehouse.events import KINDS, Event
from gatehouse.message_signatures import Secret

EVENT, COGNITO = "event", "cognito"
FORMATS: Final = (EVENT, COGNITO)
# What Cognito's triggers are called, of those that only tell of something.
COGNITO_SOURCES: Final[Mapping[str, str]] = {
    "user.created": "PostConfirmation_ConfirmSignUp",
    "user.signed_in": "PostAuthentication_Authentication",
}
MOST_PATTERNS: Final = 50
_EVERYTHING: Final = "*"
_PATTERN: Final = re.compile(r"[a-z_]{1,40}\.(?:[a-z_]{1,40}|\*)")


@dataclass(frozen=True, slots=True)
class Webhook:
    """target: an https URL, or the ARN of a Lambda function. events: kinds, "user.*" for all that begin so, "*" for all.

    clients, organizations: whose events are told; empty for all, and with any, none that is about no client or organization. format: of
    FORMATS; "cognito" for functions that were written as a trigger of Cognito. secret: what messages to a URL are signed with, None for a
    function. disabled_because: why we switched it off ourselves. version: counts its changes. Times in seconds since the epoch.
    """

    id: str
    name: str
    target: str
    events: tuple[str, ...] = (_EVERYTHING,)
    clients: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    enabled: bool = True
    format: str = EVENT
    secret: Secret | None = None
    disabled_because: str = ""
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        known = {name: item[name] for name in cls.__dataclass_fields__ if name in item}
        known |= {name: tuple(item[name]) for name in ("events", "clients", "organizations")}
        return cls(**known | {"secret": Secret.from_item(item["secret"]) if item.get("secret") else None})

    @property
    def is_function(self) -> bool:
        return self.target.startswith("arn:")

    @property
    def host(self) -> str:
        """Of the URL; empty for a function, and for what is no URL."""
        try:
            return urlsplit(self.target).hostname or ""
        except ValueError:
            return ""

    def wants(self, event: Event) -> bool:
        """Whether it is to be told of this event."""
        if not self.enabled or not any(_fits(pattern, event.kind) for pattern in self.events):
            return False
        if self.format == COGNITO and event.kind not in COGNITO_SOURCES:
            return False
        about = event.data.get("session", {}) | event.data
        return (not self.clients or about.get("client_id") in self.clients) and (
            not self.organizations or about.get("org_id") in self.organizations
        )


def check(webhook: Webhook) -> None:
    """Whether a webhook can be as it is.

    Raises:
        Invalid: as it says.
    """
    if not 0 < len(webhook.name) <= hooks.LONGEST_NAME or not webhook.name.isprintable():
        raise Invalid(f"name must be 1 to {hooks.LONGEST_NAME} characters that can be seen")
    if webhook.format not in FORMATS:
        raise Invalid(f"format must be {' or '.join(FORMATS)}")
    _check_events(webhook)
    _check_ids("clients", webhook.clients)
    _check_ids("organizations", webhook.organizations)
    _check_target(webhook)


def _check_events(webhook: Webhook) -> None:
    if not 0 < len(webhook.events) <= MOST_PATTERNS:
        raise Invalid(f"events must be 1 to {MOST_PATTERNS} kinds")
    known: Iterable[str] = COGNITO_SOURCES if webhook.format == COGNITO else KINDS
    for pattern in webhook.events:
        if pattern != _EVERYTHING and not (_PATTERN.fullmatch(pattern) and any(_fits(pattern, kind) for kind in known)):
            raise Invalid("events has a kind that there is none of" + (" in the format cognito" if webhook.format == COGNITO else ""))


def _check_ids(member: str, ids: Sequence[str]) -> None:
    if len(ids) > 100 or not all(identifiers.valid_segment(one) and len(one) <= 128 for one in ids):
        raise Invalid(f"{member} must be at most 100 ids")


def _check_target(webhook: Webhook) -> None:
    if webhook.is_function:
        if flaw := hooks.function_flaw(webhook.target):
            raise Invalid(f"target {flaw}")
        return
    if webhook.format == COGNITO:
        raise Invalid("format cognito is for Lambda functions")
    try:
        outbound.check(webhook.target)
    except outbound.Refused as flaw:
        raise Invalid(f"target {flaw}") from flaw


def _fits(pattern: str, kind: str) -> bool:
    return pattern in (_EVERYTHING, kind) or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))
