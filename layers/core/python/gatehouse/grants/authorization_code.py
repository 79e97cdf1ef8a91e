"""grant_type=authorization_code (RFC 6749 4.1.3, RFC 7636)."""

import hashlib
import hmac

from gatehouse import codes, consents, cut_offs, jose, memberships, proof_of_possession, resources, sessions, table
from gatehouse.clients import Client
from gatehouse.codes import Code
from gatehouse.errors import InvalidGrant, InvalidRequest
from gatehouse.grants import hooked, new_session
from gatehouse.grants.answer import Answer
from gatehouse.sessions import Session
from gatehouse.web import Request

_SPENT = "the code is unknown, used, expired or was issued to another client"
LONGEST_VERIFIER = 128


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """Redeem the code: a read of the user, one write, which also checks a third party's consent, and the membership of an organization.

    Raises:
        InvalidRequest: no code. InvalidTarget: another API than was agreed to. InvalidDpopProof, UseDpopNonce: as they say.
        InvalidGrant: it may not be redeemed, or not so. Denied, Unavailable: a hook refused, or failed; the code can be used again.
    """
    value = parameters.get("code")
    if not value:
        raise InvalidRequest("code is missing")
    key = proof_of_possession.key_of(request, client)
    code = codes.read(value)
    if code is None or code.client_id != client.client_id:
        raise InvalidGrant(_SPENT)
    if codes.over(code):
        # Too late for whoever did not use it, and a replay if somebody did (RFC 6749 4.1.2).
        sessions.revoke(code.user_id, code.sid, "code_replayed", client_id=client.client_id)
        raise InvalidGrant(_SPENT, detail="expired")
    if codes.issued_at(code) <= cut_offs.of(client):
        raise InvalidGrant(_SPENT, detail="issued before a cut-off")
    _check_redirect_uri(code, parameters.get("redirect_uri"))
    if not _proven(code.code_challenge, parameters.get("code_verifier", "")):
        # Whoever holds a code without its verifier stole it, so the rightful holder must not be left racing them.
        sessions.bury(code.user_id, code.sid, code.client_id)
        raise InvalidGrant("code_verifier does not match the code_challenge of the authorization request")
    if code.dpop_jkt not in ("", key):
        raise InvalidGrant("the code is for another key than the DPoP proof's")
    target = resources.requested(parameters, code.resources.split() or resources.allowed(client))
    return new_session.begin(
        request,
        client,
        _agreed(code),
        source=hooked.HOSTED,
        refusal=_SPENT,
        resources=target,
        bound_to=key,
        nonce=code.nonce,
        permissions=_permissions(client, code),
    )


def _agreed(code: Code) -> Session:
    """The session as far as the person agreed to it."""
    return Session(
        user_id=code.user_id,
        sid=code.sid,
        client_id=code.client_id,
        scope=code.scope,
        resources=code.resources,
        userinfo_claims=code.userinfo_claims,
        id_token_claims=code.id_token_claims,
        auth_time=code.auth_time,
        amr=code.amr,
        sign_on_id=code.sign_on_id,
        org_id=code.org_id,
        claims=code.claims,
    )


def _permissions(client: Client, code: Code) -> list[table.Write]:
    """What must have stood since the code was issued, and is checked in the write that begins the session: it may end at any moment.

    First parties need no consent, and pay nothing for it; and so those who sign in for no organization.
    """
    since = codes.issued_at(code)
    needed = [] if client.first_party else [consents.standing(code.user_id, client.client_id, since)]
    return [*needed, memberships.standing(code.user_id, code.org_id, since)] if code.org_id else needed


def _check_redirect_uri(code: Code, redirect_uri: str | None) -> None:
    if redirect_uri is None and not code.redirect_uri_given:
        return
    if redirect_uri != code.redirect_uri:
        raise InvalidGrant("redirect_uri differs from the authorization request")


def _proven(challenge: str, verifier: str) -> bool:
    """S256 of RFC 7636 4.6. A verifier without a challenge is a downgrade (RFC 9700 4.8.2)."""
    if not challenge:
        return not verifier
    if not 43 <= len(verifier) <= LONGEST_VERIFIER or not verifier.isascii():
        return False
    return hmac.compare_digest(jose.b64encode(hashlib.sha256(verifier.encode()).digest()), challenge)
