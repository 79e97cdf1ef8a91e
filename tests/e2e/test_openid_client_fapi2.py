"""openid-client as it comes from npm under the FAPI 2.0 Security Profile: pushed, signed by its key, proven, and nothing weaker."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from gatehouse.client_registration import Registered
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.relying_party import REDIRECT_URI, RelyingParty, new_key, public, running
from tests.e2e.visitor import Visitor

PROGRAM = "openid_client_strict.js"
KEY, OLD_KEY = new_key("ES256", "new"), new_key("RS256", "old")


@pytest.fixture
def registered(stack: Deployment) -> Registered:
    return stack.register("web", redirect_uris=[REDIRECT_URI], jwks=[public(KEY), public(OLD_KEY)], security_profile="fapi2")


@pytest.fixture
def run(stack: Deployment, node_modules: Modules, registered: Registered) -> Any:
    """Runs the application; setup: what it does otherwise than the profile says."""

    def with_setup(**setup: Any) -> Any:
        return running(node_modules, PROGRAM, stack, registered, **({"key": KEY, "dpop": "ES256", "pushes": True} | setup))

    return with_setup


@pytest.fixture
def app(run: Any) -> Iterator[RelyingParty]:
    with run() as listening:
        yield listening


def test_the_whole_flow_of_a_fapi_client(app: RelyingParty, ada: Person) -> None:
    tokens = app.signed_in(ada)

    assert tokens["token_type"] == "dpop"
    assert tokens["claims"]["sub"] == ada.user_id
    assert all(jwt.get_unverified_header(tokens[name])["alg"] == "ES256" for name in ("access_token", "id_token"))
    assert app.said("/userinfo")["email"] == ada.email
    # FAPI 2.0 Security Profile 5.3.2.1: refresh tokens are not rotated.
    assert app.said("/refresh")["refresh_token"] == tokens["refresh_token"]
    assert app.said("/userinfo")["sub"] == ada.user_id
    calls = ["/oauth/par 400 use_dpop_nonce", "/oauth/par 201", "/oauth/token 200", "/userinfo 200", "/oauth/token 200", "/userinfo 200"]
    assert [entry for entry in app.said("/traffic") if "jwks" not in entry] == calls


def test_a_request_that_was_not_pushed_is_refused(run: Any) -> None:
    with run(pushes=False) as weaker:
        refused = Visitor().send("GET", weaker.login()).headers["location"]
        assert weaker.answered(urlsplit(refused).query)["failed"]["error"] == "invalid_request"


@pytest.mark.parametrize(("setup", "error"), [({"dpop": "RS256"}, "invalid_dpop_proof"), ({"key": OLD_KEY}, "invalid_client")])
def test_weaker_signatures_are_refused(run: Any, setup: dict[str, Any], error: str) -> None:
    with run(**setup) as weaker:
        assert weaker.said("/login")["failed"]["error"] == error


def test_a_code_buys_nothing_without_a_proof(run: Any, ada: Person) -> None:
    with run(dpop="") as weaker:
        assert weaker.signed_in(ada)["failed"]["error"] == "invalid_dpop_proof"
