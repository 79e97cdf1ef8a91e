"""Tokens that a function of ours shows to an API outside, so that it knows who asks and about whom. No endpoint of ours takes one."""

import secrets
from typing import Final

from gatehouse import clock, jose, keys
from gatehouse.settings import settings

# Of its own kind, so that it is neither an access token (at+jwt) nor an ID token to anybody who looks.
TYP: Final = "service+jwt"
ALGORITHM: Final = "RS256"
USUAL_SECONDS: Final = 600 * 60
LONGEST_SECONDS: Final = USUAL_SECONDS


def issue(*, user_id: str, email: str, name: str, audience: str, seconds: int = USUAL_SECONDS) -> str:
    """A signed token about a person, for whoever verifies tokens by the published key set. email, name: empty for unknown.

    Raises:
        Unavailable: KMS or the table does not give a key.
    """
    now = clock.now()
    claims = {
        "iss": settings().issuer,
        "sub": user_id,
        "aud": audience,
        "iat": now,
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(12),
        "user_id": user_id,
    }
    known = {name: value for name, value in (("email", email), ("name", name)) if value}
    return jose.sign(claims | known, keys.signing_key(ALGORITHM), typ=TYP)
