"""The authorization endpoint (RFC 6749 4.1.1, OpenID Connect Core 3.1.2): what a request must be, whichever way it came."""

from urllib.parse import quote

from gatehouse import clients, pushed_requests
from gatehouse.authorization import claims_parameter, request_objects
from gatehouse.authorization.answers import RESPONSE_MODES
from gatehouse.authorization.checks import LONGEST, checked
from gatehouse.clients import Client
from gatehouse.errors import InvalidRequest, InvalidRequestUri, Refusal, RequestUriNotSupported
from gatehouse.settings import settings
from gatehouse.sign_ins import AuthorizationRequest, WayBack
from gatehouse.web import Request, Response, redirect

# What a redirect has room for beside the rest, a code with claims of hooks among it, where all headers have ten kilobytes.
LONGEST_ENCODED_STATE = 6144
# What a request may consist of; anything else is ignored and never passed on.
_PARAMETERS = (
    *LONGEST,
    "client_id",
    "response_type",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "prompt",
    "max_age",
    "display",
    "resource",
    "audience",
    "request",
    "request_uri",
    "registration",
)


class Untrusted(Refusal):
    """No client and redirect URI that we know, or no answer that can go there: the error may only be shown (RFC 6749 4.1.2.1)."""

    code, status = "invalid_request", 400


class UntrustedRequestUri(Untrusted):
    """A request_uri that is over, used, or another client's."""

    code = InvalidRequestUri.code


class Refused(Exception):
    """A request of a client and redirect URI that we know, refused: the error goes there."""

    def __init__(self, refusal: Refusal, way_back: WayBack) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal
        self.way_back = way_back


def asked(parameters: dict[str, str], *, dpop_key: str = "", pushing: bool = False) -> AuthorizationRequest:
    """The authorization request behind these parameters: plain, as a signed object, or pushed before.

    dpop_key: of the proof that came with it. pushing: the client sends it to us directly, so that it may not refer to another.

    Raises:
        Untrusted: to be shown. Refused: to be sent back.
        Unavailable: the client's keys cannot be had.
    """
    client = client_of(parameters)
    if "request_uri" in parameters:
        return _referred(parameters, client, pushing=pushing)
    signed = "request" in parameters
    # Until the object is opened, an error can only go where the plain parameters say, if that is registered.
    if signed:
        try:
            parameters = request_objects.opened(parameters["request"], client)
        except Refusal as refusal:
            if pushing:
                raise
            raise _refused(refusal, parameters, client) from refusal
    way_back = trusted(parameters, client)
    try:
        if client.require_signed_request_object and not signed:
            raise InvalidRequest("the client must send a signed request object")
        if client.require_pushed_authorization_requests and not pushing:
            raise InvalidRequest("the client must push its authorization requests")
        return checked(parameters, client, way_back, dpop_key=dpop_key, signed=signed)
    except Refusal as refusal:
        raise Refused(refusal, way_back) from refusal


def _refused(refusal: Refusal, parameters: dict[str, str], client: Client) -> Exception:
    """The refusal on its way back, or, if that is not known without the object, as it is."""
    try:
        return Refused(refusal, trusted(parameters, client))
    except Untrusted:
        return refusal


def client_of(parameters: dict[str, str]) -> Client:
    """The client that the parameters name.

    Raises:
        Untrusted: none that is registered.
    """
    client = clients.get(parameters.get("client_id", ""))
    if client is None:
        raise Untrusted("client_id is missing or not registered")
    return client


def _referred(parameters: dict[str, str], client: Client, *, pushing: bool) -> AuthorizationRequest:
    request_uri = parameters["request_uri"]
    if pushing:
        raise Untrusted("request_uri cannot be pushed")
    if not request_uri.startswith(pushed_requests.PREFIX):
        # Nothing is ever fetched from an address that a request names.
        raise Refused(RequestUriNotSupported("request_uri must be one of ours"), trusted(parameters, client))
    found = pushed_requests.find(request_uri, client.client_id)
    if found is None:
        raise UntrustedRequestUri("request_uri is over, used, or another client's")
    return found


def trusted(parameters: dict[str, str], client: Client) -> WayBack:
    """Where answers to the client may go.

    Raises:
        Untrusted: the redirect URI is not registered, or the state too long to go there.
    """
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None:
        if len(client.redirect_uris) != 1:
            raise Untrusted("redirect_uri is missing and the client has registered several")
        redirect_uri = client.redirect_uris[0]
    elif len(redirect_uri) > LONGEST["redirect_uri"] or not client.knows_redirect_uri(redirect_uri):
        raise Untrusted("redirect_uri is not registered for this client")
    mode, state = parameters.get("response_mode", "query"), parameters.get("state", "")
    if len(state) > LONGEST["state"]:
        # It would not fit into the redirect that tells so.
        raise Untrusted(f"state is longer than {LONGEST['state']} characters")
    if mode != "form_post" and len(quote(state)) > LONGEST_ENCODED_STATE:
        raise Untrusted(f"state is longer than {LONGEST_ENCODED_STATE} characters in a URL")
    return WayBack(redirect_uri, state, mode if mode in RESPONSE_MODES else "query", silent=parameters.get("prompt") == "none")


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


def known(parameters: dict[str, str]) -> dict[str, str]:
    """Those of the parameters that an authorization request has."""
    return {name: parameters[name] for name in _PARAMETERS if name in parameters}


def without_cookies(request: Request, path: str, parameters: dict[str, str]) -> Response | None:
    """The way for a POST that another site's page made: browsers send it without our cookies, and then follow this to GET with them."""
    if request.method != "POST" or request.cookies:
        return None
    return redirect(f"{settings().base_url}{path}", parameters)


def again(request: AuthorizationRequest) -> dict[str, str]:
    """The parameters that made this request, to begin it anew; none if only the client can."""
    if request.pushed:
        return {"client_id": request.client_id, "request_uri": pushed_requests.PREFIX + request.pushed}
    if request.signed or request.user_code:
        return {}
    wishes = {"userinfo": request.userinfo_claims, "id_token": request.id_token_claims}
    parameters = {
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri if request.redirect_uri_given else "",
        "response_type": "code",
        "response_mode": request.response_mode if request.response_mode != "query" else "",
        "scope": request.scope,
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": request.code_challenge,
        "code_challenge_method": "S256" if request.code_challenge else "",
        "dpop_jkt": request.dpop_jkt,
        "prompt": request.prompt,
        "max_age": str(request.max_age) if request.max_age >= 0 else "",
        "login_hint": request.login_hint,
        "id_token_hint": request.id_token_hint,
        "resource": request.resources,
        "organization": request.org_id,
        "invitation": request.invitation,
        "claims": claims_parameter.written(wishes, "" if request.id_token_hint else request.subject),
    }
    return {name: value for name, value in parameters.items() if value}
