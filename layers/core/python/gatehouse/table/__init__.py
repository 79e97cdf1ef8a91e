"""The one DynamoDB table: its keys, and the verbs that touch it. Nothing else imports DynamoDB.

A verb takes conditions as (attribute, operator, value) and builds the expression itself, with placeholders for every name and value:
nothing that a caller sent can become part of an expression.
"""

from gatehouse.table.keys import (
    Key,
    client_key,
    consent_key,
    email_key,
    keys_partition,
    limit_key,
    ring_key,
    session_key,
    sign_in_key,
    sign_on_key,
    sweep_key,
    ticket_key,
    user_key,
    user_partition,
)
from gatehouse.table.verbs import (
    AlreadyExists,
    ConditionFailed,
    Item,
    Where,
    Write,
    delete,
    get,
    get_many,
    put,
    put_new,
    query,
    scan,
    transact,
    update,
)

__all__ = [
    "AlreadyExists",
    "ConditionFailed",
    "Item",
    "Key",
    "Where",
    "Write",
    "client_key",
    "consent_key",
    "delete",
    "email_key",
    "get",
    "get_many",
    "keys_partition",
    "limit_key",
    "put",
    "put_new",
    "query",
    "ring_key",
    "scan",
    "session_key",
    "sign_in_key",
    "sign_on_key",
    "sweep_key",
    "ticket_key",
    "transact",
    "update",
    "user_key",
    "user_partition",
]
