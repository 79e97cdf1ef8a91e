"""Trying a hook with a recorded event or one of somebody: what would be made of its answer is told, and nothing is done."""

import re
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from gatehouse import clock, identifiers, organizations
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, replace
from gatehouse.hooks import POST_LOGIN, PRE_SIGN_UP, PRE_TOKEN, USER_MIGRATION, Hook, post_login, pre_sign_up, pre_token, user_migration
from gatehouse.hooks.calls import Accepted, Trial
from gatehouse.hooks.pre_token import Subject
from gatehouse.users import PROFILE_CLAIMS, User

# By the first part of a trigger source.
TRIGGERS: Final = {
    "PreSignUp": PRE_SIGN_UP,
    "UserMigration": USER_MIGRATION,
    "PreAuthentication": POST_LOGIN,
    "PostAuthentication": POST_LOGIN,
    "TokenGeneration": PRE_TOKEN,
}
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Members of request.user that say who somebody is, and their types.
_USER: Final = {
    "email": str,
    "email_verified": bool,
    "username": str,
    "phone_number": str,
    "phone_verified": bool,
    "profile": dict,
    "user_metadata": dict,
    "app_metadata": dict,
}
_TIMES: Final = (
    "access_token_seconds",
    "id_token_seconds",
    "session_seconds",
    "session_idle_seconds",
    "refresh_grace_seconds",
    "sign_on_grace_seconds",
)
# What an event has, and nothing beside it: the function that gets it may be one that serves other events, too.
_MEMBERS: Final = ("version", "triggerSource", "region", "userPoolId", "userName", "callerContext")
_CHANGEABLE: Final = ("email_verified", "phone_verified", "profile", "user_metadata", "app_metadata")


class Unusable(ValueError):
    """An event that no trigger of ours sends. The message is for whoever sent it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known beside an event. addable: scopes that hooks may add to tokens. barred: names that no claim may have."""

    client: Client
    org_id: str = ""
    scope: str = "openid"
    role_names: Collection[str] = ()
    addable: Collection[str] = ()
    barred: Collection[str] = ()


def stand_in(client_id: str) -> Client:
    """A client of which nothing is known but its id."""
    kept: dict[str, Any] = {"token_endpoint_auth_method": "none"} | dict.fromkeys(_TIMES, 0)
    return Client(client_id=client_id, name="", type="spa", **kept)


def trigger_of(event: Mapping[str, Any]) -> str:
    """The trigger that sends such events.

    Raises:
        Unusable: none does.
    """
    source = event.get("triggerSource")
    trigger = TRIGGERS.get(source.partition("_")[0], "") if isinstance(source, str) else ""
    if not trigger:
        raise Unusable(f"triggerSource must begin with {', '.join(TRIGGERS)}")
    for member in ("request", "response"):
        if not isinstance(event.get(member, {}), dict):
            raise Unusable(f"{member} must be an object")
    return trigger


def of_event(hook: Hook, recorded: Mapping[str, Any], setting: Setting) -> Trial:
    """An event that was recorded, with what it has of its hook replaced by what this one has, and without members that no event has.

    Raises:
        Unusable: it is none of this hook's trigger.
    """
    if trigger_of(recorded) != hook.trigger:
        raise Unusable(f"the event is none of {hook.trigger}")
    person = _person(recorded)
    # Of the client nothing is asked: what is sent is what was recorded.
    about = replace(setting, client=stand_in(""), org_id="", scope=_scope(recorded) or setting.scope)
    _, accept = _MAKERS[hook.trigger](hook, person, str(recorded["triggerSource"]), about, "")
    return _addressed(hook, recorded), _legible(hook, person, accept)


def of_user(hook: Hook, user: User, setting: Setting) -> Trial:
    """The event that the hook would get for this person, as if they signed up, signed in or got tokens now."""
    event, accept = _MAKERS[hook.trigger](hook, user, "", setting, new_id())
    return event, _legible(hook, user, accept)


def new_id() -> str:
    return f"trial-{secrets.token_hex(16)}"


def id_of(event: Mapping[str, Any]) -> str:
    """The idempotency id of an event of `of_event` or `of_user`."""
    found: str = event["request"]["clientMetadata"]["idempotency_id"]
    return found


def without_secrets(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event, to be shown: without the password that it may carry."""
    request = event.get("request")
    if not isinstance(request, dict) or "password" not in request:
        return dict(event)
    return {**event, "request": {**request, "password": "***"}}


def _addressed(hook: Hook, recorded: Mapping[str, Any]) -> dict[str, Any]:
    request = {name: value for name, value in recorded.get("request", {}).items() if name not in ("configuration", "secretArn")}
    given = request.get("clientMetadata")
    known = given.get("idempotency_id") if isinstance(given, dict) else None
    # It goes into a header field of requests to URLs.
    usable = known if isinstance(known, str) and _ID.fullmatch(known) else new_id()
    request["clientMetadata"] = {**(given if isinstance(given, dict) else {}), "hook_id": hook.id, "idempotency_id": usable}
    if hook.configuration:
        request["configuration"] = dict(hook.configuration)
    if hook.secret_arn:
        request["secretArn"] = hook.secret_arn
    kept = {name: recorded[name] for name in _MEMBERS if name in recorded}
    return kept | {"request": request, "response": recorded.get("response", {})}


def _person(event: Mapping[str, Any]) -> User:
    """The person whom an event tells of, as far as it does."""
    request = event.get("request", {})
    told, attributes = (value if isinstance(value, dict) else {} for value in (request.get("user"), request.get("userAttributes")))
    texts = {name: value for name, value in attributes.items() if isinstance(value, str)}
    values: dict[str, Any] = {name: texts.get(name, "") for name in ("email", "phone_number")}
    values["email_verified"] = texts.get("email_verified") == "true"
    values["phone_verified"] = texts.get("phone_number_verified") == "true"
    values["profile"] = {name: texts[name] for name in PROFILE_CLAIMS if name in texts}
    values |= {name: told[name] for name, kind in _USER.items() if isinstance(told.get(name), kind)}
    name = event.get("userName")
    return User(user_id=name if isinstance(name, str) else "", epoch=0, **values)


def _scope(event: Mapping[str, Any]) -> str:
    scopes = event.get("request", {}).get("scopes")
    return " ".join(scope for scope in scopes if isinstance(scope, str)) if isinstance(scopes, list) else ""


def _sign_up(hook: Hook, user: User, source: str, setting: Setting, idempotency_id: str) -> Trial:
    about = {"client_id": setting.client.client_id, "org_id": setting.org_id}
    return pre_sign_up.trial(hook, user, source or pre_sign_up.SIGN_UP, idempotency_id, **about)


def _migration(hook: Hook, user: User, source: str, setting: Setting, idempotency_id: str) -> Trial:
    # Recorded, the name of the user is what was typed.
    typed = user.user_id if source else user.known_as
    try:
        canonical = identifiers.canonical_email(typed) if "@" in typed else identifiers.canonical_username(typed)
    except identifiers.InvalidIdentifier as flaw:
        raise Unusable(f"userName: {flaw.reason}") from flaw
    looked_for = user_migration.Typed("email" if "@" in typed else "username", canonical, typed)
    return user_migration.trial(hook, looked_for, None, idempotency_id, client_id=setting.client.client_id)


def _login(hook: Hook, user: User, _source: str, setting: Setting, idempotency_id: str) -> Trial:
    login = post_login.Login(setting.client.client_id, setting.org_id, setting.scope, clock.now(), ["pwd"], sso=False)
    return post_login.trial(hook, user, login, idempotency_id)


def _tokens(hook: Hook, user: User, source: str, setting: Setting, idempotency_id: str) -> Trial:
    organization = organizations.get(setting.org_id) if setting.org_id else None
    subject = Subject(
        setting.client,
        user,
        setting.org_id,
        setting.scope,
        sorted(setting.role_names),
        addable=setting.addable,
        barred=setting.barred,
        org_name=organization.name if organization else "",
    )
    return pre_token.trial(hook, subject, source or "TokenGeneration_HostedAuth", idempotency_id)


_MAKERS: Final[Mapping[str, Callable[[Hook, User, str, Setting, str], Trial]]] = {
    PRE_SIGN_UP: _sign_up,
    USER_MIGRATION: _migration,
    POST_LOGIN: _login,
    PRE_TOKEN: _tokens,
}


def _legible(hook: Hook, user: User, accept: Callable[[Mapping[str, Any]], Accepted[Any]]) -> Callable[[Mapping[str, Any]], Accepted[Any]]:
    def accepted(answer: Mapping[str, Any]) -> Accepted[Any]:
        taken = accept(answer)
        return Accepted(_READERS[hook.trigger](user, taken.value), taken.bytes_added, taken.left_out)

    return accepted


def _changes(before: User, after: User) -> dict[str, Any]:
    """What changed; of documents the members at the first level, with None for those that are gone."""
    found: dict[str, Any] = {}
    for name in _CHANGEABLE:
        old, new = getattr(before, name), getattr(after, name)
        if repr(old) == repr(new):
            continue
        if not isinstance(new, dict):
            found[name] = new
        else:
            changed = {member: new.get(member) for member in {**old, **new} if repr(old.get(member)) != repr(new.get(member))}
            found[name] = changed
    return found


def _of_sign_up(before: User, prepared: Any) -> dict[str, Any]:
    document = prepared.document
    return _changes(before, prepared.user) | ({"custom_document": dict(document)} if document is not None else {})


def _of_migration(_before: User, found: Any) -> dict[str, Any]:
    return {"user": dict(found.values), "confirmed": found.confirmed} if found.values else {}


def _of_login(before: User, step: Any) -> dict[str, Any]:
    return _changes(before, step.user) | ({"claims": {name: dict(claims) for name, claims in step.claims.items()}} if step.claims else {})


def _of_tokens(_before: User, changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in ("access_token", "id_token"):
        edits = getattr(changes, name)
        if edits.added:
            told.setdefault("claims", {})[name] = dict(edits.added)
        if edits.suppressed:
            told.setdefault("suppressed", {})[name] = sorted(edits.suppressed)
    if changes.scopes.added:
        told["scopes_added"] = list(changes.scopes.added)
    if changes.scopes.suppressed:
        told["scopes_suppressed"] = sorted(changes.scopes.suppressed)
    if changes.role_names is not None:
        told["roles"] = list(changes.role_names)
    return told


_READERS: Final[Mapping[str, Callable[[User, Any], dict[str, Any]]]] = {
    PRE_SIGN_UP: _of_sign_up,
    USER_MIGRATION: _of_migration,
    POST_LOGIN: _of_login,
    PRE_TOKEN: _of_tokens,
}
