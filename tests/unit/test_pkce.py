"""PKCE: S256 or nothing, and no way around it (rows 7, 8)."""

import base64
import hashlib

import pytest

from tests.unit.flows import (
    CHALLENGE,
    VERIFIER,
    Browser,
    basic,
    browser_of,
    exchange,
    new_client,
    new_code,
    new_user,
    refresh,
)
from tests.unit.test_authorize import refused_with

ALPHABET = "-._~" + "aZ9" * 41


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.row(7)
@pytest.mark.parametrize("kind", ["spa", "native", "web"])
def test_no_client_does_without_a_challenge_unless_it_is_registered_so(kind: str) -> None:
    origins = [] if kind == "native" else ["https://app.example.com"]
    app = new_client(kind, web_origins=origins)

    assert refused_with(Browser().authorize(app.client_id, code_challenge="", code_challenge_method=""), "invalid_request")


@pytest.mark.row(7)
@pytest.mark.parametrize("method", ["plain", "", "s256", "S512", "none", "S256 "])
def test_every_method_but_s256_is_refused(method: str) -> None:
    app = new_client()

    assert refused_with(Browser().authorize(app.client_id, code_challenge_method=method), "invalid_request")


@pytest.mark.row(7)
@pytest.mark.parametrize("require_pkce", [True, False])
@pytest.mark.parametrize(
    "challenge",
    [
        "a" * 42,
        "a" * 44,
        "a" * 128,
        "a" * 129,
        "a",
        "a" * 42 + "=",
        "a" * 42 + "+",
        "a" * 42 + "/",
        "a" * 42 + ".",
        "a" * 42 + "é",
        "a" * 42 + "\n",
    ],
)
def test_what_is_no_sha256_digest_in_base64url_is_no_challenge(challenge: str, require_pkce: bool) -> None:
    app = new_client("web", require_pkce=require_pkce)

    assert refused_with(Browser().authorize(app.client_id, code_challenge=challenge), "invalid_request")


@pytest.mark.row(7)
def test_a_method_without_a_challenge_is_refused_even_where_pkce_is_not_required() -> None:
    app = new_client("web", require_pkce=False)

    assert refused_with(Browser().authorize(app.client_id, code_challenge=""), "invalid_request")


@pytest.mark.row(8)
@pytest.mark.parametrize("verifier", [ALPHABET[:43], ALPHABET[:128], VERIFIER])
def test_a_verifier_of_any_allowed_length_proves_its_challenge(verifier: str) -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser, code_challenge=challenge_of(verifier))

    assert exchange(app.client_id, code, code_verifier=verifier).status == 200


@pytest.mark.row(8)
@pytest.mark.parametrize(
    "verifier",
    ["", VERIFIER[:-1], VERIFIER[:-1] + "X", VERIFIER + "x", VERIFIER.lower(), CHALLENGE, "é" * 43, "\x00" * 43],
)
def test_a_missing_or_wrong_verifier_is_refused_and_burns_the_code(verifier: str) -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser)

    assert (exchange(app.client_id, code, code_verifier=verifier).json["error"]) == "invalid_grant"
    assert (exchange(app.client_id, code).json["error"]) == "invalid_grant"


@pytest.mark.row(8)
@pytest.mark.parametrize("verifier", ["a" * 42, "a" * 129])
def test_a_verifier_of_another_length_is_refused_even_if_it_fits(verifier: str) -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser, code_challenge=challenge_of(verifier))

    assert exchange(app.client_id, code, code_verifier=verifier).json["error"] == "invalid_grant"


@pytest.mark.row(8)
def test_a_verifier_for_a_code_without_a_challenge_is_a_downgrade() -> None:
    app, browser = new_client("web", require_pkce=False), browser_of(new_user())
    proof = basic(app.client_id, app.secret)
    first, second = (new_code(app.client_id, browser, code_challenge="", code_challenge_method="") for _ in range(2))

    assert exchange(app.client_id, first, authorization=proof).json["error"] == "invalid_grant"
    assert exchange("", second, authorization=proof, code_verifier="").status == 200


@pytest.mark.row(8)
def test_a_challenge_counts_even_where_pkce_is_not_required() -> None:
    app, browser = new_client("web", require_pkce=False), browser_of(new_user())
    proof = basic(app.client_id, app.secret)

    assert exchange("", new_code(app.client_id, browser), authorization=proof, code_verifier="").json["error"] == "invalid_grant"


@pytest.mark.row(8)
def test_a_wrong_verifier_after_the_exchange_ends_what_the_code_bought() -> None:
    app, browser = new_client(), browser_of(new_user())
    code = new_code(app.client_id, browser)
    bought = exchange(app.client_id, code).json

    assert exchange(app.client_id, code, code_verifier="x" * 43).json["error"] == "invalid_grant"
    assert refresh(app.client_id, bought["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.row(8)
def test_the_verifier_of_another_sign_in_does_not_fit() -> None:
    app, browser = new_client(), browser_of(new_user())
    mine, theirs = "m" * 43, "t" * 43
    injected = new_code(app.client_id, browser, code_challenge=challenge_of(theirs))

    assert exchange(app.client_id, injected, code_verifier=mine).json["error"] == "invalid_grant"
