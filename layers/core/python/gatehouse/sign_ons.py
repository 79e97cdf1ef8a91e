"""The browser sign-on: what the hosted pages' cookie stands for, so that the next application needs no password."""

from collections.abc import Iterator
from typing import Self

from gatehouse import clock, jose, keys, session_ids, table
from gatehouse.dataclasses import asdict, dataclass, of_known
from gatehouse.settings import settings
from gatehouse.users import User

_PURPOSE = "sign-on"
# last_seen_at is only worth a write when it has moved by this share of the idle time.
_TOUCH_FRACTION = 8


@dataclass(frozen=True, slots=True)
class SignOn:
    """auth_time: when a password was last given in this browser. The id holds the user's epoch at that moment."""

    user_id: str
    sign_on_id: str
    auth_time: int
    amr: list[str]
    expires_at: int
    last_seen_at: int

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return of_known(cls, item)

    def live(self, user: User | None, *, grace_seconds: int = 0) -> bool:
        """Whether it still speaks for the user. grace_seconds: how long it outlives a global sign-out (0 unless configured)."""
        if user is None or user.blocked:
            return False
        now, began = clock.now(), session_ids.epoch_of(self.sign_on_id)
        if now >= self.expires_at or now - self.last_seen_at >= settings().sign_on_idle_seconds:
            return False
        if self.auth_time <= settings().sessions_not_before:
            return False
        if began == user.epoch:
            return True
        return began == user.epoch - 1 and bool(user.signed_out_at) and now - user.signed_out_at < grace_seconds


def begin(user: User, amr: list[str], *, like: str = "") -> SignOn:
    """Store a new sign-on: 1 WRU. like: an id whose tag it takes (`session_ids.new`), and with it the sessions that it begins."""
    now = clock.now()
    sign_on = SignOn(user.user_id, session_ids.new(user.epoch, like), now, amr, now + settings().sign_on_seconds, now)
    table.put(table.sign_on_key(sign_on.user_id, sign_on.sign_on_id), asdict(sign_on) | {"ttl": sign_on.expires_at})
    return sign_on


def cookie(sign_on: SignOn) -> str:
    """The cookie's value: user and id under our HMAC, so that a copy of the table is no sign-on."""
    return keys.authenticate(_PURPOSE, f"{sign_on.user_id}\n{sign_on.sign_on_id}")


def named_by(cookie_value: str) -> tuple[str, str] | None:
    """User id and sign-on id of a cookie of ours, else None. Reads nothing."""
    try:
        user_id, sign_on_id = keys.authenticated(_PURPOSE, cookie_value).split("\n")
    except jose.Forged:
        return None
    return user_id, sign_on_id


def touch(sign_on: SignOn) -> None:
    """Note that it was used, if it is time to."""
    now = clock.now()
    if now - sign_on.last_seen_at < settings().sign_on_idle_seconds // _TOUCH_FRACTION:
        return
    try:
        table.update(table.sign_on_key(sign_on.user_id, sign_on.sign_on_id), where=[("pk", "exists", None)], set={"last_seen_at": now})
    except table.ConditionFailed:
        return


def of_user(user_id: str) -> Iterator[SignOn]:
    """Every sign-on of the user that is still stored, live or not. 1 RRU per 4 KB."""
    yield from map(SignOn.from_item, table.query(table.user_partition(user_id), "SIGNON#"))


def end(user_id: str, sign_on_id: str) -> None:
    """End it; nothing happens if it is over."""
    table.delete(table.sign_on_key(user_id, sign_on_id))
