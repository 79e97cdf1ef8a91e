"""oidcc-backchannel-rp-initiated-logout-certification-test-plan: each test is the module of that name."""

from urllib.parse import urlencode

import jwt
import pytest

from tests.conformance.provider import SKEW_SECONDS, Provider, verified
from tests.conformance.relying_party import NEEDS_THE_PERSON, RelyingParty, random_text
from tests.conformance.station import Notice, Station

EVENT = "http://schemas.openid.net/event/backchannel-logout"
PATIENCE_SECONDS = 20


def test_oidcc_backchannel_logout_discovery_endpoint_verification(op: Provider) -> None:
    assert op.metadata.get("backchannel_logout_supported") is True, "Back-Channel Logout 2.1"
    assert op.metadata.get("backchannel_logout_session_supported") is True, "Back-Channel Logout 2.1: sid in both tokens"
    assert op.metadata.get("end_session_endpoint"), "RP-Initiated Logout 2.1"


@pytest.mark.row(44)
def test_oidcc_backchannel_rp_initiated_logout(op: Provider, party: RelyingParty, station: Station) -> None:
    outcome = party.complete(state=random_text(128))
    request = {
        "id_token_hint": outcome.tokens["id_token"],
        "post_logout_redirect_uri": party.client.post_logout_redirect_uri,
        "state": random_text(128),
    }

    landing = party.browser.open(f"{op.metadata['end_session_endpoint']}?{urlencode(request)}")
    notice = station.awaited(lambda each: _sid(each) == outcome.claims["sid"], seconds=PATIENCE_SECONDS)

    assert landing.at_application and landing.query == {"state": request["state"]}, f"RP-Initiated Logout 3: {landing}"
    assert notice.content_type == "application/x-www-form-urlencoded", "Back-Channel Logout 2.5: a form"
    assert set(notice.form) == {"logout_token"}, "Back-Channel Logout 2.5: nothing but the token"
    _check_logout_token(party, notice.form["logout_token"], outcome.tokens["id_token"])
    silent = party.request(prompt="none", state=random_text(128))
    party.refused(silent, party.go(silent, unattended=True), *NEEDS_THE_PERSON)


def _check_logout_token(party: RelyingParty, token: str, id_token: str) -> None:
    """Back-Channel Logout 2.4 and 2.6."""
    header, signed_in = jwt.get_unverified_header(token), verified(party.provider, id_token)
    claims = verified(party.provider, token)
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]

    assert header["alg"] == jwt.get_unverified_header(id_token)["alg"], "2.4: signed as the ID token is"
    assert header.get("typ") == "logout+jwt", "2.4: typed, so that it is taken for nothing else"
    assert claims["iss"] == party.provider.issuer and party.client.client_id in audience, "2.4: iss and aud as in the ID token"
    assert abs(claims["iat"] - signed_in["iat"]) <= SKEW_SECONDS and claims["iat"] < claims["exp"], "2.4: iat and exp"
    assert claims["exp"] - claims["iat"] <= 120, "4: it should not live longer than two minutes"
    assert claims["jti"] and claims["events"] == {EVENT: {}}, "2.4: jti, and the event that it tells of"
    assert claims.get("sid") == signed_in["sid"], "2.4: the session of the ID token"
    assert claims.get("sub", signed_in["sub"]) == signed_in["sub"], "2.4: and its subject"
    assert "nonce" not in claims, "2.4: no nonce, so that it is no ID token"


def _sid(notice: Notice) -> object:
    claims: dict[str, object] = jwt.decode(notice.form.get("logout_token", ""), options={"verify_signature": False})
    return claims.get("sid")
