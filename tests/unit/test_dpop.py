"""DPoP at the token endpoint (RFC 9449): proofs, nonces, and what is bound to the key."""

import json
import time
from typing import Any

import pytest

from tests.unit.conftest import ISSUER, Answer, call
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
    later,
    new_client,
    new_code,
    new_user,
    refresh,
    token,
    tokens_of,
)
from tests.unit.forgery import jws, mac, unsigned
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

HOLDER, THIEF = key("ES256"), key("ES256", "thief")


def machines_token(dpop: str) -> Answer:
    """A token for a machine with this DPoP header."""
    app = machine("ES256")
    return token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret), dpop=dpop)


def refused(answer: Answer, error: str = "invalid_dpop_proof") -> bool:
    assert answer.status < 500, answer.body
    return (answer.status, answer.json["error"]) == (400, error)


def code_of(client_id: str, **parameters: str) -> str:
    return new_code(client_id, browser_of(new_user()), **parameters)


def bound_tokens(of: Key, client_id: str, **parameters: str) -> dict[str, Any]:
    """A complete sign-in whose code is exchanged with a proof."""
    code = code_of(client_id, **parameters)
    answer = bound(of, lambda signed: exchange(client_id, code, dpop=signed))
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def bound_refresh(of: Key, client_id: str, refresh_token: str, **more: str) -> Answer:
    return bound(of, lambda signed: refresh(client_id, refresh_token, dpop=signed, **more))


# Proofs and nonces


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


def test_a_proof_without_a_nonce_is_answered_with_one_that_browsers_may_read() -> None:
    asked = machines_token(proof(HOLDER))

    assert refused(asked, "use_dpop_nonce")
    assert asked.headers["dpop-nonce"]
    assert "DPoP-Nonce" in asked.headers["access-control-expose-headers"]
    assert asked.headers["cache-control"] == "no-store"
    assert "dpop" in call("token_exchange", "OPTIONS", "/oauth/token").headers["access-control-allow-headers"]


def test_a_success_brings_the_next_nonce() -> None:
    answer = machines_token(proof(HOLDER, nonce=nonce()))

    assert answer.status == 200
    assert machines_token(proof(HOLDER, nonce=answer.headers["dpop-nonce"])).status == 200
    with later(240):
        assert machines_token(proof(HOLDER, nonce=answer.headers["dpop-nonce"])).status == 200


@pytest.mark.parametrize("seconds", [361, 3600, 10**6])
def test_an_old_nonce_is_refused_with_a_new_one(seconds: int) -> None:
    old = nonce()

    with later(seconds):
        asked = machines_token(proof(HOLDER, nonce=old))
        assert refused(asked, "use_dpop_nonce")
        assert machines_token(proof(HOLDER, nonce=asked.headers["dpop-nonce"])).status == 200


def test_a_nonce_is_one_of_ours_and_of_this_kind() -> None:
    ours = nonce()
    tokens = tokens_of(new_client().client_id, browser_of(new_user()))
    strange = [ours[:-1], ours + "A", ours.swapcase(), f"{ours} ", "0", "x" * 1000, "é", tokens["refresh_token"], tokens["access_token"]]

    for value in [*strange, 7, True, [ours], {"nonce": ours}]:
        assert refused(machines_token(proof(HOLDER, nonce=value)), "use_dpop_nonce"), value


def sent(**changes: Any) -> Answer:
    """The answer to a proof that is good but for these members."""
    return machines_token(proof(HOLDER, **({"nonce": nonce()} | changes)))


@pytest.mark.parametrize(
    "htu",
    [
        f"{ISSUER}/oauth/token",
        f"{ISSUER}/oauth/token?x=1",
        f"{ISSUER}/oauth/token#fragment",
        "HTTPS://ID.EXAMPLE.COM/oauth/token",
        "https://id.example.com:443/oauth/token",
    ],
)
def test_addresses_that_mean_the_same(htu: str) -> None:
    assert sent(htu=htu).status == 200


@pytest.mark.parametrize(
    "htu",
    [
        *(None, "", "/oauth/token", 7, [f"{ISSUER}/oauth/token"], "\ud800", "https://", "https://[::1/oauth/token"),
        f"{ISSUER}/oauth/token/",
        f"{ISSUER}/oauth//token",
        f"{ISSUER}/oauth/Token",
        f"{ISSUER}/oauth/par",
        f"{ISSUER}/",
        ISSUER,
        f"{ISSUER}.evil.test/oauth/token",
        "http://id.example.com/oauth/token",
        "https://id.example.com:8443/oauth/token",
        "https://id.example.com:99999/oauth/token",
        "https://id.example.com:x/oauth/token",
        "https://evil.test/oauth/token",
        "https://evil.test?https://id.example.com/oauth/token",
        "https://id.example.com@evil.test/oauth/token",
        "//id.example.com/oauth/token",
    ],
)
def test_another_address_is_refused(htu: object) -> None:
    assert refused(sent(htu=htu))


@pytest.mark.parametrize("htm", [None, "", "post", "GET", "PUT", 7, ["POST"], "POST "])
def test_another_method_is_refused(htm: object) -> None:
    assert refused(sent(htm=htm))


@pytest.mark.parametrize("jti", [None, "", 7, True, ["x"], "x" * 257, "\ud800"])
def test_a_proof_has_a_name_of_its_own(jti: object) -> None:
    assert refused(sent(jti=jti))


def test_the_time_of_a_proof_may_be_off_by_minutes_when_it_has_a_nonce() -> None:
    with later(0):
        now = int(time.time())
        for seconds in (-300, -60, 8, 60, 300):
            assert sent(iat=now + seconds).status == 200, seconds
        for seconds in (-301, -3600, 301, 3600):
            assert refused(sent(iat=now + seconds)), seconds
        for iat in (None, "now", True, now + 0.5, -now, 2**53, float("nan"), [now]):
            assert refused(sent(iat=iat)), iat
        assert refused(sent(exp=now - 1))
        assert refused(sent(nbf=now + 3600))


@pytest.mark.parametrize("typ", [None, "", "JWT", "jwt", "dpop", "at+jwt", 7, ["dpop+jwt"]])
def test_another_type_of_token_is_no_proof(typ: object) -> None:
    assert refused(sent(header={"typ": typ}))


@pytest.mark.row(47)
@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", None, "null", ["none"], "HS256", "HS512", "RS512", "ES384", 7, {}])
def test_an_algorithm_that_proves_nothing_is_refused(algorithm: object) -> None:
    claims = claims_of(proof(HOLDER, nonce=nonce()))
    header = {"typ": "dpop+jwt", "jwk": HOLDER.jwk, "alg": algorithm}

    for sign in (unsigned, mac(b""), mac(HOLDER.public_pem), mac(json.dumps(HOLDER.jwk).encode())):
        assert refused(machines_token(jws(header, claims, sign)))


@pytest.mark.row(48)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_is_used_for_its_own_algorithm_only(algorithm: str) -> None:
    of = key(algorithm)
    for other in (name for name in ALGORITHMS if name != algorithm):
        assert refused(sent_by(Key(algorithm, of.private), header={"alg": other}))
    for kind in ("RSA", "EC", "OKP", "oct", "", None, 7, ["EC"], {"EC": 1}):
        jwk = {name: value for name, value in (of.jwk | {"kty": kind}).items() if value is not None}
        if kind != of.jwk["kty"]:
            assert refused(sent_by(of, header={"jwk": jwk})), kind
    assert refused(sent_by(of, header={"jwk": of.jwk | {"alg": next(name for name in ALGORITHMS if name != algorithm)}}))


def sent_by(of: Key, **changes: Any) -> Answer:
    return machines_token(proof(of, **({"nonce": nonce()} | changes)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_private_key_in_the_open_is_no_secret(algorithm: str) -> None:
    of = key(algorithm)

    assert refused(sent_by(of, header={"jwk": of.private_jwk}))
    for member in ("d", "p", "q", "dp", "dq", "qi", "oth", "k"):
        assert refused(sent_by(of, header={"jwk": of.jwk | {member: "AQ"}}))


@pytest.mark.parametrize(
    "jwk",
    [
        *(None, "", "key", 7, [], {}, [HOLDER.jwk], {"kty": []}, {"kty": {}}, {"kty": None}, {"kty": "EC"}, {"kty": "EC", "crv": []}),
        THIEF.jwk,
        HOLDER.jwk | {"x": HOLDER.jwk["y"]},
        HOLDER.jwk | {"x": f"{HOLDER.jwk['x']}="},
        HOLDER.jwk | {"x": "é"},
        HOLDER.jwk | {"x": ""},
        HOLDER.jwk | {"y": 7},
        HOLDER.jwk | {"crv": "P-521"},
        HOLDER.jwk | {"crv": "secp256k1"},
        HOLDER.jwk | {"x": "A" * 3000},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": "A" * 2000, "e": "A"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "crv": "Ed448", "x": "A" * 76},
    ],
    ids=repr,
)
def test_what_is_no_key_or_another_key_proves_nothing(jwk: object) -> None:
    assert refused(sent(header={"jwk": jwk}))


def test_weak_rsa_is_no_key() -> None:
    of = key("RS256", "weak", bits=1024)

    assert refused(sent_by(of))


@pytest.mark.row(49, 50)
def test_a_key_by_reference_is_not_fetched_and_extensions_are_not_passed_over() -> None:
    ours = nonce()
    elsewhere = {"jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/", "x5c": ["MIIB"], "kid": "first"}

    assert refused(sent(nonce=ours, header={"jwk": None} | elsewhere))
    assert refused(machines_token(THIEF.sign(claims_of(proof(HOLDER, nonce=ours)), typ="dpop+jwt", jwk=HOLDER.jwk, **elsewhere)))
    for extension in ({"crit": ["x"], "x": 1}, {"crit": []}, {"b64": False}):
        assert refused(sent(header=extension))


def test_several_proofs_or_none_in_the_header_are_refused() -> None:
    good = proof(HOLDER, nonce=nonce())

    for header in (f"{good},{good}", f"{good}, {good}", f"{good} {good}", "x", "..", f"{good}.", "A" * 20_000, "é", f"{good}{'A' * 5000}"):
        assert refused(machines_token(header)), header[:40]
    assert refused(machines_token(f"{good.rpartition('.')[0]}."))
    assert refused(machines_token(f"{good.rpartition('.')[0]}.{proof(HOLDER, nonce=nonce()).rpartition('.')[2]}"))


def test_a_proof_is_held_against_the_request_before_anything_is_spent() -> None:
    app = new_client()
    code = code_of(app.client_id)

    assert refused(exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce(), htm="GET")))
    assert refused(exchange(app.client_id, code, dpop=proof(HOLDER)), "use_dpop_nonce")
    assert exchange(app.client_id, code, dpop=proof(HOLDER, nonce=nonce())).status == 200


# Codes


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


@pytest.mark.parametrize("thumbprint", ["x", "x" * 42, "x" * 44, "=" * 43, "é" * 43, f"{HOLDER.thumbprint} "])
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


# Refresh tokens


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


# What it costs


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
