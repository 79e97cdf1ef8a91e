"""The demo application's origin on a local stack."""

from dataclasses import replace

import pytest

from local import app
from local.gateway.events import Received
from local.instance import named

INSTANCE = named("nobody-started-this", 9080)
GET = Received("GET", "/", [], b"", "127.0.0.1", 9082)


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/", "text/html"), ("/?code=a&state=b", "text/html"), ("/style.css", "text/css"), ("/icon.svg", "image/svg+xml")],
)
def test_it_serves_the_files_of_the_example(path: str, media_type: str) -> None:
    answer = app.serve(INSTANCE, replace(GET, target=path))

    assert (answer.status, dict(answer.headers)["content-type"].partition(";")[0]) == (200, media_type)


@pytest.mark.parametrize("path", ["/nothing", "/../orders_api/template.yaml", "/%2e%2e/%2e%2e/README.md", "//etc/passwd"])
def test_it_serves_nothing_else(path: str) -> None:
    assert app.serve(INSTANCE, replace(GET, target=path)).status == 404


def test_its_script_is_told_where_this_stack_is() -> None:
    answer = app.serve(INSTANCE, replace(GET, target="/config.json"))

    assert answer.body == (b'{"issuer": "http://localhost:9080", "client_id": "demospa", "orders_url": "http://localhost:9081/orders"}')


def test_its_page_runs_and_reaches_only_its_own() -> None:
    policy = dict(app.serve(INSTANCE, GET).headers)["content-security-policy"].split("; ")

    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "connect-src 'self' http://localhost:9080 http://localhost:9081" in policy


def test_it_is_only_for_reading() -> None:
    assert app.serve(INSTANCE, replace(GET, method="POST")).status == 405
