"""openid-client as it comes from npm authenticates by assertions that its own key signs (RFC 7523)."""

from collections.abc import Iterator

import pytest

from gatehouse.client_registration import Registered
from tests.e2e import site
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.relying_party import ALGORITHMS, REDIRECT_URI, RelyingParty, new_key, public, running

PROGRAM = "openid_client_strict.js"
SCOPES = ["orders:read"]


@pytest.fixture(params=ALGORITHMS)
def machine(request: pytest.FixtureRequest, stack: Deployment, node_modules: Modules) -> Iterator[RelyingParty]:
    """A machine whose key is for this algorithm."""
    key = new_key(request.param)
    registered = register(stack, "machine", scopes=SCOPES, jwks=[public(key)])
    with running(node_modules, PROGRAM, stack, registered, key=key) as listening:
        yield listening


def register(stack: Deployment, kind: str, **properties: object) -> Registered:
    return stack.register(kind, token_endpoint_auth_method="private_key_jwt", **properties)


@pytest.mark.row(30)
def test_a_machine_authenticates_by_its_key_and_each_assertion_once(machine: RelyingParty) -> None:
    assert machine.said("/machine")["scope"] == "orders:read"

    repeated = machine.said("/repeat")
    assert (repeated["status"], repeated["body"]["error"]) == (401, "invalid_client")
    assert machine.said("/machine")["scope"] == "orders:read"


def test_an_application_publishes_its_keys(stack: Deployment, node_modules: Modules, ada: Person) -> None:
    old, new = new_key("ES256", "old"), new_key("PS256", "new")
    published = {"/jwks.json": site.as_json({"keys": [public(old), public(new)]})}
    with site.serving(published) as origin:
        registered = register(stack, "web", redirect_uris=[REDIRECT_URI], jwks_uri=f"{origin}/jwks.json")
        for key in (old, new):
            with running(node_modules, PROGRAM, stack, registered, key=key) as app:
                assert app.signed_in(ada)["claims"]["sub"] == ada.user_id
                assert app.said("/refresh")["claims"]["sub"] == ada.user_id


def test_another_key_does_not_authenticate(stack: Deployment, node_modules: Modules) -> None:
    own, foreign = new_key("ES256"), new_key("ES256")
    registered = register(stack, "machine", scopes=SCOPES, jwks=[public(own)])
    with running(node_modules, PROGRAM, stack, registered, key=foreign) as app:
        assert app.said("/machine")["failed"]["error"] == "invalid_client"
