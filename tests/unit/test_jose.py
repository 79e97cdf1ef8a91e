"""Signing, verifying and sealing: the RFCs' own vectors, and PyJWT as the second opinion in both directions."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from gatehouse import jose
from gatehouse.jose import PrivateKey, SigningKey, VerificationKey, signatures

NOW = 1_800_000_000
PRIVATE: dict[str, PrivateKey] = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
ALGORITHMS = pytest.mark.parametrize("algorithm", PRIVATE)
CLAIMS = {
    "iss": "https://id.example.com",
    "sub": "ü名\U0001f511",
    "iat": NOW,
    "exp": NOW + 60,
    "nested": {"a": [1, None, True]},
}


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


_json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def jwk_of(algorithm: str) -> dict[str, str]:
    der = PRIVATE[algorithm].public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return jose.public_jwk(der, kid="k1", algorithm=algorithm)


def verified(token: str, algorithm: str) -> dict[str, Any]:
    return jose.verify(token, {"k1": jose.verification_key(jwk_of(algorithm))}, typ="JWT", now=NOW)


def signed(claims: dict[str, Any], algorithm: str, typ: str = "JWT") -> str:
    return jose.sign(claims, SigningKey("k1", algorithm, PRIVATE[algorithm]), typ=typ)


@ALGORITHMS
@given(more=st.dictionaries(st.text(), _json_values, max_size=4))
def test_what_we_sign_pyjwt_verifies_with_the_published_key(algorithm: str, more: dict[str, Any]) -> None:
    claims = more | CLAIMS
    published = jwt.PyJWK(jwk_of(algorithm))

    token = signed(claims, algorithm, "at+jwt")

    options: Any = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
        "verify_jti": False,
    }
    assert jwt.decode(token, published, algorithms=[algorithm], options=options) == claims
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "at+jwt", "kid": "k1"}


@ALGORITHMS
@given(more=st.dictionaries(st.text(), _json_values, max_size=4))
def test_what_pyjwt_signs_we_verify(algorithm: str, more: dict[str, Any]) -> None:
    claims = {name: value for name, value in more.items() if name not in ("nbf", "iss")} | CLAIMS

    token = jwt.encode(claims, PRIVATE[algorithm], algorithm, headers={"kid": "k1"})

    assert verified(token, algorithm) == claims


@ALGORITHMS
def test_what_either_refuses_the_other_refuses(algorithm: str) -> None:
    token = signed(CLAIMS, algorithm)
    published = jwt.PyJWK(jwk_of(algorithm))

    for position in range(0, len(token), 7):
        other = "A" if token[position] != "A" else "B"
        touched = token[:position] + other + token[position + 1 :]
        with pytest.raises(jose.InvalidJWT):
            verified(touched, algorithm)
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(touched, published, algorithms=[algorithm], options={"verify_exp": False, "verify_iat": False})


@ALGORITHMS
def test_a_published_key_is_the_one_that_pyjwt_would_publish(algorithm: str) -> None:
    theirs = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(PRIVATE[algorithm].public_key()))

    assert jwk_of(algorithm).items() >= {name: value for name, value in theirs.items() if name != "key_ops"}.items()


@ALGORITHMS
def test_a_key_survives_its_own_publication(algorithm: str) -> None:
    again = jose.verification_key(jwk_of(algorithm))

    assert again.algorithm == algorithm
    assert again.public == PRIVATE[algorithm].public_key()


PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
VECTORS = {
    "RFC 7515 A.2": (
        {
            "kty": "RSA",
            "alg": "RS256",
            "e": "AQAB",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4"
            "QlL-yRT-SFd2lZS"
            "-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY"
            "4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        },
        f"eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
        "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
        "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    ),
    "RFC 7515 A.3": (
        {
            "kty": "EC",
            "alg": "ES256",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        f"eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ),
    "RFC 8037 A.5": (
        {"kty": "OKP", "alg": "EdDSA", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_signatures_of_the_rfcs_hold_and_no_others(name: str) -> None:
    jwk, signing_input, signature = VECTORS[name]
    key = jose.verification_key(jwk)
    raw = jose.b64decode(signature)

    assert signatures.signature_holds(key, signing_input.encode(), raw)
    for wrong in (raw[:-1], raw + b"\x00", bytes(len(raw)), b"\xff" * len(raw), raw[::-1], b""):
        assert not signatures.signature_holds(key, signing_input.encode(), wrong)
    assert not signatures.signature_holds(key, signing_input.encode() + b"A", raw)


def test_the_ed25519_signature_of_rfc_8037_is_made_again() -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(jose.b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
    _, signing_input, signature = VECTORS["RFC 8037 A.5"]

    made = signatures.signature(SigningKey("k", "EdDSA", private), signing_input.encode())

    assert jose.b64encode(made) == signature


def test_an_es256_signature_is_the_two_numbers_and_no_der() -> None:
    for _ in range(50):
        signature = jose.b64decode(signed(CLAIMS, "ES256").rpartition(".")[2])
        assert len(signature) == 64


def test_zero_and_order_are_no_es256_signature() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    key = VerificationKey("ES256", PRIVATE["ES256"].public_key())

    for number in (0, order, 2**256 - 1):
        assert not signatures.signature_holds(key, b"x", number.to_bytes(32) * 2)


@pytest.mark.parametrize(("data", "text"), [(b"", ""), (b"\x00", "AA"), (b"\xff\xef", "_-8"), (b"\x03\xec\xff\xe0\xc1", "A-z_4ME")])
def test_base64url_is_that_of_rfc_7515_appendix_c(data: bytes, text: str) -> None:
    assert jose.b64encode(data) == text
    assert jose.b64decode(text) == data


@pytest.mark.parametrize("text", ["A", "AA==", "A-z+4ME", "A-z/4ME", "AB", "AAB", "A A", "A\nAA", "é", "AAAAA", "=", "A-z_4ME\n"])
def test_base64url_has_one_spelling_only(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        jose.b64decode(text)


@given(st.binary(max_size=100))
def test_base64url_brings_everything_back(data: bytes) -> None:
    assert jose.b64decode(jose.b64encode(data)) == data


def test_a_seal_is_aes_256_gcm() -> None:
    """Test cases 13 and 14 of McGrew and Viega, The Galois/Counter Mode of Operation."""
    zero = bytes(12)

    assert jose.unseal(zero + bytes.fromhex("530f8afbc74536b9a963b4f1c4cb738b"), bytes(32)) == b""
    sealed = bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919")
    assert jose.unseal(zero + sealed, bytes(32)) == bytes(16)


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_only_what_was_sealed_is_unsealed(plaintext: bytes, other: bytes) -> None:
    key = b"k" * 32
    sealed = jose.seal(plaintext, key)

    assert jose.unseal(sealed, key) == plaintext
    for forged, with_key in (
        (sealed, b"l" * 32),
        (sealed[:-1], key),
        (sealed + b"\x00", key),
        (other, key),
        (b"", key),
    ):
        with pytest.raises(jose.Forged):
            jose.unseal(forged, with_key)


def test_the_same_is_never_sealed_the_same_way_twice() -> None:
    assert len({jose.seal(b"x", bytes(32)) for _ in range(100)}) == 100


def test_the_mac_is_hmac_sha256() -> None:
    """Test case 2 of RFC 4231."""
    expected = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")

    assert jose.mac(b"what do ya want for nothing?", b"Jefe") == expected
    assert jose.mac_holds(b"what do ya want for nothing?", expected, b"Jefe")
    assert not jose.mac_holds(b"what do ya want for nothing?", expected[:-1], b"Jefe")


def test_every_purpose_has_a_key_of_its_own() -> None:
    derived = {jose.derive(bytes(32), purpose) for purpose in ("code", "refresh", "csrf", "sign-on", "")}

    assert len(derived) == 5
    assert {len(key) for key in derived} == {32}
    assert jose.derive(bytes(32), "code") == jose.derive(bytes(32), "code")
