"""An assertion among the other ways to authenticate: the registered one counts, one at a time, never in the query (rows 22, 24, 30)."""

import json

import pytest

from tests.unit.conftest import call
from tests.unit.flows import basic, new_client
from tests.unit.signers import (
    BY_ASSERTION,
    assertion,
    by_assertion,
    key,
    machine_token,
    signing_client,
)
from tests.unit.test_client_assertions import ENDPOINTS, ask, refused


@pytest.mark.parametrize("kind", ["", "jwt-bearer", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", BY_ASSERTION.upper()])
def test_another_kind_of_assertion_is_refused(kind: str) -> None:
    of = key()
    app = signing_client(of, "machine")

    form = {"client_assertion": assertion(of, app.client_id), "client_id": app.client_id} | (
        {"client_assertion_type": kind} if kind else {}
    )
    assert refused(ask("/oauth/token", **form))
    assert refused(ask("/oauth/token", client_id=app.client_id, client_assertion_type=BY_ASSERTION))


@pytest.mark.row(24, 30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_only_the_registered_method_counts(path: str) -> None:
    of = key()
    by_key = signing_client(of)
    by_secret = new_client("web", jwks=[of.jwk])
    public = new_client("spa", jwks=[of.jwk])

    for app in (by_secret, public):
        assert refused(ask(path, **by_assertion(assertion(of, app.client_id))))
    assert refused(ask(path, client_id=by_key.client_id, client_secret="anything"))
    assert refused(ask(path, client_id=by_key.client_id))
    for secret in ("", "anything"):
        answer = ask(path, authorization=basic(by_key.client_id, secret))
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.row(22, 30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_two_methods_at_once_are_refused_and_spend_nothing(path: str) -> None:
    of = key()
    app, other = signing_client(of, grant_types=["authorization_code", "client_credentials"]), new_client("machine")
    signed = by_assertion(assertion(of, app.client_id))

    for more in (
        {"authorization": basic(other.client_id, other.secret)},
        {"client_secret": "x"},
        {"authorization": basic(app.client_id, "")},
    ):
        answer = ask(path, **signed, **more)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert ask(path, **signed).status in (200, 201)


@pytest.mark.row(22, 30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_an_assertion_in_the_query_is_refused_and_not_read(path: str) -> None:
    of = key()
    app = signing_client(of, "machine")
    signed = assertion(of, app.client_id)

    answer = ask(path, query=f"client_assertion_type={BY_ASSERTION}&client_assertion={signed}")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert signed not in answer.body
    assert refused(ask(path, query=f"client_id={app.client_id}&client%5Fassertion={signed}"))


@pytest.mark.row(22)
def test_who_is_unknown_hears_the_same_as_whose_key_is_wrong() -> None:
    app = signing_client(key(), "machine")

    unknown, wrong = (machine_token(key("ES256", "x"), client_id) for client_id in ("nobody", app.client_id))

    assert (unknown.status, unknown.body, unknown.headers) == (wrong.status, wrong.body, wrong.headers)


def test_it_serves_in_a_json_body_too() -> None:
    of = key()
    app = signing_client(of, "machine")
    body = json.dumps({"grant_type": "client_credentials", **by_assertion(assertion(of, app.client_id))})

    assert call("token_exchange", "POST", "/oauth/token", body=body, headers={"content-type": "application/json"}).status == 200
