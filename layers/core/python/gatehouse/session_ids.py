"""Ids of sessions and of sign-ons: base64url of the user's epoch at the beginning, a tag, and 128 random bits.

A session has the tag of the sign-on that it began by, so that one query of the beginning of ids finds all of a sign-on. The tag is part of
the sign-on's id, and tells nothing of the rest, which is the secret.
"""

import os

from gatehouse import jose

_EPOCH_BYTES = 4
_TAG_BYTES = 5
_RANDOM_BYTES = 16
# Characters of epoch and tag: these 9 bytes fill them.
_BEGINNING = 12


def new(epoch: int, like: str = "") -> str:
    """An id of something that begins under `epoch`. like: the id whose tag it takes, or a pushed request's; without one it is random.

    Raises:
        ValueError: `like` has no tag.
    """
    return jose.b64encode(_epoch_and_tag(epoch, like) + os.urandom(_RANDOM_BYTES))


def beginning(epoch: int, like: str) -> str:
    """How all ids begin that `new` makes of these, and no others but by a chance of 1 in 2 ** 40."""
    return jose.b64encode(_epoch_and_tag(epoch, like))


def alike(one: str, other: str) -> bool:
    """Whether both ids have the same epoch and the same tag."""
    return one[:_BEGINNING] == other[:_BEGINNING]


def mark(epoch: int) -> str:
    """How all ids of an epoch begin, and few others: 30 of the epoch's 32 bits."""
    return jose.b64encode(epoch.to_bytes(_EPOCH_BYTES))[:5]


def epoch_of(an_id: str) -> int:
    """The epoch that `new` was given; -1 for what is no such id, so that it equals none."""
    try:
        raw = jose.b64decode(an_id)
    except ValueError:
        return -1
    return int.from_bytes(raw[:_EPOCH_BYTES]) if len(raw) == _EPOCH_BYTES + _TAG_BYTES + _RANDOM_BYTES else -1


def _epoch_and_tag(epoch: int, like: str) -> bytes:
    tag = jose.b64decode(like)[_EPOCH_BYTES : _EPOCH_BYTES + _TAG_BYTES] if like else os.urandom(_TAG_BYTES)
    if len(tag) != _TAG_BYTES:
        raise ValueError("no tag")
    return epoch.to_bytes(_EPOCH_BYTES) + tag
