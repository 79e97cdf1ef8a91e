"""Where an answer may go: only to a redirect URI that is registered, to the letter (rows 1 to 5)."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.conftest import Answer
from tests.unit.flows import CALLBACK, Browser, new_client

EVIL = "https://evil.test/callback"


def shown_and_not_sent(answer: Answer) -> bool:
    """An error page for the person; nothing goes to the address that the request named."""
    return (
        answer.status == 400
        and "location" not in answer.headers
        and answer.headers["content-type"] == "text/html; charset=utf-8"
        and answer.headers["cache-control"] == "no-store"
        and not answer.cookies
    )


@pytest.mark.row(1)
@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/callback/",
        "https://app.example.com/callback?x=1",
        "https://app.example.com/callback?",
        "https://app.example.com/callback#",
        "https://app.example.com/callback#fragment",
        "https://app.example.com/CALLBACK",
        "https://app.example.com//callback",
        "https://app.example.com/callback/../callback",
        "https://app.example.com/./callback",
        "https://app.example.com/callback%2e",
        "https://app.example.com/%63allback",
        "https://app.example.com/callback/8f3kd0",
        "https://app.example.com:443/callback",
        "https://app.example.com:/callback",
        "https://APP.example.com/callback",
        "HTTPS://app.example.com/callback",
        "http://app.example.com/callback",
        "https://app.example.com@evil.test/callback",
        "https://evil.test@app.example.com/callback",
        "https://app.example.com./callback",
        "https://app.example.com\\callback",
        "https://app.example.com\\@evil.test/callback",
        "https://app.example.com.evil.test/callback",
        "https://evil.test/?https://app.example.com/callback",
        "https://app。example.com/callback",
        "https://аpp.example.com/callback",
        "https://app.example.com/callback\u200b",
        " https://app.example.com/callback",
        "https://app.example.com/callback ",
        "https://app.example.com/callback\n",
        "https://app.example.com/call\tback",
        "https://app.example.com/callback\x00",
        "//app.example.com/callback",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,hello",
        EVIL,
        "https://app.example.com/callback" + "a" * 4000,
    ],
)
def test_what_differs_from_the_registered_uri_in_any_character_gets_a_page(uri: str) -> None:
    app = new_client()

    assert shown_and_not_sent(Browser().authorize(app.client_id, redirect_uri=uri))


@pytest.mark.row(1)
@given(where=st.integers(0, len(CALLBACK)), width=st.integers(0, 3), put=st.text(max_size=4))
def test_no_edit_of_the_registered_uri_is_taken_for_it(where: int, width: int, put: str) -> None:
    uri = CALLBACK[:where] + put + CALLBACK[where + width :]
    assume(uri not in (CALLBACK, ""))
    app = new_client()

    assert shown_and_not_sent(Browser().authorize(app.client_id, redirect_uri=uri))


@pytest.mark.row(1)
def test_a_query_in_the_registered_uri_is_kept_and_continued() -> None:
    app = new_client(redirect_uris=[f"{CALLBACK}?tenant=a%20b"])

    sent = Browser().authorize(app.client_id, redirect_uri=f"{CALLBACK}?tenant=a%20b", prompt="none")

    assert sent.location.startswith(f"{CALLBACK}?tenant=a%20b&error=login_required&")
    assert shown_and_not_sent(Browser().authorize(app.client_id, redirect_uri=f"{CALLBACK}?tenant=a b"))
    assert shown_and_not_sent(Browser().authorize(app.client_id, redirect_uri=f"{CALLBACK}?tenant=a%20b&more=1"))


@pytest.mark.row(2)
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize("port", [":1", ":49152", ":65535", ""])
def test_a_native_client_gets_its_answer_on_any_port_of_its_loopback_address(host: str, port: str) -> None:
    app = new_client("native", redirect_uris=[f"http://{host}/callback"], web_origins=[])
    uri = f"http://{host}{port}/callback"

    sent = Browser().authorize(app.client_id, redirect_uri=uri, prompt="none")

    assert sent.location.startswith(f"{uri}?error=login_required&")


@pytest.mark.row(2)
@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:49152/callback",
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:49152/callback/",
        "http://127.0.0.1:49152/callback?x=1",
        "http://127.0.0.1:49152/callback?",
        "http://127.0.0.2:49152/callback",
        "http://127.1:49152/callback",
        "http://2130706433:49152/callback",
        "http://0x7f000001:49152/callback",
        "http://[::1]:49152/callback",
        "http://[::ffff:127.0.0.1]:49152/callback",
        "https://127.0.0.1:49152/callback",
        "http://a@127.0.0.1:49152/callback",
        "http://127.0.0.1:49152@evil.test/callback",
        "http://127.0.0.1.evil.test:49152/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:-1/callback",
        "http://127.0.0.1:0x50/callback",
        "http://127.0.0.1:080/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:４９/callback",
        "http://127.0.0.1:49\n152/callback",
        "\nhttp://127.0.0.1:49152/callback",
        "http://127.0.0.1:49152\t/callback",
        "http://127.0.0.1:49152/call\r\nback",
        "http:/127.0.0.1:49152/callback",
        "http://[127.0.0.1:49152/callback",
    ],
)
def test_only_the_port_of_a_loopback_address_may_differ(uri: str) -> None:
    app = new_client("native", redirect_uris=["http://127.0.0.1/callback"], web_origins=[])

    assert shown_and_not_sent(Browser().authorize(app.client_id, redirect_uri=uri))


@pytest.mark.row(2)
@pytest.mark.parametrize("kind", ["web", "spa"])
def test_the_port_counts_for_clients_that_are_not_native(kind: str) -> None:
    app = new_client(kind, redirect_uris=["http://127.0.0.1/callback"])

    assert shown_and_not_sent(Browser().authorize(app.client_id, redirect_uri="http://127.0.0.1:49152/callback"))


@pytest.mark.row(2)
def test_the_name_localhost_is_no_loopback_address_whose_port_may_differ() -> None:
    app = new_client("native", redirect_uris=["http://localhost/callback"], web_origins=[])

    assert shown_and_not_sent(Browser().authorize(app.client_id, redirect_uri="http://localhost:49152/callback"))


@pytest.mark.row(4)
@pytest.mark.parametrize("prompt", ["", "none", "login", "nonsense"])
@pytest.mark.parametrize("more", [{}, {"response_type": "token"}, {"request": "e30.e30."}, {"scope": '"'}, {"max_age": "-1"}])
def test_nothing_makes_an_error_travel_to_an_unregistered_uri(prompt: str, more: dict[str, str]) -> None:
    app = new_client()

    for client_id in (app.client_id, "unknown", "", "x" * 500, "a#b", "\x00"):
        answer = Browser().authorize(client_id, redirect_uri=EVIL, prompt=prompt, **more)
        assert shown_and_not_sent(answer)
        assert "evil.test" not in answer.body


@pytest.mark.row(4)
def test_an_unknown_client_gets_a_page_even_with_a_uri_that_others_have_registered() -> None:
    new_client()

    assert shown_and_not_sent(Browser().authorize("unknown", redirect_uri=CALLBACK, prompt="none"))


@pytest.mark.row(5)
def test_a_client_with_several_redirect_uris_must_name_one() -> None:
    app = new_client(redirect_uris=[CALLBACK, "https://app.example.com/other"])

    assert shown_and_not_sent(Browser().authorize(app.client_id, redirect_uri=""))


@pytest.mark.row(5)
def test_a_client_with_one_redirect_uri_need_not_name_it() -> None:
    app = new_client()

    sent = Browser().authorize(app.client_id, redirect_uri="", prompt="none")

    assert sent.location.startswith(f"{CALLBACK}?error=login_required&")


@pytest.mark.row(5)
def test_a_client_of_another_kind_has_no_redirect_uri_to_fall_back_on() -> None:
    machine = new_client("machine")

    assert shown_and_not_sent(Browser().authorize(machine.client_id, redirect_uri=""))
