"""What a grant yields: the token response (RFC 6749 5.1)."""

from dataclasses import dataclass
from typing import Any

from gatehouse import refresh_tokens, tokens
from gatehouse.clients import Client
from gatehouse.sessions import Session


@dataclass(frozen=True, slots=True)
class Answer:
    """refresh_token and id_token are empty where there is none. refresh_seconds: how long the refresh token can be used if left alone."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str = ""
    refresh_seconds: int = 0
    id_token: str = ""

    def body(self, *, with_refresh_token: bool = True) -> dict[str, Any]:
        """The JSON body."""
        body: dict[str, Any] = {"access_token": self.access_token, "token_type": "Bearer"}
        body |= {"expires_in": self.expires_in, "scope": self.scope}
        if self.id_token:
            body["id_token"] = self.id_token
        if self.refresh_token and with_refresh_token:
            body["refresh_token"] = self.refresh_token
        return body


def of_session(client: Client, session: Session, scope: str, *, now: int, nonce: str = "") -> Answer:
    """Sign everything that a session entitles the client to, for `scope`."""
    access, expires_in = tokens.access_token(client, scope, session)
    refreshable = "refresh_token" in client.grant_types
    return Answer(
        access_token=access,
        expires_in=expires_in,
        scope=scope,
        refresh_token=refresh_tokens.issue(session.user_id, session.sid, session.generation) if refreshable else "",
        refresh_seconds=max(min(session.expires_at, session.idle_expires_at) - now, 0),
        id_token=tokens.id_token(client, session, access, nonce=nonce) if "openid" in scope.split() else "",
    )
