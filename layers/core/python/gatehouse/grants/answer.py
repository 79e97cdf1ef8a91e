"""What a grant yields: the token response (RFC 6749 5.1)."""

from dataclasses import dataclass
from typing import Any

from gatehouse import refresh_tokens, tokens, userinfo
from gatehouse.clients import Client
from gatehouse.resources import allowed
from gatehouse.sessions import Session
from gatehouse.users import User


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


def of_session(
    client: Client, session: Session, user: User, scope: str, *, now: int, nonce: str = "", resources: str = "", bound_to: str = ""
) -> Answer:
    """Sign everything that a session entitles the client to, for `scope` and `resources`.

    bound_to: the thumbprint of the key that the tokens are bound to; of the refresh token only a public client's (RFC 9449 section 5).
    """
    # What was taken from the client since counts for its next tokens.
    scope = client.granted_scope(scope)
    named = [resource for resource in (resources or session.resources).split() if resource in allowed(client)]
    access, expires_in = tokens.access_token(client, scope, session, resources=" ".join(named), bound_to=bound_to)
    generation, holder = session.generation, bound_to if client.public else ""
    refreshable = "refresh_token" in client.grant_types
    return Answer(
        access_token=access,
        expires_in=expires_in,
        scope=scope,
        refresh_token=refresh_tokens.issue(session.user_id, session.sid, generation, holder) if refreshable else "",
        refresh_seconds=max(min(session.expires_at, session.idle_expires_at) - now, 0),
        id_token=_id_token(client, session, user, scope, access, nonce) if "openid" in scope.split() else "",
        bound_to=bound_to,
    )


def _id_token(client: Client, session: Session, user: User, scope: str, access: str, nonce: str) -> str:
    opened = scope if client.claims_in_id_token else ""
    # Nothing is looked up where nothing was asked for, which is the rule.
    about = userinfo.claims(user, opened, session.id_token_claims) if opened or session.id_token_claims else {}
    return tokens.id_token(client, session, access, nonce=nonce, about=about)
