"""Rotation of the ring: puts the next key in good time and takes away what nothing needs. Running it twice changes nothing."""

import time
from itertools import pairwise
from typing import Any

from gatehouse import clients, clock, custom_resources, jose, keys, observe, table
from gatehouse.dataclasses import replace
from gatehouse.errors import Unavailable
from gatehouse.keys import RingKey
from gatehouse.settings import settings

PATIENCE_ATTEMPTS = 5
PATIENCE_SECONDS = 4


def rotate(request_id: str, *, force: bool = False) -> dict[str, Any]:
    """Give every algorithm a current and a next key and delete superseded ones whose overlap is over.

    force: the next signing keys are active from now and the current ones are deleted, for a key that leaked. They have been published long
    enough to be known everywhere. Returns the kids that were made, promoted and deleted.
    """
    keys.forget()
    ring = list(keys.ring().values())
    made, deleted, promoted = [], [], []
    for algorithm in keys.algorithms():
        own = sorted((key for key in ring if key.algorithm == algorithm), key=lambda key: key.active_from)
        if force and algorithm != keys.SEALING:
            left = _promoted(own)
            promoted += [key.kid for key in left[:1]]
            deleted += [key.kid for key in own[: len(own) - len(left)]]
            own = left
        made += _complete(algorithm, own)
        deleted += _superseded(own)
    for kid in deleted:
        table.delete(table.ring_key(kid))
    keys.forget()
    outcome = {"made": made, "promoted": promoted, "deleted": deleted}
    observe.note("rotated", request_id=request_id, **{name: len(kids) for name, kids in outcome.items()})
    return outcome


def _complete(algorithm: str, own: list[RingKey]) -> list[str]:
    """Make the keys that are missing: one that is active, and one that follows it."""
    now, period = clock.now(), settings().key_rotation_days * 86400
    made = []
    active = [key.active_from for key in own if key.active_from <= now]
    if not active:
        made.append(_make(algorithm, now))
        active.append(now)
    if not any(key.active_from > now for key in own):
        made.append(_make(algorithm, max(active[-1] + period, now + keys.LEAD_SECONDS)))
    return made


def _superseded(own: list[RingKey]) -> list[str]:
    """Keys that a successor has replaced for longer than anything they signed or sealed lives."""
    now = clock.now()
    active = [key for key in own if key.active_from <= now]
    overlap = keys.SEALING_OVERLAP_SECONDS if own and own[0].algorithm == keys.SEALING else keys.SIGNING_OVERLAP_SECONDS
    return [key.kid for key, successor in pairwise(active) if successor.active_from + overlap <= now]


def _promoted(own: list[RingKey]) -> list[RingKey]:
    """What is left when the active ones may not be used any more: the next one, active from now, and those after it."""
    now = clock.now()
    left = [key for key in own if key.active_from > now]
    if left:
        table.update(table.ring_key(left[0].kid), where=[("pk", "exists", None)], set={"active_from": now})
        left[0] = replace(left[0], active_from=now)
    return left


def _make(algorithm: str, active_from: int) -> str:
    kid = clients.new_identifier(keys.KID_LENGTH)
    wrapped, public = keys.generate(algorithm, kid)
    item: dict[str, Any] = {"algorithm": algorithm, "active_from": active_from, "created_at": clock.now(), "wrapped": wrapped}
    if public:
        item["jwk"] = jose.public_jwk(public, kid=kid, algorithm=algorithm)
    # Not put_new: the repeat after a lost answer would take its own key for another's. A kid has 47 random bits.
    table.put(table.ring_key(kid), item)
    return kid


def _rotate_patiently(request_id: str) -> None:
    # In a new stack the function may run some seconds before its own permissions are known everywhere.
    for _ in range(PATIENCE_ATTEMPTS - 1):
        try:
            rotate(request_id)
            return
        except Unavailable:
            time.sleep(PATIENCE_SECONDS)
    rotate(request_id)


def for_cloudformation(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Serve the stack's custom resource: a new stack has its keys before its first request, a deleted one keeps them with the table."""
    failure = ""
    if event["RequestType"] != "Delete":
        try:
            _rotate_patiently(request_id)
        except Exception as error:  # noqa: BLE001 - CloudFormation waits for an answer that a raised error never sends
            observe.failed(request_id, error)
            failure = f"{type(error).__name__}: {error.detail if isinstance(error, Unavailable) else 'see the log'}"
    return custom_resources.answer(event, "gatehouse-keys", failure=failure)
