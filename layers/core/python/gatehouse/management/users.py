"""/api/v2/users: create, read, change people, in the shape and with the semantics of Auth0's Management API."""

import hashlib
import json
from typing import Any

from pydantic import Field

from gatehouse import clock, hooks, identifiers, keys, user_changes, users
from gatehouse.dataclasses import replace
from gatehouse.errors import InsufficientScope
from gatehouse.hooks import calls, pre_sign_up
from gatehouse.hooks.events import idempotency_id
from gatehouse.management import callers, verification_mail
from gatehouse.management.patches import patched
from gatehouse.management.refusals import HookRefused, InvalidBody, NoSuchUser, OperationNotSupported, PreconditionFailed, UserExists
from gatehouse.management.routes import Answer, Body, Call, Query, Route, sent
from gatehouse.management.user_documents import editable, edited
from gatehouse.provenance import OPERATOR, SELF
from gatehouse.user_changes import Edited
from gatehouse.user_documents import DATABASE, shown
from gatehouse.users import User
from gatehouse.web import Response


class Profile(Body):
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    middle_name: str | None = None
    nickname: str | None = None
    preferred_username: str | None = None
    profile: str | None = None
    picture: str | None = None
    website: str | None = None
    gender: str | None = None
    birthdate: str | None = None
    zoneinfo: str | None = None
    locale: str | None = None
    address: dict[str, Any] | None = None


class UserPatch(Profile):
    email: str | None = None
    email_verified: bool | None = None
    verify_email: bool | None = None
    username: str | None = None
    phone_number: str | None = None
    phone_verified: bool | None = None
    verify_phone_number: bool | None = None
    password: str | None = None
    blocked: bool | None = None
    connection: str | None = None
    client_id: str | None = None
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


class NewUser(UserPatch):
    connection: str
    user_id: str | None = Field(default=None, max_length=190)


class FieldsQuery(Query):
    fields: str = ""
    include_fields: bool = True


class UserAnswer(Answer):
    """A user; with `fields` any part of it."""

    user_id: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    username: str | None = None
    phone_number: str | None = None
    phone_verified: bool | None = None
    name: str | None = None
    nickname: str | None = None
    picture: str | None = None
    identities: list[dict[str, Any]] | None = None
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None
    blocked: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None
    last_login: str | None = None
    last_ip: str | None = None
    logins_count: int | None = None


def get(call: Call) -> Response:
    """GET users/{id}"""
    user = existing(call.path["id"])
    return sent(only(shown(user), call.query), version=user.version)


def create(call: Call) -> Response:
    """POST users: a user in the database connection."""
    given = call.body.model_dump(exclude_unset=True)
    if given.pop("connection") != DATABASE:
        raise InvalidBody(f"connection must be {DATABASE}; people of other connections come in by signing in, or are linked")
    password, user_id = given.pop("password", None) or "", _chosen_id(given.pop("user_id", None) or "")
    verify_email = given.pop("verify_email", None)
    for name in ("verify_phone_number", "client_id"):
        given.pop(name, None)
    document = {name: value for name, value in given.items() if value is not None}
    made = edited(User("", "", 0), document, mentioned=document, source=OPERATOR, password=password).user
    same = _idempotency_id({**document, "user_id": user_id}) if hooks.of(hooks.PRE_SIGN_UP) else call.request.id
    user = _created(replace(made, user_id=user_id or identifiers.new_user_id()), same)
    verification_mail.send_if_wanted(user, verify_email)
    return sent(shown(user), status=201, version=user.version)


def _idempotency_id(body: dict[str, Any]) -> str:
    """The same for hooks if the request is sent again after trouble, on the same day (UTC), and nobody can tell it beforehand.

    Were it the same for ever, a hook would take somebody who was deleted and comes back for a repeat.
    """
    told = hashlib.sha256(json.dumps([clock.now() // 86400, body], sort_keys=True).encode()).hexdigest()
    return idempotency_id("create-user", keys.authenticate("create-user", told))


def _created(draft: User, same: str) -> User:
    """The user, as hooks have prepared them. same: the idempotency id.

    Raises:
        UserExists, HookRefused: as they say; nothing was written.
        Unavailable: as a hook that failed demands.
    """
    try:
        prepared = pre_sign_up.run(draft, source=pre_sign_up.BY_OPERATOR, idempotency_id=same)
        made = prepared.user
        return users.create(
            made.email,
            email_verified=made.email_verified,
            password_hash=made.password_hash,
            profile=made.profile,
            user_id=made.user_id,
            source=OPERATOR,
            writes=prepared.writes,
            **{name: value for name in _CREATED_WITH if (value := getattr(made, name))},
        )
    except users.Taken as taken:
        raise UserExists(taken.what) from taken
    except calls.Vetoed as veto:
        raise HookRefused(veto.reason) from veto


# What `edited` fills in beside what users.create asks for.
_CREATED_WITH = ("username", "phone_number", "phone_verified", "blocked", "user_metadata", "app_metadata", "provenance")


# What opens an account, or a way to it.
_SIGNED_IN_WITH = ("password_hash", "email", "email_verified", "username", "phone_number", "phone_verified")


def patch(call: Call) -> Response:
    """PATCH users/{id}. A person at their own record may change user_metadata alone, who has update:users_app_metadata only that."""
    answer = changed(call, lambda user: _patched(user, call))
    if _asks_for_mail(call) and not _reach(call):
        verification_mail.send_if_wanted(existing(call.path["id"]), True)
    return answer


def _asks_for_mail(call: Call) -> bool:
    if call.patch is None:
        return bool(call.body.verify_email)
    return isinstance(call.patch, dict) and call.patch.get("verify_email") is True


def _patched(user: User, call: Call) -> Edited:
    before = editable(user)
    document, mentioned = patched(before, call)
    password = document.pop("password", None) or ""
    for name in ("verify_email", "verify_phone_number", "connection", "client_id"):
        document.pop(name, None)
    if reach := _reach(call):
        changed_members = {name for name in {*document, *before} if repr(document.get(name)) != repr(before.get(name))}
        if password or not changed_members <= reach:
            raise InsufficientScope("update:users")
    if not isinstance(password, str):
        raise InvalidBody("password must be a string")
    change = edited(user, document, mentioned=mentioned, source=SELF if call.own else OPERATOR, password=password)
    if any(getattr(change.user, name) != getattr(user, name) for name in _SIGNED_IN_WITH):
        callers.demand_power_over(call.caller, user)
    return change


def _reach(call: Call) -> set[str]:
    """What alone the caller may change, empty for everything."""
    if call.own:
        return {"user_metadata"}
    return set() if "update:users" in call.caller.scopes else {"app_metadata"}


def changed(call: Call, edit: Any) -> Response:
    """The answer after `edit` (as user_changes.change wants it) of the user that the path names.

    Raises:
        NoSuchUser, PreconditionFailed, UserExists: as they say.
    """
    try:
        user = user_changes.change(call.path["id"], edit, if_version=call.if_version)
    except user_changes.Unknown as unknown:
        raise NoSuchUser from unknown
    except user_changes.Stale as stale:
        raise PreconditionFailed from stale
    except users.Taken as taken:
        raise UserExists(taken.what) from taken
    return sent(shown(user), version=user.version)


def existing(user_id: str) -> User:
    """The user of this id.

    Raises:
        NoSuchUser: there is none.
    """
    user = users.get(user_id) if identifiers.valid_user_id(user_id) else None
    if user is None:
        raise NoSuchUser
    return user


def only(document: dict[str, Any], query: FieldsQuery) -> dict[str, Any]:
    """The members that `fields` names, or all but those if include_fields is false."""
    if not query.fields:
        return document
    named = {name.strip() for name in query.fields.split(",")}
    return {name: value for name, value in document.items() if (name in named) == query.include_fields}


def _chosen_id(chosen: str) -> str:
    if not chosen:
        return ""
    user_id = f"{identifiers.PROVIDER}|{chosen.removeprefix(f'{identifiers.PROVIDER}|')}"
    if not identifiers.valid_user_id(user_id):
        raise InvalidBody("user_id has characters that no id may have")
    return user_id


def by_email(call: Call) -> list[dict[str, Any]]:
    """GET users-by-email: at most one, since an address is one user's alone."""
    try:
        user = users.get_by_email(identifiers.canonical_email(call.query.email))
    except identifiers.InvalidIdentifier as flaw:
        raise OperationNotSupported(flaw.reason) from flaw
    return [only(shown(user), call.query)] if user else []


class EmailQuery(FieldsQuery):
    email: str


ROUTES = [
    Route(
        method="POST",
        path="/users",
        serve=create,
        summary="Create a user",
        scopes=("create:users",),
        body=NewUser,
        answers=UserAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/users/{id}",
        serve=get,
        summary="Get a user",
        scopes=("read:users",),
        own_scopes=("read:current_user",),
        query=FieldsQuery,
        answers=UserAnswer,
    ),
    Route(
        method="PATCH",
        path="/users/{id}",
        serve=patch,
        summary="Change a user",
        scopes=("update:users", "update:users_app_metadata"),
        own_scopes=("update:current_user_metadata", "create:current_user_metadata", "delete:current_user_metadata"),
        body=UserPatch,
        patchable=True,
        answers=UserAnswer,
    ),
    Route(
        method="GET",
        path="/users-by-email",
        serve=by_email,
        summary="Find users by mail address",
        scopes=("read:users",),
        query=EmailQuery,
        answers=list[UserAnswer],
    ),
]
