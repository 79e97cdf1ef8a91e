"""What the discovery documents promise."""

from conftest import ISSUER, call


def test_the_issuer_is_the_configured_one_to_the_letter() -> None:
    answer = call("discovery", "GET", "/.well-known/openid-configuration")

    assert answer.status == 200
    assert answer.json["issuer"] == ISSUER


def test_the_key_set_has_a_current_and_a_next_key_of_each_algorithm_and_no_private_part() -> None:
    answer = call("discovery", "GET", "/.well-known/jwks.json")

    keys = answer.json["keys"]
    assert sorted(key["alg"] for key in keys) == ["ES256", "ES256", "EdDSA", "EdDSA", "RS256", "RS256"]
    assert not any({"d", "p", "q", "k"} & set(key) for key in keys)
