"""The refresh token of a browser application in an HttpOnly cookie, out of reach of its scripts.

It is used only from the client's own origins: the Origin header must be there and registered, which also stops other sites.
"""

from gatehouse import grants
from gatehouse.clients import Client
from gatehouse.errors import AccessDenied, InvalidGrant, Refusal
from gatehouse.grants.answer import Answer
from gatehouse.proof_of_possession import with_nonce
from gatehouse.web import EXPOSED, Request, Response, clear_cookie, json_response, oauth_error, refused, set_cookie

_REFRESH = "refresh_token"


def name(client: Client) -> str:
    """One cookie per client, so that applications of one browser do not overwrite each other's."""
    return f"gatehouse-refresh-{client.client_id}"


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
        response.headers |= EXPOSED
        response.headers |= {"access-control-allow-origin": request.origin, "access-control-allow-credentials": "true", "vary": "Origin"}
    return response


def exchange(request: Request, client: Client, parameters: dict[str, str]) -> Response:
    """The token endpoint's answer for a client with a refresh cookie, which only the client's own pages get to read, refusals too.

    A refused refresh token takes its cookie away with it.
    """
    try:
        check_origin(request, client)
        if parameters.get("grant_type") == _REFRESH and not parameters.get("refresh_token"):
            raise InvalidGrant("there is no refresh cookie; the person must sign in")
        tokens = grants.exchange(client, parameters, request)
        return allow_origin(request, client, with_nonce(_answer(client, tokens), tokens.bound_to))
    except Refusal as refusal:
        request.outcome.update({"error": refusal.code, "reason": refusal.description, "detail": refusal.detail})
        response = refused(oauth_error, request, refusal)
        if isinstance(refusal, InvalidGrant) and parameters.get("grant_type") == _REFRESH:
            response.cookies.append(clear_cookie(name(client)))
        return allow_origin(request, client, response)


def refresh(request: Request, client: Client) -> Response:
    """The same for the refresh token that the browser sent in its cookie."""
    value = request.cookies.get(f"__Host-{name(client)}", "")
    return exchange(request, client, {"grant_type": _REFRESH, "refresh_token": value})


def _answer(client: Client, tokens: Answer) -> Response:
    """The token response, its refresh token in the cookie instead of the body."""
    response = json_response(200, tokens.body(with_refresh_token=False))
    if tokens.refresh_token:
        response.cookies.append(set_cookie(name(client), tokens.refresh_token, seconds=tokens.refresh_seconds))
    return response
