"""openid-client as it comes from npm proves that it holds a key (RFC 9449), to us and to an API behind our authorizer."""

from collections.abc import Iterator

import jwt
import pytest

from gatehouse.client_registration import Registered
from gatehouse.clients import STANDARD_SCOPES
from tests.e2e.application import get
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.relying_party import REDIRECT_URI, RelyingParty, running

PROGRAM = "openid_client_strict.js"


@pytest.fixture
def registered(stack: Deployment) -> Registered:
    """A public client of the orders API."""
    scopes = [*STANDARD_SCOPES, "orders:read"]
    return stack.register("native", redirect_uris=[REDIRECT_URI], audience=stack.instance.orders_url, scopes=scopes)


@pytest.fixture
def app(stack: Deployment, node_modules: Modules, registered: Registered) -> Iterator[RelyingParty]:
    scope = {"scope": "openid email offline_access orders:read"}
    with running(node_modules, PROGRAM, stack, registered, dpop="ES256", parameters=scope) as listening:
        yield listening


@pytest.fixture
def thief(stack: Deployment, node_modules: Modules, registered: Registered) -> Iterator[RelyingParty]:
    """The same application in another process, with another key."""
    with running(node_modules, PROGRAM, stack, registered, dpop="ES256") as listening:
        yield listening


def test_tokens_are_bound_to_the_key_and_the_nonce_is_fetched_by_the_library(app: RelyingParty, ada: Person) -> None:
    tokens = app.signed_in(ada)
    confirmation = jwt.decode(tokens["access_token"], options={"verify_signature": False})["cnf"]

    assert tokens["token_type"] == "dpop"
    assert confirmation.keys() == {"jkt"}
    assert app.said("/traffic")[:2] == ["/oauth/token 400 use_dpop_nonce", "/oauth/token 200"]
    assert app.said("/userinfo")["email"] == ada.email
    refreshed = app.said("/refresh")
    assert jwt.decode(refreshed["access_token"], options={"verify_signature": False})["cnf"] == confirmation
    assert app.said("/userinfo")["sub"] == ada.user_id
    # The library knows the nonce by now.
    assert app.said("/traffic") == ["/userinfo 200", "/oauth/token 200", "/userinfo 200"]


def test_an_api_lets_the_holder_of_the_key_in_and_nobody_who_only_has_the_token(stack: Deployment, app: RelyingParty, ada: Person) -> None:
    token = app.signed_in(ada)["access_token"]

    answer = app.said("/api")
    assert (answer["status"], answer["body"]["sub"]) == (200, ada.user_id)
    assert get(f"{stack.instance.orders_url}/orders", token).status_code == 403
    assert get(f"{stack.issuer}/userinfo", token).status_code == 401


def test_a_stolen_refresh_token_is_worth_nothing_without_the_key(app: RelyingParty, thief: RelyingParty, ada: Person) -> None:
    stolen = app.signed_in(ada)["refresh_token"]

    assert thief.said("/refresh", refresh_token=stolen)["failed"]["error"] == "invalid_grant"
    # Nor was the attempt taken for the holder's.
    assert app.said("/refresh")["claims"]["sub"] == ada.user_id


def test_a_code_is_bound_to_the_key_that_pushed_its_request(
    stack: Deployment, node_modules: Modules, registered: Registered, ada: Person
) -> None:
    with running(node_modules, PROGRAM, stack, registered, dpop="ES256", pushes=True) as app:
        assert app.signed_in(ada)["token_type"] == "dpop"
        assert app.said("/traffic")[:3] == ["/oauth/par 400 use_dpop_nonce", "/oauth/par 201", "/oauth/token 200"]


@pytest.mark.parametrize("algorithm", ["PS256", "Ed25519"])
def test_a_machine_proves_itself_with_any_kind_of_key(stack: Deployment, node_modules: Modules, algorithm: str) -> None:
    machine = stack.register("machine", scopes=["orders:read"], dpop_bound_access_tokens=True, audience=stack.instance.orders_url)
    with running(node_modules, PROGRAM, stack, machine, dpop=algorithm) as app:
        assert app.said("/machine")["token_type"] == "dpop"
        assert app.said("/api")["body"]["sub"] == machine.client_id


def test_a_client_that_must_prove_a_key_gets_nothing_without(stack: Deployment, node_modules: Modules) -> None:
    machine = stack.register("machine", scopes=["orders:read"], dpop_bound_access_tokens=True)
    with running(node_modules, PROGRAM, stack, machine) as app:
        assert app.said("/machine")["failed"]["error"] == "invalid_dpop_proof"
