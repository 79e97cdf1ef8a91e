"""oidcc-rp-initiated-logout-certification-test-plan: each test is the module of that name."""

from collections.abc import Mapping
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conformance import signing
from tests.conformance.browser import Landing
from tests.conformance.provider import Provider
from tests.conformance.relying_party import NEEDS_THE_PERSON, Outcome, RelyingParty, random_text


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(op: Provider) -> None:
    assert op.metadata.get("end_session_endpoint"), "RP-Initiated Logout 2.1: end_session_endpoint is published"


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout(party: RelyingParty) -> None:
    outcome, request = _signed_on(party)

    landing = _logout(party, request)

    _assert_sent_back(party, landing, state=request["state"])
    _assert_signed_off(party)
    _assert_new_sign_in(party, outcome)


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(party: RelyingParty) -> None:
    _, request = _signed_on(party)

    landing = _logout(party, request | {"post_logout_redirect_uri": f"{party.client.post_logout_redirect_uri}/{random_text(10)}"})

    _assert_page(landing)


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_modified_id_token_hint(party: RelyingParty) -> None:
    outcome, request = _signed_on(party)
    for hint in (signing.unsigned(outcome.claims), outcome.tokens["id_token"].rpartition(".")[0] + "."):
        _assert_page(_logout(party, request | {"id_token_hint": hint}))
    _assert_still_signed_on(party, outcome)


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_no_id_token_hint(party: RelyingParty) -> None:
    _, request = _signed_on(party)

    _assert_page(_logout(party, _without(request, "id_token_hint")))


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_no_params(party: RelyingParty) -> None:
    _signed_on(party)

    landing = _logout(party, {})

    _assert_success_page(landing)
    _assert_signed_off(party)


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(party: RelyingParty) -> None:
    _, request = _signed_on(party)

    landing = _logout(party, _without(request, "post_logout_redirect_uri"))

    _assert_success_page(landing)
    _assert_signed_off(party)


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_no_state(party: RelyingParty) -> None:
    _, request = _signed_on(party)

    landing = _logout(party, _without(request, "state"))

    _assert_sent_back(party, landing)
    _assert_signed_off(party)


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_only_state(party: RelyingParty) -> None:
    _, request = _signed_on(party)

    landing = _logout(party, {"state": request["state"]})

    _assert_success_page(landing)
    _assert_signed_off(party)


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(party: RelyingParty) -> None:
    _, request = _signed_on(party)

    landing = _logout(party, request | {"post_logout_redirect_uri": f"{party.client.post_logout_redirect_uri}?foo=bar"})

    _assert_page(landing)


@pytest.mark.row(44)
def test_oidcc_rp_initiated_logout_bad_id_token_hint(party: RelyingParty) -> None:
    outcome, request = _signed_on(party)
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kid = jwt.get_unverified_header(outcome.tokens["id_token"])["kid"]

    landing = _logout(party, request | {"id_token_hint": jwt.encode(outcome.claims, foreign, "RS256", headers={"kid": kid})})

    _assert_page(landing)
    _assert_still_signed_on(party, outcome)


def _signed_on(party: RelyingParty) -> tuple[Outcome, dict[str, str]]:
    """Somebody who is signed on, and the logout request that is good for them; state of 128 characters in both."""
    outcome = party.complete(state=random_text(128))
    request = {
        "id_token_hint": outcome.tokens["id_token"],
        "post_logout_redirect_uri": party.client.post_logout_redirect_uri,
        "state": random_text(128),
    }
    return outcome, request


def _logout(party: RelyingParty, request: Mapping[str, str]) -> Landing:
    return party.browser.open(f"{party.provider.metadata['end_session_endpoint']}?{urlencode(request)}")


def _without(request: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in request.items() if key != name}


def _assert_sent_back(party: RelyingParty, landing: Landing, **parameters: str) -> None:
    assert landing.at_application, f"RP-Initiated Logout 3: the browser is sent to the registered address: {landing.status} {landing.text}"
    assert landing.url.partition("?")[0] == party.client.post_logout_redirect_uri
    assert landing.query == parameters, "RP-Initiated Logout 3: with the state, if there was one, and nothing else"


def _assert_page(landing: Landing) -> None:
    assert not landing.at_application, f"RP-Initiated Logout 4: what cannot be trusted is not followed: {landing.url}"


def _assert_success_page(landing: Landing) -> None:
    assert not landing.at_application, "RP-Initiated Logout 3: nobody is sent to an address that was not asked for"
    assert landing.status == 200, f"a page says that it is done: {landing.status} {landing.text}"


def _assert_signed_off(party: RelyingParty) -> None:
    request = party.request(prompt="none", state=random_text(128))
    party.refused(request, party.go(request, unattended=True), *NEEDS_THE_PERSON)


def _assert_still_signed_on(party: RelyingParty, outcome: Outcome) -> None:
    assert party.complete(prompt="none").claims["sub"] == outcome.claims["sub"], "a forged hint signs nobody off"


def _assert_new_sign_in(party: RelyingParty, outcome: Outcome) -> None:
    again = party.complete()
    assert "signed in" in again.landing.did and again.claims["sub"] == outcome.claims["sub"], "the same person may sign in again"
