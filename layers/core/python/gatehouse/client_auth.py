"""Client authentication at the token, introspection and revocation endpoints (RFC 6749 2.3, OpenID Connect Core 9)."""

import base64
import binascii
from urllib.parse import unquote_plus

from gatehouse import clients
from gatehouse.clients import Client
from gatehouse.errors import InvalidClient, InvalidRequest
from gatehouse.web import Request

LONGEST_SECRET = 512
_MESSAGE = "client authentication failed"


def authenticate(request: Request, parameters: dict[str, str]) -> Client:
    """The client that made the request, by the one method it is registered for. A public client is only named.

    Raises:
        InvalidRequest: two methods at once, or a secret in the query.
        InvalidClient: unknown, wrong secret, or another method than the registered one.
    """
    if "client_secret" in request.raw_query:
        raise InvalidRequest("client_secret does not belong in the query")
    basic = request.headers.get("authorization", "")
    if basic[:6].lower() == "basic ":
        client_id, secret = _basic(basic[6:])
        method = "client_secret_basic"
        if "client_secret" in parameters or parameters.get("client_id", client_id) != client_id:
            raise InvalidRequest("the client authenticates in two ways")
    else:
        client_id, secret = parameters.get("client_id", ""), parameters.get("client_secret", "")
        method = "client_secret_post" if secret else "none"
    challenge = method == "client_secret_basic"
    client = clients.get(client_id)
    if client is None:
        raise InvalidClient(_MESSAGE, detail="unknown client", challenge=challenge)
    request.outcome["client_id"] = client.client_id
    if client.token_endpoint_auth_method != method:
        raise InvalidClient(_MESSAGE, detail=f"{method} instead of {client.token_endpoint_auth_method}", challenge=challenge)
    if method != "none" and not _proven(client, secret):
        raise InvalidClient(_MESSAGE, detail="wrong secret", challenge=challenge)
    return client


def _proven(client: Client, secret: str) -> bool:
    if len(secret) > LONGEST_SECRET:
        return False
    if client.knows_secret(secret):
        return True
    # It may be newer than what is remembered. Asked for at most once a second, whoever guesses.
    renewed = clients.get(client.client_id, no_older_than_seconds=1)
    return renewed is not None and renewed.knows_secret(secret)


def _basic(credentials: str) -> tuple[str, str]:
    """Client id and secret, each form-urlencoded before it was joined (RFC 6749 2.3.1).

    Raises:
        InvalidClient: not base64, or no colon.
    """
    try:
        name, colon, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise InvalidClient("the Authorization header is not valid Basic", challenge=True) from error
    if not colon:
        raise InvalidClient("the Authorization header is not valid Basic", challenge=True)
    return unquote_plus(name), unquote_plus(secret)
