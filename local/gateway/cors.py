"""Cross-origin requests as API Gateway treats them for an API with a CORS configuration."""

from dataclasses import replace

from local.gateway.events import Answer, Received
from local.gateway.routes import Cors


def preflight(cors: Cors | None, received: Received) -> Answer | None:
    """The gateway's own answer to a preflight, None when the request is none or the API has no CORS configuration."""
    if cors is None or received.method != "OPTIONS" or not _header(received, "access-control-request-method"):
        return None
    lists = {
        "access-control-allow-methods": cors.methods,
        "access-control-allow-headers": cors.headers,
        "access-control-max-age": (str(cors.max_age),) if cors.max_age else (),
    }
    headers = tuple((name, ",".join(values)) for name, values in lists.items() if values)
    allowed = _allowed(cors, received)
    return Answer(204, (*allowed, *headers) if allowed else (), b"")


def allow(cors: Cors | None, received: Received, answer: Answer) -> Answer:
    """Any answer of the API, refusals by an authorizer included, made readable for the origins that may read it.

    The function's own CORS headers never get through where the API has a configuration.
    """
    if cors is None:
        return answer
    kept = tuple(header for header in answer.headers if not header[0].startswith("access-control-"))
    allowed = _allowed(cors, received)
    exposed = (("access-control-expose-headers", ",".join(cors.exposed)),) if allowed and cors.exposed else ()
    return replace(answer, headers=(*kept, *allowed, *exposed))


def _allowed(cors: Cors, received: Received) -> tuple[tuple[str, str], ...]:
    """The headers that name the request's origin, none for an origin that the configuration does not know."""
    origin = _header(received, "origin")
    if not origin or not {origin, "*"} & set(cors.origins):
        return ()
    named = ("access-control-allow-origin", origin if origin in cors.origins else "*")
    return (named, ("access-control-allow-credentials", "true")) if cors.credentials else (named,)


def _header(received: Received, wanted: str) -> str:
    return next((value for name, value in received.headers if name.lower() == wanted), "")
