"""What we are and can do (OpenID Connect Discovery 1.0, RFC 8414). Tells exactly what is on, and nothing else."""

from typing import Any

from gatehouse.authorization import PROMPTS, RESPONSE_MODES
from gatehouse.clients import STANDARD_SCOPES
from gatehouse.grants import GRANTS
from gatehouse.settings import settings
from gatehouse.userinfo import CLAIMS, CUSTOM_SCOPES

CACHE_SECONDS = 3600
# Below the lead that a new key is published with.
JWKS_CACHE_SECONDS = 900
_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]


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
        "scopes_supported": [*STANDARD_SCOPES, *CUSTOM_SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": settings().algorithms,
        "token_endpoint_auth_methods_supported": _AUTH_METHODS,
        "introspection_endpoint_auth_methods_supported": _AUTH_METHODS[:2],
        "revocation_endpoint_auth_methods_supported": _AUTH_METHODS,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": CLAIMS,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }
