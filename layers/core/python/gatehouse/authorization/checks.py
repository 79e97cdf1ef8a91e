"""What the parameters of an authorization request must be (RFC 6749 4.1.1, OpenID Connect Core 3.1.2, RFC 7636, RFC 9449 section 10)."""

from gatehouse import clients, jose, resources, tokens
from gatehouse.authorization import claims_parameter, organization_parameter
from gatehouse.authorization.answers import RESPONSE_MODES
from gatehouse.clients import Client
from gatehouse.errors import InvalidRequest, InvalidScope, RegistrationNotSupported, UnauthorizedClient, UnsupportedResponseType
from gatehouse.sign_ins import AuthorizationRequest, WayBack

LONGEST = {
    "state": 4096,
    "nonce": 1024,
    "scope": 1024,
    "login_hint": 320,
    "id_token_hint": 4096,
    "redirect_uri": 2048,
    "claims": 4096,
    "acr_values": 1024,
    "ui_locales": 1024,
    "claims_locales": 1024,
    "organization": 64,
    "invitation": 1024,
}
PROMPTS = ("none", "login", "consent", "select_account")
# The pages fit all of these and speak one language. Other wishes are no error (OpenID Connect Core 3.1.2.1).
DISPLAYS = ("page", "popup", "touch")
UI_LOCALES = ("en",)
_DIGEST_LENGTH = 43
_BASE64URL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def checked(parameters: dict[str, str], client: Client, way_back: WayBack, *, dpop_key: str, signed: bool) -> AuthorizationRequest:
    """The request that the parameters make. dpop_key: of the proof that came with them. signed: they came as a request object.

    Raises:
        Refusal: with what is wrong.
    """
    for name, longest in LONGEST.items():
        if len(parameters.get(name, "")) > longest:
            raise InvalidRequest(f"{name} is longer than {longest} characters")
    _check_response(parameters)
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("the client may not use authorization_code")
    if client.fapi and "redirect_uri" not in parameters:
        raise InvalidRequest("redirect_uri is missing, which the client's security profile asks for")
    requested = parameters.get("scope", "")
    if not clients.scope_is_wellformed(requested):
        raise InvalidScope("scope has characters that no scope may have")
    claims = claims_parameter.read(parameters.get("claims", ""), client)
    organization = organization_parameter.read(parameters, client)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=way_back.redirect_uri,
        redirect_uri_given="redirect_uri" in parameters,
        scope=client.granted_scope(requested),
        state=way_back.state,
        nonce=parameters.get("nonce", ""),
        code_challenge=_code_challenge(parameters, client),
        prompt=_prompt(parameters),
        max_age=_max_age(parameters, client),
        login_hint=parameters.get("login_hint", organization.invited_email),
        id_token_hint=parameters.get("id_token_hint", ""),
        subject=_subject(parameters, client, claims.subject),
        response_mode=way_back.response_mode,
        resources=resources.requested(parameters, resources.allowed(client)),
        userinfo_claims=claims.userinfo,
        id_token_claims=claims.id_token,
        dpop_jkt=_dpop_jkt(parameters, dpop_key),
        signed=signed,
        org_id=organization.org_id,
        invitation=organization.invitation,
    )


def _check_response(parameters: dict[str, str]) -> None:
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
    if not _is_digest(challenge):
        raise InvalidRequest("code_challenge is not a base64url SHA-256 digest")
    return challenge


def _dpop_jkt(parameters: dict[str, str], proven: str) -> str:
    """The key that the code is to be bound to (RFC 9449 section 10)."""
    named = parameters.get("dpop_jkt", "")
    if named and not _is_digest(named):
        raise InvalidRequest("dpop_jkt is not a base64url SHA-256 thumbprint")
    if named and proven and named != proven:
        raise InvalidRequest("dpop_jkt is not the key of the DPoP proof")
    return named or proven


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST_LENGTH and set(text) <= _BASE64URL


def _prompt(parameters: dict[str, str]) -> str:
    prompts = parameters.get("prompt", "").split()
    if not set(prompts) <= set(PROMPTS):
        raise InvalidRequest(f"prompt must be of {', '.join(PROMPTS)}")
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequest("prompt none goes with no other")
    return " ".join(prompts)


def _max_age(parameters: dict[str, str], client: Client) -> int:
    value = parameters.get("max_age", "")
    if not value:
        return client.default_max_age
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise InvalidRequest("max_age must be a number of seconds")
    return int(value)


def _subject(parameters: dict[str, str], client: Client, claimed: str) -> str:
    """Who alone may be signed in, as an ID token of this client or the claims parameter names them; empty without one."""
    hint = parameters.get("id_token_hint", "")
    if not hint:
        return claimed
    try:
        claims = tokens.read_id_token_hint(hint)
    except jose.InvalidJWT as flaw:
        raise InvalidRequest("id_token_hint is not an ID token of ours", detail=str(flaw)) from flaw
    if claims["aud"] != client.client_id:
        raise InvalidRequest("id_token_hint was issued to another client")
    if claimed not in ("", claims["sub"]):
        raise InvalidRequest("claims and id_token_hint name two people")
    return str(claims["sub"])
