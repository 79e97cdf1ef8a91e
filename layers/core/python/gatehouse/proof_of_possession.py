"""The DPoP header at our own endpoints (RFC 9449): which key a client's tokens are to be bound to."""

from gatehouse import dpop
from gatehouse.clients import Client
from gatehouse.errors import InvalidDpopProof
from gatehouse.jose import foreign
from gatehouse.settings import settings
from gatehouse.web import Request, Response


def key_of(request: Request, client: Client) -> str:
    """The thumbprint of the key that the request proves to hold; empty without a proof, which some clients may not leave out.

    Raises:
        InvalidDpopProof, UseDpopNonce: the proof is missing, wrong, or lacks a nonce of ours.
    """
    proof = request.headers.get("dpop", "")
    if not proof:
        if client.dpop_bound_access_tokens:
            raise InvalidDpopProof("the client must send a DPoP proof")
        return ""
    algorithms = foreign.STRONG_ALGORITHMS if client.fapi else dpop.ALGORITHMS
    return dpop.authorized(proof, method=request.method, url=address(request), algorithms=algorithms)


def address(request: Request) -> str:
    """The URL that the request was sent to, as discovery names it."""
    return f"{settings().base_url}{request.path}"


def with_nonce(response: Response, key: str) -> Response:
    """The response, with the nonce for the client's next proof if this request had one (RFC 9449 8.2)."""
    if key:
        response.headers["dpop-nonce"] = dpop.nonce()
    return response
