"""What can be refused, and how it is called on the wire (RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1)."""


class Refusal(Exception):
    """A request that is answered with an error of its protocol. The class is the wire code, the call site gives the reason.

    description goes to the caller and never says which secret was wrong; detail is only logged.
    """

    code = "server_error"
    status = 500

    def __init__(self, description: str = "", *, detail: str = "") -> None:
        super().__init__(description)
        self.description = description
        self.detail = detail

    def body(self) -> dict[str, str]:
        """The JSON error body of RFC 6749 5.2."""
        return {"error": self.code} | ({"error_description": self.description} if self.description else {})


class InvalidRequest(Refusal):
    code, status = "invalid_request", 400


class TooLarge(InvalidRequest):
    status = 413


class MethodNotAllowed(InvalidRequest):
    status = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"use {' or '.join(allowed)}")
        self.allowed = allowed


class InvalidClient(Refusal):
    """challenge: the client tried HTTP Basic, so the answer carries WWW-Authenticate (RFC 6749 5.2)."""

    code, status = "invalid_client", 401

    def __init__(self, description: str = "", *, detail: str = "", challenge: bool = False) -> None:
        super().__init__(description, detail=detail)
        self.challenge = challenge


class InvalidGrant(Refusal):
    code, status = "invalid_grant", 400


class UnauthorizedClient(Refusal):
    code, status = "unauthorized_client", 400


class UnsupportedGrantType(Refusal):
    code, status = "unsupported_grant_type", 400


class UnsupportedResponseType(Refusal):
    code, status = "unsupported_response_type", 400


class UnsupportedTokenType(Refusal):
    code, status = "unsupported_token_type", 400


class InvalidScope(Refusal):
    code, status = "invalid_scope", 400


class AccessDenied(Refusal):
    code, status = "access_denied", 403


class LoginRequired(Refusal):
    code, status = "login_required", 400


class ConsentRequired(Refusal):
    code, status = "consent_required", 400


class InteractionRequired(Refusal):
    """The person would have to be asked for something else than who they are and what they allow (OpenID Connect Core 3.1.2.6)."""

    code, status = "interaction_required", 400


class InvalidTarget(Refusal):
    """An API that the client may not have tokens for (RFC 8707 section 2)."""

    code, status = "invalid_target", 400


class InvalidRequestObject(Refusal):
    code, status = "invalid_request_object", 400


class InvalidRequestUri(Refusal):
    code, status = "invalid_request_uri", 400


class UnmetAuthenticationRequirements(Refusal):
    """An essential acr that no sign-in here reaches (OpenID Connect Core Error Code unmet_authentication_requirements)."""

    code, status = "unmet_authentication_requirements", 400


class AuthorizationPending(Refusal):
    """The person has not decided yet (RFC 8628 3.5), and so the three after it."""

    code, status = "authorization_pending", 400


class SlowDown(Refusal):
    code, status = "slow_down", 400


class ExpiredToken(Refusal):
    code, status = "expired_token", 400


class InvalidDpopProof(Refusal):
    code, status = "invalid_dpop_proof", 400


class UseDpopNonce(Refusal):
    """A proof without a fresh nonce of ours (RFC 9449 section 8). nonce: the one to repeat the request with."""

    code, status = "use_dpop_nonce", 400

    def __init__(self, nonce: str) -> None:
        super().__init__("the DPoP proof needs the nonce of the DPoP-Nonce header")
        self.nonce = nonce


class InvalidClientMetadata(Refusal):
    """A registration that breaks a rule (RFC 7591 3.2.2)."""

    code, status = "invalid_client_metadata", 400


class InvalidRedirectUri(Refusal):
    code, status = "invalid_redirect_uri", 400


class RequestUriNotSupported(Refusal):
    code, status = "request_uri_not_supported", 400


class RegistrationNotSupported(Refusal):
    code, status = "registration_not_supported", 400


class InvalidToken(Refusal):
    """A bearer token that is missing, malformed, expired, revoked or meant for somebody else (RFC 6750 3.1).

    presented: False when the request carried no token at all; then the challenge names no error.
    scheme: Bearer or DPoP, whichever the token must be presented with; empty for the one that it was.
    """

    code, status = "invalid_token", 401

    def __init__(self, description: str = "", *, detail: str = "", presented: bool = True, scheme: str = "") -> None:
        super().__init__(description, detail=detail)
        self.presented = presented
        self.scheme = scheme


class InsufficientScope(Refusal):
    code, status = "insufficient_scope", 403

    def __init__(self, scope: str) -> None:
        super().__init__(f"the token lacks the scope {scope}")
        self.scope = scope


class NotFound(Refusal):
    code, status = "not_found", 404


class Forbidden(Refusal):
    """A form that did not come from the page we gave this browser."""

    code, status = "forbidden", 403


class TooManyRequests(Refusal):
    code, status = "too_many_requests", 429

    def __init__(self, description: str = "", *, retry_after_seconds: int) -> None:
        super().__init__(description)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Refusal):
    """Infrastructure trouble: the request had no effect or can be repeated. Never a verdict on what the caller presented."""

    code, status = "temporarily_unavailable", 503
    retry_after_seconds = 1

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("the service is briefly unavailable; the request can be repeated", detail=detail)
