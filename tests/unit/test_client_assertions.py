"""Clients that prove themselves with a key (private_key_jwt, RFC 7523): their own key, for us, for a short time, once (row 30)."""

import time
from typing import Any

import pytest

from gatehouse import table
from tests.unit.conftest import ISSUER, Answer, call, forget
from tests.unit.faults import THROTTLED, always, lose_answer, trouble, unreachable
from tests.unit.flows import CALLBACK, VERIFIER, browser_of, later, new_code, new_user, token
from tests.unit.signers import (
    ALGORITHMS,
    Key,
    assertion,
    by_assertion,
    key,
    machine_token,
    signing_client,
)

ENDPOINTS = {
    "/oauth/token": "token_exchange",
    "/oauth/introspect": "introspect",
    "/oauth/revoke": "revoke",
    "/oauth/par": "push_authorization",
}


def ask(path: str, *, query: str = "", authorization: str = "", **form: str) -> Answer:
    """What would succeed at each of the endpoints but for the authentication."""
    given = {"grant_type": "client_credentials", "token": "x"}
    if path == "/oauth/par":
        given = {"response_type": "code", "code_challenge": "x" * 43, "code_challenge_method": "S256"}
    headers = {"authorization": authorization} if authorization else {}
    return call(ENDPOINTS[path], "POST", path, form=given | form, headers=headers, query=query)


def refused(answer: Answer) -> bool:
    """As any failed authentication, and without saying why."""
    assert answer.status < 500, answer.body
    told = {"error": "invalid_client", "error_description": "client authentication failed"}
    return answer.status == 401 and answer.json == told and "www-authenticate" not in answer.headers


def seconds_ahead(seconds: float) -> int:
    return int(time.time() + seconds)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kid", ["", "first"])
def test_an_assertion_of_the_clients_key_authenticates_it(algorithm: str, kid: str) -> None:
    of = key(algorithm, kid)
    app = signing_client(of, "machine")

    assert machine_token(of, app.client_id).status == 200
    assert machine_token(of, app.client_id, header={"kid": None}).status == 200
    assert app.secret == ""


@pytest.mark.parametrize("path", ENDPOINTS)
def test_it_does_so_at_every_endpoint_and_once_over_all_of_them(path: str) -> None:
    of = key()
    app = signing_client(of, grant_types=["authorization_code", "client_credentials"])
    signed = assertion(of, app.client_id)

    assert ask(path, **by_assertion(signed)).status in (200, 201)
    for again in ENDPOINTS:
        assert refused(ask(again, **by_assertion(signed)))


def test_the_client_id_beside_it_may_be_missing_and_must_not_be_another() -> None:
    of = key()
    app, other = signing_client(of, "machine"), signing_client(of, "machine")

    assert ask("/oauth/token", **by_assertion(assertion(of, app.client_id))).status == 200
    assert ask("/oauth/token", client_id=app.client_id, **by_assertion(assertion(of, app.client_id))).status == 200
    assert refused(ask("/oauth/token", client_id=other.client_id, **by_assertion(assertion(of, app.client_id))))
    assert refused(ask("/oauth/token", client_id="nobody", **by_assertion(assertion(of, app.client_id))))


@pytest.mark.row(30)
def test_an_assertion_serves_once() -> None:
    of = key()
    app = signing_client(of, "machine")
    signed = by_assertion(assertion(of, app.client_id, jti="once"))

    assert ask("/oauth/token", **signed).status == 200
    assert refused(ask("/oauth/token", **signed))
    assert refused(machine_token(of, app.client_id, jti="once", exp=seconds_ahead(120)))
    assert machine_token(of, app.client_id, jti="twice").status == 200


@pytest.mark.row(30, 34)
def test_what_was_used_is_known_after_a_cold_start_and_however_late_the_table_is_swept() -> None:
    of = key()
    app = signing_client(of, "machine")
    signed = by_assertion(assertion(of, app.client_id, exp=seconds_ahead(600)))
    assert ask("/oauth/token", **signed).status == 200

    for wait in (0, 30, 599, 601, 660, 86400):
        with later(wait):
            forget()
            assert refused(ask("/oauth/token", **signed))


@pytest.mark.row(30)
def test_a_used_assertion_is_kept_until_no_clock_takes_it_any_more() -> None:
    of = key()
    app = signing_client(of, "machine")
    ends = seconds_ahead(300)
    machine_token(of, app.client_id, exp=ends)

    [used] = [item for item in table.scan(None, limit=100)[0] if item["pk"].startswith("ASSERTION#")]
    assert ends + 60 <= used["ttl"] <= ends + 600


def test_two_clients_may_use_the_same_jti() -> None:
    of = key()

    for app in (signing_client(of, "machine"), signing_client(of, "machine")):
        assert machine_token(of, app.client_id, jti="1").status == 200


@pytest.mark.row(30)
def test_after_a_lost_answer_the_request_that_used_it_goes_on_and_no_other() -> None:
    of = key()
    app = signing_client(of, "machine")
    signed = by_assertion(assertion(of, app.client_id))
    ask("/oauth/token", **by_assertion(assertion(of, app.client_id)))

    with trouble({"dynamodb.PutItem": [lose_answer]}) as sent:
        answer = ask("/oauth/token", **signed)

    assert answer.status == 200
    assert sent == ["dynamodb.PutItem"] * 2
    assert refused(ask("/oauth/token", **signed))


@pytest.mark.row(30)
def test_trouble_with_the_table_is_no_verdict_and_lets_nobody_in() -> None:
    of = key()
    app = signing_client(of, "machine")
    machine_token(of, app.client_id)

    for fate in (THROTTLED, unreachable):
        with trouble({"dynamodb.PutItem": always(fate)}):
            answer = machine_token(of, app.client_id)
        assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")


@pytest.mark.row(30)
def test_what_an_outage_cut_short_can_be_repeated_with_the_same_assertion_once() -> None:
    of = key()
    app = signing_client(of, grant_types=["authorization_code", "refresh_token"])
    tokens = tokens_of_code(of, app.client_id)
    repeated = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | by_assertion(assertion(of, app.client_id))

    with trouble({"dynamodb.GetItem": always(THROTTLED)}):
        assert token(**repeated).status == 503
    assert token(**repeated).status == 200
    assert refused(token(**repeated))


@pytest.mark.row(30)
def test_a_verdict_gives_no_assertion_back() -> None:
    of = key()
    app = signing_client(of)
    wrong = {"grant_type": "refresh_token", "refresh_token": "x"} | by_assertion(assertion(of, app.client_id))

    assert token(**wrong).json["error"] == "invalid_grant"
    assert refused(token(**wrong))


def tokens_of_code(of: Key, client_id: str) -> dict[str, Any]:
    code = new_code(client_id, browser_of(new_user()))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    tokens: dict[str, Any] = token(**form, **by_assertion(assertion(of, client_id))).json
    return tokens


def test_it_costs_one_write() -> None:
    of = key()
    app = signing_client(of, "machine")
    machine_token(of, app.client_id)

    with trouble() as sent:
        machine_token(of, app.client_id)

    assert sent == ["dynamodb.PutItem"]


WRONG: dict[str, list[Any]] = {
    "jti": [None, "", "x" * 257, 7, ["a"], True, "\ud800"],
    "exp": [None, 0, -1, True, 1.5e12, 2**53, 10**400, "soon", float("nan"), float("inf")],
    "iss": [None, "nobody", "", ["nobody"], "\ud800"],
    "sub": ["nobody", "", {"a": 1}, "\ud800"],
    "iat": ["now", False],
    "nbf": ["now", True, 1.5],
    "aud": [
        *(None, "", [], [7, None, {}], {ISSUER: ISSUER}, ISSUER.upper(), f"{ISSUER}.evil.test", "https://elsewhere.example"),
        ["https://elsewhere.example", f"{ISSUER}/callback"],
    ],
}


@pytest.mark.row(30)
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
@pytest.mark.parametrize("named", [True, False])
def test_a_claim_that_is_missing_or_wrong(name: str, value: Any, named: bool) -> None:
    of = key()
    app = signing_client(of, "machine")
    form = by_assertion(assertion(of, app.client_id, **{name: value})) | ({"client_id": app.client_id} if named else {})

    assert refused(ask("/oauth/token", **form))


@pytest.mark.row(30)
def test_the_times_that_bound_it() -> None:
    of = key()
    app = signing_client(of, "machine")

    with later(0):
        taken = [{"exp": seconds_ahead(1)}, {"exp": seconds_ahead(600)}, {"nbf": seconds_ahead(8)}, {"iat": seconds_ahead(8)}]
        taken += [{"nbf": seconds_ahead(-9999)}, {"iat": seconds_ahead(-9999)}, {"iat": None}]
        for claims in taken:
            assert machine_token(of, app.client_id, **claims).status == 200, claims
        late: list[dict[str, Any]] = [{"exp": seconds_ahead(0)}, {"exp": seconds_ahead(-300)}, {"exp": seconds_ahead(660)}]
        late += [{"exp": seconds_ahead(60) + 0.5}, {"nbf": seconds_ahead(60)}, {"iat": seconds_ahead(60)}]
        for claims in late:
            assert refused(machine_token(of, app.client_id, **claims)), claims


@pytest.mark.row(30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_an_ordinary_client_may_address_what_libraries_do(path: str) -> None:
    of = key()
    app = signing_client(of, grant_types=["authorization_code", "client_credentials"])

    for audience in (ISSUER, f"{ISSUER}/", f"{ISSUER}/oauth/token", ISSUER + path, [ISSUER], ["https://elsewhere.example", ISSUER + path]):
        assert ask(path, **by_assertion(assertion(of, app.client_id, aud=audience))).status in (200, 201), audience
    for other in (f"{ISSUER}/authorize", f"{ISSUER}{path}/", f"{ISSUER}{path}?x=1", f"{ISSUER}//oauth/token"):
        assert refused(ask(path, **by_assertion(assertion(of, app.client_id, aud=other)))), other


@pytest.mark.row(30)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_under_fapi_only_the_issuer_as_a_plain_string_is_addressed(path: str) -> None:
    of = key()
    app = signing_client(of, security_profile="fapi2")
    asked = {"redirect_uri": "https://app.example.com/callback"}

    for audience in ([ISSUER], f"{ISSUER}/", f"{ISSUER}/oauth/token", ISSUER + path, [ISSUER, ISSUER + path]):
        assert refused(ask(path, **asked, **by_assertion(assertion(of, app.client_id, aud=audience)))), audience
    answer = ask(path, **asked, **by_assertion(assertion(of, app.client_id)))
    assert answer.status in (200, 201) or answer.json["error"] == "unauthorized_client"


@pytest.mark.row(30, 48)
def test_eddsa_goes_by_the_name_that_newer_libraries_use() -> None:
    of = key("EdDSA")
    for jwk in (of.jwk, of.jwk | {"alg": "Ed25519"}, of.jwk | {"alg": "EdDSA"}):
        app = signing_client(of, "machine", jwks=[jwk])
        for name in ("Ed25519", "EdDSA"):
            assert machine_token(of, app.client_id, header={"alg": name}).status == 200
        for name in ("ed25519", "Ed448", ["Ed25519"], {"Ed25519": 1}):
            assert refused(machine_token(of, app.client_id, header={"alg": name}))
