"""The APIs that tokens are asked for: resource indicators (RFC 8707), and Auth0's audience, which means the same."""

from collections.abc import Collection

from gatehouse.clients import Client
from gatehouse.errors import InvalidTarget
from gatehouse.settings import settings

LONGEST = 1024


def allowed(client: Client) -> set[str]:
    """Every API that the client may have tokens for."""
    return {client.audience or settings().issuer, *client.resources}


def requested(parameters: dict[str, str], within: Collection[str]) -> str:
    """The APIs that `resource` and `audience` name, each once, separated by spaces; empty if neither is there.

    Raises:
        InvalidTarget: one is not `within` what the client may ask for.
    """
    asked = f"{parameters.get('resource', '')} {parameters.get('audience', '')}"
    if len(asked) > LONGEST:
        raise InvalidTarget(f"resource and audience are longer than {LONGEST} characters")
    named = list(dict.fromkeys(asked.split()))
    if not set(named) <= set(within):
        raise InvalidTarget("resource or audience names an API that the client may not have tokens for")
    return " ".join(named)
