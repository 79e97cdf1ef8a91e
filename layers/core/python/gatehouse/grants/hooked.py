"""The hooks before tokens, as grants run them: a refusal is told to the client, and nothing is consumed by it."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from gatehouse.clients import Client
from gatehouse.grants import drafts
from gatehouse.grants.denied import Denied
from gatehouse.grants.known import Known, changed
from gatehouse.hooks import Hook

if TYPE_CHECKING:
    from gatehouse.hooks.pre_token import Changes, Subject

# Cognito's trigger sources.
HOSTED, AUTHENTICATION, REFRESH = "TokenGeneration_HostedAuth", "TokenGeneration_Authentication", "TokenGeneration_RefreshTokens"
CLIENT_CREDENTIALS: Final = "TokenGeneration_ClientCredentials"


def run(
    client: Client, known: Known, scope: str, *, org_id: str, login: str, source: str, idempotency_id: str, addable: Collection[str] = ()
) -> Known:
    """What is known, with what the hooks make of it, if there are any. scope: that would be granted. login: as Session.claims.

    addable: scopes that hooks may add.

    Raises:
        Denied: a hook refused. Unavailable: one failed that must not.
    """
    if not known.plan.hooks:
        return known
    subject = subject_of(client, known, scope, org_id=org_id, login=login, addable=addable)
    return changed(known, _changes(known.plan.hooks, subject, source, idempotency_id))


def of_machine(
    client: Client,
    found: Sequence[Hook],
    scope: str,
    barred: Collection[str],
    idempotency_id: str,
    *,
    addable: Collection[str],
    sub: str = "",
) -> "Changes":
    """What the hooks make of a machine's token. sub: the machine that it speaks for, if that is another than the client.

    Raises:
        Denied, Unavailable: as `run`.
    """
    from gatehouse.hooks.pre_token import Subject

    subject = Subject(client, scope=scope, addable=addable, barred=barred, sub=sub)
    return _changes(found, subject, CLIENT_CREDENTIALS, idempotency_id)


def addable(client: Client) -> Collection[str]:
    """Scopes that hooks may add to a person's tokens: of a third party's none, as the person agreed to what they agreed to."""
    return client.scopes if client.first_party else ()


def subject_of(client: Client, known: Known, scope: str, *, org_id: str, login: str, addable: Collection[str]) -> "Subject":
    """What hooks are told."""
    from gatehouse.hooks.pre_token import Subject

    access, id_token, _ = drafts.claims(client, org_id, known, scope, login)
    return Subject(
        client,
        known.holder.user,
        org_id,
        scope,
        known.role_names,
        addable,
        known.plan.mapped.barred,
        access.claims,
        id_token.claims,
        org_name=str((known.holder.organization or {}).get("name", "")),
    )


def _changes(found: Sequence[Hook], subject: "Subject", source: str, idempotency_id: str) -> "Changes":
    # Imported on first use: most clients have no hook.
    from gatehouse.hooks import calls, pre_token

    first_party = subject.client.first_party
    try:
        return pre_token.run(found, subject, source=source, idempotency_id=idempotency_id)
    except calls.Vetoed as veto:
        raise Denied(_described(veto.told(first_party=first_party)) or "a hook refused", detail=f"hook {veto.hook.id}") from veto


def _described(reason: str) -> str:
    """The reason in the characters that error_description may have (RFC 6749 5.2)."""
    return reason.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")
