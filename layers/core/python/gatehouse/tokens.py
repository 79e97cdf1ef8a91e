"""Access tokens (RFC 9068) and ID tokens (OpenID Connect Core 2), minimal: more about the person comes from userinfo."""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gatehouse import assurance, claim_rules, clock, jose, keys, observe
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, field
from gatehouse.sessions import Session
from gatehouse.settings import settings

ACCESS_TYP = "at+jwt"
ID_TYP = "JWT"
INTROSPECTION_TYP = "token-introspection+jwt"
LONGEST = 7000
# Header and signature by RSA.
_LONGEST_ENVELOPE = 500
# Base64 makes four bytes of three.
_LONGEST_PAYLOAD = (LONGEST - _LONGEST_ENVELOPE) * 3 // 4
# What leaves a token when it is too long, after what people write themselves; then the rest that is not its own, largest first.
_FIRST_TO_GO = ("permissions", "roles")
# Of the claims about a person the one that they write themselves, and at any length.
_WRITTEN = "user_metadata"
# How much of a token the names of what left it may take.
_LONGEST_OVERFLOW = 500


@dataclass(frozen=True, slots=True)
class Added:
    """Claims that mapping, hooks or a sign-in add to a token, and what they may take together, in bytes of the payload.

    persons_own: those of them that leave before any other, so that nobody drives out by what they write what others decide by.
    """

    claims: Mapping[str, Any] = field(default_factory=dict)
    budget_bytes: int = 0
    persons_own: Collection[str] = ()


_NOTHING = Added()


def signing_keys(client: Client) -> None:
    """Have at hand what `access_token` and `id_token` sign with, so that no trouble with KMS can follow a write.

    Raises:
        Unavailable: KMS or the table does not give a key.
    """
    keys.signing_key(client.access_token_alg)
    keys.signing_key(client.id_token_alg)


def access_token(
    client: Client,
    scope: str,
    session: Session | None = None,
    *,
    resources: str = "",
    bound_to: str = "",
    rights: Mapping[str, Any] | None = None,
    longest_seconds: int = 0,
    added: Added = _NOTHING,
) -> tuple[str, int]:
    """A signed access token and its lifetime in seconds. Without a session it is the client's own (client_credentials).

    resources: the APIs that it is for, separated by spaces, by default the client's. bound_to: the thumbprint of the key it needs.
    rights: further claims. longest_seconds: what its APIs let it live at most, 0 for no such limit. added: what `rights` does not have.
    """
    claims = access_claims(client, scope, session, resources=resources, rights=rights, longest_seconds=longest_seconds)
    return signed_access_token(client, claims, bound_to=bound_to, added=added), claims["exp"] - claims["iat"]


def access_claims(
    client: Client,
    scope: str,
    session: Session | None = None,
    *,
    resources: str = "",
    rights: Mapping[str, Any] | None = None,
    longest_seconds: int = 0,
) -> dict[str, Any]:
    """The claims that are an access token's own, and its times, out of one instant. As access_token."""
    now = clock.now()
    expires_at = now + min(client.access_token_seconds, longest_seconds or client.access_token_seconds)
    claims: dict[str, Any] = {"sub": client.client_id}
    if session:
        expires_at = min(expires_at, session.expires_at)
        claims = {"sub": session.user_id, "sid": session.sid, **_in_the_name_of(session)}
    return claims | {"aud": audience(client, scope, resources), "scope": scope, "iat": now, "exp": expires_at, **(rights or {})}


def _in_the_name_of(session: Session) -> dict[str, str]:
    return {"org_id": session.org_id} if session.org_id else {}


def signed_access_token(client: Client, claims: Mapping[str, Any], *, bound_to: str = "", added: Added = _NOTHING) -> str:
    """An access token of these claims (sub, aud, scope, iat, exp and what else there is), issued to the client."""
    made, left = composed(issued(client, claims, bound_to=bound_to), added)
    _note_overflow("access_token", client, left)
    return jose.sign(made, keys.signing_key(client.access_token_alg), typ=ACCESS_TYP)


def issued(client: Client, claims: Mapping[str, Any], *, bound_to: str = "") -> dict[str, Any]:
    """The claims of an access token with those that are in all of them."""
    common = {"iss": settings().issuer, "client_id": client.client_id, "jti": secrets.token_urlsafe(12)}
    confirmation = {"cnf": {"jkt": bound_to}} if bound_to else {}
    return common | dict(claims) | confirmation


def composed(own: Mapping[str, Any], added: Added, about: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """All claims of a token, those that are its own in place of any other, and those that left it, each with its bytes.

    about: claims about the person, which count for the length of the token and for no budget. What was added leaves it while it is
    over its budget; then whatever makes the token longer than LONGEST, as API Gateway takes 10 240 bytes of request line and headers: a
    longer token would be refused at every call, and no application could tell why. Each time what is the person's own leaves first, and
    of that and of the rest the largest. The claim `overflow` names what left, so that an API can ask for it elsewhere.
    """
    if not about and not added.claims and own.keys().isdisjoint(_FIRST_TO_GO):
        # Nothing but its own, which does not leave.
        return dict(own), []
    claims = {**(about or {}), **added.claims, **own}
    persons_own = {_WRITTEN, *added.persons_own} - own.keys()
    sized = _largest_first(claims, [name for name in added.claims if name not in own], persons_own)
    over, left = sum(size for _, size in sized) - added.budget_bytes, []
    for name, size in sized:
        if over <= 0:
            break
        over -= size
        left.append((name, size))
        del claims[name]
    first = _largest_first(claims, [name for name in claims if name in persons_own])
    then = [(name, claim_rules.size(name, claims[name])) for name in _FIRST_TO_GO if name in claims]
    rest = _largest_first(claims, [name for name in claims if name not in own and name not in persons_own and name not in _FIRST_TO_GO])
    for name, size in (*first, *then, *rest):
        if claim_rules.length(_with_overflow(claims, left)) <= _LONGEST_PAYLOAD:
            break
        left.append((name, size))
        del claims[name]
    return _with_overflow(claims, left), left


def longest_length(claims: Mapping[str, Any]) -> int:
    """How long a token of these claims is at most, whatever it is signed with."""
    return claim_rules.length(claims) * 4 // 3 + _LONGEST_ENVELOPE


def _largest_first(claims: Mapping[str, Any], names: Sequence[str], before: Collection[str] = ()) -> list[tuple[str, int]]:
    """Names with their sizes. before: names that come before all others."""
    sized = [(name, claim_rules.size(name, claims[name])) for name in names]
    return sorted(sized, key=lambda found: (found[0] not in before, -found[1]))


def _with_overflow(claims: dict[str, Any], left: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The claims, and the names of those that left, as far as they have room."""
    named: list[str] = []
    for name, _ in left:
        if sum(map(len, named)) + len(name) <= _LONGEST_OVERFLOW:
            named.append(name)
    return claims | {"overflow": named} if named else claims


def _note_overflow(token: str, client: Client, left: Sequence[tuple[str, int]]) -> None:
    """Names and bytes; never a value."""
    if left:
        told = " ".join(f"{name}:{size}" for name, size in left)
        observe.event("TokenOverflow", client_id=client.client_id, token=token, left_out=told[:1000])


def audience(client: Client, scope: str, resources: str = "") -> str | list[str]:
    """The APIs asked for, or the client's; with openid also our own, since the token opens userinfo."""
    own = settings().issuer
    named = resources.split() or [client.audience or own]
    if "openid" in scope.split() and own not in named:
        named.append(own)
    return named if len(named) > 1 else named[0]


def key_of(claims: Mapping[str, Any]) -> str:
    """The thumbprint of the key that an access token of ours is bound to; empty for a bearer token (RFC 9449 section 6)."""
    confirmation = claims.get("cnf")
    return str(confirmation.get("jkt", "")) if isinstance(confirmation, dict) else ""


def id_token(
    client: Client,
    session: Session,
    access: str,
    *,
    nonce: str = "",
    about: Mapping[str, Any] | None = None,
    added: Added = _NOTHING,
) -> str:
    """A signed ID token. nonce: as it came with the authorization request, empty on refresh (OpenID Connect Core 12.2).

    about: claims about the person that it is to hold beside its own. added: further claims, which may stand in their place.
    """
    claims, left = composed(id_claims(client, session, access, nonce=nonce), added, about)
    _note_overflow("id_token", client, left)
    return jose.sign(claims, keys.signing_key(client.id_token_alg), typ=ID_TYP)


def id_claims(client: Client, session: Session, access: str, *, nonce: str = "") -> dict[str, Any]:
    """The claims that are an ID token's own."""
    now = clock.now()
    claims = {
        "iss": settings().issuer,
        "sub": session.user_id,
        "aud": client.client_id,
        "iat": now,
        "exp": now + client.id_token_seconds,
        "auth_time": session.auth_time,
        **assurance.claims(session.amr or []),
        "sid": session.sid,
        **_in_the_name_of(session),
        "at_hash": _left_half_hash(access, client.id_token_alg),
    }
    return claims | ({"nonce": nonce} if nonce else {})


def read_access_token(token: str) -> Mapping[str, Any]:
    """The claims of an access token of ours that is in force. Says nothing about its session.

    Raises:
        jose.InvalidJWT: it is not.
    """
    claims = jose.verify(token, keys.verification_keys(), typ=ACCESS_TYP, now=clock.now())
    if claims.get("iss") != settings().issuer:
        raise jose.InvalidJWT("iss is another")
    _require_strings(claims, "sub", "client_id", "jti", "scope")
    return claims


def read_id_token_hint(token: str) -> Mapping[str, Any]:
    """The claims of an ID token that we issued, be it over or not (OpenID Connect Core 3.1.2.1).

    Raises:
        jose.InvalidJWT: we did not issue it.
    """
    return _read_id_token(token, expired_ok=True)


def read_id_token(token: str) -> Mapping[str, Any]:
    """The claims of an ID token that we issued and that is in force. Says nothing about its session, or for whom it is.

    Raises:
        jose.InvalidJWT: it is not.
    """
    return _read_id_token(token, expired_ok=False)


def _read_id_token(token: str, *, expired_ok: bool) -> Mapping[str, Any]:
    claims = jose.verify(token, keys.verification_keys(), typ=ID_TYP, now=clock.now(), expired_ok=expired_ok)
    if claims.get("iss") != settings().issuer:
        raise jose.InvalidJWT("iss is another")
    _require_strings(claims, "sub", "aud", "sid")
    return claims


def _require_strings(claims: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not isinstance(claims.get(name), str):
            raise jose.InvalidJWT(f"{name} is missing")


def audiences(claims: Mapping[str, Any]) -> list[str]:
    """`aud` as a list."""
    value = claims.get("aud")
    if isinstance(value, str):
        return [value]
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _left_half_hash(token: str, algorithm: str) -> str:
    # EdDSA hashes with SHA-512 inside, and so does its at_hash; the two others with SHA-256.
    digest = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(token.encode()).digest()
    return jose.b64encode(digest[: len(digest) // 2])


def logout_token(client: Client, user_id: str, sid: str, jti: str) -> str:
    """A signed logout token (OpenID Connect Back-Channel Logout 1.0, 2.4), good for two minutes. jti: what receivers tell repeats by."""
    now = clock.now()
    claims = {
        "iss": settings().issuer,
        "sub": user_id,
        "aud": client.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": jti,
        "sid": sid,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    return jose.sign(claims, keys.signing_key(client.id_token_alg), typ="logout+jwt")


def introspection_token(client: Client, found: Mapping[str, Any]) -> str:
    """A signed introspection response for the client that asked (RFC 9701 section 5). Without sub and exp, it passes for nothing else."""
    claims = {"iss": settings().issuer, "aud": client.client_id, "iat": clock.now(), "token_introspection": dict(found)}
    return jose.sign(claims, keys.signing_key(client.id_token_alg), typ=INTROSPECTION_TYP)
