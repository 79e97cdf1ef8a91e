"""What may be pushed, and by whom (RFC 9126 section 2): refused in JSON as at the token endpoint, and nothing is kept of it."""

from typing import Any

import pytest

from gatehouse import table
from tests.unit.conftest import call
from tests.unit.flows import (
    CALLBACK,
    basic,
    browser_of,
    claims_of,
    exchange,
    new_client,
    new_user,
)
from tests.unit.signers import assertion, by_assertion, go, key, push, signing_client
from tests.unit.test_pushed_requests import PREFIX, pushed, request_of


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_confidential_clients_authenticate_as_at_the_token_endpoint(method: str) -> None:
    of = key()
    app = signing_client(of) if method == "private_key_jwt" else new_client("web", token_endpoint_auth_method=method)
    by_basic = basic(app.client_id, app.secret) if method == "client_secret_basic" else ""
    form = request_of() | ({"client_id": app.client_id, "client_secret": app.secret} if method == "client_secret_post" else {})

    signed = by_assertion(assertion(of, app.client_id)) if method == "private_key_jwt" else {}
    answer = push(form | signed, authorization=by_basic)

    assert answer.status == 201
    assert "code" in go(browser_of(new_user()), app.client_id, answer.json["request_uri"]).sent_back


@pytest.mark.row(22)
def test_who_does_not_authenticate_pushes_nothing() -> None:
    app, other = new_client("web"), new_client("web")

    for form, authorization in (
        (request_of(app.client_id), ""),
        (request_of(), basic(app.client_id, "wrong")),
        (request_of() | {"client_id": app.client_id, "client_secret": app.secret}, ""),
        (request_of(), ""),
        (request_of("nobody"), ""),
    ):
        answer = push(form, authorization=authorization)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    mixed = push(request_of(other.client_id), authorization=basic(app.client_id, app.secret))
    assert (mixed.status, mixed.json["error"]) == (400, "invalid_request")
    assert [item for item in table.scan(None, limit=100)[0] if item["pk"].startswith("PAR#")] == []


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"response_type": ""}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"redirect_uri": "https://evil.test/callback"}, "invalid_request"),
    ({"redirect_uri": f"{CALLBACK}/"}, "invalid_request"),
    ({"code_challenge": ""}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": ""}, "invalid_request"),
    ({"scope": 'openid "'}, "invalid_scope"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"state": "x" * 4097}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
    ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ({"id_token_hint": "x"}, "invalid_request"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"request": "x"}, "invalid_request_object"),
    ({"request_uri": f"{PREFIX}x"}, "invalid_request"),
    ({"request_uri": "https://app.example.com/request.jwt"}, "invalid_request"),
    ({"dpop_jkt": "x"}, "invalid_request"),
]


@pytest.mark.parametrize(("changes", "error"), REFUSED, ids=repr)
def test_what_no_authorization_request_may_be_is_refused_in_json(changes: dict[str, str], error: str) -> None:
    app = new_client()

    answer = push(request_of(app.client_id, **changes))

    assert (answer.status, answer.json["error"]) == (400, error)
    assert "location" not in answer.headers
    assert answer.headers["content-type"] == "application/json"


def test_a_request_uri_cannot_be_pushed_even_if_it_is_ones_own() -> None:
    app = new_client()
    own = pushed(app.client_id)

    assert push(request_of(app.client_id, request_uri=own)).json["error"] == "invalid_request"


@pytest.mark.row(6, 28)
def test_media_methods_and_repetitions() -> None:
    app = new_client()
    path = "/oauth/par"

    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = call("push_authorization", method, path, query=request_of(app.client_id))
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    twice = "&".join(f"{name}={value}" for name, value in request_of(app.client_id, redirect_uri="").items())
    for body in (f"{twice}&scope=openid", f"{twice}&client_id=other", f"{twice}&state=%ff", "x" * 70_000):
        answer = call("push_authorization", "POST", path, form=body)
        assert answer.status in (400, 413, 401)
    as_json = call("push_authorization", "POST", path, body="{}", headers={"content-type": "application/json"})
    assert as_json.status == 400
    in_query = call("push_authorization", "POST", path, query=request_of(app.client_id), form={})
    assert in_query.status == 401


def test_the_longest_request_is_stored_whole() -> None:
    long: dict[str, Any] = {"state": "s" * 4096, "nonce": "n" * 1024, "claims": '{"userinfo":{"email":null}}' + " " * 4000}
    app = new_client()

    back = go(browser_of(new_user()), app.client_id, pushed(app.client_id, **long))

    assert back.sent_back["state"] == long["state"]
    assert claims_of(exchange(app.client_id, back.sent_back["code"]).json["id_token"])["nonce"] == long["nonce"]
