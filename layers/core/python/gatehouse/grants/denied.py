"""A grant that somebody with a say in it refused."""

from gatehouse.errors import AccessDenied


class Denied(AccessDenied):
    """At the token endpoint every error but the client's is a 400 (RFC 6749 5.2)."""

    status = 400
