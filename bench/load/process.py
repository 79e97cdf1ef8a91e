"""The process that loads a stack, which its environment names: operation after operation, then all mixed; prints all figures as JSON."""

import asyncio
import json
import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import cycle
from typing import Any, Final

from bench.load import aftermath
from bench.load.steps import Caller, Samples, Session, Stage, Wrong
from gatehouse.settings import settings

CONNECTIONS: Final = 8
CLOSED_SECONDS: Final = 2.0
OPEN_SECONDS: Final = 2.0
OPEN_RATE: Final = 10
MIXED_SECONDS: Final = 8.0
_PEOPLE: Final = 240
# What becomes of the sessions of a third of the people each; those of the last third are kept.
_REVOKED, _SIGNED_OUT = 0, 1
_REFRESHES, _USERINFOS = 10, 5

Step = Callable[[Caller], Awaitable[None]]


class Exhausted(Exception):
    """There is nothing left that this could be done with."""


class Load:
    """What there is to work with: people, their sign-ons and their sessions. A session is in the hands of one caller at a time."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.sessions: list[Session] = []
        self._fate = {person.user_id: number % 3 for number, person in enumerate(stage.people)}
        self._people, self._signed_on = cycle(stage.people), cycle(stage.people)
        self._idle: deque[Session] = deque()
        # Whose sign-on is over, too.
        self._left: set[str] = set()

    async def sign_in(self, caller: Caller) -> None:
        await caller.sign_in(next(self._people).email)

    async def begin(self, caller: Caller) -> None:
        person = next(person for person in self._signed_on if person.user_id not in self._left)
        self._began(await caller.session(person))

    async def visit(self, caller: Caller) -> None:
        """The mixed profile: one sign-in, ten refreshes, five calls of userinfo."""
        person = next(self._people)
        session = await caller.exchange(person.user_id, await caller.sign_in(person.email))
        self.sessions.append(session)
        for number in range(_REFRESHES):
            await caller.refresh(session)
            if number < _USERINFOS:
                await caller.userinfo(session)
        self._idle.append(session)

    async def with_session(self, work: Callable[[Caller, Session], Awaitable[None]], caller: Caller) -> None:
        session = self._taken()
        try:
            await work(caller, session)
        finally:
            self._idle.append(session)

    async def revoke(self, caller: Caller) -> None:
        await caller.revoke(self._taken(_REVOKED))

    async def leave(self, caller: Caller) -> None:
        """Somebody is signed out everywhere, by the token of one of their sessions."""
        session = self._taken(_SIGNED_OUT)
        self._idle = deque(other for other in self._idle if other.user_id != session.user_id)
        self._left.add(session.user_id)
        await caller.sign_out_everywhere(session)
        for other in self.sessions:
            other.ended |= other.user_id == session.user_id

    def _began(self, session: Session) -> None:
        self.sessions.append(session)
        self._idle.append(session)

    def _taken(self, *fates: int) -> Session:
        """The session that was used longest ago, of those whose people meet such a fate, or of all."""
        found = next((session for session in self._idle if not fates or self._fate[session.user_id] in fates), None)
        if found is None:
            raise Exhausted
        self._idle.remove(found)
        return found


def main() -> None:
    """Load the stack, look at what is left, print; log lines go nowhere."""
    output, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115
    json.dump(asyncio.run(_measured()), output)


async def _measured() -> dict[str, Any]:
    load = Load(Stage(settings().issuer, _PEOPLE))
    lasting: list[Step] = [
        Caller.discovery,
        Caller.key_set,
        Caller.client_credentials,
        load.sign_in,
        load.begin,
        partial(load.with_session, Caller.refresh),
        partial(load.with_session, Caller.userinfo),
        partial(load.with_session, Caller.introspect),
    ]
    began = time.perf_counter()
    # Three times as many sessions as callers: those of a third of the people are there to be revoked, and so on.
    for step in (*lasting, load.begin, load.begin, load.revoke, load.leave):
        await _once(load.stage, step)
    print(f"every function has started for each connection after {time.perf_counter() - began:.0f} s", file=sys.stderr)
    figures: dict[str, Any] = {"connections": CONNECTIONS, "open_rate": OPEN_RATE, "mixed_seconds": MIXED_SECONDS, "closed": {}, "open": {}}
    for step in lasting:
        figures["closed"] |= await _closed(load.stage, step, CLOSED_SECONDS)
        figures["open"] |= await _open(load.stage, step)
    figures["mixed"] = await _closed(load.stage, load.visit, MIXED_SECONDS)
    for step in (load.revoke, load.leave):
        # The other way round: what the closed loop leaves would not last.
        figures["open"] |= await _open(load.stage, step)
        figures["closed"] |= await _closed(load.stage, step, CLOSED_SECONDS)
    print(f"the load is over after {time.perf_counter() - began:.0f} s", file=sys.stderr)
    figures["left"] = await aftermath.examined(load.stage, load.sessions)
    print(f"what is left was looked at after {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return figures


async def _once(stage: Stage, step: Step) -> None:
    """All callers at once: a function starts for each of them, which the figures are not about."""
    callers = [Caller(stage, Samples()) for _ in range(CONNECTIONS)]
    await asyncio.gather(*(step(caller) for caller in callers))
    for caller in callers:
        caller.close()


async def _closed(stage: Stage, step: Step, seconds: float) -> dict[str, Any]:
    """Callers who each send the next request when the last is answered. Figures by operation."""
    samples, began = Samples(), time.perf_counter()

    async def work() -> None:
        caller = Caller(stage, samples)
        while time.perf_counter() - began < seconds and await _done(step, caller):
            pass
        caller.close()

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return _summary(samples, time.perf_counter() - began)


async def _open(stage: Stage, step: Step) -> dict[str, Any]:
    """Requests at a fixed rate, whatever becomes of those before; each counts from when it was due. Figures by operation."""
    samples, began = Samples(), time.perf_counter()
    idle: list[Caller] = []

    async def work(due: float) -> None:
        caller = idle.pop() if idle else Caller(stage, samples)
        caller.started_at = due
        await _done(step, caller)
        idle.append(caller)

    async with asyncio.TaskGroup() as tasks:
        for number in range(round(OPEN_RATE * OPEN_SECONDS)):
            due = began + number / OPEN_RATE
            await asyncio.sleep(due - time.perf_counter())
            tasks.create_task(work(due))
    for caller in idle:
        caller.close()
    return _summary(samples, time.perf_counter() - began)


async def _done(step: Step, caller: Caller) -> bool:
    """Do it; False if there is nothing left to do it with. What went wrong is counted."""
    try:
        await step(caller)
    except Wrong:
        return True
    except Exhausted:
        return False
    return True


def _summary(samples: Samples, seconds: float) -> dict[str, Any]:
    names = samples.taken.keys() | samples.errors.keys()
    return {name: _figures(samples.taken.get(name, []), samples.errors.get(name, {}), seconds) for name in names}


def _figures(taken: list[float], errors: dict[str, int], seconds: float) -> dict[str, Any]:
    percentiles = statistics.quantiles(taken, n=100, method="inclusive") if len(taken) > 1 else (taken or [0.0]) * 99
    told = {f"p{rank}": percentiles[rank - 1] for rank in (50, 90, 99)}
    return {"count": len(taken), "errors": errors, "per_second": len(taken) / seconds, **told, "max": max(taken, default=0)}


if __name__ == "__main__":
    main()
