"""The applications of others that a person has let in: what is remembered, and what goes on although it is not."""

from collections.abc import Iterable

from gatehouse import clients, consents
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, field
from gatehouse.sessions import Session


@dataclass(slots=True)
class _Allowed:
    """since: when it was first allowed, in seconds since the epoch."""

    since: int
    scopes: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Application:
    """An application of others and what it may have. since: seconds since the epoch."""

    client: Client
    since: int
    scopes: set[str]
    claims: set[str]
    resources: set[str]


def applications(user_id: str, live: Iterable[Session]) -> list[Application]:
    """In the order of their names. live: the person's sessions that go on. Reads the consents, 1 RRU per 4 KB."""
    found = []
    for client_id, allowed in _allowed(user_id, live).items():
        client = clients.get(client_id)
        if client and not client.first_party:
            found.append(Application(client, allowed.since, allowed.scopes, allowed.claims, allowed.resources))
    return sorted(found, key=lambda application: application.client.name.casefold())


def _allowed(user_id: str, live: Iterable[Session]) -> dict[str, _Allowed]:
    """By client: also those of which nothing is remembered, as where a removal broke off or a client was our own before."""
    found: dict[str, _Allowed] = {}
    for item in consents.of_user(user_id):
        kinds = ({*item["scopes"]}, {*item.get("claims", ())}, {*item.get("resources", ())})
        found[item["client_id"]] = _Allowed(item["granted_at"], *kinds)
    for session in live:
        allowed = found.setdefault(session.client_id, _Allowed(session.created_at))
        allowed.since = min(allowed.since, session.created_at)
        allowed.scopes |= {*session.scope.split()}
        allowed.resources |= {*session.resources.split()}
        allowed.claims |= {*session.userinfo_claims.split(), *session.id_token_claims.split()}
    return found
