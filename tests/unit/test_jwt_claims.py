"""A token under our own signature still has to be from us, for this use, and in force (RFC 8725; rows 53 to 55)."""

import json
import time
from typing import Any

import pytest

from tests.unit.conftest import ISSUER, call
from tests.unit.flows import Browser, later, new_client, userinfo
from tests.unit.forgery import accepted, authorizer_allows, jws, ours, victim
from tests.unit.test_redirect_uris import shown_and_not_sent

NOT_OURS: list[object] = [
    *(ISSUER[:-1], f"{ISSUER}/", f"{ISSUER}.evil.test", f" {ISSUER}", ISSUER.upper(), f"{ISSUER}:443", ""),
    *(None, [ISSUER], {"": ISSUER}, 0),
]


@pytest.mark.row(53)
def test_the_issuer_is_ours_to_the_letter() -> None:
    real = victim()

    for issuer in NOT_OURS:
        assert accepted(real, *real.resigned(claims={"iss": issuer})) == []


@pytest.mark.row(53)
def test_a_token_for_another_audience_opens_neither_userinfo_nor_the_api() -> None:
    real = victim()

    for audience in (*NOT_OURS, "https://orders.example.com", [], [ISSUER + "x"], [[ISSUER]], [None, 1]):
        if audience != [ISSUER]:
            token, _ = real.resigned(claims={"aud": audience})
            assert userinfo(token).status == 401
            assert not authorizer_allows(token)
            assert not authorizer_allows(token, audience="https://stock.example.com")


@pytest.mark.row(54)
def test_a_hint_of_another_client_is_refused() -> None:
    real, other = victim(), new_client()

    assert Browser().authorize(other.client_id, id_token_hint=real.id_token).sent_back["error"] == "invalid_request"


@pytest.mark.row(54)
def test_a_hint_and_a_client_that_do_not_agree_lead_nowhere_at_logout() -> None:
    real, other = victim(), new_client()
    query = {
        "id_token_hint": real.id_token,
        "client_id": other.client_id,
        "post_logout_redirect_uri": "https://app.example.com/bye",
    }

    assert shown_and_not_sent(call("logout", "GET", "/oidc/logout", query=query))


NO_TIMES: list[object] = ["1", "", 1.5, -1, True, False, None, [], {}, 1e308, 2**53, 10**400, "NaN"]


@pytest.mark.row(55)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_time_that_is_none_is_refused(name: str) -> None:
    real = victim()

    for value in NO_TIMES:
        assert accepted(real, *real.resigned(claims={name: value})) == []


@pytest.mark.row(55)
def test_a_number_that_json_or_python_can_only_just_spell_is_refused() -> None:
    real = victim()

    def spelled(number: str, header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = json.dumps(claims | {"exp": "EXP"}).replace('"EXP"', number)
        return jws(header, text.encode(), ours(header["kid"]))

    for number in ("1e400", "NaN", "Infinity", "-Infinity", "1E2", "9" * 5000, "0x10", "01"):
        tokens = [spelled(number, real.header(name), real.claims(name)) for name in ("access_token", "id_token")]
        assert accepted(real, *tokens) == []


@pytest.mark.row(55)
@pytest.mark.parametrize("name", ["exp", "iat", "sub", "aud", "client_id", "jti", "scope"])
def test_a_claim_that_is_missing_is_refused(name: str) -> None:
    real = victim()
    claims = {other: value for other, value in real.claims().items() if other != name}

    token = jws(real.header(), claims, ours(real.header()["kid"]))

    assert userinfo(token).status == 401
    assert not authorizer_allows(token)


@pytest.mark.row(55)
def test_clocks_may_differ_by_a_minute_and_tokens_live_no_second_longer() -> None:
    real = victim()
    now = int(time.time())

    def issued(offset: int, name: str) -> str:
        return jws(real.header(), real.claims() | {name: now + offset}, ours(real.header()["kid"]))

    for name in ("iat", "nbf"):
        with later(0):
            assert userinfo(issued(58, name)).status == 200
            assert userinfo(issued(65, name)).status == 401
    with later(0):
        assert userinfo(issued(-1, "exp")).status == 401
