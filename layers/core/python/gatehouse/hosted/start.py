"""The login link of an application: GET /u/start?client_id=… begins a sign-in for it from anywhere, a mail or a bookmark.

It may name an organization and an invitation into it, for the application to pass on with the request that it makes.
"""

from urllib.parse import urlsplit

from gatehouse import clients
from gatehouse.authorization import Untrusted
from gatehouse.authorization.checks import LONGEST
from gatehouse.clients import Client
from gatehouse.hosted.page import show
from gatehouse.settings import settings
from gatehouse.web import Request, Response, redirect

# What goes along to the application, and how long it may be. The name is for the application to show.
_HANDED_ON = {"organization": LONGEST["organization"], "invitation": LONGEST["invitation"], "organization_name": LONGEST["organization"]}


def link(client_id: str) -> str:
    """The address of the link."""
    return f"{settings().base_url}/u/start?client_id={client_id}"


def possible(client: Client) -> bool:
    """Whether the link of this client leads anywhere."""
    return client.has_login_link


def begin(request: Request) -> Response:
    """Send the browser to where the application starts a sign-in (OpenID Connect Core 4), or to /authorize if it does without PKCE.

    Raises:
        Untrusted: unknown client, or one that has neither.
    """
    client = clients.get(request.query.get("client_id", ""))
    if client is None or not client.redirect_uris:
        raise Untrusted("client_id is missing or names no application that people sign in to")
    request.outcome["client_id"] = client.client_id
    if client.initiate_login_uri and not client.first_party:
        # Nobody here vouches for where others' applications lead (RFC 9700 4.11.2): the person sees it and decides.
        return _ask(request, client)
    if client.initiate_login_uri:
        return redirect(client.initiate_login_uri, _told(request))
    if client.require_pkce:
        raise Untrusted("the application has registered no initiate_login_uri to begin at")
    asked = {"client_id": client.client_id, "redirect_uri": client.redirect_uris[0], "response_type": "code", "scope": "openid"}
    wanted = {name: value for name, value in _told(request).items() if name in ("organization", "invitation")}
    return redirect(f"{settings().base_url}/authorize", asked | wanted)


def _told(request: Request) -> dict[str, str]:
    """What the application's own page is told: who asks, and for which organization."""
    along = {name: value for name, longest in _HANDED_ON.items() if (value := request.query.get(name)) and len(value) <= longest}
    return {"iss": settings().issuer, **along}


def _ask(request: Request, client: Client) -> Response:
    target = redirect(client.initiate_login_uri, _told(request)).headers["location"]
    host = urlsplit(client.initiate_login_uri).hostname
    return show(
        request,
        "done.html",
        title="Continue",
        heading=f"Continue to {client.name}?",
        message=f"This application of somebody else is at {host}. It will ask you to sign in here.",
        continue_url=target,
        continue_label="Continue",
    )
