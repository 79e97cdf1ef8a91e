"""Signed request objects (RFC 9101): only what the client's own key signed for us counts, and nothing beside it."""

import time
from typing import Any

import pytest

from gatehouse import client_registration
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    PASSWORD,
    Browser,
    browser_of,
    claims_of,
    exchange,
    new_client,
    new_user,
)
from tests.unit.signers import ALGORITHMS, Key, assertion, by_assertion, go, key, push, request_object, signing_client
from tests.unit.test_redirect_uris import shown_and_not_sent

OF = key("ES256", "first")
OTHER = "https://app.example.com/other"
INSIDE = {
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid email",
    "state": "inside",
    "nonce": "inside",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def app_of(*keys: Key, **properties: Any) -> str:
    return new_client("spa", **({"jwks": [one.jwk for one in keys or (OF,)], "redirect_uris": [CALLBACK, OTHER]} | properties)).client_id


def signed(client_id: str, of: Key = OF, /, **changes: Any) -> str:
    return request_object(of, client_id, **(INSIDE | changes))


def ask(browser: Browser, client_id: str, request: str, **outside: str) -> Answer:
    """GET /authorize with nothing beside the object but what every request has."""
    query = {"client_id": client_id, "response_type": "code", "scope": "openid", "request": request} | outside
    return call("authorize", "GET", "/authorize", query=query, cookies=browser.cookies)


def signed_on() -> Browser:
    return browser_of(new_user())


def refused(answer: Answer) -> bool:
    """Sent back to the address outside the object, which is registered, with nothing from inside."""
    assert answer.status == 303, answer.body
    return answer.location.startswith(f"{OTHER}?error=invalid_request_object&") and answer.sent_back["state"] == "outside"


def judged(request: str, client_id: str) -> bool:
    """Whether it is refused."""
    return refused(ask(Browser(), client_id, request, redirect_uri=OTHER, state="outside"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("typ", [None, "JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"])
def test_what_the_client_signed_is_what_it_asks_for(algorithm: str, typ: str | None) -> None:
    of = key(algorithm, "first")
    client_id = app_of(of)

    back = ask(signed_on(), client_id, signed(client_id, of, header={"typ": typ}))

    assert back.location.startswith(f"{CALLBACK}?")
    assert back.sent_back["state"] == "inside"
    tokens = exchange(client_id, back.sent_back["code"]).json
    assert tokens["scope"] == "openid email"
    assert claims_of(tokens["id_token"])["nonce"] == "inside"


@pytest.mark.row(6)
def test_nothing_beside_the_object_counts() -> None:
    client_id = app_of()
    outside = {"redirect_uri": OTHER, "state": "outside", "nonce": "outside", "scope": "openid profile", "response_mode": "form_post"}
    outside |= {"code_challenge": "x" * 43, "prompt": "none", "max_age": "0", "claims": "[]", "response_type": "token", "dpop_jkt": "x"}

    back = ask(signed_on(), client_id, signed(client_id), **outside)

    assert back.location.startswith(f"{CALLBACK}?")
    assert back.sent_back["state"] == "inside"
    tokens = exchange(client_id, back.sent_back["code"]).json
    assert tokens["scope"] == "openid email"
    assert claims_of(tokens["id_token"])["nonce"] == "inside"


@pytest.mark.parametrize("name", ["state", "nonce", "scope", "prompt"])
def test_what_is_missing_inside_is_not_taken_from_outside(name: str) -> None:
    client_id = app_of()
    outside = {"state": "outside", "nonce": "outside", "scope": "openid profile", "prompt": "none"}

    back = ask(signed_on(), client_id, signed(client_id, **{name: None}), **outside)

    assert back.sent_back.get("state") == (None if name == "state" else "inside")
    tokens = exchange(client_id, back.sent_back["code"]).json
    assert tokens["scope"] == ("" if name == "scope" else "openid email")
    if name == "nonce":
        assert "nonce" not in claims_of(tokens["id_token"])


def test_pkce_outside_is_no_pkce() -> None:
    client_id = app_of()
    request = signed(client_id, code_challenge=None, code_challenge_method=None)

    back = ask(signed_on(), client_id, request, code_challenge=CHALLENGE, code_challenge_method="S256")

    assert back.sent_back["error"] == "invalid_request"


@pytest.mark.row(1, 4)
def test_an_address_outside_does_not_matter() -> None:
    client_id = app_of()

    for outside in ("https://evil.test/", f"{CALLBACK}/", ""):
        more = {"redirect_uri": outside} if outside else {}
        good = ask(browser_of(new_user(f"{len(outside)}@example.com")), client_id, signed(client_id), **more)
        assert good.location.startswith(f"{CALLBACK}?code=")


@pytest.mark.parametrize("inside", ["https://evil.test/", f"{CALLBACK}/", "", None, 7, [CALLBACK, OTHER], "\x00"])
def test_a_bad_address_inside_is_shown(inside: object) -> None:
    client_id = app_of()

    answer = ask(Browser(), client_id, signed(client_id, redirect_uri=inside), redirect_uri=CALLBACK, state="outside")

    assert shown_and_not_sent(answer)


@pytest.mark.row(18)
def test_an_error_of_the_object_goes_to_a_registered_address_outside_or_is_shown() -> None:
    client_id, single = app_of(), app_of(redirect_uris=[CALLBACK])

    assert judged("x", client_id)
    for outside in ({}, {"redirect_uri": "https://evil.test/"}):
        assert shown_and_not_sent(ask(Browser(), client_id, "x", **outside))
    assert ask(Browser(), single, "x", state="outside").location.startswith(f"{CALLBACK}?error=invalid_request_object&")


def test_an_error_of_the_request_inside_goes_to_the_address_inside_as_it_asks() -> None:
    client_id = app_of()

    for changes, error in (
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"prompt": "none"}, "login_required"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ):
        back = ask(Browser(), client_id, signed(client_id, **changes), redirect_uri=OTHER, state="outside")
        assert back.location.startswith(f"{CALLBACK}?"), changes
        assert (back.sent_back["error"], back.sent_back["state"]) == (error, "inside")
    posted = ask(Browser(), client_id, signed(client_id, prompt="none", response_mode="form_post"))
    assert 'value="login_required"' in posted.body


def test_parameters_may_be_numbers_objects_and_lists_as_json_writes_them() -> None:
    client_id = app_of(resources=["https://a.example", "https://b.example"])
    claims: dict[str, Any] = {"id_token": {"email": None}, "userinfo": {"name": {"essential": True}}}
    request = signed(client_id, max_age=3600, claims=claims, resource=["https://a.example", "https://b.example"], scope="openid")

    back = ask(signed_on(), client_id, request)
    tokens = exchange(client_id, back.sent_back["code"]).json

    assert claims_of(tokens["id_token"])["email"] == "ada@example.com"
    assert claims_of(tokens["access_token"])["aud"] == ["https://a.example", "https://b.example", ISSUER]
    again = ask(browser_of(new_user("grace@example.com")), client_id, signed(client_id, max_age=0))
    assert "/u/login" in again.location
    assert ask(signed_on_late(), client_id, signed(client_id, max_age=-1)).sent_back["error"] == "invalid_request"


def signed_on_late() -> Browser:
    return browser_of(new_user("late@example.com"))


def test_an_object_without_times_serves_an_ordinary_client() -> None:
    client_id = app_of()

    assert "code" in ask(signed_on(), client_id, signed(client_id, exp=None, nbf=None, iat=None)).sent_back
    assert "code" in ask(browser_of(new_user("b@example.com")), client_id, signed(client_id, aud=[ISSUER, "x"])).sent_back


def test_it_survives_the_pages() -> None:
    new_user()
    client_id, browser = app_of(first_party=False), Browser()
    started = browser._kept(ask(browser, client_id, signed(client_id)))

    consent = browser.fill(browser.get("hosted_pages", started.location), "/u/login", email="ada@example.com", password=PASSWORD)
    back = browser.fill(browser.get("hosted_pages", consent.location), "/u/consent", decision="allow")

    assert back.sent_back["state"] == "inside"
    assert exchange(client_id, back.sent_back["code"]).json["scope"] == "openid email"


def test_a_client_may_be_held_to_signed_requests_and_to_one_algorithm() -> None:
    client_id, browser = app_of(require_signed_request_object=True), signed_on()
    pinned = app_of(key("RS256", "first"), request_object_signing_alg="PS256")

    assert browser.authorize(client_id).sent_back["error"] == "invalid_request"
    assert push(INSIDE | {"client_id": client_id}).json["error"] == "invalid_request"
    assert "code" in ask(browser, client_id, signed(client_id)).sent_back
    assert judged(signed(pinned, key("RS256", "first")), pinned)
    assert "code" in ask(browser, pinned, signed(pinned, Key("PS256", key("RS256", "first").private, "first"))).sent_back
    with pytest.raises(client_registration.InvalidRegistration, match="jwks"):
        new_client("spa", require_signed_request_object=True)


def test_a_signed_request_may_be_pushed() -> None:
    client_id, browser = app_of(require_signed_request_object=True), signed_on()
    pushed = push({"client_id": client_id, "request": signed(client_id), "state": "outside", "redirect_uri": OTHER})

    assert pushed.status == 201
    back = go(browser, client_id, pushed.json["request_uri"], state="outside", redirect_uri=OTHER)
    assert back.location.startswith(f"{CALLBACK}?")
    assert back.sent_back["state"] == "inside"
    for request in ("x", signed(client_id, aud="x"), signed(client_id, request_uri=pushed.json["request_uri"])):
        assert push({"client_id": client_id, "request": request}).json["error"] == "invalid_request_object"
    evil = push({"client_id": client_id, "request": signed(client_id, redirect_uri="https://evil.test/"), "redirect_uri": CALLBACK})
    assert (evil.status, evil.json["error"]) == (400, "invalid_request")


def test_a_form_from_another_site_finds_its_cookies_again() -> None:
    client_id = app_of()
    posted = call("authorize", "POST", "/authorize", form={"client_id": client_id, "request": signed(client_id)})

    assert posted.status == 303
    assert signed_on().get("authorize", posted.location).sent_back["state"] == "inside"


def test_under_fapi_an_object_has_bounds() -> None:
    of = key("ES256", "fapi")
    client_id = signing_client(of, security_profile="fapi2").client_id
    now = int(time.time())

    def answered(signer: Key = of, **changes: Any) -> int:
        request = request_object(signer, client_id, **(INSIDE | changes))
        answer = push({"request": request} | by_assertion(assertion(of, client_id)))
        assert answer.status == 201 or answer.json["error"] == "invalid_request_object", answer.body
        return answer.status

    for good in ({}, {"nbf": now - 3500}, {"exp": now + 3500}, {"nbf": now + 8}):
        assert answered(**good) == 201, good
    for bad in ({"exp": None}, {"nbf": None}, {"exp": now + 4000}, {"nbf": now - 4000}, {"exp": now - 300}, {"nbf": now + 60}):
        assert answered(**bad) == 400, bad
    rs256 = key("RS256", "fapi")
    weak = signing_client(of, security_profile="fapi2", jwks=[of.jwk, rs256.jwk | {"kid": "other"}]).client_id
    request = request_object(Key("RS256", rs256.private, "other"), weak, **INSIDE)
    assert push({"request": request} | by_assertion(assertion(of, weak))).json["error"] == "invalid_request_object"
    assert (
        push({"request": request_object(Key("PS256", rs256.private, "other"), weak, **INSIDE)} | by_assertion(assertion(of, weak))).status
        == 201
    )


def test_a_state_that_fits_no_redirect_is_never_sent_back() -> None:
    client_id = app_of()
    form = {"client_id": client_id, "redirect_uri": CALLBACK, "state": "x" * 20_000}

    for bad in ({"request": "x"}, {"request_uri": "https://app.example.com/r"}):
        assert shown_and_not_sent(call("authorize", "POST", "/authorize", form=form | bad)), bad
    must_push = app_of(require_pushed_authorization_requests=True)
    assert shown_and_not_sent(call("authorize", "POST", "/authorize", form=form | {"client_id": must_push}))
