"""What a grant yields: the token response (RFC 6749 5.1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse import refresh_tokens, tokens, userinfo
from gatehouse.clients import Client
from gatehouse.resources import allowed
from gatehouse.sessions import Session
from gatehouse.settings import settings
from gatehouse.users import ROLES_SCOPE, User

if TYPE_CHECKING:
    from gatehouse.entitlements import Rights


@dataclass(frozen=True, slots=True)
class Answer:
    """refresh_token and id_token are empty where there is none. refresh_seconds: how long the refresh token can be used if left alone.

    bound_to: the thumbprint of the key that the access token needs. issued_token_type: of a token exchange (RFC 8693 2.2.1).
    """

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str = ""
    refresh_seconds: int = 0
    id_token: str = ""
    bound_to: str = ""
    issued_token_type: str = ""

    def body(self, *, with_refresh_token: bool = True) -> dict[str, Any]:
        """The JSON body."""
        body: dict[str, Any] = {"access_token": self.access_token, "token_type": "DPoP" if self.bound_to else "Bearer"}
        body |= {"expires_in": self.expires_in, "scope": self.scope}
        if self.issued_token_type:
            body["issued_token_type"] = self.issued_token_type
        if self.id_token:
            body["id_token"] = self.id_token
        if self.refresh_token and with_refresh_token:
            body["refresh_token"] = self.refresh_token
        return body


@dataclass(frozen=True, slots=True)
class Known:
    """What was read about a person for their tokens, beside their record. rights: as rights_of. document: as userinfo.document."""

    rights: "Rights | None"
    document: Mapping[str, Any] | None


def of_session(
    client: Client,
    session: Session,
    user: User,
    scope: str,
    *,
    now: int,
    nonce: str = "",
    resources: str = "",
    bound_to: str = "",
    known: Known | None = None,
) -> Answer:
    """Sign everything that a session entitles the client to, for `scope` and `resources`.

    bound_to: the thumbprint of the key that the tokens are bound to; of the refresh token only a public client's (RFC 9449 section 5).
    known: what look_up gave, by default read here.
    """
    # What was taken from the client since counts for its next tokens.
    scope = client.granted_scope(scope)
    named = [resource for resource in (resources or session.resources).split() if resource in allowed(client)]
    targets = tokens.audiences({"aud": tokens.audience(client, scope, " ".join(named))})
    known = known or look_up(client, user, session.org_id, scope, targets)
    scope, claims, seconds = entitled(known.rights, scope, targets)
    access, expires_in = tokens.access_token(
        client, scope, session, resources=" ".join(named), bound_to=bound_to, rights=claims, longest_seconds=seconds
    )
    held = (session.user_id, session.sid, session.generation, bound_to if client.public else "", session.org_id)
    refreshable = "refresh_token" in client.grant_types
    return Answer(
        access_token=access,
        expires_in=expires_in,
        scope=scope,
        refresh_token=refresh_tokens.issue(*held) if refreshable else "",
        refresh_seconds=max(min(session.expires_at, session.idle_expires_at) - now, 0),
        id_token=_id_token(client, session, user, scope, access, nonce, known) if "openid" in scope.split() else "",
        bound_to=bound_to,
    )


def look_up(client: Client, user: User, org_id: str, scope: str, targets: Collection[str]) -> Known:
    """All that is read for tokens of at most this scope, for at most these APIs: what rights_of and userinfo.document cost."""
    return Known(rights_of(user, org_id, scope, targets), userinfo.document(user.user_id, scope) if client.claims_in_id_token else None)


def rights_of(user: User | None, org_id: str, scope: str, targets: Collection[str]) -> "Rights | None":
    """What a person may do at those of these APIs that are registered, or a machine, which is nobody.

    None where there is nothing to say of it, and then nothing is read. scope: whether it has `roles` counts.
    """
    others = [target for target in targets if target != settings().issuer]
    with_roles = user is not None and ROLES_SCOPE in scope.split()
    if not others and not with_roles:
        return None
    # Imported on first use: most clients have no API but userinfo.
    from gatehouse import entitlements

    return entitlements.of_person(user, org_id, others, with_roles=with_roles) if user else entitlements.of_machine(others)


def entitled(rights: "Rights | None", scope: str, targets: Collection[str]) -> tuple[str, dict[str, Any], int]:
    """What the rights leave of a scope at these APIs, the claims beside it, and how long the APIs let a token live, 0 for any time."""
    if rights is None:
        return scope, {}, 0
    left = rights.scope(scope, targets)
    return left, rights.claims(left, targets), rights.seconds(targets)


def _id_token(client: Client, session: Session, user: User, scope: str, access: str, nonce: str, known: Known) -> str:
    opened = scope if client.claims_in_id_token else ""
    role_names = known.rights.role_names if known.rights else ()
    asked = opened or session.id_token_claims
    # Nothing is put together where nothing was asked for, which is the rule.
    about = userinfo.claims(user, opened, session.id_token_claims, role_names=role_names, document=known.document) if asked else {}
    return tokens.id_token(client, session, access, nonce=nonce, about=about)
