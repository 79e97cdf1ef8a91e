"""The load: every operation of every server in turn, some connections at once, and the processor time that it took the server."""

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from bench.peers.flows import Operation, Wrong
from bench.peers.http_client import Broken, Connection
from bench.peers.processes import Running

_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Effort:
    """How long one operation of one server is asked at a time: until it took so much processor time, or so long."""

    cpu_seconds: float
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class Slice:
    """One such time: operations done, what they took, and each one's milliseconds."""

    count: int
    cpu_ns: int
    elapsed_seconds: float
    latencies_ms: list[float]


@dataclass(slots=True)
class _Load:
    stopped: bool = False
    latencies_ms: list[float] = field(default_factory=list)


async def slice_of(server: Running, operation: Operation, connections: int, effort: Effort) -> Slice:
    """Do the operation over some connections at once until the effort is spent.

    Raises:
        Wrong: the server answered something else than it must.
    """
    opened = [Connection(server.port) for _ in range(operation.connections or connections)]
    try:
        states = await asyncio.gather(*(operation.begin(connection, number) for number, connection in enumerate(opened)))
        load, cpu_ns, began = _Load(), server.cpu_ns(), time.perf_counter()
        workers = [asyncio.create_task(_work(operation, *pair, load)) for pair in zip(opened, states, strict=True)]
        watcher = asyncio.create_task(_watch(server, load, cpu_ns, effort))
        await asyncio.gather(*workers)
        elapsed = time.perf_counter() - began
        watcher.cancel()
        return Slice(len(load.latencies_ms), server.cpu_ns() - cpu_ns, elapsed, load.latencies_ms)
    except (Wrong, Broken, KeyError, ValueError) as trouble:
        raise Wrong(f"{server.name}: {trouble!r} (its log: {server.log})") from trouble
    finally:
        for connection in opened:
            connection.close()


async def _work(operation: Operation, connection: Connection, state: Any, load: _Load) -> None:
    done = 0
    while not load.stopped and (not operation.most or done < operation.most):
        began = time.perf_counter()
        state = await operation.run(connection, state)
        load.latencies_ms.append((time.perf_counter() - began) * 1000)
        done += 1


async def _watch(server: Running, load: _Load, cpu_ns: int, effort: Effort) -> None:
    give_up_at = time.perf_counter() + effort.elapsed_seconds
    while time.perf_counter() < give_up_at and server.cpu_ns() - cpu_ns < effort.cpu_seconds * 1e9:
        await asyncio.sleep(_POLL_SECONDS)
    load.stopped = True


def summed_up(slices: list[Slice]) -> dict[str, Any]:
    """Processor milliseconds per operation as the median of the slices, with each; rate and latencies over all of them."""
    runs = [slice_.cpu_ns / 1e6 / slice_.count for slice_ in slices]
    latencies = sorted(latency for slice_ in slices for latency in slice_.latencies_ms)
    return {
        "cpu_ms": statistics.median(runs),
        "cpu_ms_runs": runs,
        "requests_per_second": sum(slice_.count for slice_ in slices) / sum(slice_.elapsed_seconds for slice_ in slices),
        "p50_ms": latencies[len(latencies) // 2],
        "p99_ms": latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)],
        "count": len(latencies),
    }
