"""The keys that a client publishes itself: fetched from its jwks_uri, remembered for a while, asked for no more often than needed."""

import json
from collections.abc import Iterator

import pytest

from gatehouse import client_keys, client_registration
from gatehouse.client_registration import Registered
from tests.unit.conftest import Answer
from tests.unit.flows import CALLBACK, Browser, later, new_client
from tests.unit.forgery import part
from tests.unit.signers import Key, KeyServer, key, machine_token, request_object, serving, spelled

FIRST, SECOND, THIRD = (key("ES256", kid) for kid in ("first", "second", "third"))


@pytest.fixture
def host(laptop: None) -> Iterator[KeyServer]:
    """Where a client publishes its keys, at a moment that lasts: how old they are is then exact."""
    with serving(FIRST) as listening, later(0):
        yield listening


def app_at(host: KeyServer) -> Registered:
    return new_client("machine", token_endpoint_auth_method="private_key_jwt", jwks_uri=host.url)


def outage(answer: Answer) -> bool:
    """Nobody is told that a good assertion is a bad one."""
    retry = answer.headers.get("retry-after", "")
    return (answer.status, answer.json["error"]) == (503, "temporarily_unavailable") and retry.isdigit()


def forged(kid: str | None) -> Key:
    """A key that says it is this one."""
    return Key("ES256", key("ES256", "attackers").private, kid or "")


def test_a_published_key_is_fetched_once_and_then_remembered(host: KeyServer) -> None:
    app = app_at(host)

    for _ in range(5):
        assert machine_token(FIRST, app.client_id).status == 200
    assert host.asked == 1
    with later(client_keys.CACHE_SECONDS - 1):
        assert machine_token(FIRST, app.client_id).status == 200
        assert host.asked == 1
    with later(client_keys.CACHE_SECONDS + 1):
        assert machine_token(FIRST, app.client_id).status == 200
        assert host.asked == 2


def test_a_new_key_serves_as_soon_as_it_is_published(host: KeyServer) -> None:
    app = app_at(host)
    machine_token(FIRST, app.client_id)
    host.publish(SECOND)

    with later(client_keys.REFETCH_SECONDS):
        assert machine_token(SECOND, app.client_id).status == 200
        assert machine_token(FIRST, app.client_id).status == 401
    assert host.asked == 2


@pytest.mark.row(30)
def test_a_withdrawn_key_serves_no_longer_than_it_is_remembered(host: KeyServer) -> None:
    app = app_at(host)
    machine_token(FIRST, app.client_id)
    host.publish(SECOND)

    with later(client_keys.CACHE_SECONDS):
        assert machine_token(FIRST, app.client_id).status == 401


@pytest.mark.row(30)
def test_whoever_makes_kids_up_does_not_make_us_call_the_client_each_time(host: KeyServer) -> None:
    app = app_at(host)
    machine_token(FIRST, app.client_id)

    for number in range(20):
        assert machine_token(forged(f"made-up-{number}"), app.client_id).status == 401
    assert host.asked == 1
    with later(client_keys.REFETCH_SECONDS):
        for number in range(20):
            assert machine_token(forged(f"made-up-{number}"), app.client_id).status == 401
    assert host.asked == 2
    assert machine_token(forged("first"), app.client_id).status == 401
    assert machine_token(forged(None), app.client_id).status == 401
    assert host.asked == 2


@pytest.mark.row(30, 51)
@pytest.mark.parametrize("kid", ["x" * 10_000, "../../first", "http://127.0.0.1:1/", 7, ["first"], {"first": 1}, ""])
def test_whatever_a_kid_is_it_names_a_key_or_none(host: KeyServer, kid: object) -> None:
    app = app_at(host)

    assert machine_token(FIRST, app.client_id, header={"kid": kid}).status == 401
    assert host.asked == 1


def test_while_the_clients_host_is_down_its_last_keys_serve_on_for_an_hour(host: KeyServer) -> None:
    app = app_at(host)
    machine_token(FIRST, app.client_id)
    host.status = 500

    for seconds in (client_keys.CACHE_SECONDS, client_keys.STALE_SECONDS - 1):
        with later(seconds):
            assert machine_token(FIRST, app.client_id).status == 200
            assert machine_token(forged("first"), app.client_id).status == 401
    assert host.asked == 3
    with later(client_keys.STALE_SECONDS + 1):
        assert outage(machine_token(FIRST, app.client_id))
    host.status = 200
    with later(client_keys.STALE_SECONDS + 2 * client_keys.RETRY_SECONDS):
        assert machine_token(FIRST, app.client_id).status == 200


def test_while_it_is_down_nobody_is_told_that_a_new_key_is_a_wrong_one(host: KeyServer) -> None:
    app = app_at(host)
    machine_token(FIRST, app.client_id)
    host.status = 500

    with later(client_keys.CACHE_SECONDS):
        for _ in range(5):
            assert outage(machine_token(SECOND, app.client_id))
            assert machine_token(FIRST, app.client_id).status == 200
    assert host.asked == 2
    host.status = 200
    host.publish(SECOND)
    with later(client_keys.CACHE_SECONDS + client_keys.RETRY_SECONDS):
        assert machine_token(SECOND, app.client_id).status == 200


@pytest.mark.row(30)
def test_a_host_that_was_never_reached_is_an_outage_and_is_not_called_for_every_request(host: KeyServer) -> None:
    app = app_at(host)
    host.status = 503

    for _ in range(5):
        assert outage(machine_token(FIRST, app.client_id))
    assert host.asked == 1
    host.status = 200
    with later(client_keys.RETRY_SECONDS):
        assert machine_token(FIRST, app.client_id).status == 200


def test_a_dead_host_is_an_outage(laptop: None) -> None:
    with serving(FIRST) as gone:
        app = app_at(gone)

    assert outage(machine_token(FIRST, app.client_id))


USELESS = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"keys": null}',
    b'{"keys": {}}',
    b"<html>",
    b"\xff\xfe",
    b"[" * 60_000,
    b'{"keys": [' * 5000,
    b'{"keys": [], "padding": "' + b"x" * 70_000 + b'"}',
]


@pytest.mark.parametrize("body", USELESS, ids=lambda body: repr(body[:30]))
def test_what_is_no_key_set_or_a_giant_one_is_an_outage(host: KeyServer, body: bytes) -> None:
    app = app_at(host)
    host.body = body

    assert outage(machine_token(FIRST, app.client_id))


@pytest.mark.parametrize("body", USELESS, ids=lambda body: repr(body[:30]))
def test_it_does_not_replace_the_last_good_one(host: KeyServer, body: bytes) -> None:
    app = app_at(host)
    machine_token(FIRST, app.client_id)
    host.body = body

    with later(client_keys.CACHE_SECONDS):
        assert machine_token(FIRST, app.client_id).status == 200
    assert host.asked == 2


STRANGE = [
    *("text", 7, None, [], {}, {"kty": "EC"}, {"kty": ["EC"]}, {"kty": {"a": 1}, "kid": "first"}, {"kid": ["first"]}),
    {"kty": "oct", "k": "c2VjcmV0", "kid": "first"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "first"},
    {"kty": "EC", "crv": "P-256", "x": 7, "y": None, "kid": "first"},
    {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "first"},
    {"kty": "EC", "crv": ["P-256"], "x": "é", "y": "====", "kid": "first"},
    {"kty": "EC", "use": ["sig"], "alg": {"a": 1}, "kid": "first"},
    FIRST.private_jwk | {"kid": "first"},
]


def test_keys_that_are_none_are_passed_over(host: KeyServer) -> None:
    app = app_at(host)
    host.body = json.dumps({"keys": [*STRANGE, FIRST.jwk, SECOND.jwk], "more": 1}).encode()

    assert machine_token(FIRST, app.client_id).status == 200
    assert machine_token(SECOND, app.client_id).status == 200


@pytest.mark.parametrize("jwk", STRANGE, ids=spelled)
def test_a_set_of_nothing_else_authenticates_nobody(host: KeyServer, jwk: object) -> None:
    app = app_at(host)
    host.body = json.dumps({"keys": [jwk]}).encode()

    for kid in ("first", None):
        answer = machine_token(FIRST, app.client_id, header={"kid": kid})
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_two_clients_keys_are_kept_apart(host: KeyServer) -> None:
    with serving(SECOND) as elsewhere:
        one, other = app_at(host), app_at(elsewhere)
        for _ in range(2):
            assert machine_token(FIRST, one.client_id).status == machine_token(SECOND, other.client_id).status == 200
            assert machine_token(SECOND, one.client_id).status == machine_token(FIRST, other.client_id).status == 401


def test_many_clients_do_not_fill_the_memory(host: KeyServer) -> None:
    clients = [
        new_client("machine", token_endpoint_auth_method="private_key_jwt", jwks_uri=f"{host.url}?{number}").client_id
        for number in range(client_keys._MOST_REMEMBERED + 2)
    ]
    for client_id in clients:
        assert machine_token(FIRST, client_id).status == 200

    assert len(client_keys._fetched) <= client_keys._MOST_REMEMBERED


@pytest.mark.row(92)
def test_a_redirect_is_not_followed(host: KeyServer) -> None:
    app = app_at(host)
    host.status = 302

    assert outage(machine_token(FIRST, app.client_id))
    assert host.asked == 1


@pytest.mark.row(92)
def test_only_a_stack_on_somebodys_own_machine_may_call_that_machine() -> None:
    for uri in ("http://localhost:8080/jwks", "https://127.0.0.1/jwks", "https://169.254.169.254/jwks", "https://[::1]/", "file:///jwks"):
        with pytest.raises(client_registration.InvalidRegistration, match="jwks_uri"):
            new_client("machine", token_endpoint_auth_method="private_key_jwt", jwks_uri=uri)


def test_one_source_of_keys_is_registered_and_not_two() -> None:
    for properties in ({"jwks": [FIRST.jwk], "jwks_uri": "https://app.example.com/jwks"}, {}):
        with pytest.raises(client_registration.InvalidRegistration, match="jwks"):
            new_client("machine", token_endpoint_auth_method="private_key_jwt", **properties)


@pytest.mark.parametrize("jwk", [entry for entry in STRANGE if isinstance(entry, dict)], ids=spelled)
def test_only_good_public_keys_are_registered(jwk: dict[str, str]) -> None:
    with pytest.raises(client_registration.InvalidRegistration, match="jwks"):
        new_client("machine", token_endpoint_auth_method="private_key_jwt", jwks=[jwk])


@pytest.mark.parametrize("bits", [1024, 8192])
def test_rsa_keys_that_are_weak_or_cost_too_much_are_not_registered(bits: int) -> None:
    modulus = (1 << (bits - 1)) + 1
    jwk = key("RS256").jwk | {"n": part(modulus.to_bytes(bits // 8))}

    with pytest.raises(client_registration.InvalidRegistration, match="jwks"):
        new_client("machine", token_endpoint_auth_method="private_key_jwt", jwks=[jwk])


def test_request_objects_are_held_against_the_published_keys_too(host: KeyServer) -> None:
    app = new_client("spa", jwks_uri=host.url)
    wanted = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "signed"}
    wanted |= {"code_challenge": "x" * 43, "code_challenge_method": "S256", "prompt": "none"}

    opened = Browser().authorize(app.client_id, request=request_object(FIRST, app.client_id, **wanted), state="")
    assert opened.sent_back["error"] == "login_required"
    assert opened.sent_back["state"] == "signed"
    host.status = 500
    client_keys.forget()
    down = Browser().authorize(app.client_id, request=request_object(FIRST, app.client_id, **wanted), state="plain")
    assert down.sent_back["error"] == "temporarily_unavailable"
