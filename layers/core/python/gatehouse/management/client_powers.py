"""What a client may do at the Management API itself: nobody gives a client more of that than they have, or takes over one that has more.

Whoever can change a client can sign in as it, or have people sign in to it: by another key, redirect URI or grant. So the rule is about the
whole client, as it was and as it is to be, and not about the one property that is sent; there is no order of steps that leads round it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gatehouse import management_scopes
from gatehouse.management import callers
from gatehouse.management.callers import Caller
from gatehouse.settings import settings


def of(properties: Mapping[str, Any]) -> set[str]:
    """The operators' scopes that tokens of a client with these properties can have at the Management API.

    An API whose tokens it introspects counts as one that it may have tokens for: it can exchange what it is shown.
    """
    reached = {properties.get("audience"), *properties.get("resources", ()), *properties.get("introspection_audiences", ())}
    return set(management_scopes.OPERATORS) & set(properties.get("scopes", ())) if settings().management_audience in reached else set()


def demand(caller: Caller, clients: Iterable[Mapping[str, Any]]) -> None:
    """Accept a caller that may itself do all that each of these clients may.

    Raises:
        NotPermitted: one of them may do something that the caller may not.
    """
    callers.demand_all(caller, {scope for properties in clients for scope in of(properties)})
