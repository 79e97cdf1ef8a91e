"""The authorization endpoint (RFC 6749 4.1.1, OpenID Connect Core 3.1.2): what a request must be, and how an answer goes back."""

from gatehouse import clients, jose, sessions, tokens
from gatehouse.clients import Client
from gatehouse.codes import Code
from gatehouse.codes import issue as issue_code
from gatehouse.errors import (
    InvalidRequest,
    InvalidScope,
    Refusal,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from gatehouse.settings import settings
from gatehouse.sign_ins import AuthorizationRequest
from gatehouse.web import Request, Response, redirect

# state first: too long, it would not fit into the redirect that tells so.
LONGEST = {"state": 4096, "nonce": 1024, "scope": 1024, "login_hint": 320, "id_token_hint": 4096, "redirect_uri": 2048}
PROMPTS = ("none", "login", "consent", "select_account")
RESPONSE_MODES = ("query",)
_CHALLENGE_LENGTH = 43
_BASE64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class Untrusted(Refusal):
    """No client and redirect URI that we know, or no answer that can go there: the error may only be shown (RFC 6749 4.1.2.1)."""

    code, status = "invalid_request", 400


def trusted(parameters: dict[str, str]) -> tuple[Client, str]:
    """The client, and the redirect URI that errors may go to.

    Raises:
        Untrusted: either is not registered.
    """
    client = clients.get(parameters.get("client_id", ""))
    if client is None:
        raise Untrusted("client_id is missing or not registered")
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None:
        if len(client.redirect_uris) != 1:
            raise Untrusted("redirect_uri is missing and the client has registered several")
        return client, client.redirect_uris[0]
    if len(redirect_uri) > LONGEST["redirect_uri"] or not client.knows_redirect_uri(redirect_uri):
        raise Untrusted("redirect_uri is not registered for this client")
    return client, redirect_uri


def check(parameters: dict[str, str], client: Client, redirect_uri: str) -> AuthorizationRequest:
    """The request, if it is one that we serve.

    Raises:
        Refusal: to be sent to the redirect URI, unless it is Untrusted.
    """
    for name, longest in LONGEST.items():
        if len(parameters.get(name, "")) > longest:
            raise (Untrusted if name == "state" else InvalidRequest)(f"{name} is longer than {longest} characters")
    _check_unsupported(parameters)
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("the client may not use authorization_code")
    requested = parameters.get("scope", "")
    if not clients.scope_is_wellformed(requested):
        raise InvalidScope("scope has characters that no scope may have")
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        redirect_uri_given="redirect_uri" in parameters,
        scope=client.granted_scope(requested),
        state=parameters.get("state", ""),
        nonce=parameters.get("nonce", ""),
        code_challenge=_code_challenge(parameters, client),
        prompt=_prompt(parameters),
        max_age=_max_age(parameters),
        login_hint=parameters.get("login_hint", ""),
        id_token_hint=parameters.get("id_token_hint", ""),
        subject=_subject(parameters, client),
    )


def _check_unsupported(parameters: dict[str, str]) -> None:
    if "request" in parameters:
        raise RequestNotSupported("request objects are not supported")
    if "request_uri" in parameters:
        raise RequestUriNotSupported("request_uri is not supported")
    if "registration" in parameters:
        raise RegistrationNotSupported("registration is not supported")
    if "response_type" not in parameters:
        raise InvalidRequest("response_type is missing")
    if parameters["response_type"] != "code":
        raise UnsupportedResponseType("response_type must be code")
    if parameters.get("response_mode", "query") not in RESPONSE_MODES:
        raise InvalidRequest(f"response_mode must be {' or '.join(RESPONSE_MODES)}")


def _code_challenge(parameters: dict[str, str], client: Client) -> str:
    """RFC 7636 4.3; plain is refused (RFC 9700 2.1.1)."""
    challenge = parameters.get("code_challenge", "")
    if not challenge:
        if client.require_pkce:
            raise InvalidRequest("code_challenge is missing; the client must use PKCE with S256")
        if "code_challenge_method" in parameters:
            raise InvalidRequest("code_challenge_method without code_challenge")
        return ""
    if parameters.get("code_challenge_method") != "S256":
        raise InvalidRequest("code_challenge_method must be S256")
    if len(challenge) != _CHALLENGE_LENGTH or not set(challenge) <= _BASE64URL:
        raise InvalidRequest("code_challenge is not a base64url SHA-256 digest")
    return challenge


def _prompt(parameters: dict[str, str]) -> str:
    prompts = parameters.get("prompt", "").split()
    if not set(prompts) <= set(PROMPTS):
        raise InvalidRequest(f"prompt must be of {', '.join(PROMPTS)}")
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequest("prompt none goes with no other")
    return " ".join(prompts)


def _max_age(parameters: dict[str, str]) -> int:
    value = parameters.get("max_age", "")
    if not value:
        return -1
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise InvalidRequest("max_age must be a number of seconds")
    return int(value)


def _subject(parameters: dict[str, str], client: Client) -> str:
    """Who alone may be signed in, as an ID token of this client names them; empty without one."""
    hint = parameters.get("id_token_hint", "")
    if not hint:
        return ""
    try:
        claims = tokens.read_id_token_hint(hint)
    except jose.InvalidJWT as flaw:
        raise InvalidRequest("id_token_hint is not an ID token of ours", detail=str(flaw)) from flaw
    if claims["aud"] != client.client_id:
        raise InvalidRequest("id_token_hint was issued to another client")
    return str(claims["sub"])


def answer_with_code(
    request: AuthorizationRequest,
    *,
    user_id: str,
    epoch: int,
    sign_on_id: str,
    auth_time: int,
    amr: list[str],
    cookies: list[str] | None = None,
) -> Response:
    """Send the browser back with a code for a session that begins under `epoch`. Nothing is stored."""
    code = issue_code(
        Code(
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            user_id=user_id,
            sid=sessions.new_id(epoch),
            scope=request.scope,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            auth_time=auth_time,
            amr=amr,
            sign_on_id=sign_on_id,
            redirect_uri_given=request.redirect_uri_given,
        )
    )
    return redirect(request.redirect_uri, {"code": code, "state": request.state, "iss": settings().issuer}, cookies=cookies)


def answer_with_error(redirect_uri: str, state: str, refusal: Refusal, *, cookies: list[str] | None = None) -> Response:
    """Send the browser back with an error (RFC 6749 4.1.2.1) and who says so (RFC 9207)."""
    return redirect(redirect_uri, refusal.body() | {"state": state, "iss": settings().issuer}, cookies=cookies)


def parameters_of(request: Request) -> dict[str, str]:
    """The request's parameters, from the query or a form body (OpenID Connect Core 3.1.2.1).

    Raises:
        InvalidRequest: repeated ones, within one or over both.
    """
    if request.method != "POST":
        return request.query
    query, form = request.query, request.form
    if set(query) & set(form):
        raise InvalidRequest("a parameter is repeated in query and body")
    return query | form


def without_cookies(request: Request, path: str, parameters: dict[str, str]) -> Response | None:
    """The way for a POST that another site's page made: browsers send it without our cookies, and then follow this to GET with them."""
    if request.method != "POST" or request.cookies:
        return None
    return redirect(f"{settings().base_url}{path}", parameters)


def again(request: AuthorizationRequest) -> dict[str, str]:
    """The parameters that made this request, to begin it anew."""
    parameters = {
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri if request.redirect_uri_given else "",
        "response_type": "code",
        "scope": request.scope,
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": request.code_challenge,
        "code_challenge_method": "S256" if request.code_challenge else "",
        "prompt": request.prompt,
        "max_age": str(request.max_age) if request.max_age >= 0 else "",
        "login_hint": request.login_hint,
        "id_token_hint": request.id_token_hint,
    }
    return {name: value for name, value in parameters.items() if value}
