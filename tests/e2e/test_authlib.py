"""Authlib as it comes from PyPI: a Flask application that signs people in with it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]  # has no stubs
from flask import Flask, Response, jsonify, redirect, session, url_for
from werkzeug.serving import make_server

from gatehouse.client_registration import Registered
from tests.e2e import hosted_pages
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person


@pytest.fixture
def address(stack: Deployment) -> Iterator[str]:
    """Where the Flask application answers. It authenticates by Basic, which is what Authlib does with a secret."""
    application = Flask("web application")
    application.secret_key = "only for these tests"
    with listening(application) as origin:
        registered = stack.register("web", redirect_uris=[f"{origin}/callback"])
        add_routes(application, stack.issuer, registered)
        yield origin


def test_a_flask_application_signs_a_person_in_and_refreshes(address: str, device: Callable[..., Device], ada: Person) -> None:
    page = device().page()
    page.goto(f"{address}/login")
    hosted_pages.sign_in(page, ada)
    page.wait_for_url(f"{address}/")
    signed_in = page.evaluate("JSON.parse(document.body.innerText)")

    # Authlib has checked signature, iss, aud, exp, nonce and at_hash of the ID token before it hands out `userinfo`.
    assert signed_in["id_token_claims"]["sub"] == ada.user_id
    assert signed_in["userinfo"]["email"] == ada.email
    assert signed_in["userinfo"]["name"] == "Ada Lovelace"

    page.goto(f"{address}/later")
    refreshed = page.evaluate("JSON.parse(document.body.innerText)")
    assert refreshed["userinfo"]["sub"] == ada.user_id
    assert refreshed["refresh_token"] != signed_in["refresh_token"]


def add_routes(application: Flask, issuer: str, registered: Registered) -> None:
    held: dict[str, Any] = {}
    oauth = OAuth(application, update_token=lambda name, token, **_: held.update(token))
    provider = oauth.register(
        "gatehouse",
        client_id=registered.client_id,
        client_secret=registered.secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email offline_access", "code_challenge_method": "S256"},
    )

    def shown(**more: Any) -> Response:
        return jsonify({"userinfo": provider.userinfo(token=held), "refresh_token": held["refresh_token"]} | more)

    @application.get("/favicon.ico")
    def icon() -> tuple[str, int]:
        return "", 204

    @application.get("/login")
    def login() -> Any:
        return provider.authorize_redirect(url_for("callback", _external=True))

    @application.get("/callback")
    def callback() -> Any:
        held.update(provider.authorize_access_token())
        session["claims"] = held["userinfo"]
        return redirect("/")

    @application.get("/")
    def home() -> Response:
        return shown(id_token_claims=session["claims"])

    @application.get("/later")
    def later() -> Response:
        """As if the access token had expired: Authlib refreshes before it asks for userinfo."""
        held["expires_at"] = 1
        return shown()


@contextmanager
def listening(application: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
