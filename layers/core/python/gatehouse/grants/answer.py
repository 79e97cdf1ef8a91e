"""What a grant yields: the token response (RFC 6749 5.1)."""

from typing import Any

from gatehouse import refresh_tokens, tokens
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass
from gatehouse.grants import drafts
from gatehouse.grants.known import Known
from gatehouse.sessions import Session


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
    client: Client, session: Session, known: Known, scope: str, *, now: int, nonce: str = "", resources: str = "", bound_to: str = ""
) -> Answer:
    """Sign everything that a session entitles the client to, for `scope` and `resources`.

    bound_to: the thumbprint of the key that the tokens are bound to; of the refresh token only a public client's (RFC 9449 section 5).
    """
    draft = drafts.of_session(client, session, known, scope, resources)
    access, expires_in = tokens.access_token(
        client,
        draft.scope,
        session,
        resources=draft.resources,
        bound_to=bound_to,
        rights=draft.rights,
        longest_seconds=draft.seconds,
        added=draft.access_token,
    )
    with_id_token = "openid" in draft.scope.split()
    held = (session.user_id, session.sid, session.generation, bound_to if client.public else "", session.org_id)
    refreshable = "refresh_token" in client.grant_types
    return Answer(
        access_token=access,
        expires_in=expires_in,
        scope=draft.scope,
        refresh_token=refresh_tokens.issue(*held) if refreshable else "",
        refresh_seconds=max(min(session.expires_at, session.idle_expires_at) - now, 0),
        id_token=tokens.id_token(client, session, access, nonce=nonce, about=draft.about, added=draft.id_token) if with_id_token else "",
        bound_to=bound_to,
    )
