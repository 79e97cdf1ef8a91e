"""What we are and can do (OpenID Connect Discovery 1.0, RFC 8414). Tells exactly what is on, and nothing else."""

from typing import Any

from gatehouse import client_auth, compact_json, dpop
from gatehouse.assurance import ACR_VALUES
from gatehouse.authorization.answers import RESPONSE_MODES
from gatehouse.authorization.checks import DISPLAYS, PROMPTS, UI_LOCALES
from gatehouse.clients import STANDARD_SCOPES
from gatehouse.grants import GRANTS
from gatehouse.jose.foreign import ALGORITHMS
from gatehouse.settings import Settings, settings
from gatehouse.userinfo import CLAIMS, CUSTOM_SCOPES

CACHE_SECONDS = 3600
_CONFIDENTIAL = [method for method in client_auth.METHODS if method != "none"]
# The settings that a document was written by, and the document.
_written: tuple[Settings | None, str] = (None, "")


def text() -> str:
    """The document as JSON, written once for all who ask."""
    global _written
    known, told = _written
    if known is not settings():
        told = compact_json.text(document())
        _written = settings(), told
    return told


def document() -> dict[str, Any]:
    """The metadata, the same bytes until the deployment changes."""
    base = settings().base_url
    return {
        "issuer": settings().issuer,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "userinfo_endpoint": f"{base}/userinfo",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "end_session_endpoint": f"{base}/oidc/logout",
        "pushed_authorization_request_endpoint": f"{base}/oauth/par",
        "device_authorization_endpoint": f"{base}/oauth/device/code",
        "registration_endpoint": f"{base}/oidc/register",
        "scopes_supported": [*STANDARD_SCOPES, *CUSTOM_SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": settings().algorithms,
        "acr_values_supported": list(ACR_VALUES),
        "token_endpoint_auth_methods_supported": list(client_auth.METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": _CONFIDENTIAL,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_signing_alg_values_supported": settings().algorithms,
        "revocation_endpoint_auth_methods_supported": list(client_auth.METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": CLAIMS,
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "request_object_signing_alg_values_supported": list(ALGORITHMS),
        "require_pushed_authorization_requests": False,
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "display_values_supported": list(DISPLAYS),
        "ui_locales_supported": list(UI_LOCALES),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "authorization_response_iss_parameter_supported": True,
    }
