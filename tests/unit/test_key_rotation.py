"""Keys come and go without a token or cache that notices, and only their public halves are shown (rows 57, 58)."""

from typing import Any

import jwt
import pytest

from gatehouse import clock, jose, key_rotation, keys, table
from tests.unit.cloudformation import deployed
from tests.unit.conftest import call, context, event, forget, function
from tests.unit.faults import DENIED, always, trouble, unreachable
from tests.unit.flows import (
    basic,
    browser_of,
    exchange,
    later,
    new_client,
    new_code,
    new_user,
    refresh,
    token,
    userinfo,
)

DAY = 86_400
ALGORITHMS = ["RS256", "ES256", "EdDSA"]


def rotate(**more: Any) -> dict[str, list[str]]:
    outcome: dict[str, list[str]] = function("key_rotation")(event("key_rotation") | more, context())
    return outcome


def published() -> dict[str, dict[str, str]]:
    return {key["kid"]: key for key in call("discovery", "GET", "/.well-known/jwks.json").json["keys"]}


def signing_kids() -> set[str]:
    return {keys.current(algorithm).kid for algorithm in ALGORITHMS}


def verifies(access_token: str) -> bool:
    """As an API does it, with the key set as it is published now."""
    key = published().get(jwt.get_unverified_header(access_token)["kid"])
    if key is None:
        return False
    options: Any = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
    return bool(jwt.decode(access_token, jwt.PyJWK(key), algorithms=[key["alg"]], options=options))


@pytest.mark.row(57)
def test_over_a_year_no_key_signs_before_it_was_published_for_two_hours_or_goes_before_its_last_token() -> None:
    app = new_client("machine", access_token_seconds=DAY)
    proof = basic(app.client_id, app.secret)
    first_seen = dict.fromkeys(published(), -keys.LEAD_SECONDS)
    alive: list[tuple[int, str]] = []
    signed_with = set()

    for day in [day for switch in (0, 90, 180, 270, 360) for day in range(max(switch - 2, 0), switch + 3)]:
        for moment in (day * DAY, day * DAY + DAY // 2):
            with later(moment):
                rotate()
                for kid in published():
                    first_seen.setdefault(kid, moment)
                assert all(moment - first_seen[kid] >= keys.LEAD_SECONDS for kid in signing_kids())
                alive = [(end, old) for end, old in alive if end > moment]
                assert all(verifies(old) for _, old in alive)
                access = token(grant_type="client_credentials", authorization=proof).json["access_token"]
                signed_with.add(jwt.get_unverified_header(access)["kid"])
                alive.append((moment + DAY, access))

    assert len(signed_with) == 5


@pytest.mark.row(57)
def test_a_switch_of_keys_is_the_same_instant_for_everybody_and_both_verify_around_it() -> None:
    app = new_client("machine", access_token_seconds=DAY)
    proof = basic(app.client_id, app.secret)
    following = min(key.active_from for key in keys.ring().values() if key.algorithm == "RS256" and key not in [keys.current("RS256")])
    tokens = []

    for offset in (-1, 0, 3600, DAY):
        with later(following - clock.now() + offset):
            forget()
            rotate()
            tokens.append(token(grant_type="client_credentials", authorization=proof).json["access_token"])
            assert all(verifies(made) for made in tokens)

    kids = [jwt.get_unverified_header(made)["kid"] for made in tokens]
    assert kids[0] != kids[1] == kids[2] == kids[3]


@pytest.mark.row(57)
def test_caches_of_the_key_set_expire_well_before_a_new_key_signs() -> None:
    answer = call("discovery", "GET", "/.well-known/jwks.json")

    assert answer.headers["cache-control"] == f"public, max-age={keys.JWKS_CACHE_SECONDS}"
    assert keys.JWKS_CACHE_SECONDS + keys.RING_SECONDS < keys.LEAD_SECONDS
    assert keys.SIGNING_OVERLAP_SECONDS >= DAY + keys.RING_SECONDS
    assert keys.SEALING_OVERLAP_SECONDS > 30 * DAY


@pytest.mark.row(57)
def test_rotation_that_stood_still_for_a_year_still_publishes_before_it_signs() -> None:
    with later(400 * DAY):
        forget()
        old = signing_kids()
        made = rotate()["made"]

        assert len(made) == 4
        assert signing_kids() == old
        assert {key.active_from for key in keys.ring().values() if key.kid in made} == {clock.now() + keys.LEAD_SECONDS}


@pytest.mark.row(57)
def test_running_it_again_changes_nothing() -> None:
    before = published()

    assert rotate() == rotate() == {"made": [], "promoted": [], "deleted": []}
    assert published() == before


@pytest.mark.row(57)
def test_a_leaked_key_is_gone_at_once_and_the_next_one_has_long_been_published() -> None:
    user, app = new_user(), new_client()
    browser = browser_of(user)
    leaked, known = signing_kids(), set(published())
    tokens = exchange(app.client_id, new_code(app.client_id, browser)).json

    outcome = rotate(force=True)

    assert set(outcome["deleted"]) == leaked
    assert set(outcome["promoted"]) == signing_kids() <= known - leaked
    assert not leaked & set(published())
    assert userinfo(tokens["access_token"]).status == 401
    renewed = refresh(app.client_id, tokens["refresh_token"]).json
    assert userinfo(renewed["access_token"]).status == 200
    assert verifies(renewed["access_token"])
    assert "code" in browser.authorize(app.client_id).sent_back


@pytest.mark.row(57)
@pytest.mark.parametrize("force", [False, None, "true", 1, [True]])
def test_only_the_word_of_force_itself_forces(force: object) -> None:
    assert rotate(force=force) == {"made": [], "promoted": [], "deleted": []}


@pytest.mark.row(57)
def test_refresh_tokens_and_sign_ons_outlive_the_sealing_key_that_made_them() -> None:
    user, app = new_user(), new_client(session_idle_seconds=30 * DAY)
    with later(89 * DAY):
        tokens = exchange(app.client_id, new_code(app.client_id, browser_of(user))).json
    with later(91 * DAY):
        forget()
        rotate()
        assert keys.current(keys.SEALING).kid != tokens["refresh_token"][: keys.KID_LENGTH]
    with later(118 * DAY):
        forget()
        rotate()
        assert refresh(app.client_id, tokens["refresh_token"]).status == 200


@pytest.mark.row(58)
def test_the_key_set_shows_what_a_verifier_needs_and_nothing_private() -> None:
    members = {
        "RSA": {"kty", "kid", "alg", "use", "n", "e"},
        "EC": {"kty", "kid", "alg", "use", "crv", "x", "y"},
        "OKP": {"kty", "kid", "alg", "use", "crv", "x"},
    }
    shown = published()

    assert len(shown) == 6
    for key in shown.values():
        assert set(key) == members[key["kty"]]
        assert key["use"] == "sig"
        assert key["kid"].isalnum()
    sizes = [int.from_bytes(jose.b64decode(key["n"])).bit_length() for key in shown.values() if key["kty"] == "RSA"]
    assert all(size >= 2048 for size in sizes)
    assert {key["e"] for key in shown.values() if key["kty"] == "RSA"} == {"AQAB"}


@pytest.mark.row(58)
def test_algorithms_that_are_switched_off_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING_ALGORITHMS", "RS256")
    forget()

    assert {key["alg"] for key in published().values()} == {"RS256"}
    assert call("discovery", "GET", "/.well-known/openid-configuration").json["id_token_signing_alg_values_supported"] == ["RS256"]


def empty_ring() -> None:
    for kid in keys.ring():
        table.delete(table.ring_key(kid))
    forget()


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_new_stack_has_its_keys_before_its_first_request(kind: str) -> None:
    empty_ring()

    assert deployed("key_rotation", kind)["Status"] == "SUCCESS"
    assert len(published()) == 6
    assert len(keys.ring()) == 8


def test_a_stack_that_is_deleted_keeps_its_keys_with_its_table() -> None:
    before = published()

    assert deployed("key_rotation", "Delete")["Status"] == "SUCCESS"
    assert published() == before


@pytest.mark.parametrize("fate", [DENIED, unreachable])
def test_cloudformation_is_told_why_it_failed_and_does_not_wait(fate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rotation, "PATIENCE_SECONDS", 0)
    empty_ring()

    with trouble({"kms": always(fate)}):
        answer = deployed("key_rotation", "Create")

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("Unavailable: kms GenerateDataKeyWithoutPlaintext: ")
    assert answer["PhysicalResourceId"]


def test_a_permission_that_takes_its_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rotation, "PATIENCE_SECONDS", 0)
    empty_ring()

    with trouble({"kms": [DENIED, DENIED, DENIED]}):
        assert deployed("key_rotation", "Create")["Status"] == "SUCCESS"
    assert len(published()) == 6
