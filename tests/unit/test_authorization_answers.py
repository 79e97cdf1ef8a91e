"""What goes back to the client: state and nonce unchanged, the issuer, and nothing that leaks (rows 13, 16, 21)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conftest import call
from tests.unit.flows import Browser, browser_of, claims_of, exchange, new_client, new_user
from tests.unit.test_authorize import VALID
from tests.unit.test_redirect_uris import shown_and_not_sent


@pytest.mark.row(13)
def test_success_and_error_name_the_issuer_of_the_discovery_document() -> None:
    app, browser = new_client(), browser_of(new_user())
    issuer = call("discovery", "GET", "/.well-known/openid-configuration").json["issuer"]

    granted, refused = browser.authorize(app.client_id), Browser().authorize(app.client_id, prompt="none")

    assert granted.sent_back["iss"] == refused.sent_back["iss"] == issuer
    assert set(granted.sent_back) == {"code", "state", "iss"}


@pytest.mark.row(16)
@pytest.mark.parametrize(
    "state",
    [
        "a" * 2048,
        "\"'<>&%20%2B%00+ =?#[]@!$()*,;:/\\|~^`{}",
        "ünï©ødé \U0001f511 名前 \u202e",
        "\r\nlocation: https://evil.test\r\n\r\n<script>",
        "b64==;state-suffix",
        "-._~" * 32,
        "%",
        "+",
        "\x00",
        " ",
    ],
)
def test_state_and_nonce_come_back_byte_for_byte(state: str) -> None:
    app, browser = new_client(), browser_of(new_user())

    granted = browser.authorize(app.client_id, state=state, nonce=state[:1024])
    refused = Browser().authorize(app.client_id, state=state, prompt="none")

    assert granted.sent_back["state"] == refused.sent_back["state"] == state
    assert granted.location.isascii() and granted.location.isprintable() and " " not in granted.location
    assert claims_of(exchange(app.client_id, granted.sent_back["code"]).json["id_token"])["nonce"] == state[:1024]


@pytest.mark.row(16)
@given(state=st.text(min_size=1, max_size=60))
def test_any_state_comes_back_as_it_was(state: str) -> None:
    answer = Browser().authorize(new_client().client_id, state=state, prompt="none")

    assert answer.sent_back["state"] == state


@pytest.mark.row(16)
def test_what_was_not_sent_does_not_come_back() -> None:
    app, browser = new_client(), browser_of(new_user())

    granted = browser.authorize(app.client_id, state="", nonce="")

    assert set(granted.sent_back) == {"code", "iss"}
    assert "nonce" not in claims_of(exchange(app.client_id, granted.sent_back["code"]).json["id_token"])


@pytest.mark.row(16)
def test_a_state_too_long_for_a_redirect_gets_a_page() -> None:
    form = {"client_id": new_client().client_id} | VALID | {"state": "s" * 4097, "response_type": "token"}

    assert shown_and_not_sent(call("authorize", "POST", "/authorize", form=form))


@pytest.mark.row(21)
def test_redirects_leak_nothing_by_referrer_or_cache() -> None:
    app, browser = new_client(), browser_of(new_user())

    for answer in (
        browser.authorize(app.client_id),
        Browser().authorize(app.client_id),
        Browser().authorize(app.client_id, prompt="none"),
    ):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "x-frame-options" not in answer.headers


def test_the_code_is_long_and_random_and_names_nothing() -> None:
    user, app = new_user(), new_client()
    browser = browser_of(user)
    first, second = (browser.authorize(app.client_id).sent_back["code"] for _ in range(2))

    assert first != second
    assert len(set(first)) > 40
    assert user.user_id not in first and app.client_id not in first
