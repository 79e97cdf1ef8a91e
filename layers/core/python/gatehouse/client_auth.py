"""Client authentication wherever clients speak to us directly (RFC 6749 2.3, RFC 7523, OpenID Connect Core 9)."""

import base64
import binascii
from urllib.parse import unquote_plus

from gatehouse import client_assertions, clients
from gatehouse.clients import Client
from gatehouse.errors import InvalidClient, InvalidRequest
from gatehouse.settings import settings
from gatehouse.web import Request

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_SECRET = 512
_MESSAGE = "client authentication failed"


def authenticate(request: Request, parameters: dict[str, str]) -> Client:
    """The client that made the request, by the one method it is registered for. A public client is only named.

    Raises:
        InvalidRequest: two methods at once, or a secret in the query.
        InvalidClient: unknown, wrong secret, or another method than the registered one.
    """
    if "client_secret" in request.raw_query or "client_assertion" in request.raw_query:
        raise InvalidRequest("credentials do not belong in the query")
    method, client_id, credential = _presented(request, parameters)
    challenge = method == "client_secret_basic"
    client = clients.get(client_id)
    if client is None:
        raise InvalidClient(_MESSAGE, detail="unknown client", challenge=challenge)
    request.outcome["client_id"] = client.client_id
    if client.token_endpoint_auth_method != method:
        raise InvalidClient(_MESSAGE, detail=f"{method} instead of {client.token_endpoint_auth_method}", challenge=challenge)
    if method == "private_key_jwt":
        _spend(request, client, credential)
    elif method != "none" and not _proven(client, credential):
        raise InvalidClient(_MESSAGE, detail="wrong secret", challenge=challenge)
    return client


def _presented(request: Request, parameters: dict[str, str]) -> tuple[str, str, str]:
    """Method, client id and credential.

    Raises:
        InvalidRequest: two methods at once. InvalidClient: an assertion of a kind that we do not know.
    """
    named, secret, assertion = (parameters.get(name, "") for name in ("client_id", "client_secret", "client_assertion"))
    header = request.headers.get("authorization", "")
    by_basic = header[:6].lower() == "basic "
    if by_basic + bool(secret) + bool(assertion) > 1:
        raise InvalidRequest("the client authenticates in two ways")
    if by_basic:
        client_id, secret = _basic(header[6:])
        if named not in ("", client_id):
            raise InvalidRequest("the client authenticates in two ways")
        return "client_secret_basic", client_id, secret
    if assertion:
        if parameters.get("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidClient(_MESSAGE, detail="client_assertion_type is another")
        return "private_key_jwt", named or client_assertions.client_id(assertion), assertion
    return ("client_secret_post" if secret else "none"), named, secret


def _spend(request: Request, client: Client, assertion: str) -> None:
    base = settings().base_url
    audiences = [settings().issuer]
    if not client.fapi:
        # Libraries name the token endpoint, or the endpoint that they call, or, as Auth0's do, the issuer with a slash.
        audiences += [base, f"{base}/", f"{base}/oauth/token", f"{base}{request.path}"]
    try:
        digest = client_assertions.spend(assertion, client, audiences=audiences, invocation_id=request.id)
    except client_assertions.Refused as refused:
        raise InvalidClient(_MESSAGE, detail=f"assertion: {refused}") from refused
    request.if_unavailable.append(lambda: client_assertions.give_back(digest, request.id))


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
