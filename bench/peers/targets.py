"""What gatehouse may take at most beside the floor and its peers, as multiples of what they take in the same run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.peers import flows, sites

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """at_most: of gatehouse to `against`, a row of the tables. why: what the bound comes from. breaks: whether the run fails beyond it.

    ours: the row of gatehouse; "" for that with the algorithm of `against`.
    """

    operation: str
    against: str
    at_most: float
    why: str
    breaks: bool = True
    ours: str = ""


_FLOOR = "parsing, checks and the log line of a whole product may take half as much again as the least work"
_DELIBERATE = "shown only: we read on purpose what the floor does not (revoked now means now); the floor with the same reads binds"
_JWT = "the work is the same, and our storage is a network away"
_ONCE = "it signs once, we twice"
_VERIFIES = "a lookup in memory there; a signature verified and DynamoDB asked here"
_MEMORY = "the same work, and the same storage"
_START = "from the bare interpreter to the first answer of DynamoDB; it by then could listen, and has called nobody"
_EVERYBODY = "below every peer at the same algorithm, storage in DynamoDB included for us"

TARGETS: tuple[Target, ...] = (
    Target(flows.REFRESH, sites.FLOOR_WIDE, 1.6, _FLOOR),
    Target(flows.REFRESH, sites.FLOOR, 1.6, _DELIBERATE, breaks=False),
    Target(flows.REFRESH, sites.PANVA, 0.67, _JWT),
    Target(flows.REFRESH, sites.OPENAUTH, 1.0, _ONCE),
    Target(flows.REFRESH, sites.AUTHLIB, 0.5, _JWT),
    Target(flows.REFRESH, sites.TOOLKIT, 0.05, "its ORM and a transaction in SQLite"),
    Target(flows.REFRESH, sites.MINISTACK, 0.2, "an emulator of Cognito is no product, and signs with RS256"),
    Target(flows.REFRESH, sites.MOTO, 0.2, "an emulator of Cognito is no product, and signs with RS256"),
    Target(flows.REFRESH, sites.PANVA, 0.4, _MEMORY, ours=sites.GATEHOUSE_MEMORY),
    Target(flows.LOGIN, sites.FLOOR_WIDE, 1.6, _FLOOR),
    Target(flows.LOGIN, sites.FLOOR, 1.6, _DELIBERATE, breaks=False),
    Target(flows.LOGIN, sites.PANVA, 0.6, "it writes four times and reads five times, if only in memory"),
    Target(flows.LOGIN, sites.OPENAUTH, 0.45, "it seals what is asked for with RSA"),
    Target(flows.LOGIN, sites.AUTHLIB, 0.45, _JWT),
    Target(flows.CLIENT_CREDENTIALS, sites.FLOOR, 1.8, "so little work that a log line weighs more"),
    Target(flows.CLIENT_CREDENTIALS, sites.PANVA, 0.5, _JWT),
    Target(flows.CLIENT_CREDENTIALS, sites.AUTHLIB, 0.22, _JWT),
    Target(flows.USERINFO, sites.FLOOR_WIDE, 1.6, _FLOOR),
    Target(flows.USERINFO, sites.FLOOR, 1.6, _DELIBERATE, breaks=False),
    Target(flows.USERINFO, sites.PANVA_OPAQUE, 1.3, _VERIFIES),
    Target(flows.USERINFO, sites.AUTHLIB, 0.7, "it verifies the same signature and asks no storage"),
    Target(flows.USERINFO, sites.TOOLKIT, 0.2, "its ORM"),
    Target(flows.INTROSPECTION, sites.FLOOR_WIDE, 1.6, _FLOOR),
    Target(flows.INTROSPECTION, sites.FLOOR, 1.6, _DELIBERATE, breaks=False),
    Target(flows.INTROSPECTION, sites.PANVA_OPAQUE, 1.3, _VERIFIES),
    Target(flows.INTROSPECTION, sites.AUTHLIB, 0.65, "it verifies the same signature and asks no storage"),
    Target(flows.SIGN_OUT, sites.FLOOR, 1.6, _FLOOR),
    Target(flows.SIGN_OUT, sites.MINISTACK, 0.45, "pair of sign-in and sign-out, less the sign-in"),
    Target(flows.SIGN_OUT, sites.MOTO, 0.2, "pair of sign-in and sign-out, less the sign-in"),
    Target(flows.DISCOVERY, sites.PANVA, 0.6, "constant bytes"),
    Target(flows.KEYS, sites.PANVA, 0.6, "constant bytes"),
    Target(flows.PASSWORD, sites.BETTER_AUTH, 0.4, "its scrypt against our Argon2id, at the parameters that each recommends"),
    Target(flows.START, sites.OPENAUTH, 0.65, _START),
)
_AHEAD_AT = (flows.REFRESH, flows.LOGIN, flows.CLIENT_CREDENTIALS, flows.USERINFO, flows.INTROSPECTION)
# Opaque tokens need no signature: with them it does less by design, and is no measure but where a bound above says so.
_UNLIKE = (sites.PANVA_OPAQUE,)
_FLOORS = (sites.FLOOR, sites.FLOOR_WIDE, sites.FLOOR_RS)
OURS = (sites.GATEHOUSE, sites.GATEHOUSE_RS, sites.GATEHOUSE_MEMORY)


def ratio(figures: Figures, target: Target) -> float | None:
    """How many times of `against` gatehouse takes; None where one of them was not measured, or as a difference that noise has eaten."""
    rows = figures["operations"].get(target.operation, {})
    ours, theirs = rows.get(target.ours) if target.ours else ours_beside(rows, target.against), rows.get(target.against)
    return ours["cpu_ms"] / theirs["cpu_ms"] if ours and theirs and theirs["cpu_ms"] > 0 else None


def ours_beside(rows: Mapping[str, Any], row: str) -> Mapping[str, Any] | None:
    """Gatehouse's figures at the algorithm that this row has; None where it was not measured at it."""
    return rows.get(sites.GATEHOUSE_RS if "RS256" in row else sites.GATEHOUSE)


def all_targets(figures: Figures) -> Iterator[Target]:
    """Those above, and for every other peer that gatehouse takes less than it."""
    named = {(target.operation, target.against) for target in TARGETS}
    yield from TARGETS
    for operation in _AHEAD_AT:
        for row in figures["operations"].get(operation, {}):
            if row not in (*_FLOORS, *_UNLIKE, *OURS) and (operation, row) not in named:
                yield Target(operation, row, 1.0, _EVERYBODY)


def exceeded(figures: Figures) -> list[str]:
    """What breaks the run, one sentence each."""
    found = []
    for target in all_targets(figures):
        measured = ratio(figures, target)
        if target.breaks and measured is None:
            found.append(f"{about(target)}: not measured beside {target.against}")
        elif target.breaks and measured is not None and measured > target.at_most:
            found.append(f"{about(target)}: {measured:.2f} times {target.against}, {target.at_most:g} allowed ({target.why})")
    return found


def about(target: Target) -> str:
    """The operation, and whose if it is not as usual."""
    return f"{target.operation} by {target.ours}" if target.ours else target.operation


def ahead_of_us(figures: Figures) -> Iterator[tuple[str, str]]:
    """Where a peer takes less processor time than gatehouse at the same algorithm, as operation and row."""
    for operation, rows in figures["operations"].items():
        for row, of in rows.items():
            ours = ours_beside(rows, row)
            if ours and row not in (*_FLOORS, *OURS) and of["cpu_ms"] < ours["cpu_ms"]:
                yield operation, row
