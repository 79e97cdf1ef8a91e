"""Request objects that the client did not sign for us, or not so (RFC 9101 section 6, RFC 8725): none of them is a request."""

import json
from itertools import product
from typing import Any

import pytest

from tests.unit.conftest import ISSUER
from tests.unit.flows import (
    CALLBACK,
    Browser,
    claims_of,
    new_client,
)
from tests.unit.forgery import jws, mac, part, unsigned
from tests.unit.signers import ALGORITHMS, Key, assertion, by_assertion, key, proof, push, signing_client
from tests.unit.test_request_objects import INSIDE, OF, OTHER, app_of, ask, judged, signed


@pytest.mark.row(47)
def test_no_signature_is_no_signature() -> None:
    client_id = app_of()
    claims = claims_of(signed(client_id))

    for none in [*map("".join, product("nN", "oO", "nN", "eE")), "", "null", ["none"], 7]:
        assert judged(jws({"alg": none, "typ": "JWT"}, claims, unsigned), client_id), none


@pytest.mark.row(48)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_public_key_is_no_hmac_secret(algorithm: str) -> None:
    of = key(algorithm, "first")
    client_id = app_of(of)
    claims = claims_of(signed(client_id, of))

    for named in ("HS256", "HS512", algorithm):
        for secret in (of.public_pem, json.dumps(of.jwk).encode(), b""):
            assert judged(jws({"alg": named, "kid": "first"}, claims, mac(secret)), client_id)


def test_only_the_clients_own_key_counts() -> None:
    foreign = Key("ES256", key("ES256", "foreign").private, "first")
    client_id, other = app_of(), app_of(foreign)
    no_keys = new_client("spa", redirect_uris=[CALLBACK, OTHER]).client_id

    assert judged(signed(client_id, foreign), client_id)
    assert judged(signed(client_id, foreign, header={"jwk": foreign.jwk, "kid": None}), client_id)
    assert judged(signed(other, foreign), client_id)
    assert judged(signed(client_id), other)
    assert judged(signed(no_keys), no_keys)
    assert judged(signed(client_id, header={"kid": "second"}), client_id)
    assert judged(signed(client_id, header={"crit": ["x"], "x": 1}), client_id)
    for typ in ("at+jwt", "dpop+jwt", "client-authentication+jwt", 7):
        assert judged(signed(client_id, header={"typ": typ}), client_id), typ


WRONG: list[dict[str, Any]] = [
    {"iss": None},
    {"iss": "nobody"},
    {"iss": ["nobody"]},
    {"client_id": None},
    {"client_id": "nobody"},
    {"client_id": 7},
    {"aud": None},
    {"aud": ""},
    {"aud": f"{ISSUER}/authorize"},
    {"aud": "https://elsewhere.example"},
    {"aud": [f"{ISSUER}/oauth/token", 7, None, {}]},
    {"aud": {ISSUER: 1}},
    {"exp": 1},
    {"exp": "soon"},
    {"exp": True},
    {"exp": 1e12},
    {"nbf": 2**40},
    {"nbf": "now"},
    {"iat": 2**40},
    {"iat": False},
    {"request": "x"},
    {"request": ""},
    {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    {"state": 1.5},
    {"state": True},
    {"state": ["a", 7]},
    {"state": "\ud800"},
    {"nonce": "\udfff"},
    {"max_age": 1.5},
    {"max_age": float("nan")},
    {"extra": {"deep": [[[[]]]]}, "scope": [["openid"]]},
]


@pytest.mark.parametrize("changes", WRONG, ids=repr)
def test_members_that_are_missing_or_wrong(changes: dict[str, Any]) -> None:
    client_id = app_of()

    assert judged(signed(client_id, **changes), client_id)


def test_a_null_is_no_parameter() -> None:
    client_id = app_of()
    claims = json.dumps(claims_of(signed(client_id)) | {"state": None})

    assert judged(OF.sign(claims.encode()), client_id)


@pytest.mark.row(30)
def test_what_could_serve_as_a_client_assertion_is_no_request_and_the_other_way_round() -> None:
    client_id = app_of()
    confidential = signing_client(OF, redirect_uris=[CALLBACK, OTHER]).client_id

    assert judged(signed(client_id, sub=client_id), client_id)
    assert judged(assertion(OF, client_id, client_id=client_id), client_id)
    for one in (signed(confidential), signed(confidential, jti="x"), signed(confidential, jti="x", sub=confidential)):
        answer = push(INSIDE | by_assertion(one))
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert judged(proof(OF, client_id=client_id, iss=client_id, aud=ISSUER), client_id)


@pytest.mark.parametrize(
    "garbage",
    [
        "x",
        "..",
        "a.b.c",
        "é.é.é",
        "A" * 5000,
        "." * 5000,
        f"{part({'alg': 'ES256'})}.{part([])}.AA",
        f"{part(b'[' * 9000)}.A.A",
        "A" * 17_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_jwt_is_refused(garbage: str) -> None:
    assert judged(garbage, app_of())


def test_nesting_that_no_client_needs_is_refused_or_ignored() -> None:
    client_id = app_of()

    for opening, closing in (('{"a":', "}"), ("[", "]")):
        for depth in (100, 1000, 2000):
            nested = '{"userinfo":' + opening * depth + "1" + closing * depth + "}"
            claims = json.dumps(claims_of(signed(client_id)))[:-1] + f', "claims": {nested}}}'
            answer = ask(Browser(), client_id, OF.sign(claims.encode()), redirect_uri=OTHER, state="outside")
            assert answer.status == 303, depth
            assert answer.sent_back.get("error") in (None, "invalid_request", "invalid_request_object"), depth
