"""The example of a function that is run by a schedule, against the Management API and nothing else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from examples.schedules.trim_custom_data.app import lambda_handler
from gatehouse import clock, custom_data, users
from gatehouse.users import User
from tests.unit.flows import later, new_user
from tests.unit.operators import api, machine
from tests.unit.user_data import switch_on

DAY = 86_400


class _Gateway(BaseHTTPRequestHandler):
    """The Management API over HTTP."""

    def do_GET(self) -> None:
        path, _, query = self.path.removeprefix("/api/v2").partition("?")
        bearer = self.headers["authorization"].removeprefix("Bearer ")
        # As the gateway does, which decodes the path.
        answer = api(self.command, path.replace("%7C", "|"), bearer, query=dict(parse_qsl(query)))
        self.send_response(answer.status)
        self.send_header("content-length", str(len(answer.body.encode())))
        self.end_headers()
        self.wfile.write(answer.body.encode())

    def do_DELETE(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        pass


@pytest.fixture
def gateway() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Gateway)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield f"http://localhost:{server.server_port}/api/v2"
    server.shutdown()
    thread.join()
    server.server_close()


def member(email: str) -> User:
    user = new_user(email)
    custom_data.insert({"user_id": user.user_id, "company": email})
    return user


def run(base_url: str, days: int, *, scopes: tuple[str, ...] = ("read:users", "delete:custom_data")) -> Any:
    handed = {"base_url": base_url, "access_token": machine(*scopes)}
    event = {"scheduled_time": clock.iso(clock.now()), "run_id": "sch_1", "api": handed, "payload": {"days": days}}
    return lambda_handler(event, None)


def left() -> list[str]:
    found = []
    for user in api("GET", "/users", machine("read:users")).json:
        if api("GET", f"/custom-data/{user['user_id']}", machine("read:custom_data")).status == 200:
            found.append(user["email"])
    return sorted(found)


def test_the_data_of_people_who_stayed_away_is_deleted_and_no_others(gateway: str) -> None:
    switch_on()
    with later(-400 * DAY):
        member("never@example.com")
        away, here = member("away@example.com"), member("here@example.com")
    with later(-100 * DAY):
        users.signed_in(away.user_id, source_ip="192.0.2.7", invocation_id="request")
    with later(-10 * DAY):
        users.signed_in(here.user_id, source_ip="192.0.2.7", invocation_id="request")
    member("new@example.com")

    assert run(gateway, 90) == {"idle": 2}
    assert left() == ["here@example.com", "new@example.com"]
    assert run(gateway, 90) == {"idle": 2}


def test_it_does_nothing_without_a_number_of_days(gateway: str) -> None:
    with pytest.raises(ValueError, match="how many days"):
        run(gateway, 0)
