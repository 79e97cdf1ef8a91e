"""oauth4webapi as it comes from npm: an application by the protocol's single steps, and an API that checks tokens without asking us."""

import jwt
import pytest

from gatehouse.clients import STANDARD_SCOPES
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.relying_party import REDIRECT_URI, running

PROGRAM = "oauth4webapi_app.js"
API = "https://api.example.com"
# Another key's proof, and none under either scheme.
REFUSALS = ["OAUTH_JWT_CLAIM_COMPARISON_FAILED", "OAUTH_INVALID_RESPONSE", "OAUTH_INVALID_RESPONSE"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_an_application_pushes_and_proves_and_an_api_holds_the_token_against_the_proof(
    stack: Deployment, node_modules: Modules, ada: Person, algorithm: str
) -> None:
    scopes = [*STANDARD_SCOPES, "orders:read"]
    signed_by_us = {"id_token_alg": algorithm, "access_token_alg": algorithm}
    registered = stack.register("web", redirect_uris=[REDIRECT_URI], audience=API, scopes=scopes, **signed_by_us)
    with running(node_modules, PROGRAM, stack, registered, audience=API) as app:
        tokens = app.signed_in(ada)

        assert (tokens["token_type"], tokens["claims"]["sub"]) == ("dpop", ada.user_id)
        assert jwt.get_unverified_header(tokens["id_token"])["alg"] == algorithm
        # Asked for once, by the first request that had none.
        assert tokens["nonces"] == [400]
        assert app.said("/userinfo")["email"] == ada.email
        allowed, *refused = app.said("/calls")
        assert (allowed["sub"], allowed["scope"]) == (ada.user_id, "openid email offline_access orders:read")
        assert [entry["failed"]["code"] for entry in refused] == REFUSALS
        refreshed = app.said("/refresh")
        assert refreshed["claims"]["sub"] == ada.user_id
        assert app.said("/calls")[0] == allowed
