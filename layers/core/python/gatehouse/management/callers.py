"""Who calls the Management API, and what they may: machines by scope, people by role or for themselves, an organization's in it alone.

A person's scopes count only while a role of theirs gives the permission of the same name, as it is now and not as it was at sign-in.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gatehouse import bearer, permissions
from gatehouse.errors import InsufficientScope
from gatehouse.management.refusals import NotPermitted
from gatehouse.settings import settings
from gatehouse.web import Request

# Scopes of every person for their own record (Auth0's names).
OWN_SCOPES = (
    "read:current_user",
    "update:current_user_metadata",
    "create:current_user_metadata",
    "delete:current_user_metadata",
    "update:current_user_identities",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """scopes: in force now. user_id: the person behind the token, empty for a machine. org_id: the one organization that it reaches."""

    client_id: str
    scopes: frozenset[str]
    user_id: str = ""
    org_id: str = ""

    @property
    def name(self) -> str:
        """For the audit trail: the person, or else the client."""
        return self.user_id or f"{self.client_id}@clients"


def authenticate(request: Request) -> Caller:
    """The caller behind the presented access token.

    Raises:
        InvalidToken, InvalidDpopProof, InvalidRequest: it is none for the Management API, or its session is over.
    """
    audience = settings().management_audience
    claims = bearer.verified(request, audience=audience)
    scopes = frozenset(claims["scope"].split())
    if "sid" not in claims:
        return Caller(claims["client_id"], scopes)
    session, user = bearer.live(claims)
    request.outcome["sub"] = user.user_id
    held = permissions.of_user(user, audience, session.org_id)
    return Caller(claims["client_id"], scopes & (held | set(OWN_SCOPES)), user.user_id, session.org_id)


def demand(caller: Caller, *scopes: str) -> None:
    """Accept a caller that has one of the scopes.

    Raises:
        InsufficientScope: it has none of them.
    """
    if caller.scopes.isdisjoint(scopes):
        raise InsufficientScope(" ".join(scopes))


def demand_all(caller: Caller, given: Iterable[str]) -> None:
    """Accept a caller that hands out management scopes only as far as it has them itself (no way up for whoever may assign roles).

    Raises:
        NotPermitted: one of them it does not have.
    """
    if beyond := sorted(set(given) - caller.scopes):
        raise NotPermitted(f"You cannot give what you do not have: {', '.join(beyond)}")
