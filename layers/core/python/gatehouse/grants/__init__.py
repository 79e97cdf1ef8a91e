"""The token endpoint's grants (RFC 6749 section 4): one module each."""

from collections.abc import Callable

from gatehouse.clients import DEVICE_GRANT, TOKEN_EXCHANGE, Client, scope_is_wellformed
from gatehouse.errors import InvalidRequest, InvalidScope, UnauthorizedClient, UnsupportedGrantType
from gatehouse.grants import authorization_code, client_credentials, device_code, refresh_token, token_exchange
from gatehouse.grants.answer import Answer
from gatehouse.web import Request

Grant = Callable[[Client, dict[str, str], Request], Answer]
GRANTS: dict[str, Grant] = {
    "authorization_code": authorization_code.exchange,
    "refresh_token": refresh_token.exchange,
    "client_credentials": client_credentials.exchange,
    DEVICE_GRANT: device_code.exchange,
    TOKEN_EXCHANGE: token_exchange.exchange,
}


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """Give the client tokens for its grant.

    Raises:
        InvalidRequest, UnsupportedGrantType, UnauthorizedClient, InvalidScope: it may not ask for this.
        Refusal: as the grant says.
    """
    grant_type = parameters.get("grant_type")
    if not grant_type:
        raise InvalidRequest("grant_type is missing")
    if grant_type not in GRANTS:
        raise UnsupportedGrantType("grant_type is not one of those in the discovery document")
    if grant_type not in client.grant_types:
        raise UnauthorizedClient(f"the client may not use {grant_type}")
    if not scope_is_wellformed(parameters.get("scope", "")):
        raise InvalidScope("scope has characters that no scope may have")
    request.outcome["grant_type"] = grant_type
    return GRANTS[grant_type](client, parameters, request)
