"""The peers: what an answer must have to count, how figures become sentences, and that the floor's tokens are what they say."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from bench import peers
from bench.peers import flows, http_client, install, jwt_floor, measuring, person_flows, sites, starting, targets
from bench.peers.http_client import Answer, Connection
from bench.peers.measuring import Effort, Slice
from bench.peers.processes import Running


def figures(**cpu: dict[str, float]) -> dict[str, Any]:
    """Figures of a run: processor milliseconds by operation and row."""
    operations = {name: {row: {"cpu_ms": taken, "count": 9} for row, taken in rows.items()} for name, rows in cpu.items()}
    rows = {row for of in operations.values() for row in of}
    return {
        "operations": operations,
        "servers": {row: {"server": row, "resident_mib": 60.0} for row in rows},
        "claims": {},
        "notes": {"openauth": "one token"},
        "versions": {"openauth": "openauth 0.4.3"},
        "processors": 2,
        "connections": 8,
        "repetitions": 3,
    }


def whole(**cpu: dict[str, float]) -> dict[str, Any]:
    """The same of everything that a target is about: as fast as anybody could wish, but for what is given."""
    fast: dict[str, dict[str, float]] = {}
    for target in targets.TARGETS:
        fast.setdefault(target.operation, dict.fromkeys(targets.OURS, 0.01))[target.against] = 99
    return figures(**{operation: rows | cpu.get(operation, {}) for operation, rows in fast.items()})


def served(answers: bytes, ask: Callable[[Connection], Awaitable[Any]]) -> Any:
    """What `ask` makes of a server that says these bytes to each request, one by one, so that nothing comes whole."""

    async def told() -> Any:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(65536):
                for byte in answers:
                    writer.write(bytes([byte]))
                    await writer.drain()
                if b"Connection: close" in answers:
                    break
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        connection = Connection(server.sockets[0].getsockname()[1])
        try:
            return await ask(connection)
        finally:
            connection.close()
            server.close()

    return asyncio.run(told())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b; Path=/\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\nhello",
    ],
)
def test_an_answer_is_read_whole_however_it_is_framed_and_the_next_one_after_it(answer: bytes) -> None:
    async def twice(connection: Connection) -> list[Answer]:
        return [await connection.request("GET", "/"), await connection.post("/", "a=b")]

    for told in served(answer, twice):
        assert (told.status, told.body, told.cookies) == (200, b"hello", ["a=b"])


def test_an_answer_that_ends_within_itself_is_no_answer() -> None:
    cut = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhel"

    with pytest.raises(http_client.Broken):
        served(cut, lambda connection: connection.request("GET", "/"))


def test_a_wrong_answer_fails_the_run_instead_of_being_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Running, "cpu_ns", lambda self: 0)
    refused = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"
    site = flows.Site("app", "", machine_form={"scope": "orders:read"})

    async def measured(connection: Connection) -> Slice:
        server = Running("peer", None, tmp_path / "log", connection.port, {})  # type: ignore[arg-type]  # no process is needed
        return await measuring.slice_of(server, flows.of_site(site)[flows.CLIENT_CREDENTIALS], 2, Effort(1, 1))

    with pytest.raises(flows.Wrong, match=r"peer: .*400"):
        served(refused, measured)


def test_an_operation_that_has_inputs_prepared_ends_when_they_are_used_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Running, "cpu_ns", lambda self: 0)

    async def begin(connection: Connection, number: int) -> list[int]:
        return [1, 2, 3]

    async def run(connection: Connection, left: list[int]) -> list[int]:
        left.pop()
        return left

    server = Running("peer", None, tmp_path / "log", 1, {})  # type: ignore[arg-type]  # no process is needed
    done = asyncio.run(measuring.slice_of(server, flows.Operation(begin, run, most=3), 4, Effort(9, 9)))

    assert done.count == 12


def test_figures_are_medians_of_the_repetitions() -> None:
    taken = [Slice(10, cpu * 10_000_000, 2.0, [1.0] * 10) for cpu in (1, 9, 2)]

    summed = measuring.summed_up(taken)

    assert (summed["cpu_ms"], summed["cpu_ms_runs"], summed["requests_per_second"]) == (2.0, [1.0, 9.0, 2.0], 5.0)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_the_floors_tokens_verify_with_the_key_that_it_publishes(algorithm: str) -> None:
    signer = jwt_floor.Signer(algorithm)
    token = signer.sign("at+jwt", {"sub": "ada"})

    assert jwt.decode(token, jwt.PyJWK(signer.jwk()), algorithms=[algorithm]) == signer.verify(token) == {"sub": "ada"}
    with pytest.raises(jwt_floor.Forged):
        jwt_floor.Signer(algorithm).verify(token)


def test_a_run_within_all_bounds_exceeds_nothing() -> None:
    assert peers.exceeded(whole(refresh={"gatehouse": 0.45, "floor": 0.3, "oidc-provider JWT": 0.7, "openauth": 0.46})) == []


def test_each_bound_that_is_exceeded_is_one_sentence() -> None:
    over = peers.exceeded(whole(refresh={"gatehouse": 0.5, "floor": 0.3, "oidc-provider JWT": 0.7, "openauth": 0.46}))

    assert [sentence.partition(",")[0] for sentence in over] == ["refresh: 0.71 times oidc-provider JWT", "refresh: 1.09 times openauth"]


def test_the_floor_with_our_reads_binds_and_the_bare_one_is_shown() -> None:
    over = peers.exceeded(whole(refresh={"gatehouse": 0.9, "floor": 0.3, "floor, reads as gatehouse": 0.5}))

    assert [sentence.partition(",")[0] for sentence in over] == ["refresh: 1.80 times floor"]
    assert "reads as gatehouse" in over[0]


def test_rs256_is_compared_with_rs256() -> None:
    run = whole(refresh={"gatehouse": 0.4, "gatehouse RS256": 1.0, "oidc-provider RS256": 0.9, "openauth": 0.5})

    assert [sentence.partition(",")[0] for sentence in peers.exceeded(run)] == ["refresh: 1.11 times oidc-provider RS256"]
    assert list(targets.ahead_of_us(run)) == [("refresh", "oidc-provider RS256")]


def test_what_is_kept_in_memory_is_compared_with_what_is_kept_in_memory() -> None:
    run = whole(refresh={"gatehouse": 0.3, "gatehouse, in memory": 0.25, "oidc-provider JWT": 0.5, "openauth": 0.29})

    assert [sentence.partition(",")[0] for sentence in peers.exceeded(run)] == ["refresh: 1.03 times openauth", "refresh by gatehouse"]
    assert peers.exceeded(run)[1].startswith("refresh by gatehouse, in memory: 0.50 times oidc-provider JWT, 0.4 allowed")


def test_a_start_that_takes_too_much_of_a_peers_breaks_the_run() -> None:
    assert peers.exceeded(whole(start={"gatehouse": 60, "openauth": 100})) == []
    [over] = peers.exceeded(whole(start={"gatehouse": 70, "openauth": 100}))

    assert over.startswith("start: 0.70 times openauth, 0.65 allowed")


def test_starts_are_counted_above_their_own_interpreter_and_ours_as_it_is() -> None:
    taken = {"python": [10.0, 12.0, 11.0], "node": [30.0], "gatehouse": [70.0, 90.0, 80.0], "openauth": [150.0, 160.0, 170.0]}

    ours, theirs = (starting.summed_up(row, taken) for row in ("gatehouse", "openauth"))

    assert (ours["cpu_ms"], ours["interpreter_ms"]) == (80, 11)
    assert (theirs["cpu_ms"], theirs["cpu_ms_runs"], theirs["interpreter_ms"]) == (130, [120, 130, 140], 30)


def test_a_server_for_node_is_timed_until_it_would_listen_without_the_keys_it_makes(tmp_path: Path) -> None:
    server = tmp_path / "server.mjs"
    server.write_text(
        'import { generateKeyPairSync } from "node:crypto"; import { createServer } from "node:http";\n'
        'const before = process.cpuUsage(); generateKeyPairSync("rsa", { modulusLength: 4096 });\n'
        "const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000);\n"
        'createServer().listen(0, () => console.log("listens"));\n'
    )
    preload = Path(install.__file__).parent / "node" / "until_listening.cjs"
    told = subprocess.run([install.NODE, "--require", preload, server], capture_output=True, text=True, check=True).stdout.split()

    key, taken = map(float, told)
    assert 0 < taken < 1000
    assert key > 0


def test_a_bound_that_nothing_was_measured_for_does_not_hold() -> None:
    run = whole()
    del run["operations"]["discovery"]["oidc-provider JWT"]
    run["operations"]["global sign-out"]["ministack (Cognito)"]["cpu_ms"] = -0.1

    assert peers.exceeded(run) == [
        "global sign-out: not measured beside ministack (Cognito)",
        "discovery: not measured beside oidc-provider JWT",
    ]


def test_the_tables_have_a_row_per_server_and_say_who_is_ahead_and_why() -> None:
    shown = peers.tables(figures(refresh={"gatehouse": 0.5, "floor": 0.25, "openauth": 0.4}))

    assert "| **gatehouse** | 0.500  | 2.00    | 1.00        |" in shown
    assert "| refresh   | openauth | 0.400  | 0.500     | one token    |" in shown


def test_the_table_of_starts_has_the_bare_interpreters_beside_them() -> None:
    run = figures(start={"gatehouse": 80, "openauth": 160})
    for row, interpreter in (("gatehouse", 13.0), ("openauth", 30.0)):
        run["operations"]["start"][row]["interpreter_ms"] = interpreter

    shown = peers.tables(run)

    assert "| **gatehouse** | 80.0   | 13.0             | 1.00        | 9      |" in shown
    assert "| openauth      | 160.0  | 30.0             | 2.00        | 9      |" in shown


def test_every_row_that_a_target_names_is_one_that_is_measured() -> None:
    rows = {value for name, value in vars(sites).items() if name.isupper() and isinstance(value, str)}

    assert {target.against for target in targets.TARGETS} <= rows
    assert {target.operation for target in targets.TARGETS} <= {*flows.OPERATIONS, flows.START}


def test_the_lock_files_pin_everything_and_name_no_registry() -> None:
    node = (Path(install.__file__).parent / "node" / "package-lock.json").read_text()
    python = (install.SERVERS / "requirements.txt").read_text()

    assert '"resolved"' not in node
    assert node.count('"integrity"') == node.count('"node_modules/')
    assert "http" not in python.replace("httpx", "")
    assert all("==" in line for line in python.splitlines() if line[:1].isalnum())


def test_as_many_people_are_prepared_as_are_signed_out() -> None:
    assert person_flows.people_needed(8, 4) == 8 * 4 * person_flows.SIGN_OUTS
