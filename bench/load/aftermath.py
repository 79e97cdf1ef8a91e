"""What must be true of a stack when the load is over: each session exists once and is where its application believes it to be."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from bench.load.steps import Caller, Samples, Session, Stage, Wrong
from gatehouse import refresh_tokens, table

_CALLERS: Final = 8


async def examined(stage: Stage, sessions: Sequence[Session]) -> dict[str, Any]:
    """Numbers by what they count, and under "flaws" what should not be, one sentence each."""
    ended, going_on = [one for one in sessions if one.ended], [one for one in sessions if not one.ended]
    stored = _stored()
    samples = Samples()
    await _all(stage, samples, going_on, Caller.refresh)
    await _all(stage, samples, ended, Caller.is_refused)
    refused = len(samples.taken.get("refresh when ended", ()))
    refreshed = len(samples.taken.get("refresh", ()))
    flaws = [*_of_items(stored, sessions), *_of_chains(_stored(), going_on)]
    flaws += [f"{operation}: {count} times {kind}" for operation, kinds in samples.errors.items() for kind, count in kinds.items()]
    return {
        "begun": len(sessions),
        "stored": len(stored),
        "refreshes": sum(one.refreshed for one in sessions),
        "going_on": len(going_on),
        "refreshed_again": refreshed,
        "ended": len(ended),
        "refused": refused,
        "flaws": flaws,
    }


def _stored() -> dict[tuple[str, str], table.Item]:
    """Every session in the table, by user and id."""
    items, start = table.scan(None, limit=1000)
    while start:
        more, start = table.scan(start, limit=1000)
        items += more
    return {(item["user_id"], item["sid"]): item for item in items if item["sk"].startswith("SESSION#")}


def _of_items(stored: dict[tuple[str, str], table.Item], sessions: Sequence[Session]) -> list[str]:
    flaws = []
    if len(stored) != len(sessions):
        flaws.append(f"{len(stored)} sessions are stored, {len(sessions)} were begun")
    stolen = [item for item in stored.values() if item.get("revoked_because") in ("refresh_token_reused", "code_replayed")]
    if stolen:
        flaws.append(f"{len(stolen)} sessions were ended as stolen, though nobody stole anything")
    return flaws


def _of_chains(stored: dict[tuple[str, str], table.Item], going_on: Sequence[Session]) -> list[str]:
    """Sessions that are not where their application believes them to be."""
    astray = 0
    for session in going_on:
        token = refresh_tokens.read(session.refresh_token)
        item = stored.get((token.user_id, token.sid)) if token else None
        astray += item is None or item["status"] != "active" or item["generation"] != session.refreshed
    return [f"{astray} sessions are not where their application believes them to be"] if astray else []


async def _all(stage: Stage, samples: Samples, sessions: Sequence[Session], work: Callable[[Caller, Session], Awaitable[None]]) -> None:
    left = deque(sessions)

    async def some() -> None:
        caller = Caller(stage, samples)
        while left:
            try:
                await work(caller, left.popleft())
            except Wrong:
                continue
        caller.close()

    await asyncio.gather(*(some() for _ in range(_CALLERS)))
