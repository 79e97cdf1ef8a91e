"""Who calls the Management API, and what they may: machines by scope, people by role or for themselves, an organization's in it alone.

A person's scopes count only while a role of theirs gives the permission of the same name, as it is now and not as it was at sign-in.
"""

from collections.abc import Iterable

from gatehouse import bearer, management_scopes, permissions
from gatehouse.dataclasses import dataclass
from gatehouse.errors import InsufficientScope
from gatehouse.management.refusals import NotPermitted
from gatehouse.sessions import Session
from gatehouse.settings import settings
from gatehouse.users import User
from gatehouse.web import Request

# Scopes of every person for their own record.
OWN_SCOPES = management_scopes.OWN
# What an application may do with the record of whoever is signed in to it, at /me. Some have Auth0's names.
READ_OWN = "read:current_user"
UPDATE_OWN = "update:current_user"
UPDATE_OWN_METADATA = "update:current_user_metadata"
READ_OWN_DEVICES = "read:current_user_devices"
DELETE_OWN_DEVICES = "delete:current_user_devices"
UPDATE_OWN_CREDENTIALS = "update:current_user_credentials"
# For whom a token has to be: the Management API, or the issuer itself, as for userinfo.
MANAGEMENT = "management"
ACCOUNT = "account"
_NO_SESSION = Session("", "", "")


@dataclass(frozen=True, slots=True)
class Caller:
    """scopes: in force now. user_id: the person behind the token, empty for a machine. org_id: the one organization that it reaches.

    session: the one that the token is of, empty for a machine.
    """

    client_id: str
    scopes: frozenset[str]
    user_id: str = ""
    org_id: str = ""
    session: Session = _NO_SESSION

    @property
    def name(self) -> str:
        """For the audit trail: the person, or else the client."""
        return self.user_id or f"{self.client_id}@clients"


def authenticate(request: Request, audience: str = MANAGEMENT) -> Caller:
    """The caller behind the presented access token. audience: MANAGEMENT, or ACCOUNT, where nobody but people call.

    Raises:
        InvalidToken, InvalidDpopProof, InvalidRequest: it is none for that API, or its session is over.
    """
    return _own(request) if audience == ACCOUNT else _operator(request)


def _own(request: Request) -> Caller:
    claims = bearer.verified(request, audience=settings().issuer)
    session, user = bearer.live(claims)
    request.outcome["sub"] = user.user_id
    # Whoever they are signed in for: it is their own record, which no organization narrows.
    return Caller(claims["client_id"], frozenset(claims["scope"].split()), user.user_id, session=session)


def _operator(request: Request) -> Caller:
    audience = settings().management_audience
    claims = bearer.verified(request, audience=audience)
    scopes = frozenset(claims["scope"].split())
    # What the function of a schedule does in the name of a client: schedule_runner.
    if "schedule_id" in claims:
        request.outcome["schedule_id"] = claims["schedule_id"]
    if "sid" not in claims:
        return Caller(claims["client_id"], scopes)
    session, user = bearer.live(claims)
    request.outcome["sub"] = user.user_id
    held = permissions.of_user(user, audience, session.org_id)
    return Caller(claims["client_id"], scopes & (held | set(OWN_SCOPES)), user.user_id, session.org_id, session)


def demand(caller: Caller, *scopes: str) -> None:
    """Accept a caller that has one of the scopes.

    Raises:
        InsufficientScope: it has none of them.
    """
    if caller.scopes.isdisjoint(scopes):
        raise InsufficientScope(" ".join(scopes))


def demand_for_tenant(caller: Caller, scope: str) -> None:
    """Accept a caller that has the scope, and for everything: not an organization's operator.

    Raises:
        InsufficientScope: it has not.
    """
    if caller.org_id:
        raise InsufficientScope(scope)
    demand(caller, scope)


def demand_all(caller: Caller, given: Iterable[str]) -> None:
    """Accept a caller that hands out management scopes only as far as it has them itself (no way up for whoever may assign roles).

    Raises:
        NotPermitted: one of them it does not have.
    """
    if beyond := sorted(set(given) - caller.scopes):
        raise NotPermitted(f"You cannot give what you do not have: {', '.join(beyond)}")


def demand_power_over(caller: Caller, user: User) -> None:
    """Accept a caller that may itself do all that the user may, for the tenant or in any organization: what permissions.anywhere costs.

    Whoever changes what somebody signs in with can sign in as them, and so has what they could not be given.

    Raises:
        NotPermitted: the user may do something that the caller may not.
    """
    held = permissions.anywhere(user, settings().management_audience)
    if not caller.scopes.issuperset(held.intersection(management_scopes.OPERATORS)):
        raise NotPermitted("The user may do what you may not, so you cannot change what they sign in with.")
