"""What an access token says that its holder may do: which of the scopes asked for count, permissions, and roles, as they are now.

Where a token is for several APIs, a name that two of them have is in it only if the person may do that at both: the token does not say
at which, and each API takes it as its own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gatehouse import management_scopes, permissions, resource_servers, roles
from gatehouse.clients import STANDARD_SCOPES
from gatehouse.dataclasses import dataclass
from gatehouse.resource_servers import ACCESS_TOKEN_AUTHZ, ResourceServer
from gatehouse.settings import settings
from gatehouse.users import ROLES_SCOPE, User


@dataclass(frozen=True, slots=True)
class Rights:
    """apis: those registered, of which a token may name some. held: what a person may do at each that enforces it, by audience; None of a
    machine, which may do what its scopes say. role_names: of the person, in order.
    """

    apis: Sequence[ResourceServer] = ()
    held: Mapping[str, Collection[str]] | None = None
    role_names: Sequence[str] = ()

    def scope(self, asked: str, audiences: Collection[str]) -> str:
        """Of the scopes asked for those that count at these APIs, in the order asked."""
        if not self.apis:
            return asked
        without = self._without(audiences) - set(STANDARD_SCOPES)
        return " ".join(scope for scope in asked.split() if scope not in without)

    def claims(self, scope: str, audiences: Collection[str]) -> dict[str, Any]:
        """The claims beside `scope`, which is what `scope` above made of it."""
        claims: dict[str, Any] = {}
        if self.held is not None and ROLES_SCOPE in scope.split():
            claims["roles"] = list(self.role_names)
        telling = [api for api in self._enforcing(audiences) if api.token_dialect == ACCESS_TOKEN_AUTHZ]
        if telling:
            given = {name for api in telling for name in api.scope_values & self._at(api, scope)}
            claims["permissions"] = sorted(given - self._without(audiences))
        return claims

    def seconds(self, audiences: Collection[str]) -> int:
        """The shortest lifetime that one of these APIs demands of its tokens; 0 if none does."""
        return min([api.token_lifetime for api in self.apis if api.identifier in audiences and api.token_lifetime], default=0)

    def _enforcing(self, audiences: Collection[str]) -> list[ResourceServer]:
        return [api for api in self.apis if api.enforce_policies and api.identifier in audiences]

    def _at(self, api: ResourceServer, scope: str) -> set[str]:
        return set(scope.split() if self.held is None else self.held.get(api.identifier, ()))

    def _without(self, audiences: Collection[str]) -> set[str]:
        """The names that one of the APIs has, and the person there has not."""
        if self.held is None:
            return set()
        return {name for api in self._enforcing(audiences) for name in api.scope_values - self._at(api, "")}


def of_person(user: User, role_ids: Iterable[str], org_id: str, audiences: Collection[str], *, with_roles: bool) -> Rights:
    """The rights of a person, in the name of an organization or of none: what resource_servers.known costs; where one of the APIs enforces
    permissions, or with_roles, also what roles.known costs. role_ids: those that they have there.
    """
    apis = resource_servers.known(audiences)
    enforcing = [api.identifier for api in apis if api.enforce_policies]
    if not enforcing and not with_roles:
        return Rights(apis, {})
    given = roles.known(role_ids)
    held = {audience: permissions.given(user, given, audience, org_id) for audience in enforcing}
    if (management := settings().management_audience) in held:
        held[management] |= set(management_scopes.OWN)
    return Rights(apis, held, roles.names(given))


def of_machine(audiences: Collection[str]) -> Rights:
    """The rights of a client that acts for itself: what resource_servers.known costs."""
    return Rights(resource_servers.known(audiences))
