"""Refresh tokens: user, session and generation under our HMAC. A forged one never reaches the table, a copy of the table mints none."""

from dataclasses import dataclass

from gatehouse import jose, keys

_PURPOSE = "refresh"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    user_id: str
    sid: str
    generation: int


def issue(user_id: str, sid: str, generation: int) -> str:
    """The token of this generation; the same one whenever it is derived again."""
    return keys.authenticate(_PURPOSE, f"{user_id}\n{sid}\n{generation}")


def read(token: str) -> RefreshToken | None:
    """What the token names, or None if it is not ours."""
    try:
        user_id, sid, generation = keys.authenticated(_PURPOSE, token).split("\n")
    except jose.Forged:
        return None
    return RefreshToken(user_id, sid, int(generation))
