"""Refresh tokens: user, session and generation under our HMAC. A forged one never reaches the table, a copy of the table mints none.

One that is bound to a key (RFC 9449 section 5) carries the key's thumbprint too, so that no copy of it serves another key; one of a session
in the name of an organization carries its id, so that the membership is read along with the user.
"""

from gatehouse import jose, keys
from gatehouse.dataclasses import dataclass

_PURPOSE = "refresh"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    user_id: str
    sid: str
    generation: int
    bound_to: str = ""
    org_id: str = ""


def issue(user_id: str, sid: str, generation: int, bound_to: str = "", org_id: str = "") -> str:
    """The token of this generation; the same one whenever it is derived again. bound_to: the thumbprint of a key."""
    parts = [user_id, sid, str(generation), *([bound_to, org_id] if org_id else [bound_to] if bound_to else [])]
    return keys.authenticate(_PURPOSE, "\n".join(parts))


def have_key() -> None:
    """Have at hand what `issue` needs, so that no trouble with KMS can follow a write.

    Raises:
        Unavailable: KMS or the table does not give the key.
    """
    keys.have_sealing_key(_PURPOSE)


def read(token: str) -> RefreshToken | None:
    """What the token names, or None if it is not ours."""
    try:
        user_id, sid, generation, *more = keys.authenticated(_PURPOSE, token).split("\n")
    except jose.Forged:
        return None
    return RefreshToken(user_id, sid, int(generation), *more)
