"""Hooks: functions of the operator that run while a person signs up or in, or a token is made, and have a say in it.

A hook is a Lambda function or an https URL. What it is told and may answer is Cognito's trigger event, so that functions written for that
run here unchanged. All hooks stand in one item: every function needs to know which there are, and most deployments have few.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Self

from gatehouse import audit, clients, clock, identifiers, metadata, table
from gatehouse.audit import Deed
from gatehouse.configuration import Configuration, Invalid, Stale
from gatehouse.dataclasses import asdict, dataclass, field, replace
from gatehouse.message_signatures import Secret
from gatehouse.settings import settings

PRE_SIGN_UP, USER_MIGRATION, POST_LOGIN, PRE_TOKEN = "pre_sign_up", "user_migration", "post_login", "pre_token"
TRIGGERS: Final = (PRE_SIGN_UP, USER_MIGRATION, POST_LOGIN, PRE_TOKEN)
DENY, CONTINUE = "deny", "continue"
# Which of Cognito's events a hook is written for, where a trigger has several; the first is the usual one.
EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    PRE_SIGN_UP: ("1",),
    USER_MIGRATION: ("1",),
    POST_LOGIN: ("post_authentication", "pre_authentication"),
    PRE_TOKEN: ("2", "1", "3"),
}
MOST: Final = 25
HIGHEST_ORDER: Final = 1000
LONGEST_NAME: Final = 100
LONGEST_TIMEOUT_SECONDS: Final = 15
LARGEST_CONFIGURATION_BYTES: Final = 4096
# All of them are one item, which every function reads once a minute.
LARGEST_BYTES: Final = 131_072
_FUNCTION: Final = r"arn:aws[a-z-]*:lambda:[a-z0-9-]{1,30}:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(?::[A-Za-z0-9_$-]{1,128})?"
_SECRET: Final = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]{1,30}:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}"


class Unknown(Exception):
    """There is no such hook."""


class NameTaken(Exception):
    """Another hook of the trigger has the name."""


class InUse(Exception):
    """The hook is switched on, so that it is not removed."""


@dataclass(frozen=True, slots=True)
class Hook:
    """target: ARN of a Lambda function, or an https URL. order: of those of one trigger the lowest runs first. event: one of EVENTS.

    fail_mode: what becomes of the person when the hook fails, which is another thing than when it refuses. clients, organizations: for
    which it runs; empty for all. configuration: goes to it with every event, and holds no secret. secret_arn: of a secret in Secrets
    Manager that a function reads itself. secret: what a URL's events are signed with; None for a function. version: counts its changes.
    Times in seconds.
    """

    id: str
    name: str
    trigger: str
    target: str
    order: int = 0
    timeout_seconds: int = 5
    fail_mode: str = DENY
    event: str = ""
    enabled: bool = True
    clients: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    secret_arn: str = ""
    secret: Secret | None = None
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        known = {name: item[name] for name in cls.__dataclass_fields__ if name in item}
        known |= {name: tuple(item[name]) for name in ("clients", "organizations")}
        return cls(**known | {"secret": Secret.from_item(item["secret"]) if item.get("secret") else None})

    @property
    def given(self) -> Self:
        """What an operator said of it."""
        event = self.event or EVENTS.get(self.trigger, ("",))[0]
        return replace(self, id="", event=event, secret=None, version=1, created_at=0, updated_at=0)

    @property
    def is_function(self) -> bool:
        return self.target.startswith("arn:")

    def runs_for(self, client_id: str, org_id: str) -> bool:
        """client_id, org_id: empty for none, which a hook for some of them does not run for."""
        return (not self.clients or client_id in self.clients) and (not self.organizations or org_id in self.organizations)


@dataclass(frozen=True, slots=True)
class Hooks:
    """All of them. updated_at: seconds since the epoch."""

    version: int = 0
    updated_at: int = 0
    hooks: tuple[Hook, ...] = ()

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        return cls(item["version"], item["updated_at"], tuple(Hook.from_item(hook) for hook in item["hooks"]))

    def to_item(self) -> dict[str, Any]:
        return {"version": self.version, "updated_at": self.updated_at, "hooks": [_stored(hook) for hook in self.hooks]}


def _stored(hook: Hook) -> dict[str, Any]:
    return asdict(hook) | {"clients": list(hook.clients), "organizations": list(hook.organizations)}


def of(trigger: str, client_id: str = "", org_id: str = "") -> list[Hook]:
    """The hooks that run, in their order. As Configuration.settings: reads nothing for a minute at a time.

    Raises:
        Unavailable: nobody knows which there are.
    """
    fitting = [hook for hook in _CONFIGURATION.settings().hooks if hook.trigger == trigger and hook.enabled]
    return [hook for hook in fitting if hook.runs_for(client_id, org_id)]


def listed() -> list[Hook]:
    """All hooks as they are now, by trigger and order: 1 RRU per 4 KB."""
    return list(_CONFIGURATION.current().hooks)


def get(hook_id: str) -> Hook | None:
    """A hook as it is now: 1 RRU per 4 KB of all of them."""
    return next((hook for hook in listed() if hook.id == hook_id), None)


def new_id() -> str:
    return f"hook_{clients.new_identifier(16)}"


def add(hook: Hook, *, deed: Deed | None = None) -> Hook:
    """Add a hook under an id of new_id. 1 read, 1 write. deed: of whom the audit trail is told, None for nobody, as in all of these.

    One of the same trigger, name and values is the same one: a repeat after a lost answer adds no other.

    Raises:
        Invalid, NameTaken: as they say.
    """

    def added(before: Hooks) -> Hooks:
        if known := _same_name(before, hook):
            if known.given != hook.given:
                raise NameTaken
            return before
        now = clock.now()
        return replace(before, hooks=(*before.hooks, replace(hook, created_at=now, updated_at=now)))

    after = _CONFIGURATION.change(added, writes=audit.of_configured("hooks", deed))
    return _same_name(after, hook) or hook


def change(hook_id: str, edit: Callable[[Hook], Hook], *, if_version: int | None = None, deed: Deed | None = None) -> Hook:
    """Apply `edit` to a hook and return it as it then is. 1 read, 1 write. Its id, trigger and time of creation stay.

    if_version: the only version of the hook that may be changed.

    Raises:
        Unknown, Invalid, NameTaken, Stale: as they say; nothing was changed.
    """

    def changed(before: Hooks) -> Hooks:
        known = _named(before, hook_id)
        after = replace(edit(known), id=known.id, version=known.version, created_at=known.created_at, updated_at=known.updated_at)
        if after.trigger != known.trigger:
            raise Invalid("trigger stays as it is")
        if after.name != known.name and _same_name(before, after):
            raise NameTaken
        if after == known:  # Also what was done already, but for the answer to it that was lost.
            return before
        if if_version not in (None, known.version):
            raise Stale
        after = replace(after, version=known.version + 1, updated_at=clock.now())
        return replace(before, hooks=tuple(after if hook.id == hook_id else hook for hook in before.hooks))

    return _named(_CONFIGURATION.change(changed, writes=audit.of_configured("hooks", deed)), hook_id)


def remove(hook_id: str, *, deed: Deed | None = None) -> None:
    """Remove a hook that is switched off; what is switched on is first switched off, or pointed at another function. 1 read, 1 write.

    Raises:
        Unknown, InUse: as they say.
    """

    def removed(before: Hooks) -> Hooks:
        if _named(before, hook_id).enabled:
            raise InUse
        return replace(before, hooks=tuple(hook for hook in before.hooks if hook.id != hook_id))

    _CONFIGURATION.change(removed, writes=audit.of_configured("hooks", deed))


def forget() -> None:
    """Read the hooks anew."""
    _CONFIGURATION.forget()


def function_flaw(arn: str) -> str:
    """Why this is not the ARN of a Lambda function that an operator may name; empty if it is one."""
    if not re.fullmatch(_FUNCTION, arn):
        return "must be the ARN of a Lambda function, or an https URL"
    # Operators may have it run a schedule, so that AWS would let them call it with whatever else they like; with a version behind it, too.
    if settings().schedule_runner_arn and arn.split(":")[:7] == settings().schedule_runner_arn.split(":")[:7]:
        return "must not be the function that runs schedules"
    return ""


def _named(hooks: Hooks, hook_id: str) -> Hook:
    found = next((hook for hook in hooks.hooks if hook.id == hook_id), None)
    if found is None:
        raise Unknown
    return found


def _same_name(hooks: Hooks, hook: Hook) -> Hook | None:
    return next((known for known in hooks.hooks if (known.trigger, known.name) == (hook.trigger, hook.name)), None)


def _completed(before: Hooks, after: Hooks, version: int) -> Hooks:
    if len(after.hooks) > MOST:
        raise Invalid(f"there are at most {MOST} hooks")
    completed = [replace(hook, event=hook.event or EVENTS.get(hook.trigger, ("",))[0]) for hook in after.hooks]
    # What was saved under other rules, or on another host, must not keep anyone from switching it off, or from changing the next one.
    known = [_judged(hook) for hook in before.hooks] + [_judged(replace(hook, enabled=False)) for hook in before.hooks]
    for hook in completed:
        if _judged(hook) not in known:
            _check(hook)
    completed.sort(key=lambda hook: (TRIGGERS.index(hook.trigger), hook.order, hook.created_at))
    made = Hooks(version, clock.now(), tuple(completed))
    if len(json.dumps(made.to_item(), default=str)) > LARGEST_BYTES:
        raise Invalid(f"all hooks together are larger than {LARGEST_BYTES} bytes")
    return made


def _judged(hook: Hook) -> Hook:
    """A hook without what changes in operation."""
    return replace(hook, secret=None, version=0, updated_at=0)


def _check(hook: Hook) -> None:
    if not 0 < len(hook.name) <= LONGEST_NAME or not hook.name.isprintable():
        raise Invalid(f"name must be 1 to {LONGEST_NAME} characters that can be seen")
    if hook.trigger not in TRIGGERS:
        raise Invalid(f"trigger must be {', '.join(TRIGGERS)}")
    if hook.event not in EVENTS[hook.trigger]:
        raise Invalid(f"event of {hook.trigger} must be {', '.join(EVENTS[hook.trigger])}")
    if hook.fail_mode not in (DENY, CONTINUE):
        raise Invalid(f"fail_mode must be {DENY} or {CONTINUE}")
    if hook.secret_arn and not re.fullmatch(_SECRET, hook.secret_arn):
        raise Invalid("secret_arn must be the ARN of a secret in Secrets Manager")
    _check_numbers(hook)
    _check_names("clients", hook.clients)
    _check_names("organizations", hook.organizations)
    if hook.trigger == PRE_SIGN_UP and (hook.clients or hook.organizations):
        raise Invalid("clients and organizations of pre_sign_up must be empty: an account is made once, by whatever way, and holds for all")
    _check_target(hook)
    try:
        metadata.check("configuration", hook.configuration, largest_bytes=LARGEST_CONFIGURATION_BYTES, dots=True)
    except metadata.Unacceptable as flaw:
        raise Invalid(flaw.reason) from flaw


def _check_numbers(hook: Hook) -> None:
    if not 1 <= hook.timeout_seconds <= LONGEST_TIMEOUT_SECONDS:
        raise Invalid(f"timeout_seconds must be 1 to {LONGEST_TIMEOUT_SECONDS}")
    if not 0 <= hook.order <= HIGHEST_ORDER:
        raise Invalid(f"order must be 0 to {HIGHEST_ORDER}")


def _check_names(member: str, names: Sequence[str]) -> None:
    if len(names) > 100 or not all(identifiers.valid_segment(name) and len(name) <= 128 for name in names):
        raise Invalid(f"{member} must be at most 100 ids")


def _check_target(hook: Hook) -> None:
    if hook.is_function:
        if flaw := function_flaw(hook.target):
            raise Invalid(f"target {flaw}")
        return
    # Imported on first use: only who changes hooks needs it, and TLS and HTTP take their time.
    from gatehouse import outbound

    try:
        outbound.check(hook.target)
    except outbound.Refused as flaw:
        raise Invalid(f"target {flaw}") from flaw


_CONFIGURATION: Final = Configuration(Hooks, table.hooks_key, _completed)
