"""grant_type=client_credentials (RFC 6749 4.4): a machine acts for itself. Nothing is read but its API's definition, or written.

It is nobody, so that no mapping applies; hooks run that are written for machines (event "3").
"""

from collections.abc import Collection

from gatehouse import claim_mapping, proof_of_possession, resources, tokens
from gatehouse.clients import Client
from gatehouse.errors import InvalidScope, UnauthorizedClient
from gatehouse.grants import hooked, known
from gatehouse.grants.answer import Answer
from gatehouse.grants.drafts import entitled
from gatehouse.tokens import Added
from gatehouse.web import Request


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """An access token for the client's API with the scopes asked for, or all that the client has.

    Raises:
        UnauthorizedClient: a public client.
        InvalidScope, InvalidTarget: what was asked for is not the client's.
        InvalidDpopProof, UseDpopNonce, Denied, Unavailable: as they say.
    """
    if client.public:
        raise UnauthorizedClient("a public client cannot act for itself")
    requested = parameters.get("scope", "")
    scope = client.granted_scope(requested or " ".join(client.scopes))
    if requested and not scope:
        raise InvalidScope("none of these scopes is the client's")
    key = proof_of_possession.key_of(request, client)
    target = resources.requested(parameters, resources.allowed(client))
    scope, added = hooked_scope(client, scope, request, addable=client.scopes)
    targets = known.targets(client, scope, target)
    scope, claims, seconds = entitled(known.rights_of(None, "", targets), scope, targets)
    access, expires_in = tokens.access_token(
        client, scope, resources=target, bound_to=key, rights=claims, longest_seconds=seconds, added=added
    )
    return Answer(access, expires_in, scope, bound_to=key)


def hooked_scope(client: Client, scope: str, request: Request, *, addable: Collection[str], sub: str = "") -> tuple[str, Added]:
    """The scope as hooks would have it for a machine, and the claims that they add.

    addable: scopes that hooks may add. sub: the machine that the token speaks for, if that is another than the client.

    Raises:
        Denied, Unavailable: as they say.
    """
    found = known.running(client, machine=True)
    if not found:
        return scope, Added()
    mapped = claim_mapping.settings()
    changes = hooked.of_machine(client, found, scope, mapped.barred, request.id, addable=addable, sub=sub)
    return changes.scope(scope), Added(changes.access_token.applied({}), mapped.budget_bytes)
