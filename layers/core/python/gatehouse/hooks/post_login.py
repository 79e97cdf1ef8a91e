"""At every sign-in: hooks run in their order, see and change metadata, add claims, or refuse it (Cognito's PostAuthentication).

What they change is written once, when the last of them is done, and only then: a pipeline that ends in a refusal leaves nothing behind.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from gatehouse import claim_rules, clients, hooks, metadata, organizations, user_changes
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, field, replace
from gatehouse.errors import AccessDenied, Unavailable
from gatehouse.hooks import Hook, calls, documents, events
from gatehouse.hooks.calls import Accepted, Deadline, Malformed, Trial, Vetoed
from gatehouse.user_changes import Edited
from gatehouse.users import User

# They travel in the authorization code, which must fit into a URL.
LONGEST_CLAIMS: Final = 1024
REFUSED: Final = "the sign-in was refused"
_TOKENS: Final = {"accessToken": "access_token", "idToken": "id_token"}


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in. client_id: empty for our own pages; org_id: for none. auth_time: when the password was given, in seconds.

    sso: by the sign-on of the browser and not by a password. new_device: the browser never signed in as this person.
    """

    client_id: str
    org_id: str
    scope: str
    auth_time: int
    amr: Sequence[str]
    sso: bool
    source_ip: str = ""
    user_agent: str = ""
    new_device: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """user: as they now are, under the epoch in which they proved who they are. claims: for the tokens of this sign-in.

    claims: JSON text {"access_token": {...}, "id_token": {...}}, each only where there is one; empty for none.
    """

    user: User
    claims: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """What the hooks so far have made of it. patches: in their order. claims: by token."""

    user: User
    patches: Sequence[documents.Patch] = ()
    claims: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return json.dumps(self.claims, separators=(",", ":")) if self.claims else ""


class Refused(AccessDenied):
    """A hook refused the sign-in."""


def run(user: User, login: Login, *, idempotency_id: str, deadline: Deadline | None = None) -> Outcome:
    """Run the pipeline for somebody who has just proven who they are. Reads and writes nothing where there are no hooks.

    Raises:
        Refused: as it says. AccessDenied: the account is gone. Nothing was changed.
        Unavailable: a hook failed that nothing goes on without. Nothing was changed.
    """
    found = hooks.of(hooks.POST_LOGIN, login.client_id, login.org_id)
    if not found:
        return Outcome(user)
    deadline = deadline or Deadline()
    client = clients.get(login.client_id) if login.client_id else None
    step, context = _Step(user), _context(user, login, client)
    for hook in found:
        event = _event(hook, step, login, context, idempotency_id)
        try:
            step = calls.run(hook, event, partial(_accepted, hook, step), idempotency_id=idempotency_id, deadline=deadline) or step
        except Vetoed as veto:
            raise Refused(_described(veto.told(first_party=_first_party(client)))) from veto
    return Outcome(_persisted(user, step), step.text)


def trial(hook: Hook, user: User, login: Login, idempotency_id: str) -> Trial:
    """The event of one hook, and what takes its answer; nothing of that is kept."""
    step, client = _Step(user), clients.get(login.client_id) if login.client_id else None
    return _event(hook, step, login, _context(user, login, client), idempotency_id), partial(_accepted, hook, step)


def _first_party(client: Client | None) -> bool:
    # Our own pages are the operator's too.
    return client is None or client.first_party


def _context(user: User, login: Login, client: Client | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "client_id": login.client_id,
        "client_name": client.name if client else "",
        "first_party": _first_party(client),
        "ip": login.source_ip,
        "user_agent": login.user_agent[:512],
        "auth_time": login.auth_time,
        "amr": list(login.amr),
        "scope": login.scope,
        "sso": login.sso,
        "new_device": login.new_device,
        # This one included, as a password counts and a sign-on does not.
        "logins_count": user.logins_count + (not login.sso),
    }
    if login.org_id:
        organization = organizations.get(login.org_id)
        told["organization"] = {"id": login.org_id, "name": organization.name if organization else ""}
    return told


def _event(hook: Hook, step: _Step, login: Login, context: Mapping[str, Any], idempotency_id: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"userAttributes": events.user_attributes(step.user)}
    if hook.event == "pre_authentication":
        source = "PreAuthentication_Authentication"
        asked |= {"validationData": {}, "userNotFound": False}
    else:
        source = "PostAuthentication_Authentication"
        asked["newDeviceUsed"] = login.new_device
    claims = {member: step.claims.get(name, {}) for member, name in _TOKENS.items()}
    asked |= {"user": events.user_document(step.user), "context": {**context, "claims": claims}}
    return events.envelope(
        hook,
        source,
        user_name=step.user.user_id,
        client_id=login.client_id or events.NO_CLIENT,
        idempotency_id=idempotency_id,
        request=asked,
        response={},
    )


def _accepted(hook: Hook, before: _Step, answer: Mapping[str, Any]) -> Accepted[_Step]:
    calls.judge_denial(hook, answer)
    response = answer.get("response", {})
    patches = documents.patches(response)
    claims, left_out = _claims(before.claims, documents.member(response, "claims") or {})
    after = _Step(documents.accepted(before.user, patches), [*before.patches, *patches], claims)
    if len(after.text) > LONGEST_CLAIMS:
        raise Malformed(f"claims of all hooks together are longer than {LONGEST_CLAIMS} characters")
    return Accepted(after, documents.size(patches) + len(after.text) - len(before.text), left_out)


def _claims(before: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """The claims with those of an answer, by token, and the names of those that no hook may set."""
    after: dict[str, Mapping[str, Any]] = {}
    left_out: list[str] = []
    for member, name in _TOKENS.items():
        kept, dropped = claim_rules.accepted(documents.member(given, member) or {})
        left_out += dropped
        if together := {**before.get(name, {}), **kept}:
            after[name] = together
    return after, left_out


def _persisted(user: User, step: _Step) -> User:
    # As written out: True equals 1 in Python, and is another value in JSON.
    if all(repr(getattr(user, name)) == repr(getattr(step.user, name)) for name in metadata.NAMESPACES):
        return user
    try:
        fresh = user_changes.change(user.user_id, lambda found: Edited(documents.patched(found, step.patches)))
    except user_changes.Unknown as gone:
        raise AccessDenied("the account is gone") from gone
    except metadata.Unacceptable as flaw:
        raise Unavailable(detail=f"what hooks changed does not fit into the record any more: {flaw.reason}") from flaw
    # Whoever was signed out everywhere while the hooks ran has not proven anything since.
    return replace(fresh, epoch=user.epoch)


def _described(reason: str) -> str:
    """The reason as an error_description, which is ASCII without quotes and backslashes (RFC 6749 4.1.2.1)."""
    plain = unicodedata.normalize("NFKD", reason).encode("ascii", "ignore").decode()
    return plain.replace('"', "'").replace("\\", "/").strip() or REFUSED
