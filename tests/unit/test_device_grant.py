"""The device grant (RFC 8628) at the token endpoint: what becomes of a decision."""

import time

import pytest

from gatehouse import client_registration, clients, consents, users
from tests.unit import faults, signers
from tests.unit.devices import codes, decide, new_device_client, poll, stored_device, type_code
from tests.unit.flows import (
    Browser,
    basic,
    browser_of,
    claims_of,
    hidden_fields,
    introspect,
    later,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    userinfo,
)


@pytest.mark.row(27)
def test_the_grant_is_for_clients_that_are_registered_for_it() -> None:
    app = new_client("native")

    assert poll(app.client_id, "anything").json["error"] == "unauthorized_client"


def test_a_person_allows_and_the_device_gets_three_tokens() -> None:
    user, app = new_user(), new_device_client()
    given = codes(app.client_id)
    assert poll(app.client_id, given["device_code"]).json["error"] == "authorization_pending"

    page = decide(Browser(), given["user_code"])
    assert page.status == 200
    assert "Your device is signed in" in page.body

    answer = poll(app.client_id, given["device_code"])
    assert answer.status == 200
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    assert answer.json["scope"] == "openid profile email"
    claims = claims_of(answer.json["id_token"])
    assert (claims["sub"], claims["aud"], claims["amr"]) == (user.user_id, app.client_id, ["pwd"])
    assert "nonce" not in claims
    assert userinfo(answer.json["access_token"]).json["sub"] == user.user_id
    assert refresh(app.client_id, answer.json["refresh_token"]).status == 200


def test_a_first_decision_counts_and_a_denied_device_hears_so() -> None:
    new_user()
    app = new_device_client()
    given = codes(app.client_id)
    assert "not let in" in decide(Browser(), given["user_code"], "deny").body

    for _ in range(2):
        answer = poll(app.client_id, given["device_code"])
        assert (answer.status, answer.json["error"]) == (400, "access_denied")


@pytest.mark.parametrize("decision", ["", "allow", "deny"])
def test_after_ten_minutes_a_code_is_over_whatever_was_decided(decision: str) -> None:
    new_user()
    app = new_device_client()
    given = codes(app.client_id)
    if decision:
        decide(Browser(), given["user_code"], decision)

    with later(601):
        assert poll(app.client_id, given["device_code"]).json["error"] == "expired_token"


@pytest.mark.row(12)
def test_a_second_redemption_is_refused_and_ends_what_the_first_one_began() -> None:
    new_user()
    app = new_device_client()
    given = codes(app.client_id)
    decide(Browser(), given["user_code"])
    first = poll(app.client_id, given["device_code"]).json

    assert poll(app.client_id, given["device_code"]).json["error"] == "invalid_grant"
    assert userinfo(first["access_token"]).status == 401
    assert refresh(app.client_id, first["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.row(12)
def test_a_used_code_ends_its_session_however_late_it_comes_again() -> None:
    new_user()
    app = new_device_client()
    given = codes(app.client_id)
    decide(Browser(), given["user_code"])
    tokens = poll(app.client_id, given["device_code"]).json
    with later(601):
        assert poll(app.client_id, given["device_code"]).json["error"] == "expired_token"
        assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.row(39)
def test_what_was_allowed_before_a_cut_off_of_the_client_is_worth_nothing() -> None:
    new_user()
    app = new_device_client()
    given, after = codes(app.client_id), codes(app.client_id)
    decide(Browser(), given["user_code"])
    client_registration.change(app.client_id, sessions_not_before=int(time.time()))
    clients.forget()
    assert poll(app.client_id, given["device_code"]).json["error"] == "invalid_grant"

    with later(2):
        decide(Browser(), after["user_code"])
        assert poll(app.client_id, after["device_code"]).status == 200


def test_a_code_of_another_client_is_refused_without_harm() -> None:
    new_user()
    app, other = new_device_client(), new_device_client()
    given = codes(app.client_id)
    decide(Browser(), given["user_code"])

    assert poll(other.client_id, given["device_code"]).json["error"] == "invalid_grant"
    assert poll(app.client_id, given["device_code"]).status == 200


@pytest.mark.row(37, 38)
def test_a_sign_out_or_a_block_after_the_decision_leaves_the_device_with_nothing() -> None:
    user, app = new_user(), new_device_client()
    elsewhere = codes(app.client_id)
    decide(Browser(), elsewhere["user_code"])
    tokens = poll(app.client_id, elsewhere["device_code"]).json
    given = codes(app.client_id)
    decide(Browser(), given["user_code"])
    assert sign_out_everywhere(tokens["access_token"]).status == 204
    assert poll(app.client_id, given["device_code"]).json["error"] == "invalid_grant"

    given = codes(app.client_id)
    decide(Browser(), given["user_code"])
    users.set_blocked(user.user_id, True)
    assert poll(app.client_id, given["device_code"]).json["error"] == "invalid_grant"


@pytest.mark.row(36)
def test_the_session_ends_so_long_after_the_password_and_not_after_the_decision() -> None:
    with later(0):
        user, app = new_user(), new_device_client(session_seconds=3600)
        browser = browser_of(user)
        with later(3000):
            given = codes(app.client_id)
            decide(browser, given["user_code"])
            tokens = poll(app.client_id, given["device_code"]).json
            assert tokens["expires_in"] == 600
        with later(3500):
            renewed = refresh(app.client_id, tokens["refresh_token"]).json
            assert 90 <= renewed["expires_in"] <= 100
        with later(3610):
            assert refresh(app.client_id, renewed["refresh_token"]).json["error"] == "invalid_grant"


def test_an_approval_that_is_fetched_after_the_sessions_end_is_worth_nothing() -> None:
    user, app = new_user(), new_device_client(session_seconds=3600)
    browser = browser_of(user)
    with later(3500):
        given = codes(app.client_id)
        decide(browser, given["user_code"])
    with later(3650):
        assert poll(app.client_id, given["device_code"]).json["error"] == "invalid_grant"


def test_a_consent_that_is_taken_back_before_the_device_comes_lets_nothing_begin() -> None:
    user, app = new_user(), new_device_client(first_party=False)
    given = codes(app.client_id)
    decide(Browser(), given["user_code"])
    consents.withdraw(user.user_id, app.client_id)
    assert poll(app.client_id, given["device_code"]).json["error"] == "invalid_grant"

    given = codes(app.client_id)
    decide(Browser(), given["user_code"])
    assert poll(app.client_id, given["device_code"]).status == 200


def test_a_device_stays_signed_in_when_the_browser_that_allowed_it_signs_out() -> None:
    new_user()
    app, browser = new_device_client(), Browser()
    given = codes(app.client_id)
    decide(browser, given["user_code"])
    tokens = poll(app.client_id, given["device_code"]).json
    page = browser.get("logout", "/oidc/logout")
    assert browser.post("logout", "/oidc/logout", hidden_fields(page)).status == 303
    assert "/u/login?" in type_code(browser, codes(app.client_id)["user_code"]).location

    assert userinfo(tokens["access_token"]).status == 200


def test_tokens_are_for_the_apis_that_were_agreed_to() -> None:
    new_user()
    orders, stock = "https://orders.example.com", "https://stock.example.com"
    app = new_device_client(resources=[orders, stock])
    given = codes(app.client_id, scope="offline_access", audience=orders)
    decide(Browser(), given["user_code"])

    assert poll(app.client_id, given["device_code"], resource=stock).json["error"] == "invalid_target"
    tokens = poll(app.client_id, given["device_code"]).json
    assert claims_of(tokens["access_token"])["aud"] == orders
    assert "id_token" not in tokens


def test_a_client_that_must_prove_a_key_cannot_poll_without() -> None:
    new_user()
    app = new_device_client(dpop_bound_access_tokens=True)
    given = codes(app.client_id)
    decide(Browser(), given["user_code"])

    assert poll(app.client_id, given["device_code"]).json["error"] == "invalid_dpop_proof"


def test_a_device_that_proves_a_key_gets_tokens_that_are_bound_to_it() -> None:
    new_user()
    app, own, other = new_device_client(id_token_alg="ES256"), signers.key(), signers.key("EdDSA")
    given = codes(app.client_id)
    decide(Browser(), given["user_code"])
    tokens = signers.bound(own, lambda proof: poll(app.client_id, given["device_code"], dpop=proof)).json

    assert tokens["token_type"] == "DPoP"
    assert userinfo(tokens["access_token"]).status == 401
    assert signers.bound_userinfo(own, tokens["access_token"]).status == 200
    stolen = signers.bound(other, lambda proof: refresh(app.client_id, tokens["refresh_token"], dpop=proof))
    assert stolen.json["error"] == "invalid_grant"


def test_a_client_with_a_secret_polls_with_it() -> None:
    new_user()
    app = new_device_client("web")
    by_secret = basic(app.client_id, app.secret)
    given = codes("", authorization=by_secret)
    decide(Browser(), given["user_code"])

    assert poll(app.client_id, given["device_code"]).json["error"] == "invalid_client"
    tokens = poll("", given["device_code"], authorization=by_secret).json
    assert introspect(app, tokens["access_token"])["active"]


def test_redeeming_takes_two_reads_and_one_write() -> None:
    new_user()
    app = new_device_client()
    first = codes(app.client_id)
    decide(Browser(), first["user_code"])
    poll(app.client_id, first["device_code"])
    given = codes(app.client_id)
    decide(Browser(), given["user_code"])
    with faults.trouble() as sent:
        assert poll(app.client_id, given["device_code"]).status == 200

    assert sent == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem"]


@pytest.mark.parametrize("operation", ["dynamodb.GetItem", "dynamodb.UpdateItem", "dynamodb.PutItem"])
def test_an_outage_costs_a_device_nothing(operation: str) -> None:
    new_user()
    app = new_device_client()
    given = codes(app.client_id)
    with faults.trouble({"dynamodb.GetItem": faults.always(faults.unreachable)}):
        assert poll(app.client_id, given["device_code"]).status == 503
    decide(Browser(), given["user_code"])
    with faults.trouble({operation: faults.always(faults.THROTTLED)}):
        assert poll(app.client_id, given["device_code"]).status == (200 if operation == "dynamodb.UpdateItem" else 503)
    if operation != "dynamodb.UpdateItem":
        assert poll(app.client_id, given["device_code"]).status == 200


def test_whichever_answer_is_lost_a_device_is_served_once() -> None:
    new_user()
    app = new_device_client()
    with faults.trouble({"dynamodb.PutItem": [faults.lose_answer]}):
        given = codes(app.client_id)
    with faults.trouble({"dynamodb.UpdateItem": [faults.lose_answer]}):
        assert poll(app.client_id, given["device_code"]).json["error"] == "authorization_pending"
    with faults.trouble({"dynamodb.UpdateItem": [faults.lose_answer]}):
        assert poll(app.client_id, given["device_code"]).json["error"] == "slow_down"
    assert stored_device(given["user_code"])["interval"] == 10
    decide(Browser(), given["user_code"])
    with faults.trouble({"dynamodb.PutItem": [faults.lose_answer]}):
        answer = poll(app.client_id, given["device_code"])

    assert answer.status == 200
    assert userinfo(answer.json["access_token"]).status == 200
