"""Authorization codes (RFC 6749 4.1.2): sealed, stored nowhere. Redeeming one begins the session whose id it carries."""

from gatehouse import clock, jose, keys
from gatehouse.dataclasses import dataclass, replace
from gatehouse.settings import settings

_PURPOSE = "code"
# A used code must find its session, or the tombstone, for as long as any clock of ours takes it for valid.
LONGEST_LIFE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Code:
    """What the person agreed to. sid holds the user's epoch at that moment; strings may be empty where nothing was asked for.

    dpop_jkt: the thumbprint of the only key that may redeem it (RFC 9449 section 10). org_id: the organization that they signed in for.
    claims: what hooks added at the sign-in, as post_login.Outcome has it.
    """

    client_id: str
    redirect_uri: str
    user_id: str
    sid: str
    scope: str
    nonce: str
    code_challenge: str
    auth_time: int
    amr: list[str]
    sign_on_id: str
    redirect_uri_given: bool
    resources: str = ""
    userinfo_claims: str = ""
    id_token_claims: str = ""
    dpop_jkt: str = ""
    org_id: str = ""
    claims: str = ""
    expires_at: int = 0


def issued_at(code: Code) -> int:
    """When the code was issued, in seconds since the epoch."""
    return code.expires_at - _life_seconds()


def issue(code: Code) -> str:
    """The sealed code, good for settings().code_seconds. Writes nothing."""
    dated = replace(code, expires_at=clock.now() + _life_seconds())
    return keys.seal(_PURPOSE, [getattr(dated, name) for name in Code.__dataclass_fields__])


def read(value: str) -> Code | None:
    """The code, be it over or not, or None if it is not ours, or of another version of ours.

    Whether it was used before is for sessions.begin to find.
    """
    try:
        return Code(*sealed) if len(sealed := keys.unseal(_PURPOSE, value)) == len(Code.__dataclass_fields__) else None
    except jose.Forged:
        return None


def over(code: Code) -> bool:
    """Whether its time has passed."""
    return code.expires_at <= clock.now()


def _life_seconds() -> int:
    return min(settings().code_seconds, LONGEST_LIFE_SECONDS)
