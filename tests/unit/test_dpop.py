"""Codes and tokens that are bound to a key by DPoP (RFC 9449 sections 5, 10): worth nothing to whoever does not hold it."""

from typing import Any

import pytest

from tests.unit.conftest import Answer, call
from tests.unit.faults import trouble
from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    Browser,
    basic,
    browser_of,
    claims_of,
    exchange,
    introspect,
    new_client,
    new_code,
    new_user,
    refresh,
    token,
    tokens_of,
)
from tests.unit.signers import (
    ALGORITHMS,
    Key,
    assertion,
    bound,
    bound_token,
    by_assertion,
    go,
    key,
    machine,
    nonce,
    proof,
    push,
    signing_client,
)
from tests.unit.test_dpop_proofs import HOLDER, THIEF, code_of, refused


def bound_tokens(of: Key, client_id: str, **parameters: str) -> dict[str, Any]:
    """A complete sign-in whose code is exchanged with a proof."""
    code = code_of(client_id, **parameters)
    answer = bound(of, lambda signed: exchange(client_id, code, dpop=signed))
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def bound_refresh(of: Key, client_id: str, refresh_token: str, **more: str) -> Answer:
    return bound(of, lambda signed: refresh(client_id, refresh_token, dpop=signed, **more))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_bound_to_the_key_of_the_proof(algorithm: str) -> None:
    of, app = key(algorithm), machine()

    answer = bound_token(of, grant_type="client_credentials", authorization=basic(app.client_id, app.secret))

    assert answer.status == 200
    assert answer.json["token_type"] == "DPoP"
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": of.thumbprint}


def test_without_a_proof_tokens_are_bearer_tokens_and_no_nonce_is_given() -> None:
    app = machine()

    answer = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret))

    assert answer.json["token_type"] == "Bearer"
    assert "cnf" not in claims_of(answer.json["access_token"])
    assert "dpop-nonce" not in answer.headers


def test_a_sign_in_with_a_proof_binds_access_and_refresh_token() -> None:
    app = new_client()

    tokens = bound_tokens(HOLDER, app.client_id)

    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": HOLDER.thumbprint}
    assert "cnf" not in claims_of(tokens["id_token"])
    renewed = bound_refresh(HOLDER, app.client_id, tokens["refresh_token"])
    assert (renewed.status, renewed.json["token_type"]) == (200, "DPoP")
    assert claims_of(renewed.json["access_token"])["cnf"] == {"jkt": HOLDER.thumbprint}


def test_a_code_for_a_key_is_redeemed_with_that_key_and_is_not_burned_by_others() -> None:
    app = new_client()
    code = code_of(app.client_id, dpop_jkt=HOLDER.thumbprint)

    assert exchange(app.client_id, code).json["error"] == "invalid_grant"
    assert exchange(app.client_id, code, dpop=proof(THIEF, nonce=nonce())).json["error"] == "invalid_grant"
    assert exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce())).status == 200


@pytest.mark.parametrize("thumbprint", ["x", "x" * 42, "x" * 44, "=" * 43, "é" * 43, "x" * 43 + " "])
def test_a_thumbprint_that_is_none_is_refused(thumbprint: str) -> None:
    answer = Browser().authorize(new_client().client_id, dpop_jkt=thumbprint)

    assert answer.sent_back["error"] == "invalid_request"


def test_the_key_survives_the_pages() -> None:
    new_user()
    app = new_client()
    code = Browser().sign_in(app.client_id, dpop_jkt=HOLDER.thumbprint).sent_back["code"]

    assert exchange(app.client_id, code, dpop=proof(THIEF, nonce=nonce())).json["error"] == "invalid_grant"
    assert exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce())).status == 200


def pushed_with(of: Key, client_id: str, **more: str) -> Answer:
    form = {"client_id": client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "pushed"}
    form |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} | more
    return bound(of, lambda signed: push(form, dpop=signed), "/oauth/par")


def test_a_pushed_request_binds_its_code_to_the_key_of_its_proof() -> None:
    app = new_client()
    pushed = pushed_with(HOLDER, app.client_id)
    assert pushed.status == 201
    assert pushed.headers["dpop-nonce"]

    code = go(browser_of(new_user()), app.client_id, pushed.json["request_uri"]).sent_back["code"]

    assert exchange(app.client_id, code).json["error"] == "invalid_grant"
    assert exchange(app.client_id, code, dpop=proof(THIEF, nonce=nonce())).json["error"] == "invalid_grant"
    assert exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce())).status == 200


def test_a_pushed_request_names_the_key_that_it_proves_or_none() -> None:
    app = new_client()

    assert pushed_with(HOLDER, app.client_id, dpop_jkt=HOLDER.thumbprint).status == 201
    assert refused(pushed_with(HOLDER, app.client_id, dpop_jkt=THIEF.thumbprint), "invalid_request")
    form = {"client_id": app.client_id, "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert push(form | {"dpop_jkt": HOLDER.thumbprint}).status == 201
    for wrong in (proof(HOLDER, "/oauth/token", nonce=nonce()), proof(HOLDER, "/oauth/par", nonce=nonce(), htm="GET"), "x"):
        assert refused(push(form, dpop=wrong))


def test_a_client_may_be_held_to_bound_tokens() -> None:
    app = new_client(dpop_bound_access_tokens=True)
    worker = machine(dpop_bound_access_tokens=True)
    code = code_of(app.client_id)

    assert refused(exchange(app.client_id, code))
    assert refused(token(grant_type="client_credentials", authorization=basic(worker.client_id, worker.secret)))
    tokens = exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce())).json
    assert tokens["token_type"] == "DPoP"
    assert refused(refresh(app.client_id, tokens["refresh_token"]))
    assert bound_refresh(HOLDER, app.client_id, tokens["refresh_token"]).status == 200
    answer = bound_token(HOLDER, grant_type="client_credentials", authorization=basic(worker.client_id, worker.secret))
    assert answer.json["token_type"] == "DPoP"


@pytest.mark.row(35)
def test_a_public_clients_refresh_token_is_worth_nothing_without_its_key_and_its_owner_notices_nothing() -> None:
    app = new_client(refresh_grace_seconds=0)
    first = bound_tokens(HOLDER, app.client_id)["refresh_token"]

    for _ in range(3):
        for answer in (refresh(app.client_id, first), bound_refresh(THIEF, app.client_id, first)):
            assert refused(answer, "invalid_grant")
        assert refused(refresh(app.client_id, first, dpop=proof(HOLDER)), "use_dpop_nonce")
    second = bound_refresh(HOLDER, app.client_id, first).json["refresh_token"]
    for answer in (refresh(app.client_id, first), bound_refresh(THIEF, app.client_id, second)):
        assert refused(answer, "invalid_grant")
    assert bound_refresh(HOLDER, app.client_id, second).status == 200


@pytest.mark.row(31)
def test_a_bound_refresh_token_that_its_holder_uses_twice_is_a_reuse_like_any_other() -> None:
    app = new_client(refresh_grace_seconds=0)
    first = bound_tokens(HOLDER, app.client_id)["refresh_token"]
    second = bound_refresh(HOLDER, app.client_id, first).json["refresh_token"]

    assert refused(bound_refresh(HOLDER, app.client_id, first), "invalid_grant")
    assert refused(bound_refresh(HOLDER, app.client_id, second), "invalid_grant")


@pytest.mark.row(32)
def test_within_the_grace_the_holder_gets_the_same_successor() -> None:
    app = new_client(refresh_grace_seconds=10)
    first = bound_tokens(HOLDER, app.client_id)["refresh_token"]

    successors = {bound_refresh(HOLDER, app.client_id, first).json["refresh_token"] for _ in range(3)}

    assert len(successors) == 1
    assert refused(bound_refresh(THIEF, app.client_id, first), "invalid_grant")


def test_the_binding_cannot_be_cut_off_or_changed() -> None:
    app = new_client()
    given = bound_tokens(HOLDER, app.client_id)["refresh_token"]

    for changed in (given[:-43], given[:-44], given[: len(given) // 2], given.replace(given[30:34], "AAAA")):
        assert refused(refresh(app.client_id, changed), "invalid_grant")


def test_a_refresh_token_without_a_key_can_be_bound_from_then_on() -> None:
    app = new_client()
    loose = tokens_of(app.client_id, browser_of(new_user()))["refresh_token"]

    taken = bound_refresh(HOLDER, app.client_id, loose).json

    assert taken["token_type"] == "DPoP"
    assert refused(refresh(app.client_id, taken["refresh_token"]), "invalid_grant")
    assert bound_refresh(HOLDER, app.client_id, taken["refresh_token"]).status == 200


def test_a_confidential_clients_refresh_token_is_bound_to_the_client_and_not_to_a_key() -> None:
    app = new_client("web")
    proof_of_client = basic(app.client_id, app.secret)
    code = code_of(app.client_id)
    tokens = exchange("", code, authorization=proof_of_client, dpop=proof(HOLDER, nonce=nonce())).json
    assert tokens["token_type"] == "DPoP"

    renewed = refresh("", tokens["refresh_token"], authorization=proof_of_client, dpop=proof(THIEF, nonce=nonce())).json
    assert claims_of(renewed["access_token"])["cnf"] == {"jkt": THIEF.thumbprint}
    assert refresh("", renewed["refresh_token"], authorization=proof_of_client).json["token_type"] == "Bearer"


def test_under_fapi_the_proof_is_signed_strongly_and_the_client_may_change_its_key() -> None:
    of = key("PS256")
    app = signing_client(of, security_profile="fapi2", grant_types=["authorization_code", "refresh_token"])
    pushed = push(
        {"redirect_uri": CALLBACK, "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256", "scope": "openid"}
        | by_assertion(assertion(of, app.client_id))
    )
    code = go(browser_of(new_user()), app.client_id, pushed.json["request_uri"]).sent_back["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}

    def with_proof_of(one: Key) -> Answer:
        return token(**form, **by_assertion(assertion(of, app.client_id)), dpop=proof(one, nonce=nonce()))

    assert refused(with_proof_of(key("RS256")))
    tokens = with_proof_of(HOLDER).json
    assert tokens["token_type"] == "DPoP"
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert refused(with_proof_of(key("RS256")))
    assert claims_of(with_proof_of(THIEF).json["access_token"])["cnf"] == {"jkt": THIEF.thumbprint}


ORIGIN = {"origin": "https://app.example.com"}


def test_a_refresh_cookie_is_bound_too() -> None:
    app = new_client(refresh_cookie=True, refresh_grace_seconds=0)
    code = code_of(app.client_id)
    given = bound(HOLDER, lambda signed: exchange(app.client_id, code, dpop=signed, **ORIGIN))
    assert given.json["token_type"] == "DPoP"
    assert "refresh_token" not in given.json
    cookies = dict([given.cookies[0].split(";")[0].split("=", 1)])

    def by_cookie(signed: str) -> Answer:
        headers = ORIGIN | ({"dpop": signed} if signed else {})
        return call("token_refresh", "POST", "/session/refresh", query={"client_id": app.client_id}, headers=headers, cookies=cookies)

    assert refused(by_cookie(""), "invalid_grant")
    assert refused(by_cookie(proof(THIEF, "/session/refresh", nonce=nonce())), "invalid_grant")
    assert refused(by_cookie(proof(HOLDER, "/oauth/token", nonce=nonce())))
    challenged = by_cookie(proof(HOLDER, "/session/refresh"))
    assert refused(challenged, "use_dpop_nonce")
    assert challenged.cookies == []
    assert challenged.headers["access-control-allow-origin"] == ORIGIN["origin"]
    assert "DPoP-Nonce" in challenged.headers["access-control-expose-headers"]
    renewed = by_cookie(proof(HOLDER, "/session/refresh", nonce=challenged.headers["dpop-nonce"]))
    assert (renewed.status, renewed.json["token_type"]) == (200, "DPoP")
    assert renewed.headers["dpop-nonce"]


def test_binding_costs_no_call_to_the_table() -> None:
    app = new_client()
    code = code_of(app.client_id, dpop_jkt=HOLDER.thumbprint)
    signed = proof(HOLDER, nonce=nonce())
    warm = exchange(app.client_id, new_code(app.client_id, browser_of(new_user("grace@example.com"))), dpop=signed)
    assert warm.status == 200

    with trouble() as sent:
        tokens = exchange(app.client_id, code, dpop=signed).json
    assert sent == ["dynamodb.GetItem", "dynamodb.PutItem"]
    with trouble() as sent:
        assert refresh(app.client_id, tokens["refresh_token"], dpop=signed).status == 200
    assert sent == ["dynamodb.GetItem", "dynamodb.UpdateItem"]
    with trouble() as sent:
        assert refused(refresh(app.client_id, tokens["refresh_token"], dpop=proof(HOLDER)), "use_dpop_nonce")
        assert refused(refresh(app.client_id, tokens["refresh_token"]), "invalid_grant")
    assert sent == []


def test_introspection_of_a_bound_token_tells_the_key() -> None:
    app = new_client("web")
    answer = exchange("", code_of(app.client_id), authorization=basic(app.client_id, app.secret), dpop=proof(HOLDER, nonce=nonce()))

    found = introspect(app, answer.json["access_token"])

    assert (found["active"], found["token_type"], found["cnf"]) == (True, "DPoP", {"jkt": HOLDER.thumbprint})
