"""Whom tokens are about, and whatever else their claims need, in one read."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gatehouse import cut_offs, table, users
from gatehouse.claim_sources import CUSTOM_DATA, MEMBERSHIP, ORGANIZATION, Facts
from gatehouse.dataclasses import dataclass
from gatehouse.sessions import Session
from gatehouse.users import User


@dataclass(frozen=True, slots=True)
class Holder:
    """document: business data. membership, organization: as stored. Each None if it is not there, or was not asked for; so the session."""

    user: User
    document: Mapping[str, Any] | None = None
    membership: table.Item | None = None
    organization: table.Item | None = None
    session: Session | None = None

    def role_ids(self, org_id: str) -> Sequence[str]:
        """The roles of the person, or those that they have in the organization, for which the membership must have been asked for."""
        if not org_id:
            return self.user.roles
        return self.membership.get("roles", ()) if self.membership else ()

    def facts(self, role_names: Collection[str]) -> Facts:
        return Facts(self.user, list(role_names), self.document, self.organization, self.membership)


def read(user_id: str, org_id: str, needed: Collection[str] = (), *, sid: str = "") -> Holder | None:
    """The person, None if there is none or they are being deleted: one request, strongly consistent, 1 RRU per 4 KB of each item.

    needed: what else, of CUSTOM_DATA, MEMBERSHIP and ORGANIZATION. org_id: empty for none, and then there is nothing of the last two.
    sid: of the session to read as well, empty for none.
    """
    places = _places(user_id, org_id, needed, sid)
    if not places:
        user = users.get(user_id)
        return Holder(user) if user else None
    first, *items = table.get_many(table.user_key(user_id), *places.values())
    if first is None or not users.there(first):
        return None
    found = dict(zip(places, items, strict=True))
    session = found.get("session")
    return Holder(
        User.from_item(first),
        _document(found[CUSTOM_DATA]) if CUSTOM_DATA in found else None,
        found.get(MEMBERSHIP),
        found.get(ORGANIZATION),
        Session.from_item(session) if session else None,
    )


def _places(user_id: str, org_id: str, needed: Collection[str], sid: str) -> dict[str, table.Key]:
    places: dict[str, table.Key] = {}
    if sid:
        places["session"] = table.session_key(user_id, sid)
    if org_id and MEMBERSHIP in needed:
        places[MEMBERSHIP] = table.membership_key(user_id, org_id)
    if org_id and ORGANIZATION in needed:
        places[ORGANIZATION] = table.organization_key(org_id)
    if CUSTOM_DATA in needed:
        # Imported on first use: few stacks have business data.
        from gatehouse import custom_data

        if place := custom_data.place(user_id):
            places[CUSTOM_DATA] = place
    return places


def _document(item: table.Item | None) -> Mapping[str, Any] | None:
    from gatehouse import custom_data

    return custom_data.shown(item)


def live(user_id: str, sid: str, org_id: str, needed: Collection[str] = ()) -> Holder | None:
    """The same for a session that is live and before no cut-off; else None. As cut_offs.live_session.

    org_id: the organization that the session is in; if it is in another, that takes a second read.
    """
    found = read(user_id, org_id, {*needed, MEMBERSHIP}, sid=sid)
    if found is None or found.session is None:
        return None
    session = found.session
    if session.org_id not in ("", org_id):
        return live(user_id, sid, session.org_id, needed)
    stands = session.live(found.user) and session.belongs(found.membership)
    return found if stands and not cut_offs.passed(session.client_id, session.created_at) else None
