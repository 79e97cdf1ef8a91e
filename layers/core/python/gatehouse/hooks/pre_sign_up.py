"""Before an account is made: hooks refuse it, or prepare what it begins with (Cognito's PreSignUp).

Whatever they prepare is written in the transaction that makes the account, so that there is the whole of it or nothing.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from gatehouse import custom_data, hooks, metadata, organizations, profiles, provenance, table, users
from gatehouse.dataclasses import dataclass, replace
from gatehouse.hooks import Hook, calls, documents, events
from gatehouse.hooks.calls import Accepted, Deadline, Malformed, Trial
from gatehouse.users import User

SIGN_UP, BY_OPERATOR, FROM_PROVIDER = "PreSignUp_SignUp", "PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"
# What Cognito's functions set, and what becomes verified by it. Whoever signs up here has proven the address before.
_FLAGS: Final = {"autoConfirmUser": "", "autoVerifyEmail": "email", "autoVerifyPhone": "phone_number"}
_VERIFIED: Final = {"email": "email_verified", "phone_number": "phone_verified"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """user: as it is to be made, its values' provenance noted. document: of custom data, None for none."""

    user: User
    document: Mapping[str, Any] | None = None

    @property
    def writes(self) -> list[table.Write]:
        """What is to be written in the same instant as the user."""
        return [] if self.document is None else [custom_data.insertion(self.user.user_id, self.document)]


def run(
    draft: User, *, source: str, idempotency_id: str, client_id: str = "", org_id: str = "", deadline: Deadline | None = None
) -> Prepared:
    """Let the hooks have their say about an account that is about to be made, and return what it is to begin with.

    draft: with its id, its canonical identifiers and the hash of its password. source: one of the three above. Nothing is written, and
    without hooks nothing is read.

    Raises:
        users.Taken: an identifier is another user's; no hook has heard of it.
        Vetoed: a hook refused the account.
        Unavailable: a hook failed that nothing goes on without.
    """
    prepared = Prepared(draft)
    found = hooks.of(hooks.PRE_SIGN_UP, client_id, org_id)
    if not found:
        return prepared
    users.check_free(draft, chosen_id=source == BY_OPERATOR)
    deadline, context = deadline or Deadline(), _context(client_id, org_id)
    for hook in found:
        event = _event(hook, prepared, source, context, idempotency_id)
        accept = partial(_accepted, hook, prepared, source)
        prepared = calls.run(hook, event, accept, idempotency_id=idempotency_id, deadline=deadline) or prepared
    return prepared


def trial(hook: Hook, draft: User, source: str, idempotency_id: str, *, client_id: str = "", org_id: str = "") -> Trial:
    """The event of one hook, and what takes its answer; nothing of that is kept."""
    prepared = Prepared(draft)
    return _event(hook, prepared, source, _context(client_id, org_id), idempotency_id), partial(_accepted, hook, prepared, source)


def _context(client_id: str, org_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {"client_id": client_id}
    if org_id:
        organization = organizations.get(org_id)
        told["organization"] = {"id": org_id, "name": organization.name if organization else ""}
    return told


def _event(hook: Hook, prepared: Prepared, source: str, context: Mapping[str, Any], idempotency_id: str) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "userAttributes": events.user_attributes(prepared.user),
        "validationData": {},
        "user": events.user_document(prepared.user),
        "context": dict(context),
    }
    if prepared.document is not None:
        asked["customDocument"] = prepared.document
    return events.envelope(
        hook,
        source,
        user_name=prepared.user.user_id,
        client_id=context["client_id"] or events.NO_CLIENT,
        idempotency_id=idempotency_id,
        request=asked,
        response=dict.fromkeys(_FLAGS, False),
    )


def _accepted(hook: Hook, before: Prepared, source: str, answer: Mapping[str, Any]) -> Accepted[Prepared]:
    calls.judge_denial(hook, answer)
    response = answer.get("response", {})
    flagged = [name for flag, name in _FLAGS.items() if _flag(response, flag) and name and getattr(before.user, name)]
    changes, profile = documents.patches(response), documents.member(response, "profile") or {}
    user = documents.accepted(_with_profile(before.user, profile), changes)
    if source == BY_OPERATOR:
        verified: dict[str, Any] = {_VERIFIED[name]: True for name in flagged}
        user = replace(user, **verified)
    document = documents.member(response, "customDocument")
    if document is not None:
        document = _document(user.user_id, document)
    added = documents.size(changes) + documents.size(profile) + documents.size(document)
    return Accepted(Prepared(user, before.document if document is None else document), added)


def _flag(response: Mapping[str, Any], name: str) -> bool:
    value = response.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{name} must be true or false")
    return bool(value)


def _with_profile(user: User, values: Mapping[str, Any]) -> User:
    if unknown := sorted(set(values) - set(profiles.MEMBERS)):
        raise Malformed(f"profile has no member {unknown[0][:100]}")
    try:
        return profiles.edited(user, values, provenance.OPERATOR)
    except profiles.Unacceptable as flaw:
        raise Malformed(f"profile: {flaw}") from flaw


def _document(user_id: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The custom document as it will be inserted, checked."""
    try:
        return custom_data.of_new_user(user_id, document)
    except custom_data.SwitchedOff:
        raise Malformed("customDocument: no custom data is kept here") from None
    except metadata.Unacceptable as flaw:
        raise Malformed(f"customDocument: {flaw.reason}") from flaw
