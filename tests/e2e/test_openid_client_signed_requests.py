"""openid-client as it comes from npm signs its requests (RFC 9101), and takes answers with `iss` (RFC 9207) and by form_post."""

import socket
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import pytest

from tests.e2e import hosted_pages
from tests.e2e.application import sent_back
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person
from tests.e2e.node import Modules
from tests.e2e.relying_party import REDIRECT_URI, new_key, public, running
from tests.e2e.visitor import Visitor

PROGRAM = "openid_client_strict.js"


@pytest.mark.parametrize(("algorithm", "pushes"), [("PS256", False), ("Ed25519", True)])
def test_an_application_signs_its_request(stack: Deployment, node_modules: Modules, ada: Person, algorithm: str, pushes: bool) -> None:
    key = new_key(algorithm)
    registered = stack.register("web", redirect_uris=[REDIRECT_URI], jwks=[public(key)], require_signed_request_object=True)
    with running(node_modules, PROGRAM, stack, registered, key=key, signs=True, pushes=pushes) as app:
        assert app.signed_in(ada)["claims"]["sub"] == ada.user_id


@pytest.mark.row(18)
def test_a_request_that_another_key_signed_or_nobody_is_refused(stack: Deployment, node_modules: Modules) -> None:
    registered = stack.register("web", redirect_uris=[REDIRECT_URI], jwks=[public(new_key("ES256"))], require_signed_request_object=True)
    for signs, error in ((True, "invalid_request_object"), (False, "invalid_request")):
        with running(node_modules, PROGRAM, stack, registered, key=new_key("ES256"), signs=signs) as app:
            refused = Visitor().send("GET", app.login()).headers["location"]
            assert sent_back(refused)["error"] == error


@pytest.mark.row(13)
@pytest.mark.parametrize("changed", [{"iss": "https://elsewhere.example.com"}, {"iss": ""}, {"state": "another"}])
def test_the_library_sees_who_answered(stack: Deployment, node_modules: Modules, ada: Person, changed: dict[str, str]) -> None:
    registered = stack.register("web", redirect_uris=[REDIRECT_URI])
    with running(node_modules, PROGRAM, stack, registered) as app:
        answer = {name: values[0] for name, values in parse_qs(app.landing(Visitor(), ada)).items()}

        assert answer["iss"] == stack.issuer
        assert app.answered(urlencode(answer | changed))["failed"]["code"] == "OAUTH_INVALID_RESPONSE"
        assert app.answered(urlencode(answer))["claims"]["sub"] == ada.user_id


def test_a_browser_posts_the_answer_to_the_application(
    stack: Deployment, node_modules: Modules, device: Callable[..., Device], ada: Person
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    redirect_uri = f"http://localhost:{port}/callback"
    registered = stack.register("web", redirect_uris=[redirect_uri])
    setup = {"redirect_uri": redirect_uri, "parameters": {"response_mode": "form_post"}}
    with running(node_modules, PROGRAM, stack, registered, port=port, **setup) as app:
        page = device().page()
        page.goto(app.login())
        hosted_pages.sign_in(page, ada)
        page.wait_for_url(redirect_uri)

        assert page.evaluate("JSON.parse(document.body.innerText)")["claims"]["sub"] == ada.user_id
        assert app.said("/userinfo")["email"] == ada.email
