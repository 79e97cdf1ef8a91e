"""A session: one client's grant on one device, from the code to its end. It is one item, and every step of it is one conditional write.

The id holds the user's epoch at the beginning, so that a session is dead as soon as the user's epoch is another, and nobody has to find it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from gatehouse import clock, session_ids, table
from gatehouse.dataclasses import dataclass, of_known
from gatehouse.users import User

# A tombstone must outlive every code that names its session (RFC 6749 4.1.2), with room for skewed clocks.
TOMBSTONE_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class Session:
    """status: active or revoked. generation: of the newest refresh token. Times in seconds since the epoch.

    resources: the APIs that were asked for, empty for the client's own. userinfo_claims, id_token_claims: asked for one by one. Each
    separated by spaces. org_id: the organization in whose name the person signed in, empty for none. metadata: an operator's notes.
    claims: what hooks gave to the sign-in, JSON {"access_token": {...}, "id_token": {...}}, empty for nothing.
    """

    user_id: str
    sid: str
    client_id: str
    scope: str = ""
    org_id: str = ""
    resources: str = ""
    userinfo_claims: str = ""
    id_token_claims: str = ""
    auth_time: int = 0
    amr: list[str] | None = None
    sign_on_id: str = ""
    status: str = "active"
    generation: int = 0
    rotated_at: int = 0
    rotated_by: str = ""
    created_at: int = 0
    created_by: str = ""
    expires_at: int = 0
    idle_expires_at: int = 0
    source_ip: str = ""
    user_agent: str = ""
    metadata: dict[str, str] | None = None
    claims: str = ""

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return of_known(cls, item)

    def to_item(self) -> table.Item:
        """The attributes that say something: an item above 1 KB would cost a second write unit at each refresh."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value not in ("", None)}

    def live(self, user: User | None) -> bool:
        """Whether tokens of this session count: neither it nor its user ended it, and it is not over."""
        return (
            user is not None
            and stands(user, self.sid)
            and self.status == "active"
            and min(self.expires_at, self.idle_expires_at) > clock.now()
        )

    def belongs(self, membership: table.Item | None = None) -> bool:
        """Whether the person has been a member of the session's organization ever since it began, if it is in one's name.

        membership: theirs in that organization.
        """
        return not self.org_id or (membership is not None and membership["joined_at"] <= self.created_at)


class Replayed(Exception):
    """The session exists: its code was redeemed before."""


class NotPermitted(Exception):
    """What the session needed to begin is not there any more."""


class Ended(Exception):
    """No such session, or one that was revoked, is over, or belongs to another client."""


class Reused(Exception):
    """A refresh token was presented that a later one has replaced, outside the grace: somebody else holds a copy."""


def stands(user: User, sid: str) -> bool:
    """Whether the user lets a session of this id begin or go on: not blocked, and not signed out everywhere since the id was made."""
    return not user.blocked and user.epoch == session_ids.epoch_of(sid)


def begin(session: Session, *, permissions: Sequence[table.Write] = ()) -> None:
    """Store a new session, once.

    permissions: checks that must hold in the same instant, as that of a consent.

    Raises:
        Replayed: one with this id is there, and not from a repeat of this very write after a lost answer. It is revoked now.
        NotPermitted: a check does not hold. Nothing was stored.
    """
    key, item = table.session_key(session.user_id, session.sid), session.to_item() | {"ttl": session.expires_at}
    try:
        if permissions:
            table.transact(table.Write(key, where=[("pk", "absent", None)], put=item), *permissions)
        else:
            table.put_new(key, item)
    except table.ConditionFailed as refused:
        existing = refused.item
        if existing is None or existing.get("sid") != session.sid:
            raise NotPermitted from refused
        if existing.get("created_by") == session.created_by and existing["status"] == "active":
            return
        revoke(session.user_id, session.sid, "code_replayed")
        raise Replayed from refused


def bury(user_id: str, sid: str, client_id: str) -> None:
    """Make sure that no session can begin under this id, and end the one that has."""
    now = clock.now()
    tombstone = Session(user_id, sid, client_id, status="revoked", created_at=now).to_item()
    try:
        table.put_new(table.session_key(user_id, sid), tombstone | {"ttl": now + TOMBSTONE_SECONDS})
    except table.AlreadyExists:
        revoke(user_id, sid, "code_replayed")


def read_live(user_id: str, sid: str, *, org_id: str = "") -> tuple[Session, User] | None:
    """The session and its user if the session is live: one BatchGetItem, strongly consistent, 2 RRU, 1 more in an organization.

    org_id: the organization that whoever asks knows it to be in; where that is not said, it takes a read more to find the membership.
    """
    named = [table.membership_key(user_id, org_id)] if org_id else []
    session_item, user_item, *memberships = table.get_many(table.session_key(user_id, sid), table.user_key(user_id), *named)
    if session_item is None or user_item is None:
        return None
    session, user = Session.from_item(session_item), User.from_item(user_item)
    if session.org_id not in ("", org_id):
        memberships = [table.get(table.membership_key(user_id, session.org_id))]
    return (session, user) if session.live(user) and session.belongs(*memberships) else None


def get(user_id: str, sid: str) -> Session | None:
    item = table.get(table.session_key(user_id, sid))
    return Session.from_item(item) if item else None


def spent(session: Session | None, generation: int, *, client_id: str, grace_seconds: int, invocation_id: str, not_before: int = 0) -> bool:
    """Whether `rotate` is sure to refuse this generation, now and at any time after. Arguments as there; reads nothing."""
    if session is None or session.client_id != client_id or session.status != "active" or session.created_at <= not_before:
        return True
    if min(session.expires_at, session.idle_expires_at) <= clock.now():
        return True
    if session.generation == generation:
        return False
    return session.generation != generation + 1 or not _is_successor(session, grace_seconds, invocation_id)


def rotate(
    user_id: str,
    sid: str,
    generation: int,
    *,
    client_id: str,
    idle_seconds: int,
    grace_seconds: int,
    invocation_id: str,
    step: int = 1,
    not_before: int = 0,
) -> Session:
    """Replace generation by generation + step and return the session as it then is.

    not_before: a session that began up to then is over.
    step: 1, or 0 for a client whose refresh token stays the same; then the session only lives on.

    Callers who present the same generation within grace_seconds of the first all get the same session back; with 0 only the first does.
    A repeat of this very write after a lost answer counts as the first.

    Raises:
        Ended: there is no live session to rotate for this client.
        Reused: the generation was replaced before; the session is revoked now.
    """
    now = clock.now()
    where = [
        ("generation", "=", generation),
        ("client_id", "=", client_id),
        ("status", "=", "active"),
        ("expires_at", ">", now),
        ("idle_expires_at", ">", now),
        ("created_at", ">", not_before),
    ]
    changes = {"generation": generation + step, "rotated_at": now, "rotated_by": invocation_id, "idle_expires_at": now + idle_seconds}
    try:
        return Session.from_item(table.update(table.session_key(user_id, sid), where=where, set=changes))
    except table.ConditionFailed as refused:
        if refused.item is None:
            raise Ended from refused
        session = Session.from_item(refused.item)
    ends_at = min(session.expires_at, session.idle_expires_at)
    if session.client_id != client_id or session.status != "active" or session.created_at <= not_before or ends_at <= now:
        raise Ended
    if session.generation == generation + 1 and _is_successor(session, grace_seconds, invocation_id):
        return session
    if session.generation <= generation:
        # Behind what we signed: the table was restored from a backup. Not the holder's fault, but not to be trusted either.
        raise Ended
    revoke(user_id, sid, "refresh_token_reused")
    raise Reused


def _is_successor(session: Session, grace_seconds: int, invocation_id: str) -> bool:
    """Whether whoever presents the generation before gets this one: in the grace, or by the repeat of the write that made it."""
    in_grace = bool(grace_seconds) and clock.now() - session.rotated_at <= grace_seconds
    return in_grace or session.rotated_by == invocation_id


def revoke(user_id: str, sid: str, reason: str, *, client_id: str = "") -> bool:
    """End one session; nothing happens if it is not there. The item stays as a tombstone until the broom comes.

    client_id: end it only if it is this client's; False if it is another's.
    """
    now = clock.now()
    where = [("status", "=", "active"), *([("client_id", "=", client_id)] if client_id else [])]
    changes = {"status": "revoked", "revoked_at": now, "revoked_because": reason, "ttl": now + TOMBSTONE_SECONDS}
    try:
        table.update(table.session_key(user_id, sid), where=where, set=changes, wanted=False)
    except table.ConditionFailed as refused:
        return refused.item is None or client_id in ("", refused.item["client_id"])
    return True


def describe(user_id: str, sid: str, metadata: dict[str, str]) -> bool:
    """Note these short texts of an active session, in place of those before; False if there is none. 1 WRU."""
    try:
        table.update(table.session_key(user_id, sid), where=[("status", "=", "active")], set={"metadata": metadata})
    except table.ConditionFailed:
        return False
    return True


def of_user(user_id: str, beginning: str = "") -> Iterator[Session]:
    """Every session of the user that is still stored, live or not, or those whose ids begin so. 1 RRU per 4 KB."""
    yield from map(Session.from_item, table.query(table.user_partition(user_id), table.session_key(user_id, beginning)["sk"]))


def behind(user: User, sid: str, *, at_once: int) -> Iterator[Session]:
    """Sessions of the user's epoch, live or not, by id, from the one behind `sid` on. 1 RRU per 4 KB. at_once: with the first request."""
    # Whatever began under another epoch is over, and most of it begins otherwise.
    mark = session_ids.mark(user.epoch)
    high, more = table.session_key(user.user_id, f"{mark}~")["sk"], True
    while more:
        low = table.session_key(user.user_id, sid if sid.startswith(mark) else mark)["sk"]
        # One more than wanted, as the one that it begins behind is among them.
        items, more = table.page(table.user_partition(user.user_id), limit=at_once + 1, low=low, high=high, consistent=True)
        found = [session for session in map(Session.from_item, items) if session.sid != sid]
        yield from found
        # Few of them seem to be wanted: fewer requests for those that are left.
        sid, at_once = found[-1].sid if found else sid, 2 * at_once


def revoke_of_sign_on(user_id: str, sign_on_id: str, reason: str) -> None:
    """End the sessions that one browser sign-on began, 1 WRU each. 2 queries, 1 RRU per 4 KB of these, however many others there are."""
    began = session_ids.epoch_of(sign_on_id)
    if began < 0:
        return
    # The second: a sign-on that has a grace begins sessions under the epoch that signing out everywhere left behind.
    for epoch in (began, began + 1):
        found = of_user(user_id, session_ids.beginning(epoch, sign_on_id))
        _revoke_all((session for session in found if session.sign_on_id == sign_on_id), reason)


def revoke_of_client(user_id: str, client_id: str, reason: str) -> None:
    """End the sessions that the user has at one client."""
    _revoke_all((session for session in of_user(user_id) if session.client_id == client_id), reason)


def revoke_of_organization(user_id: str, org_id: str, reason: str) -> None:
    """End the sessions that the user began in the name of one organization."""
    _revoke_all((session for session in of_user(user_id) if session.org_id == org_id), reason)


def _revoke_all(found: Iterable[Session], reason: str) -> None:
    for session in found:
        if session.status == "active":
            revoke(session.user_id, session.sid, reason)
