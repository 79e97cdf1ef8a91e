"""What operators and people do at the Management API: the vocabulary of its tests."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from gatehouse import resource_servers, role_holders, roles
from gatehouse.permissions import api_id
from gatehouse.settings import settings
from gatehouse.users import User
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.flows import Browser, basic, browser_of, new_client, new_user, signed_in, token, tokens_of

AUDIENCE = f"{ISSUER}/api/v2/"
# First segment of a path below /api/v2: the function that serves it.
_ORGANIZATIONS = {"organizations"}
_CLIENTS = {"clients", "client-grants", "resource-servers", "connections", "tenants", "openapi.json"}
_HOOKS = {"hooks", "claims", "webhooks", "schedules"}


def machine(*scopes: str) -> str:
    """An access token of a machine for the Management API with these scopes."""
    registered = new_client("machine", scopes=list(scopes), audience=settings().management_audience)
    answer = token(grant_type="client_credentials", authorization=basic(registered.client_id, registered.secret))
    assert answer.status == 200, answer.body
    access: str = answer.json["access_token"]
    return access


def person(browser: Browser | None = None, *scopes: str, **properties: Any) -> str:
    """An access token for the Management API of whoever signs in, ada@example.com by default, in a single-page application."""
    audience = settings().management_audience
    app = new_client("spa", scopes=["openid", "offline_access", *scopes], resources=[audience], **properties)
    answer = signed_in(app.client_id, browser, scope=" ".join(["openid", *scopes]), resource=audience)
    access: str = answer["access_token"]
    return access


def token_of(user: User, *scopes: str) -> str:
    """An access token for the Management API of this person, who is signed on already; of these scopes those that they have."""
    audience = settings().management_audience
    app = new_client("spa", scopes=["openid", *scopes], resources=[audience])
    access: str = tokens_of(app.client_id, browser_of(user), scope=" ".join(["openid", *scopes]), resource=audience)["access_token"]
    return access


def giving(name: str, *scopes: str) -> str:
    """The id of a new role that gives these permissions at the Management API."""
    role = roles.create(name)
    roles.change(role.role_id, lambda found: roles.with_permissions(found, {api_id(settings().management_audience): scopes}))
    return role.role_id


def operator(*scopes: str, email: str = "ada@example.com") -> tuple[User, str]:
    """A new person with a role that gives these scopes, and their access token."""
    user = new_user(email)
    role_holders.assign(user.user_id, [giving(f"operator {email}", *scopes)])
    return user, token_of(user, *scopes)


def api(method: str, path: str, bearer: str = "", body: Any = None, *, query: dict[str, Any] | None = None, **headers: str) -> Answer:
    """One request below /api/v2. path: its segments may hold | as it stands. headers: with _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if bearer:
        sent["authorization"] = f"Bearer {bearer}"
    if body is not None:
        sent.setdefault("content-type", "application/json")
    first = path.split("?")[0].strip("/").split("/")[0]
    name = "organizations_api" if first in _ORGANIZATIONS else "clients_api" if first in _CLIENTS else "users_api"
    if first in _HOOKS:
        name = "hooks_api"
    if path.endswith("/revoke-access"):
        name = "global_sign_out"
    asked = {name: json.dumps(value) if isinstance(value, bool) else str(value) for name, value in (query or {}).items()}
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    path_parameters = {"id": path.split("/")[2]} if name == "global_sign_out" else {}
    return call(name, method, f"/api/v2{path}", query=urlencode(asked), body=text, headers=sent, path_parameters=path_parameters)


def user_path(user_id: str, *more: str) -> str:
    """The path of a user, as the gateway hands it over: decoded."""
    return "/".join(["", "users", user_id, *more])


def encoded(user_id: str) -> str:
    """The id as clients put it into a URL."""
    return quote(user_id, safe="")


def as_of_now() -> None:
    """Forget what is remembered of roles and the like, as after their cache times."""
    roles.forget()
    resource_servers.forget()
