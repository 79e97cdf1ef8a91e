"""What applications do at /me in the name of whoever is signed in to them: the vocabulary of its tests."""

import json
from typing import Any

from gatehouse.management import callers
from tests.unit.conftest import Answer, call
from tests.unit.flows import Browser, new_client, signed_in, tokens_of

EVERY = (
    callers.READ_OWN,
    callers.UPDATE_OWN,
    callers.UPDATE_OWN_METADATA,
    callers.READ_OWN_DEVICES,
    callers.DELETE_OWN_DEVICES,
    callers.UPDATE_OWN_CREDENTIALS,
)


def own_token(*scopes: str, browser: Browser | None = None, **properties: Any) -> str:
    """An access token of an application with these scopes, all by default, for ada@example.com or whoever is signed on in the browser."""
    scopes = scopes or EVERY
    app = new_client("spa", scopes=["openid", "offline_access", *scopes], **properties)
    wanted = " ".join(["openid", *scopes])
    tokens = tokens_of(app.client_id, browser, scope=wanted) if browser else signed_in(app.client_id, scope=wanted)
    access: str = tokens["access_token"]
    return access


def me(method: str, path: str, bearer: str = "", body: Any = None, **headers: str) -> Answer:
    """One request below /me. headers: with _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if bearer:
        sent["authorization"] = f"Bearer {bearer}"
    if body is not None:
        sent.setdefault("content-type", "application/json")
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    return call("account", method, f"/me{path}", body=text, headers=sent)
