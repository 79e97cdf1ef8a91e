"""grant_type=urn:ietf:params:oauth:grant-type:device_code (RFC 8628 3.4): a device asks whether the person has decided."""

from gatehouse import consents, cut_offs, device_codes, proof_of_possession, resources, sessions
from gatehouse.clients import Client
from gatehouse.device_codes import Device
from gatehouse.errors import AuthorizationPending, ExpiredToken, InvalidGrant, InvalidRequest, SlowDown
from gatehouse.grants import hooked, new_session
from gatehouse.grants.answer import Answer
from gatehouse.grants.denied import Denied
from gatehouse.sessions import Session
from gatehouse.web import Request

_SPENT = "the device code is unknown, used or was issued to another client"


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """Begin the session that the person allowed: a read of the device, a read of the user, one write.

    Raises:
        InvalidRequest: no device code. InvalidTarget: another API than was agreed to. InvalidDpopProof, UseDpopNonce: as they say.
        AuthorizationPending, SlowDown: not yet. Denied, ExpiredToken: never, or a hook refused. Unavailable: a hook failed.
        InvalidGrant: it may not be redeemed, or was before.
    """
    value = parameters.get("device_code")
    if not value:
        raise InvalidRequest("device_code is missing")
    key = proof_of_possession.key_of(request, client)
    device = device_codes.find(value)
    if device is None or device.client_id != client.client_id:
        raise InvalidGrant(_SPENT)
    _check_decision(device, request)
    if device.decided_at <= cut_offs.of(client):
        raise InvalidGrant(_SPENT, detail="allowed before a cut-off")
    target = resources.requested(parameters, device.resources.split() or resources.allowed(client))
    # Without the sign-on: a television stays signed in when the browser that allowed it signs out.
    agreed = Session(
        user_id=device.user_id,
        sid=device.sid,
        client_id=device.client_id,
        scope=device.scope,
        resources=device.resources,
        auth_time=device.auth_time,
        amr=device.amr,
        claims=device.claims,
    )
    # As after an authorization code: a consent that was taken back meanwhile lets nothing begin.
    permissions = [] if client.first_party else [consents.standing(device.user_id, client.client_id, device.decided_at)]
    return new_session.begin(
        request,
        client,
        agreed,
        source=hooked.AUTHENTICATION,
        refusal=_SPENT,
        resources=target,
        bound_to=key,
        permissions=permissions,
    )


def _check_decision(device: Device, request: Request) -> None:
    if device.over:
        if device.status == device_codes.APPROVED:
            # Too late for whoever did not use it, and a replay if somebody did.
            sessions.revoke(device.user_id, device.sid, "code_replayed", client_id=device.client_id)
        raise ExpiredToken("nobody decided in time; ask for a new code")
    if device.status == device_codes.DENIED:
        raise Denied("the person did not allow it")
    if device.status != device_codes.PENDING:
        return
    if not device_codes.poll(device, request.id):
        raise SlowDown(f"wait {device_codes.INTERVAL_SECONDS} seconds longer between polls")
    raise AuthorizationPending("the person has not decided yet")
