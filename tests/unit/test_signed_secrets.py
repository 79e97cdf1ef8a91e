"""What clients sign and what is bound to their keys stands in no log line, no error body and no table (rows 25, 100)."""

import pytest

from gatehouse import table
from tests.unit.conftest import Answer
from tests.unit.flows import CALLBACK, CHALLENGE, VERIFIER, Browser, browser_of, new_user, token
from tests.unit.signers import assertion, bound_userinfo, by_assertion, go, key, nonce, proof, push, request_object, signing_client
from tests.unit.test_secrets_stay_secret import assert_none_in

pytestmark = pytest.mark.row(25, 100)
CLIENT, HOLDER, THIEF = key("PS256", "client"), key("ES256", "holder"), key("ES256", "thief")
REQUEST = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid offline_access", "code_challenge": CHALLENGE}


def a_day_of_a_bank() -> tuple[set[str], list[Answer]]:
    """What was signed, sealed and given, and every answer but those that gave it."""
    app, browser = signing_client(CLIENT, security_profile="fapi2"), browser_of(new_user())
    signed: set[str] = {VERIFIER, *browser.cookies.values()}
    refusals: list[Answer] = []

    def by_key(**claims: object) -> dict[str, str]:
        signed.add(one := assertion(CLIENT, app.client_id, **claims))
        return by_assertion(one)

    def bound(**changes: object) -> str:
        signed.add(one := proof(HOLDER, **({"nonce": nonce()} | changes)))
        return one

    for changes in ({}, {"aud": "x"}, {"state": "\ud800"}):
        signed.add(request := request_object(CLIENT, app.client_id, **(REQUEST | {"code_challenge_method": "S256"} | changes)))
        pushed = push({"request": request} | by_key())
        refusals += [pushed] if pushed.status >= 400 else []
        for claims in ({"aud": "x"}, {"jti": "\ud800"}, {"exp": 1}):
            refusals.append(push({"request": request} | by_key(**claims)))
    pushed = push(REQUEST | {"code_challenge_method": "S256"} | by_key())
    back = go(browser, app.client_id, pushed.json["request_uri"])
    refusals.append(go(Browser(), app.client_id, pushed.json["request_uri"]))
    form = {"grant_type": "authorization_code", "code": back.sent_back["code"], "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    for proven in ({"dpop": bound(htm="GET")}, {"dpop": bound(nonce="x")}, {}):
        refusals.append(token(**form, **by_key(), **proven))
    tokens = token(**form, **by_key(), dpop=bound()).json
    signed |= {form["code"], tokens["access_token"], tokens["refresh_token"], tokens["id_token"]}
    refreshed = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for dpop in (bound(jti=None), bound(iat=1), bound(jti="\ud800")):
        refusals.append(token(**refreshed, **by_key(), dpop=dpop))
    refusals.append(bound_userinfo(THIEF, tokens["access_token"]))
    refusals.append(bound_userinfo(HOLDER, tokens["access_token"], ath="x"))
    return signed, refusals


def test_no_log_line_holds_what_was_signed(capsys: pytest.CaptureFixture[str]) -> None:
    signed, _ = a_day_of_a_bank()

    log = capsys.readouterr()
    assert log.err == ""
    assert log.out.count("\n") > 20
    assert_none_in(signed, log.out)


def test_no_error_body_holds_what_was_signed() -> None:
    signed, refusals = a_day_of_a_bank()

    assert min(refusal.status for refusal in refusals) >= 400
    assert_none_in(signed, "\n".join(refusal.body for refusal in refusals))


def test_a_dump_of_the_table_holds_nothing_of_it() -> None:
    signed, _ = a_day_of_a_bank()

    items, _ = table.scan(None, limit=10_000)
    assert {"ASSERTION", "PAR"} <= {item["sk"] for item in items}
    assert_none_in(signed, "".join(map(repr, items)))
