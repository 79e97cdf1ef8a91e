"""People who are known in another store only: whoever signs in here for the first time is looked up there (Cognito's UserMigration)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from gatehouse import hooks, identifiers, metadata, passwords, profiles, users
from gatehouse.dataclasses import dataclass, field
from gatehouse.errors import Unavailable
from gatehouse.hooks import Hook, calls, documents, events
from gatehouse.hooks.calls import Accepted, Deadline, Malformed, Trial, Vetoed
from gatehouse.users import User

AUTHENTICATION, FORGOT_PASSWORD = "UserMigration_Authentication", "UserMigration_ForgotPassword"
SOURCE: Final = "migration"
# What a person's status is there. Without one they are confirmed, as in Cognito.
CONFIRMED, RESET_REQUIRED = "CONFIRMED", "RESET_REQUIRED"
_CUSTOM: Final = "custom:"
# By attribute: how its canonical form is made, the attribute that says whether it was verified, and where that stands here.
_IDENTIFIERS: Final[Mapping[str, tuple[Callable[[str], str], str, str]]] = {
    "email": (identifiers.canonical_email, "email_verified", "email_verified"),
    "phone_number": (identifiers.canonical_phone, "phone_number_verified", "phone_verified"),
}
# What is taken over, or known already and no loss.
_UNDERSTOOD: Final = {*profiles.MEMBERS, *_IDENTIFIERS, *(verified for _, verified, _ in _IDENTIFIERS.values()), "sub", "username"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody is looked for by. identifier: email or username. text: as they typed it."""

    identifier: str
    canonical: str
    text: str


class Judged(Unavailable):
    """A hook failed that nothing goes on without, but another has looked at the password before: the attempt was a guess."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the other store knows. confirmed: the password is theirs. values: fields of User; identifiers canonical."""

    confirmed: bool
    values: Mapping[str, Any] = field(default_factory=dict)


def run(
    typed: Typed, password: str | None, *, idempotency_id: str, client_id: str = "", org_id: str = "", deadline: Deadline | None = None
) -> User | None:
    """Look for somebody whom nobody knows here, and create them as the other store knows them; None if no hook knows them, or refuses.

    password: as it was typed, None where somebody has forgotten it. It becomes theirs, but if the hook says RESET_REQUIRED they have none,
    and choose one by a mailed link. Of parallel attempts one creates the person, and all return them.

    Raises:
        Judged: as it says. Unavailable: a hook failed that nothing goes on without, and none has answered.
    """
    found = hooks.of(hooks.USER_MIGRATION, client_id, org_id)
    if not found:
        return None
    try:
        # Before anybody is asked: it takes as long as comparing one does, and tells what no password can be.
        password_hash = passwords.hash_password(password) if password is not None else ""
    except passwords.Unacceptable:
        return None
    known = _first(found, typed, password, client_id, idempotency_id, deadline or Deadline())
    return _created(typed, known, password_hash) if known else None


def _first(
    found: Sequence[Hook], typed: Typed, password: str | None, client_id: str, idempotency_id: str, deadline: Deadline
) -> _Found | None:
    """What the first hook that knows the person tells of them.

    Raises:
        Judged, Unavailable: as `run`.
    """
    judged = False

    def accept(answer: Mapping[str, Any]) -> Accepted[_Found]:
        nonlocal judged
        judged = True
        return _accepted(typed, answer)

    for hook in found:
        event = _event(hook, typed, password, client_id, idempotency_id)
        try:
            # An exception may well repeat the password.
            known = calls.run(hook, event, accept, idempotency_id=idempotency_id, deadline=deadline, reason_in_log=False)
        except Vetoed:
            judged = True
            continue
        except Unavailable as trouble:
            if judged:
                raise Judged(detail=trouble.detail) from trouble
            raise
        if known and known.values:
            return known
    return None


def trial(hook: Hook, typed: Typed, password: str | None, idempotency_id: str, *, client_id: str = "") -> Trial:
    """The event of one hook, and what takes its answer; nothing of that is kept."""
    return _event(hook, typed, password, client_id, idempotency_id), partial(_accepted, typed)


def _event(hook: Hook, typed: Typed, password: str | None, client_id: str, idempotency_id: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"validationData": {}} | ({} if password is None else {"password": password})
    # Cognito's functions get the name as it was typed; what it means here stands beside it.
    asked["context"] = {"client_id": client_id, typed.identifier: typed.canonical}
    response = {"userAttributes": None, "finalUserStatus": None, "messageAction": None, "desiredDeliveryMediums": None}
    return events.envelope(
        hook,
        FORGOT_PASSWORD if password is None else AUTHENTICATION,
        user_name=typed.text,
        client_id=client_id or events.NO_CLIENT,
        idempotency_id=idempotency_id,
        request=asked,
        response={**response, "forceAliasCreation": None, "enableSMSMFA": None},
    )


def _created(typed: Typed, known: _Found, password_hash: str) -> User | None:
    try:
        return users.create(
            **{"email": "", "email_verified": False, **known.values},
            password_hash=password_hash if known.confirmed else "",
            source=SOURCE,
        )
    except users.Taken:
        # By a parallel attempt; or another identifier is somebody's, and then nobody becomes its second owner.
        return users.get_by(typed.identifier, typed.canonical)


def _accepted(typed: Typed, answer: Mapping[str, Any]) -> Accepted[_Found]:
    response = answer.get("response", {})
    attributes = documents.member(response, "userAttributes")
    status = response.get("finalUserStatus")
    if not attributes:
        return Accepted(_Found(confirmed=False))
    if status not in (None, CONFIRMED, RESET_REQUIRED):
        raise Malformed("finalUserStatus must be CONFIRMED or RESET_REQUIRED")
    left_out: list[str] = []
    values = _identifiers(typed, attributes, left_out) | _documents(attributes)
    left_out += [name[:100] for name in attributes if name not in _UNDERSTOOD and not name.startswith(_CUSTOM)]
    return Accepted(_Found(status != RESET_REQUIRED, values), documents.size(attributes), left_out)


def _identifiers(typed: Typed, attributes: Mapping[str, Any], left_out: list[str]) -> dict[str, Any]:
    """The identifiers, of which one is what was typed: nobody becomes the owner of an address by naming another."""
    values: dict[str, Any] = {typed.identifier: typed.canonical}
    for name, (canonical_form, verified_there, verified_here) in _IDENTIFIERS.items():
        given = _text(attributes, name)
        if not given:
            continue
        try:
            canonical = canonical_form(given)
        except identifiers.InvalidIdentifier as flaw:
            raise Malformed(f"{name}: {flaw.reason}") from flaw
        if name == typed.identifier and canonical != typed.canonical:
            raise Malformed(f"{name} is another than the one that was typed")
        verified = _text(attributes, verified_there).lower() == "true"
        if verified or name == typed.identifier:
            values |= {name: canonical, verified_here: verified}
        else:
            # It may be a stranger's, who could then not have it here.
            left_out.append(name)
    return values


def _documents(attributes: Mapping[str, Any]) -> dict[str, Any]:
    profile = {name: _text(attributes, name) for name in profiles.MEMBERS}
    custom = {name.removeprefix(_CUSTOM): _text(attributes, name) for name in attributes if name.startswith(_CUSTOM)}
    address = profile.pop("address")
    try:
        metadata.accept("app_metadata", {}, custom)
        kept = profiles.changed({}, profile | ({"address": {"formatted": address}} if address else {}))
    except metadata.Unacceptable as flaw:
        raise Malformed(flaw.reason) from flaw
    except profiles.Unacceptable as flaw:
        raise Malformed(str(flaw)) from flaw
    return {"profile": kept, "app_metadata": custom}


def _text(attributes: Mapping[str, Any], name: str) -> str:
    """An attribute, which is text as all are in Cognito's events; functions write true for "true" nevertheless."""
    value = attributes.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | None):
        raise Malformed(f"{name[:100]} must be a string")
    return value or ""
