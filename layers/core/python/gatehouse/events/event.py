"""An event: what happened to somebody, under an id that follows from what happened."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, Self

from gatehouse import clock, jose
from gatehouse.dataclasses import dataclass, field
from gatehouse.errors import Unavailable

# Every kind, and when it happens. With data.user goes data.version, that of the record: what is older than what is known is passed over.
CATALOGUE: Final = {
    "user.created": "somebody signed up, was invited, or was created by an operator or from another system",
    "user.updated": "the record says something else; data.changed names what, as profile.<claim> for the profile",
    "user.blocked": "somebody can sign in no more, and every session of theirs ended",
    "user.unblocked": "somebody can sign in again",
    "user.deleted": "everything of somebody is gone; data.user is how they were last",
    "user.signed_in": "somebody gave their password; the browser's sign-on that follows makes no further ones",
    "user.sign_in_failed": "an attempt to sign in failed; without user_id where nobody is known by that name",
    "user.signed_out": "every session and browser sign-on of somebody was ended at once; data.sessions says how many sessions",
    "user.password_changed": "a password was set, and every session ended",
    "user.email_changed": "the mail address is another; data.previous is the old one",
    "user.email_verified": "somebody has shown, or an operator has said, that they read mail to their address",
    "user.phone_changed": "the phone number is another; data.previous is the old one",
    "user.roles_changed": "roles for the whole tenant were given or taken; data.added, data.removed: role ids",
    "user.permissions_changed": "permissions of their own were given or taken; data.permissions: by API id, all names",
    "user.identities_changed": "accounts elsewhere were linked or unlinked; data.added, data.removed: connection and user_id there",
    "session.ended": "one application on one device is signed out; data.because says why, empty when it ended with all of the person's",
    "session.reuse_detected": "a refresh token or code came a second time, as a thief's does; its session was ended",
    "consent.granted": "somebody allowed a third-party application more than before; data holds all that it may now",
    "consent.revoked": "somebody took back what they allowed an application, or it went with them",
    "organization.member_added": "somebody became a member of an organization",
    "organization.member_removed": "somebody is no member of an organization any more",
    "organization.member_roles_changed": "roles in an organization were given or taken; data.added, data.removed: role ids",
    "organization.member_updated": "the organization's metadata about a member is another",
    "custom_data.created": "a document of business data was inserted; the Management API shows it to those who may see it",
    "custom_data.changed": "a document of business data is another; data.changed names its members",
    "custom_data.removed": "a document of business data is gone",
}
KINDS: Final = tuple(CATALOGUE)
SESSION_ENDED: Final = "session.ended"
# EventBridge and queues take 256 KB, of which an envelope and signatures need some.
LARGEST_BYTES: Final = 200_000
_ID_BYTES: Final = 18


class Interrupted(Unavailable):
    """Not all events were taken. taken: how many are known to be, from the first on."""

    def __init__(self, taken: int, *, detail: str) -> None:
        super().__init__(detail=detail)
        self.taken = taken


@dataclass(frozen=True, slots=True)
class Event:
    """id: 24 characters of base64url. at: seconds since the epoch. user_id: whose it is, empty for nobody's.

    data: JSON, without a secret; what stands in it, CATALOGUE says. quiet: nobody is told but the application whose session it is about.
    """

    id: str
    kind: str
    at: int
    user_id: str
    data: dict[str, Any] = field(default_factory=dict)
    quiet: bool = False

    @classmethod
    def of(cls, what: str, kind: str, at: int, user_id: str, data: Mapping[str, Any]) -> Self:
        """An event that is the same one whenever `what` and its kind are the same.

        data: beside user_id. Where all is larger than LARGEST_BYTES, data.left_out names user instead of having it.
        """
        digest = hashlib.sha256(f"{kind} {what}".encode()).digest()
        made = cls(jose.b64encode(digest[:_ID_BYTES]), kind, at, user_id, {"user_id": user_id, **data})
        if "user" in data and len(json.dumps(made.document())) > LARGEST_BYTES:
            del made.data["user"]
            made.data["left_out"] = ["user"]
        return made

    def document(self) -> dict[str, Any]:
        """What is delivered, as JSON: id, type, time (ISO 8601, UTC, with milliseconds) and data."""
        return {"id": self.id, "type": self.kind, "time": clock.iso(self.at), "data": self.data}
