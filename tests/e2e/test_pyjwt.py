"""PyJWT as it comes from PyPI: an API that verifies tokens on its own, by the published key set."""

from collections.abc import Callable

import jwt
import pytest

from tests.e2e import hosted_pages
from tests.e2e.application import Application
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person


@pytest.mark.row(57, 58, 59)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_an_api_verifies_both_tokens_of_a_client_with_this_algorithm(
    algorithm: str, stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    audience = "https://api.example.com"
    spa = app("native", id_token_alg=algorithm, access_token_alg=algorithm, audience=audience)
    tokens = hosted_pages.signed_in(spa, device(), ada)
    keys = jwt.PyJWKClient(f"{stack.issuer}/.well-known/jwks.json")

    for token, meant_for in ((tokens["access_token"], audience), (tokens["id_token"], spa.client_id)):
        key = keys.get_signing_key_from_jwt(token)
        required = ["iss", "sub", "aud", "exp", "iat"]
        claims = jwt.decode(token, key, algorithms=[algorithm], audience=meant_for, issuer=stack.issuer, options={"require": required})
        assert claims["sub"] == ada.user_id
