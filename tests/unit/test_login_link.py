"""The link that starts the login of one application (S02)."""

import pytest

from tests.unit.conftest import ISSUER, call
from tests.unit.flows import CALLBACK, Browser, new_client


def test_it_leads_to_where_the_application_begins_a_sign_in() -> None:
    app = new_client(initiate_login_uri="https://app.example.com/login")

    answer = call("hosted_pages", "GET", "/u/start", query={"client_id": app.client_id})

    assert answer.status == 303
    assert answer.location.startswith("https://app.example.com/login?")
    assert answer.sent_back == {"iss": ISSUER}


def test_a_client_without_pkce_is_led_straight_to_the_authorization_endpoint() -> None:
    app = new_client("web", require_pkce=False)

    answer = call("hosted_pages", "GET", "/u/start", query={"client_id": app.client_id})

    assert answer.location.startswith(f"{ISSUER}/authorize?")
    assert answer.sent_back["redirect_uri"] == CALLBACK


@pytest.mark.parametrize("client_id", ["", "unknown", "machine"])
def test_where_there_is_nothing_to_begin_an_error_page_says_so(client_id: str) -> None:
    client_id = new_client("machine").client_id if client_id == "machine" else client_id

    assert call("hosted_pages", "GET", "/u/start", query={"client_id": client_id}).status == 400


@pytest.mark.row(4)
def test_where_an_application_of_others_leads_the_person_sees_first() -> None:
    app = new_client(name="Ledger", first_party=False, initiate_login_uri="https://ledger.example.com/start")

    answer = Browser().get("hosted_pages", f"/u/start?client_id={app.client_id}")

    assert answer.status == 200
    assert "Continue to Ledger?" in answer.body and "ledger.example.com" in answer.body
    assert 'href="https://ledger.example.com/start?iss=https%3A%2F%2Fid.example.com"' in answer.body
