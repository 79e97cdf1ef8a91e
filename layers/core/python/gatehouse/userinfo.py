"""Which claims about a person a scope opens (OpenID Connect Core 5.3 and 5.4)."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from gatehouse import claim_mapping, clients
from gatehouse.claim_mapping import USERINFO, Mapped, Occasion
from gatehouse.claim_sources import CUSTOM_DATA, ROLES, covered, without
from gatehouse.holders import Holder
from gatehouse.sessions import Session
from gatehouse.users import PROFILE_CLAIMS, ROLES_SCOPE, SCOPE_OF, User

CUSTOM_DATA_SCOPE = "custom_data"
# Beyond OpenID Connect: what the person set, what was earned, and the business data, for clients that may see them.
# Roles are those of the organization in whose name the person signed in, if they did, and else of the whole tenant; never app_metadata.
_DOCUMENTS = ("user_metadata", "app_metadata", CUSTOM_DATA_SCOPE)
CUSTOM_SCOPES = (*_DOCUMENTS, ROLES_SCOPE)
CLAIMS = [
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "org_id",
    "at_hash",
    *PROFILE_CLAIMS,
    "updated_at",
    "email",
    "email_verified",
    "address",
    "phone_number",
    "phone_number_verified",
    *CUSTOM_SCOPES,
]


def claims(
    user: User,
    scope: str,
    names: str = "",
    *,
    role_names: Sequence[str] = (),
    document: Mapping[str, Any] | None = None,
    sensitive: Collection[str] = (),
) -> dict[str, Any]:
    """The claims of `user` that `scope` opens, and those of `names`, as they are now; those without a value are left out. Reads nothing.

    role_names: for the scope roles. document: for the scope custom_data, the business data, None for none. sensitive: paths of
    claim_sources that are cut out.
    """
    asked = names.split()
    everything = _opened(user, {*scope.split(), *(SCOPE_OF[name] for name in asked)}) | {ROLES_SCOPE: list(role_names)}
    everything |= {CUSTOM_DATA_SCOPE: document} if document is not None else {}
    granted = {"sub", *scope.split()}
    found = {name: value for name, value in everything.items() if name in asked or SCOPE_OF.get(name, name) in granted}
    barred = _barred(tuple(sensitive))
    return {name: _shown(name, value, sensitive) for name, value in found.items() if name not in barred}


@lru_cache(maxsize=8)
def _barred(sensitive: tuple[str, ...]) -> frozenset[str]:
    """The claims that lie in what is sensitive."""
    return frozenset(name for name in CLAIMS if covered(_path(name), sensitive))


def _path(name: str) -> str:
    """What claim_sources calls the value of a claim."""
    return f"profile.{name}" if name in PROFILE_CLAIMS or name == "address" else name


def _shown(name: str, value: Any, sensitive: Collection[str]) -> Any:
    return without(value, name, sensitive) if name in _DOCUMENTS else value


def answer(claims_of_token: Mapping[str, Any], session: Session, holder: Holder, mapped: Mapped) -> dict[str, Any]:
    """What userinfo tells whoever has the token: what its scope opens, and what the mapping says. Costs what roles.known does.

    holder: with what `needed` says.
    """
    scope, client_id = claims_of_token["scope"], claims_of_token["client_id"]
    # What was asked for claim by claim is for the client that asked, and not for one that exchanged its token.
    single = session.userinfo_claims if client_id == session.client_id else ""
    wanted = needed(mapped, claims_of_token)
    names = role_names(holder, session.org_id) if ROLES in wanted else []
    told = claims(holder.user, scope, single, role_names=names, document=holder.document, sensitive=mapped.sensitive)
    occasion = _occasion(mapped, client_id, session.org_id, scope)
    return claim_mapping.evaluate(mapped, holder.facts(names), occasion, USERINFO)[0] | told


def needed(mapped: Mapped, claims_of_token: Mapping[str, Any]) -> set[str]:
    """What has to be read of the person for `answer`, as holders.read, and ROLES."""
    scope = claims_of_token["scope"].split()
    occasion = _occasion(mapped, claims_of_token["client_id"], claims_of_token.get("org_id", ""), claims_of_token["scope"])
    opened = {ROLES_SCOPE: ROLES, CUSTOM_DATA_SCOPE: CUSTOM_DATA}
    return claim_mapping.needs(mapped, occasion, (USERINFO,)) | {need for name, need in opened.items() if name in scope}


def _occasion(mapped: Mapped, client_id: str, org_id: str, scope: str) -> Occasion:
    # Of no account where no rule asks for it.
    client = clients.get(client_id) if mapped.rules else None
    return Occasion(client_id, org_id, scope, first_party=bool(client and client.first_party))


def role_names(holder: Holder, org_id: str) -> list[str]:
    """The names of the roles that the person has, in an organization or in none: what roles.known costs."""
    # Imported on first use: few clients ask for it.
    from gatehouse import roles

    return roles.names(roles.known(holder.role_ids(org_id)))


def _opened(user: User, granted: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"sub": user.user_id}
    if "profile" in granted:
        found |= {name: user.profile.get(name) for name in PROFILE_CLAIMS} | {"updated_at": user.updated_at}
    if "email" in granted:
        found |= {"email": user.email, "email_verified": user.email_verified}
    if "address" in granted:
        found["address"] = user.profile.get("address")
    if "phone" in granted and user.phone_number:
        found |= {"phone_number": user.phone_number, "phone_number_verified": user.phone_verified}
    elif "phone" in granted and user.profile.get("phone_number"):
        # Of people who were seeded: a number that is only told, and that nobody is found by.
        verified = user.profile.get("phone_number_verified", False)
        found |= {"phone_number": user.profile["phone_number"], "phone_number_verified": verified}
    found |= {name: getattr(user, name) for name in ("user_metadata", "app_metadata") if name in granted}
    return {name: value for name, value in found.items() if value not in (None, "")}
