"""What a token is worth right now (RFC 7662), and taking it back (RFC 7009)."""

from collections.abc import Mapping
from typing import Any

from gatehouse import cut_offs, jose, refresh_tokens, sessions, tokens
from gatehouse.clients import Client
from gatehouse.errors import UnsupportedTokenType
from gatehouse.settings import settings

INACTIVE: dict[str, Any] = {"active": False}
_SHOWN = ("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "sid", "org_id", "cnf", "act", "permissions", "roles", "overflow")


def introspect(client: Client, token: str) -> dict[str, Any]:
    """The introspection response; exactly {"active": false} for whatever is not live or not for this client to see. At most 3 RRU."""
    refresh = refresh_tokens.read(token)
    if refresh:
        return _of_refresh_token(client, refresh)
    try:
        claims = tokens.read_access_token(token)
    except jose.InvalidJWT:
        return INACTIVE
    if not _may_see(client, claims) or cut_offs.passed(claims["client_id"], claims["iat"]):
        return INACTIVE
    if "sid" in claims and cut_offs.live_session(claims["sub"], claims["sid"], org_id=claims.get("org_id", "")) is None:
        return INACTIVE
    shown = {name: claims[name] for name in _SHOWN if name in claims}
    bound = tokens.key_of(claims)
    return {"active": True, "token_type": "DPoP" if bound else "Bearer"} | shown


def _of_refresh_token(client: Client, refresh: refresh_tokens.RefreshToken) -> dict[str, Any]:
    found = cut_offs.live_session(refresh.user_id, refresh.sid, org_id=refresh.org_id)
    if found is None:
        return INACTIVE
    session, _ = found
    if session.client_id != client.client_id or session.generation != refresh.generation:
        return INACTIVE
    return {
        "active": True,
        "token_type": "refresh_token",
        "iss": settings().issuer,
        "sub": session.user_id,
        "client_id": session.client_id,
        "scope": session.scope,
        "exp": min(session.expires_at, session.idle_expires_at),
        "sid": session.sid,
    }


def _may_see(client: Client, claims: Mapping[str, Any]) -> bool:
    return claims["client_id"] == client.client_id or bool(set(client.introspection_audiences) & set(tokens.audiences(claims)))


def revoke(client: Client, token: str) -> None:
    """End the session that the token belongs to, if it is this client's; nothing happens otherwise. 1 WRU.

    Raises:
        UnsupportedTokenType: an access token without a session of this client, which only its expiry or the other's end ends.
    """
    refresh = refresh_tokens.read(token)
    if refresh:
        sessions.revoke(refresh.user_id, refresh.sid, "revoked", client_id=client.client_id)
        return
    try:
        claims = tokens.read_access_token(token)
    except jose.InvalidJWT:
        return
    if claims["client_id"] != client.client_id:
        return
    if "sid" not in claims:
        raise UnsupportedTokenType("a machine's access token cannot be revoked; it ends at its expiry")
    if not sessions.revoke(claims["sub"], claims["sid"], "revoked", client_id=client.client_id):
        raise UnsupportedTokenType(
            "a token from an exchange cannot be revoked; it ends with the session that it came from, or at its expiry"
        )
