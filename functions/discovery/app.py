"""The discovery documents and the key set: GET /.well-known/… (OpenID Connect Discovery 1.0, RFC 8414, RFC 7517)."""

from gatehouse import keys
from gatehouse.web import Request, Response, endpoint, json_text_response


@endpoint("GET", cors=True)
def handler(request: Request) -> Response:
    if request.path.endswith("/jwks.json"):
        return json_text_response(200, keys.jwks_text(), cache_seconds=keys.JWKS_CACHE_SECONDS)
    # Imported on first use: it names what all other endpoints can do, and so needs most of their code. Who asks for keys needs none of it.
    from gatehouse import discovery

    return json_text_response(200, discovery.text(), cache_seconds=discovery.CACHE_SECONDS)
