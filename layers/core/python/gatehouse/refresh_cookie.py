"""The refresh token of a browser application in an HttpOnly cookie, out of reach of its scripts.

The cookie goes only to the client's own origins: the Origin header is required and must be registered, which also stops cross-site requests.
"""

from gatehouse.clients import Client
from gatehouse.errors import AccessDenied
from gatehouse.grants.answer import Answer
from gatehouse.web import Request, Response, clear_cookie, json_response, set_cookie


def name(client: Client) -> str:
    """One cookie per client, so that applications of one browser do not overwrite each other's."""
    return f"gatehouse-refresh-{client.client_id}"


def presented(request: Request, client: Client) -> str:
    """The refresh token that the browser sent, or an empty string."""
    return request.cookies.get(f"__Host-{name(client)}", "")


def check_origin(request: Request, client: Client) -> None:
    """Refuse callers from elsewhere than the client's own pages.

    Raises:
        AccessDenied: the Origin header is missing or not registered for the client.
    """
    if request.origin not in client.web_origins:
        raise AccessDenied("the Origin header must be one of the client's web_origins")


def allow_origin(request: Request, client: Client, response: Response) -> Response:
    """Let the page that called read the answer, cookies included; only ever a registered origin."""
    if request.origin in client.web_origins:
        response.headers |= {"access-control-allow-origin": request.origin, "access-control-allow-credentials": "true", "vary": "Origin"}
    return response


def answer(request: Request, client: Client, tokens: Answer) -> Response:
    """The token response, its refresh token in the cookie instead of the body."""
    response = json_response(200, tokens.body(with_refresh_token=False))
    response.cookies.append(set_cookie(name(client), tokens.refresh_token, seconds=tokens.refresh_seconds))
    return allow_origin(request, client, response)


def forget(request: Request, client: Client, response: Response) -> Response:
    """Take the cookie away with an answer that refuses it."""
    response.cookies.append(clear_cookie(name(client)))
    return allow_origin(request, client, response)
