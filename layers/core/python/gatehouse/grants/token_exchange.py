"""grant_type=urn:ietf:params:oauth:grant-type:token-exchange (RFC 8693): one token for another, at another API. Nothing is written."""

from collections.abc import Mapping
from typing import Any

from gatehouse import clock, cut_offs, holders, jose, proof_of_possession, resources, tokens
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, replace
from gatehouse.errors import InvalidRequest, InvalidScope, UnauthorizedClient
from gatehouse.grants import client_credentials, drafts, hooked, known
from gatehouse.grants.answer import Answer
from gatehouse.grants.drafts import entitled, granted
from gatehouse.grants.known import Known
from gatehouse.sessions import Session
from gatehouse.settings import settings
from gatehouse.tokens import Added
from gatehouse.web import Request

_TYPE = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN = f"{_TYPE}access_token"
JWT = f"{_TYPE}jwt"
ID_TOKEN = f"{_TYPE}id_token"
# How many may stand between the person and the API, each acting for the one before.
MOST_ACTORS = 4
# They open our own endpoints, so they go along only where the issuer is asked for by name.
_OUR_OWN_SCOPES = ("openid", "offline_access")


@dataclass(frozen=True, slots=True)
class _Party:
    """Whom a token speaks for. client_id: whom it was issued to. act: who acts already, empty for nobody.

    sid, person: empty for a machine. org_id: the organization in whose name the person signed in, empty for none.
    """

    sub: str
    client_id: str
    scope: str
    expires_at: int
    sid: str
    act: Mapping[str, Any]
    person: Known | None = None
    org_id: str = ""


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """An access token of the subject's for the APIs asked for, which ends with the session behind the subject token: at most 4 RRU.

    Raises:
        UnauthorizedClient: the client has no policy for it.
        InvalidRequest: a parameter is missing or unknown, or a token is not in force, not to be exchanged by this client, or not with this
            key (RFC 8693 2.2.2).
        InvalidTarget, InvalidScope: more than subject and client may have. InvalidDpopProof, UseDpopNonce: as they say.
        Denied, Unavailable: a hook refused, or failed.
    """
    if client.public or not client.token_exchange:
        raise UnauthorizedClient("the client may not exchange tokens")
    if parameters.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise InvalidRequest(f"requested_token_type must be {ACCESS_TOKEN}")
    target = resources.requested(parameters, resources.allowed(client))
    key = proof_of_possession.key_of(request, client)
    subject = _subject(client, parameters, key, target)
    actor = _actor(client, parameters, key)
    act = _act(client, subject, actor)
    scope = _scope(client, parameters.get("scope", ""), subject, target)
    scope, rights, seconds, added = _granted(client, subject, scope, target, request)
    now = clock.now()
    expires_at = min(now + client.access_token_seconds, now + (seconds or client.access_token_seconds), subject.expires_at)
    audience = tokens.audience(client, scope, target)
    claims = {"sub": subject.sub, "sid": subject.sid, "org_id": subject.org_id, "act": act, "aud": audience, "scope": scope}
    shown = {name: value for name, value in claims.items() if value or name == "scope"}
    access = tokens.signed_access_token(client, shown | rights | {"iat": now, "exp": expires_at}, bound_to=key, added=added)
    request.outcome.update(
        {
            "exchange": client.token_exchange,
            "subject_client_id": subject.client_id,
            "actor_client_id": actor.client_id if actor else "",
            "sid": subject.sid,
        }
    )
    return Answer(access, expires_at - now, scope, bound_to=key, issued_token_type=ACCESS_TOKEN)


def _granted(client: Client, subject: _Party, scope: str, target: str, request: Request) -> tuple[str, dict[str, Any], int, Added]:
    """What hooks and rights make of the scope, as drafts.granted, and the claims that hooks and mapping add.

    Claims that hooks gave to the sign-in stay with the client that the person signed in to.
    """
    # Of the subject's own scopes: nobody has more from an exchange than the token that it began with.
    addable = [name for name in subject.scope.split() if name in client.scopes]
    if subject.person is None:
        scope, added = client_credentials.hooked_scope(client, scope, request, addable=addable, sub=subject.sub)
        targets = known.targets(client, scope, target)
        return *entitled(known.rights_of(None, "", targets), scope, targets), added
    source, request_id = hooked.AUTHENTICATION, request.id
    person = hooked.run(
        client, subject.person, scope, org_id=subject.org_id, login="", source=source, idempotency_id=request_id, addable=addable
    )
    scope, rights, seconds = granted(client, person, scope, target)
    return scope, rights, seconds, drafts.claims(client, subject.org_id, person, scope)[0]


def _subject(client: Client, parameters: dict[str, str], key: str, target: str) -> _Party:
    token, kind = _token(parameters, "subject")
    if not token:
        raise InvalidRequest("subject_token is missing")
    if kind == ID_TOKEN:
        return _of_id_token(client, token, target)
    if kind not in (ACCESS_TOKEN, JWT):
        raise InvalidRequest(f"subject_token_type must be {ACCESS_TOKEN}, {JWT} or {ID_TOKEN}")
    claims = _access_claims(client, token, key, "subject")
    party = _party(claims)
    if not party.sid:
        return party
    session, person = _person(client, claims, target)
    return replace(party, person=person, org_id=session.org_id)


def _actor(client: Client, parameters: dict[str, str], key: str) -> _Party | None:
    token, kind = _token(parameters, "actor")
    if not token:
        return None
    if kind not in (ACCESS_TOKEN, JWT):
        raise InvalidRequest(f"actor_token_type must be {ACCESS_TOKEN} or {JWT}")
    claims = _access_claims(client, token, key, "actor")
    actor = _party(claims)
    if actor.sid and cut_offs.live_session(actor.sub, actor.sid, org_id=claims.get("org_id", "")) is None:
        raise _unfit("actor", "session is over")
    if actor.act:
        # Its holder is somebody else than its subject, and would pass for that subject from here on.
        raise InvalidRequest("actor_token is itself of somebody who acts for another")
    return actor


def _token(parameters: dict[str, str], role: str) -> tuple[str, str]:
    """Token and type, which come together or not at all (RFC 8693 2.1)."""
    token, kind = parameters.get(f"{role}_token", ""), parameters.get(f"{role}_token_type", "")
    if bool(token) != bool(kind):
        raise InvalidRequest(f"{role}_token and {role}_token_type go together")
    return token, kind


def _access_claims(client: Client, token: str, key: str, role: str) -> Mapping[str, Any]:
    try:
        claims = tokens.read_access_token(token)
    except jose.InvalidJWT as flaw:
        raise _unfit(role, str(flaw)) from flaw
    own = claims["client_id"] == client.client_id
    if not own and not {client.client_id, *client.introspection_audiences} & set(tokens.audiences(claims)):
        raise _unfit(role, "neither the client's own nor meant for it")
    # Who a token was issued to holds its key, and must show that. An API that it was sent to has seen the proof, and holds no such key.
    if own and tokens.key_of(claims) not in ("", key):
        raise _unfit(role, "bound to another key than the DPoP proof's")
    if cut_offs.passed(claims["client_id"], claims["iat"]):
        raise _unfit(role, "issued before a cut-off, or its client is gone")
    return claims


def _party(claims: Mapping[str, Any]) -> _Party:
    return _Party(claims["sub"], claims["client_id"], claims["scope"], claims["exp"], claims.get("sid", ""), claims.get("act", {}))


def _of_id_token(client: Client, token: str, target: str) -> _Party:
    """It says whose session it is about; what that session was granted is looked up."""
    try:
        claims = tokens.read_id_token(token)
    except jose.InvalidJWT as flaw:
        raise _unfit("subject", str(flaw)) from flaw
    if claims["aud"] != client.client_id:
        raise _unfit("subject", "issued to another client")
    session, person = _person(client, claims, target)
    expires_at = min(claims["exp"], session.expires_at)
    return _Party(session.user_id, client.client_id, session.scope, expires_at, session.sid, {}, person, session.org_id)


def _person(client: Client, claims: Mapping[str, Any], target: str) -> tuple[Session, Known]:
    """The session behind the subject token, and what is known of its person, read together."""
    org_id = claims.get("org_id", "")
    most = " ".join(client.scopes)
    planned = known.plan(client, org_id, most, known.targets(client, most, target))
    found = holders.live(claims["sub"], claims["sid"], org_id, planned.needed)
    if found is None or found.session is None:
        raise _unfit("subject", "session is over")
    return found.session, known.look_up(planned, found, found.session.org_id)


def _unfit(role: str, detail: str) -> InvalidRequest:
    # One sentence for every reason: who holds a token that is not meant for them learns nothing about it.
    return InvalidRequest(f"{role}_token is not one that the client may exchange now", detail=f"{role}: {detail}")


def _act(client: Client, subject: _Party, actor: _Party | None) -> Mapping[str, Any]:
    """Who acts for the subject, over those who did before (RFC 8693 4.1). A client that impersonates adds nobody, and takes nobody away."""
    if actor is None and client.token_exchange == "impersonation":
        return subject.act
    sub, client_id = (actor.sub, actor.client_id) if actor else (client.client_id, client.client_id)
    if sub == subject.sub:
        raise InvalidRequest("nobody acts for themselves")
    act = {"sub": sub, "client_id": client_id} | ({"act": subject.act} if subject.act else {})
    if _length(act) > MOST_ACTORS:
        raise InvalidRequest(f"more than {MOST_ACTORS} act one for another")
    return act


def _length(act: Mapping[str, Any]) -> int:
    return 1 + _length(act["act"]) if "act" in act else 1


def _scope(client: Client, requested: str, subject: _Party, target: str) -> str:
    left_out = () if settings().issuer in target.split() else _OUR_OWN_SCOPES
    allowed = [scope for scope in subject.scope.split() if scope in client.scopes and scope not in left_out]
    asked = list(dict.fromkeys(requested.split()))
    if not set(asked) <= set(allowed):
        raise InvalidScope("scope exceeds what the subject_token and the client have for this API")
    return " ".join(asked or allowed)
