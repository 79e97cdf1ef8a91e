"""Clients that prove themselves with a key (private_key_jwt, RFC 7523): their own key, for us, for a short time, once (row 30)."""

import json
import time
from itertools import product
from typing import Any

import pytest

from gatehouse import table
from tests.unit.conftest import ISSUER, Answer, call, forget
from tests.unit.faults import THROTTLED, always, lose_answer, trouble, unreachable
from tests.unit.flows import basic, later, new_client, token
from tests.unit.forgery import jws, mac, unsigned, zeros
from tests.unit.signers import (
    ALGORITHMS,
    BY_ASSERTION,
    Key,
    assertion,
    by_assertion,
    key,
    machine_token,
    signing_client,
)

ENDPOINTS = {
    "/oauth/token": "token_exchange",
    "/oauth/introspect": "introspect",
    "/oauth/revoke": "revoke",
    "/oauth/par": "push_authorization",
}


def ask(path: str, *, query: str = "", authorization: str = "", **form: str) -> Answer:
    """What would succeed at each of the endpoints but for the authentication."""
    given = {"grant_type": "client_credentials", "token": "x"}
    if path == "/oauth/par":
        given = {"response_type": "code", "code_challenge": "x" * 43, "code_challenge_method": "S256"}
    headers = {"authorization": authorization} if authorization else {}
    return call(ENDPOINTS[path], "POST", path, form=given | form, headers=headers, query=query)


def refused(answer: Answer) -> bool:
    """As any failed authentication, and without saying why."""
    assert answer.status < 500, answer.body
    told = {"error": "invalid_client", "error_description": "client authentication failed"}
    return answer.status == 401 and answer.json == told and "www-authenticate" not in answer.headers


def seconds_ahead(seconds: float) -> int:
    return int(time.time() + seconds)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kid", ["", "first"])
def test_an_assertion_of_the_clients_key_authenticates_it(algorithm: str, kid: str) -> None:
    of = key(algorithm, kid)
    app = signing_client(of, "machine")

    assert machine_token(of, app.client_id).status == 200
    assert machine_token(of, app.client_id, header={"kid": None}).status == 200
    assert app.secret == ""


@pytest.mark.parametrize("path", ENDPOINTS)
def test_it_does_so_at_every_endpoint_and_once_over_all_of_them(path: str) -> None:
    of = key()
    app = signing_client(of, grant_types=["authorization_code", "client_credentials"])
    signed = assertion(of, app.client_id)

    assert ask(path, **by_assertion(signed)).status in (200, 201)
    for again in ENDPOINTS:
        assert refused(ask(again, **by_assertion(signed)))


def test_the_client_id_beside_it_may_be_missing_and_must_not_be_another() -> None:
    of = key()
    app, other = signing_client(of, "machine"), signing_client(of, "machine")

    assert ask("/oauth/token", **by_assertion(assertion(of, app.client_id))).status == 200
    assert ask("/oauth/token", client_id=app.client_id, **by_assertion(assertion(of, app.client_id))).status == 200
    assert refused(ask("/oauth/token", client_id=other.client_id, **by_assertion(assertion(of, app.client_id))))
    assert refused(ask("/oauth/token", client_id="nobody", **by_assertion(assertion(of, app.client_id))))


@pytest.mark.row(30)
def test_an_assertion_serves_once() -> None:
    of = key()
    app = signing_client(of, "machine")
    signed = by_assertion(assertion(of, app.client_id, jti="once"))

    assert ask("/oauth/token", **signed).status == 200
    assert refused(ask("/oauth/token", **signed))
    assert refused(machine_token(of, app.client_id, jti="once", exp=seconds_ahead(120)))
    assert machine_token(of, app.client_id, jti="twice").status == 200


@pytest.mark.row(30, 34)
def test_what_was_used_is_known_after_a_cold_start_and_however_late_the_table_is_swept() -> None:
    of = key()
    app = signing_client(of, "machine")
    signed = by_assertion(assertion(of, app.client_id, exp=seconds_ahead(600)))
    assert ask("/oauth/token", **signed).status == 200

    for wait in (0, 30, 599, 601, 660, 86400):
        with later(wait):
            forget()
            assert refused(ask("/oauth/token", **signed))


@pytest.mark.row(30)
def test_a_used_assertion_is_kept_until_no_clock_takes_it_any_more() -> None:
    of = key()
    app = signing_client(of, "machine")
    ends = seconds_ahead(300)
    machine_token(of, app.client_id, exp=ends)

    [used] = [item for item in table.scan(None, limit=100)[0] if item["pk"].startswith("ASSERTION#")]
    assert ends + 60 <= used["ttl"] <= ends + 600


def test_two_clients_may_use_the_same_jti() -> None:
    of = key()

    for app in (signing_client(of, "machine"), signing_client(of, "machine")):
        assert machine_token(of, app.client_id, jti="1").status == 200


@pytest.mark.row(30)
def test_after_a_lost_answer_the_request_that_used_it_goes_on_and_no_other() -> None:
    of = key()
    app = signing_client(of, "machine")
    signed = by_assertion(assertion(of, app.client_id))
    ask("/oauth/token", **by_assertion(assertion(of, app.client_id)))

    with trouble({"dynamodb.PutItem": [lose_answer]}) as sent:
        answer = ask("/oauth/token", **signed)

    assert answer.status == 200
    assert sent == ["dynamodb.PutItem"] * 2
    assert refused(ask("/oauth/token", **signed))


@pytest.mark.row(30)
def test_trouble_with_the_table_is_no_verdict_and_lets_nobody_in() -> None:
    of = key()
    app = signing_client(of, "machine")
    machine_token(of, app.client_id)

    for fate in (THROTTLED, unreachable):
        with trouble({"dynamodb.PutItem": always(fate)}):
            answer = machine_token(of, app.client_id)
        assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")


def test_it_costs_one_write() -> None:
    of = key()
    app = signing_client(of, "machine")
    machine_token(of, app.client_id)

    with trouble() as sent:
        machine_token(of, app.client_id)

    assert sent == ["dynamodb.PutItem"]


WRONG: list[dict[str, Any]] = [
    {"jti": None},
    {"jti": ""},
    {"jti": "x" * 257},
    {"jti": 7},
    {"jti": ["a"]},
    {"jti": True},
    {"jti": "\ud800"},
    {"exp": None},
    {"exp": 0},
    {"exp": -1},
    {"exp": True},
    {"exp": 2**53},
    {"exp": 10**400},
    {"exp": "soon"},
    {"exp": float("nan")},
    {"exp": float("inf")},
    {"iss": None},
    {"iss": "nobody"},
    {"iss": ""},
    {"iss": ["nobody"]},
    {"iss": "\ud800"},
    {"sub": "nobody"},
    {"sub": ""},
    {"sub": {"a": 1}},
    {"sub": "\ud800"},
    {"aud": None},
    {"aud": ""},
    {"aud": []},
    {"aud": [7, None, {}]},
    {"aud": "https://elsewhere.example"},
    {"aud": ["https://elsewhere.example", f"{ISSUER}/callback"]},
    {"aud": f"{ISSUER}.evil.test"},
    {"aud": ISSUER.upper()},
    {"aud": {ISSUER: ISSUER}},
    {"iat": "now"},
    {"nbf": "now"},
    {"nbf": True},
    {"nbf": 1.5},
    {"iat": None, "exp": 1.5e12},
]


@pytest.mark.row(30)
@pytest.mark.parametrize("claims", WRONG, ids=repr)
@pytest.mark.parametrize("named", [True, False])
def test_claims_that_are_missing_or_wrong(claims: dict[str, Any], named: bool) -> None:
    of = key()
    app = signing_client(of, "machine")
    form = by_assertion(assertion(of, app.client_id, **claims)) | ({"client_id": app.client_id} if named else {})

    assert refused(ask("/oauth/token", **form))


@pytest.mark.row(30)
def test_the_times_that_bound_it() -> None:
    of = key()
    app = signing_client(of, "machine")

    with later(0):
        taken = [{"exp": seconds_ahead(1)}, {"exp": seconds_ahead(3600)}, {"nbf": seconds_ahead(8)}, {"iat": seconds_ahead(8)}]
        taken += [{"nbf": seconds_ahead(-9999)}, {"iat": seconds_ahead(-9999)}, {"iat": None}]
        for claims in taken:
            assert machine_token(of, app.client_id, **claims).status == 200, claims
        late: list[dict[str, Any]] = [{"exp": seconds_ahead(0)}, {"exp": seconds_ahead(-300)}, {"exp": seconds_ahead(3660)}]
        late += [{"exp": seconds_ahead(60) + 0.5}, {"nbf": seconds_ahead(60)}, {"iat": seconds_ahead(60)}]
        for claims in late:
            assert refused(machine_token(of, app.client_id, **claims)), claims


@pytest.mark.row(30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_an_ordinary_client_may_address_what_libraries_do(path: str) -> None:
    of = key()
    app = signing_client(of, grant_types=["authorization_code", "client_credentials"])

    for audience in (ISSUER, f"{ISSUER}/", f"{ISSUER}/oauth/token", ISSUER + path, [ISSUER], ["https://elsewhere.example", ISSUER + path]):
        assert ask(path, **by_assertion(assertion(of, app.client_id, aud=audience))).status in (200, 201), audience
    for other in (f"{ISSUER}/authorize", f"{ISSUER}{path}/", f"{ISSUER}{path}?x=1", f"{ISSUER}//oauth/token"):
        assert refused(ask(path, **by_assertion(assertion(of, app.client_id, aud=other)))), other


@pytest.mark.row(30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_under_fapi_only_the_issuer_as_a_plain_string_is_addressed(path: str) -> None:
    of = key()
    app = signing_client(of, security_profile="fapi2")
    asked = {"redirect_uri": "https://app.example.com/callback"}

    for audience in ([ISSUER], f"{ISSUER}/", f"{ISSUER}/oauth/token", ISSUER + path, [ISSUER, ISSUER + path]):
        assert refused(ask(path, **asked, **by_assertion(assertion(of, app.client_id, aud=audience)))), audience
    answer = ask(path, **asked, **by_assertion(assertion(of, app.client_id)))
    assert answer.status in (200, 201) or answer.json["error"] == "unauthorized_client"


@pytest.mark.row(30, 47)
@pytest.mark.parametrize("sign", [unsigned, zeros])
def test_no_signature_is_no_signature_however_none_is_spelled(sign: Any) -> None:
    app = signing_client(key(), "machine")
    claims = {"iss": app.client_id, "sub": app.client_id, "aud": ISSUER, "jti": "x", "exp": seconds_ahead(60)}

    for none in [*map("".join, product("nN", "oO", "nN", "eE")), "", None, "null", " none", ["none"], {"alg": "none"}, 0]:
        for header in ({"alg": none}, {"alg": none, "typ": "JWT"}):
            assert refused(ask("/oauth/token", **by_assertion(jws(header, claims, sign)))), none


@pytest.mark.row(30, 48)
def test_eddsa_goes_by_the_name_that_newer_libraries_use() -> None:
    of = key("EdDSA")
    for jwk in (of.jwk, of.jwk | {"alg": "Ed25519"}, of.jwk | {"alg": "EdDSA"}):
        app = signing_client(of, "machine", jwks=[jwk])
        for name in ("Ed25519", "EdDSA"):
            assert machine_token(of, app.client_id, header={"alg": name}).status == 200
        for name in ("ed25519", "Ed448", ["Ed25519"], {"Ed25519": 1}):
            assert refused(machine_token(of, app.client_id, header={"alg": name}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_public_key_is_no_hmac_secret(algorithm: str) -> None:
    of = key(algorithm, "first")
    app = signing_client(of, "machine")
    claims = {"iss": app.client_id, "sub": app.client_id, "aud": ISSUER, "jti": "x", "exp": seconds_ahead(60)}

    for secret in (of.public_pem, of.public_pem.strip(), of.jwk.get("n", of.jwk.get("x", "")).encode(), b"", b"first"):
        for named in ("HS256", "HS384", "HS512", algorithm):
            forged = jws({"alg": named, "kid": "first"}, claims, mac(secret))
            assert refused(ask("/oauth/token", **by_assertion(forged)))


@pytest.mark.row(30)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_key_of_the_same_kind_proves_nothing(algorithm: str) -> None:
    of, foreign = key(algorithm, "first"), Key(algorithm, key(algorithm, "second").private, "first")
    app = signing_client(of, "machine")

    assert refused(machine_token(foreign, app.client_id))
    assert refused(machine_token(foreign, app.client_id, header={"kid": None}))
    assert refused(machine_token(of, app.client_id, header={"kid": "second"}))
    for kid in (7, ["first"], {"first": 1}, "x" * 10_000, "../../first", "\x00"):
        assert refused(machine_token(of, app.client_id, header={"kid": kid})), kid


@pytest.mark.row(30)
def test_a_key_is_for_the_algorithm_it_names_and_the_client_for_the_one_it_registered() -> None:
    of = key("RS256", "first")
    as_ps256 = Key("PS256", of.private, "first")
    named = signing_client(of, "machine", jwks=[of.jwk | {"alg": "RS256"}])
    pinned = signing_client(of, "machine", token_endpoint_auth_signing_alg="PS256")
    free = signing_client(of, "machine")

    verdicts = [[refused(machine_token(one, app.client_id)) for one in (of, as_ps256)] for app in (named, pinned, free)]
    assert verdicts == [[False, True], [True, False], [False, False]]


def test_a_key_for_encryption_signs_nothing() -> None:
    of = key()
    app = signing_client(of, "machine", jwks=[of.jwk | {"use": "enc"}])

    assert refused(machine_token(of, app.client_id))


@pytest.mark.row(30, 49, 50)
def test_what_the_header_brings_along_is_not_used_not_fetched_and_not_passed_over() -> None:
    of, attackers = key(), key("ES256", "mine")
    app = signing_client(of, "machine")
    brought = {"jwk": attackers.jwk, "jku": "http://127.0.0.1:1/jwks", "x5u": "http://127.0.0.1:1/x5u", "x5c": ["MIIB"]}

    assert refused(machine_token(attackers, app.client_id, header=brought))
    assert refused(machine_token(attackers, app.client_id, header=brought | {"kid": None}))
    for extension in ({"crit": ["exp"], "exp": 1}, {"crit": []}, {"crit": None, "b64": False}, {"crit": "x"}):
        assert refused(machine_token(of, app.client_id, header=extension)), extension
    assert machine_token(of, app.client_id, header=brought).status == 200


def test_what_is_no_jwt_or_another_kind_of_jwt_is_refused() -> None:
    of = key()
    app = signing_client(of, "machine")
    good = assertion(of, app.client_id)
    signed, _, signature = good.rpartition(".")

    for typ in ("at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "logout+jwt", 7, ["jwt"]):
        assert refused(machine_token(of, app.client_id, header={"typ": typ})), typ
    strange = ["x", "..", "a.b.c", f"{good}.", f".{good}", f"{signed}.", f"{signed}.{signature[:-2]}", f"{good}=", good.replace(".", "..")]
    for value in [*strange, f"{good} ", "é.é.é", "." * 5000, "A" * 20_000, f"{'A' * 20_000}.A.A", good + "A" * 17_000]:
        for named in ({}, {"client_id": app.client_id}):
            assert refused(ask("/oauth/token", **by_assertion(value), **named)), value[:50]
    for typ in ("jwt", "JWT", "client-authentication+jwt", "application/client-authentication+jwt", None):
        assert machine_token(of, app.client_id, header={"typ": typ}).status == 200, typ


@pytest.mark.parametrize("kind", ["", "jwt-bearer", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", BY_ASSERTION.upper()])
def test_another_kind_of_assertion_is_refused(kind: str) -> None:
    of = key()
    app = signing_client(of, "machine")

    form = {"client_assertion": assertion(of, app.client_id), "client_id": app.client_id} | (
        {"client_assertion_type": kind} if kind else {}
    )
    assert refused(ask("/oauth/token", **form))
    assert refused(ask("/oauth/token", client_id=app.client_id, client_assertion_type=BY_ASSERTION))


@pytest.mark.row(24, 30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_only_the_registered_method_counts(path: str) -> None:
    of = key()
    by_key = signing_client(of)
    by_secret = new_client("web", jwks=[of.jwk])
    public = new_client("spa", jwks=[of.jwk])

    for app in (by_secret, public):
        assert refused(ask(path, **by_assertion(assertion(of, app.client_id))))
    assert refused(ask(path, client_id=by_key.client_id, client_secret="anything"))
    assert refused(ask(path, client_id=by_key.client_id))
    for secret in ("", "anything"):
        answer = ask(path, authorization=basic(by_key.client_id, secret))
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.row(22, 30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_two_methods_at_once_are_refused_and_spend_nothing(path: str) -> None:
    of = key()
    app, other = signing_client(of, grant_types=["authorization_code", "client_credentials"]), new_client("machine")
    signed = by_assertion(assertion(of, app.client_id))

    for more in (
        {"authorization": basic(other.client_id, other.secret)},
        {"client_secret": "x"},
        {"authorization": basic(app.client_id, "")},
    ):
        answer = ask(path, **signed, **more)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert ask(path, **signed).status in (200, 201)


@pytest.mark.row(22, 30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_an_assertion_in_the_query_is_refused_and_not_read(path: str) -> None:
    of = key()
    app = signing_client(of, "machine")
    signed = assertion(of, app.client_id)

    answer = ask(path, query=f"client_assertion_type={BY_ASSERTION}&client_assertion={signed}")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert signed not in answer.body
    assert refused(ask(path, query=f"client_id={app.client_id}&client%5Fassertion={signed}"))


@pytest.mark.row(22)
def test_who_is_unknown_hears_the_same_as_whose_key_is_wrong() -> None:
    app = signing_client(key(), "machine")

    unknown, wrong = (machine_token(key("ES256", "x"), client_id) for client_id in ("nobody", app.client_id))

    assert (unknown.status, unknown.body, unknown.headers) == (wrong.status, wrong.body, wrong.headers)


def test_it_serves_in_a_json_body_too() -> None:
    of = key()
    app = signing_client(of, "machine")
    body = json.dumps({"grant_type": "client_credentials", **by_assertion(assertion(of, app.client_id))})

    assert call("token_exchange", "POST", "/oauth/token", body=body, headers={"content-type": "application/json"}).status == 200


def test_an_assertion_is_not_spent_on_somebody_elses_refresh_token() -> None:
    of = key()
    app = signing_client(of)

    answer = token(grant_type="refresh_token", refresh_token="x", **by_assertion(assertion(of, app.client_id)))

    assert answer.json["error"] == "invalid_grant"
