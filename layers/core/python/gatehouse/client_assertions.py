"""Client assertions (RFC 7523, OpenID Connect Core 9 private_key_jwt): signed by the client's key, for us, for a short time, once."""

import hashlib
from collections.abc import Collection

from gatehouse import client_keys, clock, jose, table
from gatehouse.clients import Client
from gatehouse.errors import Unavailable
from gatehouse.jose import foreign

LONGEST_LIFE_SECONDS = 600
LONGEST_JTI = 256
_TYPES = ("", "jwt", "client-authentication+jwt")


class Refused(Exception):
    """The assertion does not authenticate the client. The message is for the log."""


def client_id(assertion: str) -> str:
    """Whose the assertion claims to be; proves nothing."""
    try:
        subject = foreign.unverified_claims(assertion).get("sub")
    except jose.InvalidJWT:
        return ""
    return subject if isinstance(subject, str) else ""


def spend(assertion: str, client: Client, *, audiences: Collection[str], invocation_id: str) -> str:
    """Hold the assertion against the client's keys and use it up: 1 WRU. Returns what `give_back` takes.

    audiences: what `aud` may hold; a list in it must name one of them. Under FAPI 2.0 `aud` must be the one string there is.

    Raises:
        Refused: with the reason.
        Unavailable: it cannot be decided.
    """
    algorithms = foreign.STRONG_ALGORITHMS if client.fapi else foreign.ALGORITHMS
    pinned = client.token_endpoint_auth_signing_alg
    try:
        jwks = client_keys.of(client, assertion)
        claims = foreign.verify(assertion, jwks, algorithms=(pinned,) if pinned else algorithms, types=_TYPES)
        now = clock.now()
        jose.check_times(claims, now, required=("exp",), skew_seconds=foreign.SKEW_SECONDS)
    except jose.InvalidJWT as flaw:
        raise Refused(str(flaw)) from flaw
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise Refused("iss and sub are not the client")
    if not _addressed(claims.get("aud"), audiences, strictly=client.fapi):
        raise Refused("aud is not us")
    if claims["exp"] > now + LONGEST_LIFE_SECONDS + foreign.SKEW_SECONDS:
        raise Refused("exp is too far ahead")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise Refused("jti is missing")
    return _use(client, jti, claims["exp"], invocation_id)


def _addressed(audience: object, accepted: Collection[str], *, strictly: bool) -> bool:
    if isinstance(audience, str):
        return audience in accepted
    if strictly or not isinstance(audience, list):
        return False
    return any(entry in accepted for entry in audience if isinstance(entry, str))


def give_back(digest: str, invocation_id: str) -> None:
    """Make the assertion good again: whoever sent it was told that the request can be repeated. If that fails too, a new one is needed."""
    try:
        table.delete(table.assertion_key(digest), where=[("used_by", "=", invocation_id)])
    except (table.ConditionFailed, Unavailable):
        return


def _use(client: Client, jti: str, expires_at: int, invocation_id: str) -> str:
    digest = hashlib.sha256(f"{client.client_id}\n{jti}".encode()).hexdigest()
    # Kept beyond its end, as long as any clock of ours may take it for valid.
    item = {"used_by": invocation_id, "ttl": expires_at + 2 * foreign.SKEW_SECONDS}
    try:
        table.put_new(table.assertion_key(digest), item)
    except table.AlreadyExists as used:
        if used.item.get("used_by") != invocation_id:
            raise Refused("used before") from used
    return digest
