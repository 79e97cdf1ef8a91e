"""grant_type=client_credentials (RFC 6749 4.4): a machine acts for itself. Nothing is read but its API's definition, or written."""

from gatehouse import proof_of_possession, resources, tokens
from gatehouse.clients import Client
from gatehouse.errors import InvalidScope, UnauthorizedClient
from gatehouse.grants.answer import Answer, entitled, rights_of
from gatehouse.web import Request


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """An access token for the client's API with the scopes asked for, or all that the client has.

    Raises:
        UnauthorizedClient: a public client.
        InvalidScope, InvalidTarget: what was asked for is not the client's.
        InvalidDpopProof, UseDpopNonce: as they say.
    """
    if client.public:
        raise UnauthorizedClient("a public client cannot act for itself")
    requested = parameters.get("scope", "")
    scope = client.granted_scope(requested or " ".join(client.scopes))
    if requested and not scope:
        raise InvalidScope("none of these scopes is the client's")
    key = proof_of_possession.key_of(request, client)
    target = resources.requested(parameters, resources.allowed(client))
    targets = tokens.audiences({"aud": tokens.audience(client, scope, target)})
    scope, claims, seconds = entitled(rights_of(None, "", scope, targets), scope, targets)
    access, expires_in = tokens.access_token(client, scope, resources=target, bound_to=key, rights=claims, longest_seconds=seconds)
    return Answer(access, expires_in, scope, bound_to=key)
