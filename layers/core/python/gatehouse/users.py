"""People: the user item, the mail address that is theirs alone, and the epoch that ends everything they were signed in to."""

from dataclasses import dataclass, field
from typing import Any, Self

from gatehouse import clock, identifiers, table

FIRST_EPOCH = 1
_NOBODY = "nobody"
# Standard claims (OpenID Connect Core 5.1) that the profile may hold.
PROFILE_CLAIMS = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
]
# The scope that opens a claim; whoever may ask for that may ask for the claim alone (OpenID Connect Core 5.4, 5.5).
SCOPE_OF = {
    **dict.fromkeys([*PROFILE_CLAIMS, "updated_at"], "profile"),
    **dict.fromkeys(["email", "email_verified"], "email"),
    **dict.fromkeys(["phone_number", "phone_number_verified"], "phone"),
    "address": "address",
}


class EmailTaken(Exception):
    """The mail address belongs to a user already."""


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    email: str
    epoch: int
    email_verified: bool = False
    password_hash: str = ""
    blocked: bool = False
    created_at: int = 0
    updated_at: int = 0
    signed_out_at: int = 0
    epoch_at: int = 0
    profile: dict[str, Any] = field(default_factory=dict)
    user_metadata: dict[str, Any] = field(default_factory=dict)
    app_metadata: dict[str, Any] = field(default_factory=dict)
    custom_data: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return cls(**{name: item[name] for name in cls.__dataclass_fields__ if name in item})


def get(user_id: str) -> User | None:
    """Read a user, strongly consistent: 1 RRU."""
    item = table.get(table.user_key(user_id))
    return User.from_item(item) if item else None


def get_by_email(email: str) -> User | None:
    """Read the user whose canonical mail address this is: two reads, also for an address that nobody has, so that time does not tell."""
    entry = table.get(table.email_key(email))
    return get(entry["user_id"] if entry else _NOBODY)


def create(
    email: str, *, email_verified: bool, password_hash: str, profile: dict[str, Any] | None = None, proof: table.Write | None = None
) -> User:
    """Create a user under a canonical mail address. Of two racing callers exactly one succeeds.

    proof: a write that must succeed with it, as using up the ticket that proves the address.

    Raises:
        EmailTaken: the address belongs to a user already, or the proof is used up.
    """
    now = clock.now()
    item = {
        "user_id": identifiers.new_user_id(),
        "email": email,
        "email_verified": email_verified,
        "password_hash": password_hash,
        "epoch": FIRST_EPOCH,
        "signed_out_by": "",
        "blocked": False,
        "created_at": now,
        "updated_at": now,
        "profile": profile or {},
    }
    absent = [("pk", "absent", None)]
    try:
        table.transact(
            table.Write(table.email_key(email), where=absent, put={"user_id": item["user_id"]}),
            table.Write(table.user_key(str(item["user_id"])), where=absent, put=item),
            *([proof] if proof else []),
        )
    except table.ConditionFailed as taken:
        raise EmailTaken from taken
    return User.from_item(item)


def sign_out_everywhere(user_id: str, *, invocation_id: str, epoch: int | None = None) -> bool:
    """End every session and sign-on of the user in one write; True if it is done, False if there is no such user or the epoch is over.

    epoch: sign out only if this is still the user's epoch. A repeat after a lost answer finds its own invocation_id and changes nothing.
    """
    where: list[tuple[str, str, Any]] = [("pk", "exists", None), ("signed_out_by", "<>", invocation_id)]
    if epoch is not None:
        where.append(("epoch", "=", epoch))
    now = clock.now()
    changes = {"signed_out_at": now, "epoch_at": now, "signed_out_by": invocation_id}
    try:
        table.update(table.user_key(user_id), where=where, set=changes, add={"epoch": 1})
    except table.ConditionFailed as refused:
        return refused.item is not None and refused.item["signed_out_by"] == invocation_id
    return True


def password_write(user_id: str, email: str, password_hash: str) -> table.Write:
    """The write that sets a password after proof of `email`, and ends everything, sign-ons included, without the grace of a sign-out.

    Its condition is that the address still is the user's.
    """
    now = clock.now()
    return table.Write(
        table.user_key(user_id),
        where=[("email", "=", email)],
        set={"password_hash": password_hash, "email_verified": True, "updated_at": now, "epoch_at": now},
        add={"epoch": 1},
        remove=["signed_out_at"],
    )


def rehash(user: User, password_hash: str) -> None:
    """Replace the hash of the same password by one with today's parameters, unless the password changed meanwhile."""
    try:
        table.update(table.user_key(user.user_id), where=[("password_hash", "=", user.password_hash)], set={"password_hash": password_hash})
    except table.ConditionFailed:
        return


def set_blocked(user_id: str, blocked: bool) -> bool:
    """Block or unblock; blocking also ends every session. False if there is no such user."""
    changes: dict[str, Any] = {"blocked": blocked} | ({"epoch_at": clock.now()} if blocked else {})
    add = {"epoch": 1} if blocked else {}
    try:
        table.update(table.user_key(user_id), where=[("pk", "exists", None)], set=changes, add=add, remove=["signed_out_at"])
    except table.ConditionFailed:
        return False
    return True


def describe(user_id: str, **values: Any) -> None:
    """Set whole attributes of the record: profile, user_metadata, app_metadata, custom_data."""
    table.update(table.user_key(user_id), where=[("pk", "exists", None)], set={**values, "updated_at": clock.now()})
