"""Authlib as it comes from PyPI authenticates by assertions that its own key signs (RFC 7523). It signs no authorization requests."""

import pytest
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # has no stubs
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign  # type: ignore[import-untyped]  # has no stubs
from joserfc import jwk

from tests.e2e.deployment import Deployment, Person
from tests.e2e.relying_party import REDIRECT_URI, new_key, public
from tests.e2e.visitor import Visitor


class ShortLived(PrivateKeyJWT):  # type: ignore[misc]  # has no stubs
    """Authlib's assertions live an hour and no setting shortens them; we take ten minutes, so an application overrides this one method."""

    def sign(self, auth: OAuth2Session, token_endpoint: str) -> str:
        signed: str = private_key_jwt_sign(auth.client_secret, auth.client_id, token_endpoint, self.alg, expires_in=300)
        return signed


BY_KEY = {"token_endpoint_auth_method": "private_key_jwt"}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "Ed25519"])
def test_an_application_signs_a_person_in_and_refreshes(stack: Deployment, ada: Person, algorithm: str) -> None:
    key = new_key(algorithm)
    registered = stack.register("web", redirect_uris=[REDIRECT_URI], jwks=[public(key)], **BY_KEY)
    more = {"redirect_uri": REDIRECT_URI, "scope": "openid email offline_access", "code_challenge_method": "S256"}
    with OAuth2Session(registered.client_id, jwk.import_key(key), **BY_KEY, **more) as session:
        endpoint, verifier = f"{stack.issuer}/oauth/token", "a" * 64
        session.register_client_auth_method(ShortLived(alg=algorithm))
        url, state = session.create_authorization_url(f"{stack.issuer}/authorize", code_verifier=verifier)
        landed_at = Visitor().landing(stack.issuer, url, ada)
        tokens = session.fetch_token(endpoint, authorization_response=landed_at, state=state, code_verifier=verifier)

        assert session.get(f"{stack.issuer}/userinfo").json()["email"] == ada.email
        assert session.refresh_token(endpoint)["refresh_token"] != tokens["refresh_token"]
