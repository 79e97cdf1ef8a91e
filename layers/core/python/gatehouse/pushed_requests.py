"""Pushed authorization requests (RFC 9126): kept under a name that only their client may use, for a short time and for one code."""

import secrets

from gatehouse import clock, session_ids, sign_ins, table
from gatehouse.dataclasses import asdict
from gatehouse.sign_ins import AuthorizationRequest

SECONDS = 90
PREFIX = "urn:ietf:params:oauth:request_uri:"


def push(request: AuthorizationRequest) -> str:
    """Keep a checked request and return its request_uri: 1 WRU per KB."""
    pushed_id = secrets.token_urlsafe(24)
    expires_at = clock.now() + SECONDS
    # It must be there to be used up until the last sign-in that began with it is over.
    item = {"request": asdict(request), "used_by": "", "expires_at": expires_at, "ttl": expires_at + sign_ins.SECONDS}
    table.put(table.pushed_request_key(pushed_id), item)
    return PREFIX + pushed_id


def find(request_uri: str, client_id: str) -> AuthorizationRequest | None:
    """The client's request under this name, unless it is over or used."""
    pushed_id = request_uri.removeprefix(PREFIX)
    if not request_uri.startswith(PREFIX) or not 0 < len(pushed_id) <= 64:
        return None
    item = table.get(table.pushed_request_key(pushed_id))
    if item is None or item["used_by"] or item["expires_at"] <= clock.now() or item["request"]["client_id"] != client_id:
        return None
    return AuthorizationRequest(**item["request"] | {"pushed": pushed_id})


def use(request: AuthorizationRequest, user_id: str, sid: str) -> str:
    """Use a pushed request up for a code of this person and session: the session that the code is for, empty if the request was used.

    A form that the person sends twice gets a code for the same session both times, so that whichever arrives can be redeemed, and one only.
    By a sign-on with another tag the same person gets none: its logout would not find the session. 1 WRU, none for other requests.
    """
    if not request.pushed:
        return sid
    try:
        table.update(table.pushed_request_key(request.pushed), where=[("used_by", "=", "")], set={"used_by": user_id, "sid": sid})
    except table.ConditionFailed as used:
        same = used.item and used.item["used_by"] == user_id and session_ids.alike(used.item["sid"], sid)
        return str(used.item["sid"]) if used.item and same else ""
    return sid
