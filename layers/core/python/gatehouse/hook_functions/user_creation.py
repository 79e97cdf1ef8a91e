"""A pre_sign_up hook: judges who signs up, and prepares what their record begins with. Cognito's event PreSignUp.

Its configuration: allowed_email_domains, blocked_email_domains ("example.com", or "*.example.com" for what is below it), required_claims
of the profile, and user_metadata, app_metadata and custom_document that a new person begins with. In these, {"$user": "email"} stands for
what is known of the person.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from gatehouse import observe
from gatehouse.dataclasses import dataclass
from gatehouse.hook_functions.options import Misconfigured, Options
from gatehouse.users import PROFILE_CLAIMS

_MEMBERS: Final = (
    "allowed_email_domains",
    "blocked_email_domains",
    "required_claims",
    "user_metadata",
    "app_metadata",
    "custom_document",
)
_DOMAIN: Final = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}")
_PLACEHOLDER: Final = "$user"
# Members of request.user, and claims of its profile.
_KNOWN: Final = ("user_id", "email", "email_verified", "username", "phone_number", "phone_verified")
_CLAIMS: Final = (*PROFILE_CLAIMS, "address")


class Refused(Exception):
    """Nobody signs up like this. The message is for the person."""


@dataclass(frozen=True, slots=True)
class _Rules:
    allowed: tuple[str, ...]
    blocked: tuple[str, ...]
    required: tuple[str, ...]
    user_metadata: Mapping[str, Any]
    app_metadata: Mapping[str, Any]
    custom_document: Mapping[str, Any] | None

    @classmethod
    def of(cls, configuration: object) -> Self:
        options = Options(configuration, _MEMBERS)
        rules = cls(
            allowed=_domains(options, "allowed_email_domains"),
            blocked=_domains(options, "blocked_email_domains"),
            required=options.names("required_claims"),
            user_metadata=options.document("user_metadata"),
            app_metadata=options.document("app_metadata"),
            custom_document=options.document("custom_document") if options.has("custom_document") else None,
        )
        if unknown := [name for name in rules.required if name not in _CLAIMS]:
            raise Misconfigured(f"configuration: required_claims has none of the profile: {', '.join(unknown)}")
        for template in (rules.user_metadata, rules.app_metadata, rules.custom_document):
            _check_template(template)
        return rules


def run(event: dict[str, Any]) -> dict[str, Any]:
    """Answer a PreSignUp event: the event, with what the record of the person is to begin with in its response.

    Raises:
        Refused: the person must not sign up. Misconfigured: nobody can, until the configuration is put right.
    """
    rules, person = _Rules.of(event["request"].get("configuration", {})), event["request"]["user"]
    _judge_address(rules, str(person.get("email") or ""))
    _judge_claims(rules.required, person.get("profile") or {})
    prepared = _prepared(rules, person)
    observe.note("user creation", prepared=" ".join(prepared))
    event["response"] = {**(event.get("response") or {}), **prepared}
    return event


def _prepared(rules: _Rules, person: Mapping[str, Any]) -> dict[str, Any]:
    """Members of the response, of which none is empty."""
    # What the record begins with already was said by somebody who knew better.
    chosen = {name: value for name, value in rules.user_metadata.items() if name not in (person.get("user_metadata") or {})}
    earned = {name: value for name, value in rules.app_metadata.items() if name not in (person.get("app_metadata") or {})}
    templates = {"userMetadata": chosen or None, "appMetadata": earned or None, "customDocument": rules.custom_document}
    return {member: _filled(template, person) for member, template in templates.items() if template is not None}


def _domains(options: Options, name: str) -> tuple[str, ...]:
    domains = tuple(domain.lower() for domain in options.names(name))
    if any(not _DOMAIN.fullmatch(domain) for domain in domains):
        raise Misconfigured(f'configuration: {name} must have domains such as "example.com" or "*.example.com"')
    return domains


def _check_template(value: Any) -> None:
    if isinstance(value, Mapping):
        if _PLACEHOLDER in value and (len(value) > 1 or value[_PLACEHOLDER] not in (*_KNOWN, *_CLAIMS)):
            raise Misconfigured(f"configuration: {_PLACEHOLDER} stands alone, before one of {', '.join((*_KNOWN, *_CLAIMS))}")
        for member in value.values():
            _check_template(member)
    elif isinstance(value, list):
        for element in value:
            _check_template(element)


def _judge_address(rules: _Rules, email: str) -> None:
    domain = email.rpartition("@")[2].lower()
    if rules.allowed and not _is_one_of(rules.allowed, domain):
        raise Refused("Nobody can sign up here with this mail address; an address of another organization is needed.")
    if _is_one_of(rules.blocked, domain):
        raise Refused("Nobody can sign up here with a mail address of this provider.")


def _is_one_of(patterns: Sequence[str], domain: str) -> bool:
    return any(domain == pattern or (pattern.startswith("*.") and domain.endswith(pattern[1:])) for pattern in patterns)


def _judge_claims(required: Sequence[str], profile: Mapping[str, Any]) -> None:
    if missing := [name.replace("_", " ") for name in required if not profile.get(name)]:
        raise Refused(f"Please give these too: {', '.join(missing)}.")


def _filled(template: Any, person: Mapping[str, Any]) -> Any:
    """The template with what is known of the person in the place of its placeholders; null where it is not known."""
    if isinstance(template, Mapping):
        if _PLACEHOLDER in template:
            return _known(template[_PLACEHOLDER], person)
        return {name: _filled(value, person) for name, value in template.items()}
    return [_filled(value, person) for value in template] if isinstance(template, list) else template


def _known(name: str, person: Mapping[str, Any]) -> Any:
    holder = person if name in _KNOWN else person.get("profile") or {}
    value = holder.get(name)
    return None if value == "" else value
