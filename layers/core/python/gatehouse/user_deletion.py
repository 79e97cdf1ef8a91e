"""Deleting a person: first nothing of theirs opens anything any more, then everything goes, and last the record, with a note of who did it.

Each step can be repeated. Whatever ends a deletion half way, the same request again goes on where it stopped, and the daily sweep does if
nobody asks; meanwhile the person is there to nobody else. What reads "deleting" stands in `users`.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from gatehouse import audit, clock, limits, observe, session_ids, sessions, table, tickets
from gatehouse.audit import Deed
from gatehouse.errors import Unavailable
from gatehouse.sessions import Session
from gatehouse.users import IDENTIFIERS, User

ACTION = "user.deleted"
REASON = "user_deleted"
# API Gateway answers for us after 30 s. A person with some thousand sessions takes more than one request.
SECONDS = 20
# Whoever began it and asks again has done so by then.
RESUMED_AFTER_SECONDS = 3600
_TOGETHER = 50
_Check = Callable[[], None]


def delete(user_id: str, deed: Deed) -> None:
    """Delete the user and everything that is theirs; nothing happens if there is no such user.

    About 1 WRU per session that was live, 2 WRU per item of theirs, 0.5 RRU per 4 KB read; 10 WRU besides.

    Raises:
        Unavailable: it is begun and not finished, and every token of the person is dead. To be repeated.
    """
    in_time = _deadline()
    item = _marked(user_id, deed)
    if item:
        _end_sessions(User.from_item(item), in_time)
        _forget(user_id, in_time)
        _release(User.from_item(item))
        _finish(user_id, Deed(**item["deleting"]))
    elif table.get(table.gone_key(user_id)) is None:
        return
    # What requests wrote that had read the record before it was marked, or what a deletion left that broke off at this very point.
    _forget(user_id, in_time)


def resume(item: table.Item) -> bool:
    """Finish the deletion of this record if it was begun long ago and nobody asked again; False if there is none, or it is not finished.

    Takes at most SECONDS, and a few for the call that is under way.
    """
    if "deleting" not in item or item["deleting"]["at"] + RESUMED_AFTER_SECONDS > clock.now():
        return False
    try:
        delete(item["user_id"], Deed(**item["deleting"]))
    except Unavailable as trouble:
        observe.note("a deletion goes on another day", user_id=item["user_id"], detail=trouble.detail)
        return False
    return True


def began_at(user_id: str) -> float:
    """When the person's deletion began, in seconds since the epoch, also one that is over; infinity for none. 1 RRU, and 1 per 4 KB."""
    item, gone = table.get_many(table.user_key(user_id), table.gone_key(user_id))
    if item and "deleting" in item:
        return float(item["deleting"]["at"])
    # Of those who were deleted when it was not noted yet, it is known when they were gone.
    return float(gone.get("since") or gone["at"]) if gone else math.inf


def _deadline() -> _Check:
    ends_at_ms = clock.milliseconds() + SECONDS * 1000

    def check() -> None:
        if clock.milliseconds() >= ends_at_ms:
            raise Unavailable(detail="a deletion takes longer than a request may")

    return check


def _marked(user_id: str, deed: Deed) -> table.Item | None:
    """The record once nothing that hangs on it counts any more: blocked, under a new epoch, in no list. None if there is none."""
    now = clock.now()
    key, where = table.user_key(user_id), [("pk", "exists", None), ("deleting", "absent", None)]
    mark = {"actor": deed.actor, "ip": deed.ip, "request_id": deed.request_id, "reason": deed.reason, "at": now}
    changes = {"deleting": mark, "blocked": True, "updated_at": now, "epoch_at": now}
    gone = ["signed_out_at", "list_pk", "list_sk"]
    try:
        return table.update(key, where=where, set=changes, add={"epoch": 1, "version": 1}, remove=gone)
    except table.ConditionFailed as refused:
        # Begun before: whoever began it stands in the record.
        return refused.item


def _end_sessions(user: User, in_time: _Check) -> None:
    """Revoke what was live, one by one: each tells its application of its own end, also when the record is gone."""
    for session in sessions.of_user(user.user_id):
        if _was_live(session, user):
            in_time()
            sessions.revoke(user.user_id, session.sid, REASON)


def _was_live(session: Session, user: User) -> bool:
    # Those of earlier epochs were told of when these ended.
    of_last_epoch = session_ids.epoch_of(session.sid) == user.epoch - 1
    return session.status == "active" and of_last_epoch and min(session.expires_at, session.idle_expires_at) > user.epoch_at


def _forget(user_id: str, in_time: _Check) -> None:
    """Delete all that lies under the user but the record, with what points at it from elsewhere."""
    keys: list[table.Key] = []
    for item in table.query(table.user_partition(user_id)):
        if item["sk"] != "USER":
            keys += _of_item(user_id, item)
    _delete_all(keys, in_time)


def _of_item(user_id: str, item: table.Item) -> Iterator[table.Key]:
    kind, _, rest = item["sk"].partition("#")
    if kind == "ORG":
        yield table.member_key(rest, user_id)
        yield from (table.holder_key(role_id, user_id) for role_id in item.get("roles", ()))
    # Last, so that what points at it can be found as long as anything does.
    yield {"pk": item["pk"], "sk": item["sk"]}


def _delete_all(keys: Sequence[table.Key], in_time: _Check) -> None:
    for first in range(0, len(keys), _TOGETHER):
        in_time()
        together = {(key["pk"], key["sk"]): key for key in keys[first : first + _TOGETHER]}
        table.transact(*(table.Write(key, delete=True) for key in together.values()))


def _release(user: User) -> None:
    """Give up what only one person may have, and forget what was counted and mailed under it: of this person, not of who has it by now."""
    _delete_all([table.holder_key(role_id, user.user_id) for role_id in user.roles], lambda: None)
    # One holds the address that is to become theirs.
    tickets.forget(user.user_id)
    for name, key in IDENTIFIERS.items():
        if (value := getattr(user, name)) and _is_of(user, key(value)):
            limits.clear(limits.PASSWORD, value)
            if name == "email":
                _forget_mails(user)
            _delete_own(user, key(value))
    for identity in user.identities:
        _delete_own(user, table.identity_key(identity["connection_id"], identity["user_id"]))


def _forget_mails(user: User) -> None:
    tickets.forget(user.user_id, user.email)
    for purpose in tickets.SECONDS:
        limits.clear(limits.MAIL, f"{purpose} {user.email}")


def _is_of(user: User, key: table.Key) -> bool:
    entry = table.get(key)
    return entry is not None and entry["user_id"] == user.user_id


def _delete_own(user: User, key: table.Key) -> None:
    try:
        table.delete(key, where=[("user_id", "=", user.user_id)])
    except table.ConditionFailed:
        return


def _finish(user_id: str, deed: Deed) -> None:
    """The record goes, its id is given to nobody else, and it is written down, all at once or not at all."""
    try:
        table.transact(
            table.Write(table.user_key(user_id), where=[("deleting", "exists", None)], delete=True),
            table.Write(table.gone_key(user_id), put={"at": clock.now(), "since": deed.at}),
            table.Write(table.count_key("USERS", table.bucket_of(user_id)), add={"total": -1}),
            audit.write(ACTION, user_id, deed),
        )
    except table.ConditionFailed as refused:
        if refused.at:
            raise Unavailable(detail="an audit entry of this name is there already") from refused
        # Another request has finished it.
