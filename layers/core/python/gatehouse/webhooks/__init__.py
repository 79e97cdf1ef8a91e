"""Webhooks: https URLs and Lambda functions of the operator that are told what happened, in order for each person.

Nothing waits for them: what they are told goes through a queue (webhook_deliveries works it off), and what one of them could not be told is
kept for a while (dead_letters).
"""

from gatehouse.webhooks.configured import (
    MOST,
    Unknown,
    Unsigned,
    add,
    change,
    disable,
    forget,
    get,
    listed,
    new_id,
    recent,
    remove,
    rotate_secret,
)
from gatehouse.webhooks.telling import TEST, SwitchedOff, announce, redeliver, send_test
from gatehouse.webhooks.webhook import COGNITO, COGNITO_SOURCES, EVENT, FORMATS, Webhook

__all__ = [
    "COGNITO",
    "COGNITO_SOURCES",
    "EVENT",
    "FORMATS",
    "MOST",
    "TEST",
    "SwitchedOff",
    "Unknown",
    "Unsigned",
    "Webhook",
    "add",
    "announce",
    "change",
    "disable",
    "forget",
    "get",
    "listed",
    "new_id",
    "recent",
    "redeliver",
    "remove",
    "rotate_secret",
    "send_test",
]
