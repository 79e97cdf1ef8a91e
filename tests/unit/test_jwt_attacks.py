"""Forged, twisted and misused JWTs are refused at every endpoint that reads one (RFC 8725; rows 47 to 56, 59)."""

import json
import time
from itertools import product
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from gatehouse import jose, keys
from gatehouse.jose import signatures
from tests.unit.faults import trouble
from tests.unit.flows import userinfo
from tests.unit.forgery import (
    Signer,
    accepted,
    jws,
    mac,
    ours,
    part,
    public_pem,
    unsigned,
    victim,
    zeros,
)

EVERYWHERE = ["userinfo", "introspection", "authorizer", "authorize", "logout"]


def test_untouched_tokens_are_accepted_everywhere() -> None:
    real = victim()

    assert accepted(real, real.access_token, real.id_token) == EVERYWHERE


def test_tokens_under_our_own_signature_are_accepted_everywhere() -> None:
    real = victim()

    assert accepted(real, *real.resigned()) == EVERYWHERE


@pytest.mark.row(47)
@pytest.mark.parametrize("sign", [unsigned, zeros])
def test_no_signature_is_no_signature_however_none_is_spelled(sign: Signer) -> None:
    real = victim()

    for none in [*map("".join, product("nN", "oO", "nN", "eE")), "", "null", " none", "none "]:
        assert accepted(real, *real.resigned(header={"alg": none}, sign=sign)) == []


def cut(token: str, length: int) -> str:
    signed, _, signature = token.rpartition(".")
    return f"{signed}.{signature[:length]}"


@pytest.mark.row(47)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_an_empty_or_cut_signature_is_refused(algorithm: str) -> None:
    real = victim(access_token_alg=algorithm, id_token_alg=algorithm)

    for length in (0, 1, 2, 4, 32, 63, -2, -1):
        assert accepted(real, cut(real.access_token, length), cut(real.id_token, length)) == []
    assert accepted(real, *real.variants(lambda _, __, token: token.rpartition(".")[0])) == []


@pytest.mark.row(47, 55)
def test_a_changed_claim_breaks_the_signature() -> None:
    real = victim()

    def changed(header: dict[str, Any], claims: dict[str, Any], token: str) -> str:
        return f"{part(header)}.{part(claims | {'sub': 'gatehouse|other'})}.{token.rpartition('.')[2]}"

    assert accepted(real, *real.variants(changed)) == []


@pytest.mark.row(48)
@pytest.mark.parametrize("hs", ["HS256", "HS384", "HS512", "RS256"])
def test_the_public_key_is_no_hmac_secret(hs: str) -> None:
    real = victim()
    kid = real.header()["kid"]
    jwk = keys.ring()[kid].jwk or {}
    pem, modulus = public_pem(kid), jwk["n"]

    for secret in (
        pem,
        pem.strip(),
        json.dumps(jwk).encode(),
        modulus.encode(),
        jose.b64decode(modulus),
        b"",
        kid.encode(),
    ):
        assert accepted(real, *real.resigned(header={"alg": hs}, sign=mac(secret))) == []


@pytest.mark.row(49)
@pytest.mark.parametrize("keep_kid", [True, False])
def test_keys_that_a_token_brings_along_are_not_used_and_not_fetched(keep_kid: bool) -> None:
    real = victim()
    attackers = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = attackers.public_key().public_numbers()
    jwk = {"kty": "RSA", "kid": "mine", "n": part(numbers.n.to_bytes(256)), "e": "AQAB", "alg": "RS256"}
    brought = {
        "jwk": jwk,
        "jku": "https://canary.test/jwks.json",
        "x5u": "http://127.0.0.1:1/cert",
        "x5c": ["MIIB"],
        "x5t": "x",
        "x5t#S256": "x",
    }
    kid = {} if keep_kid else {"kid": "mine"}

    def signed_by_attacker(header: dict[str, Any], claims: dict[str, Any], _: str) -> str:
        key = jose.SigningKey("mine", "RS256", attackers)
        return jws(header | brought | kid, claims, lambda signed: signatures.signature(key, signed))

    with trouble() as sent:
        assert accepted(real, *real.variants(signed_by_attacker)) == []
    assert not [operation for operation in sent if operation.startswith("kms")]


@pytest.mark.row(49)
def test_a_header_that_names_keys_changes_nothing_for_a_token_of_ours() -> None:
    real = victim()

    assert accepted(real, *real.resigned(header={"jku": "https://canary.test", "jwk": {}})) == EVERYWHERE


@pytest.mark.row(50)
def test_critical_extensions_are_not_ours() -> None:
    real = victim()

    nothing: list[str] = []
    for crit in (["unknown"], ["exp"], ["b64"], nothing, "exp", None, ["alg", "kid"]):
        assert accepted(real, *real.resigned(header={"crit": crit, "b64": True})) == []


KIDS: list[object] = [
    *(
        "../../../../dev/null",
        "https://canary.test/key",
        "' OR 1=1 --",
        "KEYS",
        "\x00",
        "",
        "é",
        "k" * 10_000,
        "%00",
        "#{7*7}",
    ),
    *(None, 0, True, [], ["x"], {"x": 1}, 1.5),
]


@pytest.mark.row(51)
def test_a_kid_finds_a_key_of_ours_or_nothing() -> None:
    real = victim()
    userinfo(real.access_token)

    with trouble() as sent:
        for kid in KIDS:
            assert accepted(real, *real.resigned(header={"kid": kid}, sign=ours(real.header()["kid"]))) == []

    assert not [operation for operation in sent if operation not in ("dynamodb.GetItem", "dynamodb.BatchGetItem")]


@pytest.mark.row(51)
def test_a_missing_kid_finds_nothing_and_a_sealing_key_verifies_nothing() -> None:
    real = victim()
    sealing = keys.current(keys.SEALING).kid

    def without(header: dict[str, Any], claims: dict[str, Any], _: str) -> str:
        return jws({name: value for name, value in header.items() if name != "kid"}, claims, ours(header["kid"]))

    assert accepted(real, *real.variants(without)) == []
    assert accepted(real, *real.resigned(header={"kid": sealing})) == []


@pytest.mark.row(52)
def test_a_token_of_one_kind_is_not_taken_for_another() -> None:
    real = victim()

    assert accepted(real, real.id_token, real.access_token) == []


@pytest.mark.row(52)
def test_a_type_that_was_not_asked_for_is_refused() -> None:
    real = victim()

    for typ in (
        "logout+jwt",
        "secevent+jwt",
        "dpop+jwt",
        "refresh",
        "",
        None,
        1,
        ["at+jwt"],
        "jwt at+jwt",
        "at+jwt\x00",
    ):
        assert accepted(real, *real.resigned(header={"typ": typ})) == []


@pytest.mark.row(56)
def test_what_is_no_compact_jws_is_refused_quickly() -> None:
    real = victim()
    zipped = part({"alg": "dir", "enc": "A256GCM", "zip": "DEF", "kid": real.header()["kid"], "typ": "at+jwt"})
    started = time.monotonic()

    for token in (
        "a" * 1_000_000,
        "." * 1_000_000,
        real.access_token + "A" * 1_000_000,
        f"{zipped}.....",
        f"{zipped}....",
        f"{real.access_token}.x",
        f"{real.access_token}.x.y",
        "..",
        ".",
        f"{part(b'[' * 9000)}.{part(b'{' * 1000)}.x",
        f"{part([])}.{part([])}.",
        f"{part(b'null')}.{part(b'1')}.",
        f"{real.access_token}=",
        real.access_token.replace(".", " ."),
        real.access_token.replace("-", "+").replace("_", "/") + "\n",
    ):
        assert accepted(real, token, token) == []
    assert time.monotonic() - started < 10


@pytest.mark.row(56)
@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=80))
def test_three_parts_of_anything_are_refused(header: bytes, claims: bytes, signature: bytes) -> None:
    with pytest.raises(jose.InvalidJWT):
        jose.verify(f"{part(header)}.{part(claims)}.{part(signature)}", keys.verification_keys(), typ="at+jwt", now=0)


@pytest.mark.row(59)
def test_a_key_is_used_with_the_algorithm_it_was_published_for_only() -> None:
    real = victim()

    for algorithm in ("RS384", "RS512", "PS256", "ES256", "EdDSA", "HS256", "rs256", "RS256 ", None, ["RS256"], 256):
        assert accepted(real, *real.resigned(header={"alg": algorithm})) == []


@pytest.mark.row(59)
def test_the_key_of_one_algorithm_does_not_verify_another() -> None:
    real = victim()
    es256 = keys.current("ES256").kid

    def crossed(header: dict[str, Any], claims: dict[str, Any], _: str) -> str:
        return jws(header | {"alg": "ES256"}, claims, ours(es256))

    assert accepted(real, *real.variants(crossed)) == []
