"""openid-client as it comes from npm pushes its authorization requests (RFC 9126)."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.e2e.application import TIMEOUT_SECONDS
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.relying_party import REDIRECT_URI, running
from tests.e2e.visitor import Visitor

PROGRAM = "openid_client_strict.js"


@pytest.mark.parametrize("kind", ["web", "native"])
def test_an_application_pushes_its_request_and_signs_a_person_in(stack: Deployment, node_modules: Modules, ada: Person, kind: str) -> None:
    registered = stack.register(kind, redirect_uris=[REDIRECT_URI], require_pushed_authorization_requests=True)
    with running(node_modules, PROGRAM, stack, registered, pushes=True) as app:
        tokens = app.signed_in(ada)

        assert tokens["token_type"] == "bearer"
        assert tokens["claims"]["sub"] == ada.user_id
        assert app.said("/traffic")[:2] == ["/oauth/par 201", "/oauth/token 200"]
        assert app.said("/userinfo")["email"] == ada.email
        assert app.said("/refresh")["refresh_token"] != tokens["refresh_token"]


def test_the_browser_carries_nothing_but_a_name_that_is_good_for_one_code(stack: Deployment, node_modules: Modules, ada: Person) -> None:
    registered = stack.register("web", redirect_uris=[REDIRECT_URI])
    with running(node_modules, PROGRAM, stack, registered, pushes=True) as app:
        url, laptop = app.login(), Visitor()
        answered = urlsplit(laptop.landing(stack.issuer, url, ada)).query
        again = laptop.send("GET", url)

        assert parse_qs(urlsplit(url).query).keys() == {"client_id", "request_uri"}
        assert app.answered(answered)["claims"]["sub"] == ada.user_id
        assert (again.status_code, "location" in again.headers) == (400, False)


def test_what_a_client_must_push_is_refused_by_the_front_channel(stack: Deployment, node_modules: Modules) -> None:
    registered = stack.register("web", redirect_uris=[REDIRECT_URI], require_pushed_authorization_requests=True)
    with running(node_modules, PROGRAM, stack, registered) as app:
        refused = httpx.get(app.login(), timeout=TIMEOUT_SECONDS).headers["location"]

        assert app.answered(urlsplit(refused).query)["failed"]["error"] == "invalid_request"
