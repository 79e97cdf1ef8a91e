"""The login link of an application: GET /u/start?client_id=… begins a sign-in for it from anywhere, a mail or a bookmark."""

from gatehouse import clients
from gatehouse.authorization import Untrusted
from gatehouse.clients import Client
from gatehouse.settings import settings
from gatehouse.web import Request, Response, redirect


def link(client_id: str) -> str:
    """The address of the link."""
    return f"{settings().base_url}/u/start?client_id={client_id}"


def possible(client: Client) -> bool:
    """Whether the link of this client leads anywhere."""
    return bool(client.redirect_uris) and (bool(client.initiate_login_uri) or not client.require_pkce)


def begin(request: Request) -> Response:
    """Send the browser to where the application starts a sign-in (OpenID Connect Core 4), or to /authorize if it does without PKCE.

    Raises:
        Untrusted: unknown client, or one that has neither.
    """
    client = clients.get(request.query.get("client_id", ""))
    if client is None or not client.redirect_uris:
        raise Untrusted("client_id is missing or names no application that people sign in to")
    request.outcome["client_id"] = client.client_id
    if client.initiate_login_uri:
        return redirect(client.initiate_login_uri, {"iss": settings().issuer})
    if client.require_pkce:
        raise Untrusted("the application has registered no initiate_login_uri to begin at")
    asked = {"client_id": client.client_id, "redirect_uri": client.redirect_uris[0], "response_type": "code", "scope": "openid"}
    return redirect(f"{settings().base_url}/authorize", asked)
