"""People: the user item, the mail address that is theirs alone, and the epoch that ends everything they were signed in to."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from gatehouse import clock, identifiers, table
from gatehouse.dataclasses import dataclass, field, of_known

FIRST_EPOCH = 1
_NOBODY = "nobody"
# A user who is being deleted is there no more to anybody but the deletion.
_THERE: list[tuple[str, str, Any]] = [("pk", "exists", None), ("deleting", "absent", None)]
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
# Opens the names of a person's roles.
ROLES_SCOPE = "roles"

# What a person can be found and signed in by, and so is theirs alone: attribute, and the key that makes it unique.
IDENTIFIERS: dict[str, Callable[[str], table.Key]] = {
    "email": table.email_key,
    "username": table.username_key,
    "phone_number": table.phone_key,
}


class Taken(Exception):
    """An identifier belongs to a user already. what: email, username, phone_number, user_id or identity."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class User:
    """One person. Times in seconds since the epoch; what is unknown is empty.

    version: how often the record was changed; sign-outs do not count. identities: accounts elsewhere, each {connection_id, connection,
    provider, user_id, is_social, at, profile}, and lost, which says of its values that were not taken over why. provenance: by name of a
    value, {source, at, verified}. roles: role ids. permissions: by API id, the names.
    skipped: questions that the person did not want to answer, by name, and when.
    """

    user_id: str
    email: str
    epoch: int
    version: int = 0
    email_verified: bool = False
    username: str = ""
    phone_number: str = ""
    phone_verified: bool = False
    password_hash: str = ""
    blocked: bool = False
    created_at: int = 0
    updated_at: int = 0
    signed_out_at: int = 0
    epoch_at: int = 0
    last_login: int = 0
    last_ip: str = ""
    logins_count: int = 0
    last_password_reset: int = 0
    profile: dict[str, Any] = field(default_factory=dict)
    user_metadata: dict[str, Any] = field(default_factory=dict)
    app_metadata: dict[str, Any] = field(default_factory=dict)
    identities: list[dict[str, Any]] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    roles: list[str] = field(default_factory=list)
    permissions: dict[str, list[str]] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        return of_known(cls, item)

    @property
    def known_as(self) -> str:
        """What the person signs in with: their mail address, else their user name, else their phone number; empty for none."""
        return self.email or self.username or self.phone_number


def get(user_id: str) -> User | None:
    """Read a user, strongly consistent: 1 RRU per 4 KB. None also for one who is being deleted."""
    item = table.get(table.user_key(user_id))
    return User.from_item(item) if item and there(item) else None


def there(item: table.Item) -> bool:
    """Whether the item is that of a user who is not being deleted."""
    return "deleting" not in item


def get_by_email(email: str) -> User | None:
    """Read the user whose canonical mail address this is: two reads, also for an address that nobody has, so that time does not tell."""
    return get_by("email", email)


def get_by(identifier: str, canonical: str) -> User | None:
    """Read the user to whom a canonical identifier belongs: two reads, also where it belongs to nobody. identifier: of IDENTIFIERS."""
    entry = table.get(IDENTIFIERS[identifier](canonical))
    return get(entry["user_id"] if entry else _NOBODY)


def check_free(draft: User, *, chosen_id: bool = False) -> None:
    """Whether the identifiers of a user who is about to be made are free, in one request. `create` decides; this only spares others work.

    chosen_id: the id comes from outside, so that somebody may have it, or have had it.

    Raises:
        Taken: one is not.
    """
    wanted = {name: IDENTIFIERS[name](value) for name in IDENTIFIERS if (value := getattr(draft, name))}
    names, keys = list(wanted), list(wanted.values())
    if chosen_id:
        names += ["user_id", "user_id"]
        keys += [table.user_key(draft.user_id), table.gone_key(draft.user_id)]
    for name, item in zip(names, table.get_many(*keys) if keys else [], strict=True):
        if item is not None:
            raise Taken(name)


def create(
    email: str = "",
    *,
    email_verified: bool,
    password_hash: str,
    profile: dict[str, Any] | None = None,
    user_id: str = "",
    source: str = "sign_up",
    writes: Sequence[table.Write] = (),
    **record: Any,
) -> User:
    """Create a user under canonical identifiers. Of two racing callers exactly one succeeds, and the other changes nothing.

    user_id: chosen by whoever moves people here; by default a new one. source: where the values come from, for their provenance.
    writes: what must succeed with it, as using up the ticket that proves the address. record: further fields of User.

    Raises:
        Taken: an identifier belongs to a user already, or one of `writes` is refused (then what is "write").
    """
    now = clock.now()
    user_id = user_id or identifiers.new_user_id()
    given = {"email": email, **{name: record[name] for name in IDENTIFIERS if record.get(name)}}
    known = [*(name for name, value in given.items() if value), *(profile or {})]
    item = _beginning(now) | record
    item |= {"user_id": user_id, "email": email, "email_verified": email_verified, "password_hash": password_hash, "profile": profile or {}}
    noted = {name: {"source": source, "at": now} for name in known} | record.get("provenance", {})
    item |= {"provenance": noted, **table.listed_user(user_id, now)}
    absent = [("pk", "absent", None)]
    claimed = {
        name: table.Write(IDENTIFIERS[name](value), where=absent, put={"user_id": user_id}) for name, value in given.items() if value
    }
    try:
        table.transact(
            *claimed.values(),
            table.Write(table.user_key(user_id), where=absent, put=item),
            table.Write(table.gone_key(user_id), where=absent, check=True),
            table.Write(table.count_key("USERS", table.bucket_of(user_id)), add={"total": 1}),
            *writes,
        )
    except table.ConditionFailed as taken:
        what = [*claimed, "user_id", "user_id"]
        raise Taken(what[taken.at] if taken.at < len(what) else "write") from taken
    return User.from_item(item)


def _beginning(now: int) -> table.Item:
    """What every record begins with."""
    return {
        "epoch": FIRST_EPOCH,
        "version": 1,
        "signed_out_by": "",
        "blocked": False,
        "created_at": now,
        "updated_at": now,
        "user_metadata": {},
        "app_metadata": {},
    }


def signed_in(user_id: str, *, source_ip: str, invocation_id: str) -> bool:
    """Note a sign-in in the record: 1 WRU per KB of it. False if the user is gone; a repeat of this very write changes nothing."""
    changes = {"last_login": clock.now(), "last_ip": source_ip, "signed_in_by": invocation_id}
    where = [*_THERE, ("signed_in_by", "<>", invocation_id)]
    try:
        table.update(table.user_key(user_id), where=where, set=changes, add={"logins_count": 1, "version": 1}, wanted=False)
    except table.ConditionFailed as refused:
        return refused.item is not None and there(refused.item)
    return True


def sign_out_everywhere(user_id: str, *, invocation_id: str, epoch: int | None = None) -> bool:
    """End every session and sign-on of the user in one write; True if it is done, False if there is no such user or the epoch is over.

    epoch: sign out only if this is still the user's epoch. A repeat after a lost answer finds its own invocation_id and changes nothing.
    """
    where = [*_THERE, ("signed_out_by", "<>", invocation_id)]
    if epoch is not None:
        where.append(("epoch", "=", epoch))
    now = clock.now()
    changes = {"signed_out_at": now, "epoch_at": now, "signed_out_by": invocation_id}
    try:
        table.update(table.user_key(user_id), where=where, set=changes, add={"epoch": 1}, wanted=False)
    except table.ConditionFailed as refused:
        return refused.item is not None and there(refused.item) and refused.item["signed_out_by"] == invocation_id
    return True


def password_write(user_id: str, email: str, password_hash: str, *, proven: bool = True) -> table.Write:
    """The write that sets a password, and ends everything, sign-ons included, without the grace of a sign-out.

    Its condition is that the address still is the user's. proven: whoever sets it has shown that they read mail to `email`.
    """
    now = clock.now()
    verified = {"email_verified": True} if proven else {}
    return table.Write(
        table.user_key(user_id),
        where=[("email", "=", email), ("deleting", "absent", None)],
        set={"password_hash": password_hash, **verified, "updated_at": now, "last_password_reset": now, "epoch_at": now},
        add={"epoch": 1, "version": 1},
        remove=["signed_out_at"],
    )


def verification_write(user_id: str, email: str) -> table.Write:
    """The write that notes that the person reads mail to `email`. Its condition is that the address still is the user's."""
    return table.Write(
        table.user_key(user_id),
        where=[("email", "=", email), ("deleting", "absent", None)],
        set={"email_verified": True, "updated_at": clock.now()},
        add={"version": 1},
    )


def rehash(user: User, password_hash: str) -> None:
    """Replace the hash of the same password by one with today's parameters, unless the password changed meanwhile."""
    try:
        table.update(table.user_key(user.user_id), where=[("password_hash", "=", user.password_hash)], set={"password_hash": password_hash})
    except table.ConditionFailed:
        return


def set_blocked(user_id: str, blocked: bool) -> bool:
    """Block or unblock; blocking also ends every session. False if there is no such user."""
    now = clock.now()
    changes: dict[str, Any] = {"blocked": blocked, "updated_at": now} | ({"epoch_at": now} if blocked else {})
    add = {"version": 1} | ({"epoch": 1} if blocked else {})
    try:
        table.update(table.user_key(user_id), where=_THERE, set=changes, add=add, remove=["signed_out_at"])
    except table.ConditionFailed:
        return False
    return True


def describe(user_id: str, **values: Any) -> None:
    """Set whole attributes of the record, for seeds: profile, user_metadata, app_metadata."""
    table.update(table.user_key(user_id), where=[("pk", "exists", None)], set={**values, "updated_at": clock.now()}, add={"version": 1})
