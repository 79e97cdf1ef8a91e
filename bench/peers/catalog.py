"""Who is measured: how each server is started, what it is asked for, and what it does otherwise than the others."""

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.peers import flows, install, person_flows, sites
from bench.peers.flows import Operation, Site
from bench.peers.http_client import Connection
from bench.peers.sites import Seed
from local import emulator
from local.instance import ROOT

# By the rows of the tables.
Ways = dict[str, dict[str, Operation]]

# What the floor is also measured at with the reads that gatehouse makes on purpose.
_READING = (flows.REFRESH, flows.LOGIN, flows.USERINFO, flows.INTROSPECTION)
# What is also asked of gatehouse with its storage in memory.
_IN_MEMORY = (flows.REFRESH, flows.USERINFO)
# Where the algorithm tells.
_SIGNING = (flows.REFRESH, flows.LOGIN, flows.CLIENT_CREDENTIALS)

NOTES = {
    sites.FLOOR: "our sketch of the least work: the same checks and signatures, no framework, no log; one signed DynamoDB request per step "
    "over one TLS connection; 15 claims in each token",
    sites.FLOOR_WIDE: "the floor with the reads that gatehouse makes on purpose, strongly consistent: the person at exchange and refresh, "
    "and together with the sign-on at authorize, with the session at userinfo and introspection",
    sites.GATEHOUSE: "its functions behind the floor's HTTP server, DynamoDB over TLS, one log line per request; public client with PKCE. "
    "Lambda's own runtime, which reads events and writes answers as JSON, is not in it",
    sites.GATEHOUSE_MEMORY: "the same with a copy of the table in a dict of its process: for comparing with peers that keep everything in "
    "memory, and nothing that is deployed",
    sites.PANVA: "access token for an API and ID token, a Map as storage, public client with PKCE; such tokens open no userinfo",
    sites.PANVA_OPAQUE: "opaque access token and ES256 ID token, a Map as storage",
    sites.OPENAUTH: "one ES256 token and no ID token, a Map as storage; no session of its own: a provider signs on at once, what is asked "
    "for waits in a cookie by RSA-OAEP; logs a line per request",
    sites.AUTHLIB: "both tokens by ES256, dicts as storage, gunicorn with one thread; userinfo and "
    "introspection verify the signature alone and see no revocation",
    sites.TOOLKIT: "opaque access token and RS256 ID token (it knows no ES256), SQLite, gunicorn with one thread; public client with "
    "PKCE, machine with an unhashed secret",
    sites.TOOLKIT_HASHED: "the same with its default: confidential clients whose secret is hashed like a password",
    sites.BETTER_AUTH: "no authorization server without a plugin: get-session stands for userinfo; memory adapter, scrypt",
    sites.MINISTACK: "an emulator: REFRESH_TOKEN_AUTH without rotation, RS256, memory; passwords are not hashed",
    sites.MOTO: "an emulator: REFRESH_TOKEN_AUTH without rotation, RS256, memory; passwords are not hashed",
}


@dataclass(frozen=True, slots=True)
class Server:
    """ways: what its rows are asked for, by its seed and port. sites: whose signatures are proven first.

    command: with {port} where that belongs. fill: makes the seed of one that does not write it itself. packages: whose versions are shown.
    ours: it knows the storage of the run.
    """

    name: str
    command: Sequence[str]
    ways: Callable[[Seed, int], Ways]
    sites: Callable[[Seed], dict[str, Site]] = lambda seed: {}
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: str = str(ROOT)
    seeded: bool = True
    fill: Callable[[Connection], Awaitable[dict[str, Any]]] | None = None
    packages: Sequence[str] = ()
    ours: bool = False


def servers(connections: int) -> list[Server]:
    """All of them, for so many connections each."""
    # Its usual worker closes every connection, which nobody else has to pay for here.
    keeping = ["-w", "1", "-k", "gthread", "--threads", "1", "--keep-alive", "60"]
    gunicorn = [str(install.PYTHON / "gunicorn"), *keeping, "--no-control-socket", "--log-level", "warning"]
    in_node: dict[str, Any] = {"cwd": str(install.FOLDER / "node"), "environment": {"NODE_ENV": "production"}}
    # They lie in the checkout.
    in_python: dict[str, Any] = {"cwd": str(install.SERVERS), "environment": {"PYTHONDONTWRITEBYTECODE": "1"}}

    def served(application: str) -> list[str]:
        return [*gunicorn, "-b", "127.0.0.1:{port}", application]

    def ours(module: str) -> list[str]:
        return [sys.executable, "-m", f"bench.peers.{module}"]

    async def pool(connection: Connection) -> dict[str, Any]:
        return await person_flows.fill_pool(connection, connections)

    node = str(install.NODE)
    return [
        Server("floor", ours("floor"), _floor, sites.floor, ours=True),
        Server("gatehouse", ours("gatehouse_server"), _gatehouse, sites.gatehouse, seeded=False, ours=True),
        Server(
            "gatehouse-in-memory",
            [*ours("gatehouse_server"), "in-memory"],
            _gatehouse_in_memory,
            sites.gatehouse_in_memory,
            seeded=False,
            ours=True,
        ),
        Server("oidc-provider", [node, "oidc_provider.mjs"], _of(sites.panva), sites.panva, packages=["oidc-provider", "node"], **in_node),
        Server("openauth", [node, "openauth.mjs"], _of(sites.openauth), sites.openauth, packages=["@openauthjs/openauth"], **in_node),
        Server("authlib", served("authlib_flask:app"), _of(sites.authlib), sites.authlib, packages=["authlib", "flask"], **in_python),
        Server(
            "toolkit",
            served("oauth_toolkit:app"),
            _toolkit,
            sites.toolkit,
            packages=["django-oauth-toolkit", "django", "gunicorn"],
            **in_python,
        ),
        Server("better-auth", [node, "better_auth.mjs"], _better_auth, packages=["better-auth"], **in_node),
        Server(
            "ministack",
            [str(emulator.BIN / "ministack")],
            _emulator(sites.MINISTACK),
            environment={
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": "{port}",
                "AUTH": "false",
                "LOG_LEVEL": "ERROR",
                "IOT_MTLS_ENABLED": "0",
            },
            cwd=str(install.FOLDER),
            seeded=False,
            fill=pool,
            packages=["ministack"],
        ),
        Server(
            "moto",
            [str(install.PYTHON / "moto_server"), "-H", "127.0.0.1", "-p", "{port}"],
            _emulator(sites.MOTO),
            seeded=False,
            fill=pool,
            packages=["moto"],
        ),
    ]


def _of(sites_of: Callable[[Seed], dict[str, Site]]) -> Callable[[Seed, int], Ways]:
    return lambda seed, port: _ways(sites_of(seed))


def _ways(known: Mapping[str, Site]) -> Ways:
    """What each row is asked for: of further rows of a server only what differs there."""
    first, *_ = known
    documents = (flows.DISCOVERY, flows.KEYS)
    unlike = {row: {name: of for name, of in flows.of_site(site).items() if name not in documents} for row, site in known.items()}
    signing = {row: {name: of for name, of in ways.items() if name in _SIGNING} for row, ways in unlike.items() if "RS256" in row}
    return unlike | signing | {first: flows.of_site(known[first])}


def _floor(seed: Seed, port: int) -> Ways:
    known = sites.floor(seed)
    ways = _ways(known)
    own = {
        flows.SIGN_OUT: person_flows.sign_out(known[sites.FLOOR], "/sign-out", _endlessly(seed["cookie"])),
        flows.PASSWORD: person_flows.floor_password(seed["email"], seed["password"]),
    }
    ways[sites.FLOOR] |= own
    ways[sites.FLOOR_WIDE] = {name: ways[sites.FLOOR_WIDE][name] for name in _READING}
    return ways


def _gatehouse(seed: Seed, port: int) -> Ways:
    known = sites.gatehouse(seed)
    ways = _ways(known)
    people = seed["people"]
    ways[sites.GATEHOUSE] |= {
        flows.SIGN_OUT: person_flows.sign_out(known[sites.GATEHOUSE], "/me/sign-out", iter([person["cookie"] for person in people])),
        flows.PASSWORD: person_flows.hosted_password(
            known[sites.GATEHOUSE].client_id, [person["email"] for person in people], seed["password"]
        ),
    }
    return ways


def _gatehouse_in_memory(seed: Seed, port: int) -> Ways:
    [site] = sites.gatehouse_in_memory(seed).values()
    known = flows.of_site(site)
    return {sites.GATEHOUSE_MEMORY: {name: known[name] for name in _IN_MEMORY}}


def _toolkit(seed: Seed, port: int) -> Ways:
    ways = _of(sites.toolkit)(seed, port)
    # Half a second or more each: one at a time, or a run would wait for all that are under way.
    slow = {name: replace(ways[sites.TOOLKIT_HASHED][name], connections=1) for name in (flows.REFRESH, flows.CLIENT_CREDENTIALS)}
    return ways | {sites.TOOLKIT_HASHED: slow}


def _better_auth(seed: Seed, port: int) -> Ways:
    return {sites.BETTER_AUTH: person_flows.better_auth(dict(seed), port)}


def _emulator(row: str) -> Callable[[Seed, int], Ways]:
    return lambda seed, port: {row: person_flows.emulator(dict(seed))}


def _endlessly(value: str) -> Iterator[str]:
    while True:
        yield value
