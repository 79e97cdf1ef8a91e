"""Registering a client: what may never be trusted is refused before anything trusts it (row 3)."""

from typing import Any

import pytest

from gatehouse import client_registration, clients
from gatehouse.client_rules import InvalidRegistration
from tests.unit.conftest import forget
from tests.unit.flows import CALLBACK, Browser, basic, new_client, token

URI_LISTS = pytest.mark.parametrize("name", ["redirect_uris", "post_logout_redirect_uris"])


@pytest.mark.row(3)
@URI_LISTS
@pytest.mark.parametrize("kind", ["web", "spa", "native"])
def test_redirect_uris_that_give_codes_away_are_refused(name: str, kind: str) -> None:
    hostile = [
        *(
            f"{CALLBACK}#fragment",
            f"{CALLBACK}#",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
        ),
        *(
            "http://app.example.com/callback",
            "http://10.0.0.1/callback",
            "http://127.0.0.2/callback",
            "http://0.0.0.0/callback",
        ),
        *(
            "https://*.example.com/callback",
            "https://app.example.com/*",
            "*",
            "https://",
            "https:///callback",
            "https:callback",
        ),
        *(
            "https://app.example.com@evil.test/callback",
            "https://a:b@app.example.com/callback",
            "//app.example.com/callback",
        ),
        *(
            "https://app.example.com/call back",
            "https://app.example.com/\n",
            "https://app.example.com\\callback",
            "https://äpp.example.com/",
        ),
        *(
            "https://app.example.com/<x>",
            "https://[::1/callback",
            "https://app.example.com:port/",
            "https://app.example.com:99999/",
        ),
        *(
            "",
            " ",
            "/callback",
            "callback",
            "ftp://app.example.com/",
            "myapp:/callback",
            "blob:https://app.example.com/x",
        ),
        *(
            "http://localhost.evil.test/callback",
            "http://127.0.0.1.evil.test/callback",
            "http://[::2]/callback",
            CALLBACK + "a" * 600,
        ),
    ]
    origins = [] if kind == "native" else ["https://app.example.com"]

    for uri in hostile:
        with pytest.raises(InvalidRegistration, match=name):
            new_client(kind, **{"web_origins": origins, "redirect_uris": [CALLBACK]} | {name: [CALLBACK, uri]})


@pytest.mark.row(3)
@pytest.mark.parametrize(
    ("kind", "uri"),
    [
        ("web", CALLBACK),
        ("web", "https://app.example.com:8443/callback?tenant=a%20b"),
        ("web", "http://localhost:3000/callback"),
        ("spa", "http://127.0.0.1:5173/"),
        ("native", "http://127.0.0.1/callback"),
        ("native", "http://[::1]/callback"),
        ("native", "com.example.app:/callback"),
        ("native", "https://app.example.com/callback"),
    ],
)
def test_redirect_uris_that_people_need_are_taken(kind: str, uri: str) -> None:
    app = new_client(kind, redirect_uris=[uri], web_origins=[])

    sent = Browser().authorize(app.client_id, redirect_uri=uri, prompt="none")

    assert sent.location.startswith(uri)
    assert sent.sent_back["error"] == "login_required"


@pytest.mark.row(3)
@pytest.mark.parametrize("kind", ["web", "spa"])
def test_a_scheme_of_its_own_is_for_native_clients_only(kind: str) -> None:
    with pytest.raises(InvalidRegistration, match="redirect_uris"):
        new_client(kind, redirect_uris=["com.example.app:/callback"])


@pytest.mark.row(3)
@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com?x",
        "https://App.example.com",
        "https://app.example.com:443",
        "http://localhost:80",
        "http://app.example.com",
        "null",
        "*",
        "https://*.example.com",
        "https://a@app.example.com",
        "app.example.com",
        "https:///",
    ],
)
def test_an_origin_is_what_browsers_send_or_nothing(origin: str) -> None:
    with pytest.raises(InvalidRegistration, match="web_origins"):
        new_client(web_origins=[origin])


def test_origins_that_browsers_send_are_taken() -> None:
    origins = [
        "https://app.example.com",
        "https://app.example.com:8443",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "http://[::1]:3000",
    ]

    assert clients.get(new_client(web_origins=origins).client_id)


@pytest.mark.parametrize(
    ("properties", "names"),
    [
        ({"type": "other"}, "type"),
        ({"type": ""}, "type"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "x" * 513}, "name"),
        ({"name": None}, "name"),
        ({"name": 1}, "name"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": CALLBACK}, "redirect_uris"),
        ({"redirect_uris": [CALLBACK] * 51}, "redirect_uris"),
        ({"redirect_uris": [None]}, "redirect_uris"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ({"require_pkce": False}, "require_pkce"),
        ({"require_pkce": "no"}, "require_pkce"),
        ({"first_party": 1}, "first_party"),
        ({"scopes": [""]}, "scopes"),
        ({"scopes": ["open id"]}, "scopes"),
        ({"scopes": ['"']}, "scopes"),
        ({"scopes": ["ü"]}, "scopes"),
        ({"access_token_seconds": 59}, "access_token_seconds"),
        ({"access_token_seconds": 86_401}, "access_token_seconds"),
        ({"access_token_seconds": True}, "access_token_seconds"),
        ({"access_token_seconds": 600.0}, "access_token_seconds"),
        ({"session_seconds": 31 * 86_400}, "session_seconds"),
        ({"refresh_grace_seconds": -1}, "refresh_grace_seconds"),
        ({"refresh_grace_seconds": 61}, "refresh_grace_seconds"),
        ({"id_token_alg": "none"}, "id_token_alg"),
        ({"id_token_alg": "HS256"}, "id_token_alg"),
        ({"access_token_alg": "A256GCM"}, "access_token_alg"),
        ({"refresh_cookie": True, "web_origins": []}, "web_origins"),
        ({"client_uri": "javascript:alert(1)"}, "client_uri"),
        ({"initiate_login_uri": "http://evil.test"}, "initiate_login_uri"),
        ({"client_id": "chosen"}, "client_id"),
        ({"secret_digests": []}, "secret_digests"),
        ({"created_at": 0}, "created_at"),
        ({"pk": "CLIENT#other"}, "pk"),
        ({"jwks_uri": "https://169.254.169.254/"}, "jwks_uri"),
    ],
)
def test_a_registration_that_breaks_a_rule_is_refused_and_told_which(properties: dict[str, Any], names: str) -> None:
    with pytest.raises(InvalidRegistration, match=f"^{names}:"):
        client_registration.register(**{"name": "App", "type": "spa", "redirect_uris": [CALLBACK]} | properties)


@pytest.mark.parametrize("client_id", ["a b", "a#b", "ü", "a:b", "a/b", "x" * 65, "\x00", "a%20"])
def test_a_chosen_client_id_is_one_that_can_be_used(client_id: str) -> None:
    with pytest.raises(InvalidRegistration, match="client_id"):
        client_registration.register(client_id, name="App", type="spa", redirect_uris=[CALLBACK])


def test_a_client_id_is_never_registered_twice() -> None:
    client_registration.register("chosen", name="App", type="spa", redirect_uris=[CALLBACK])

    with pytest.raises(InvalidRegistration, match="registered already"):
        client_registration.register("chosen", name="Other", type="spa", redirect_uris=["https://evil.test/"])


def test_an_algorithm_that_is_switched_off_is_refused_at_registration_and_not_at_sign_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGNING_ALGORITHMS", "RS256,ES256")
    forget()

    with pytest.raises(InvalidRegistration, match=r"^id_token_alg: one of RS256, ES256$"):
        new_client(id_token_alg="EdDSA")


def test_ids_and_secrets_are_long_random_and_spelled_alike_by_every_client_library() -> None:
    made = [new_client("machine") for _ in range(20)]

    for value in [app.client_id for app in made] + [app.secret for app in made]:
        assert value.isascii() and value.isalnum()
    assert len({app.client_id for app in made}) == len({app.secret for app in made}) == 20
    assert {len(app.client_id) for app in made} == {22}
    assert {len(app.secret) for app in made} == {43}


@pytest.mark.parametrize("kind", ["spa", "native"])
def test_public_clients_have_no_secret(kind: str) -> None:
    app = new_client(kind, web_origins=[])

    assert app.secret == ""
    with pytest.raises(InvalidRegistration, match="confidential"):
        client_registration.rotate_secret(app.client_id, overlap_seconds=0)


def test_a_change_must_meet_the_rules_as_a_whole() -> None:
    app = new_client("web")

    for broken in ({"type": "spa"}, {"redirect_uris": ["http://evil.test/"]}, {"unknown": "x"}, {"name": ""}):
        with pytest.raises(InvalidRegistration):
            client_registration.change(app.client_id, **broken)
    with pytest.raises(InvalidRegistration, match="no client"):
        client_registration.change("unknown", name="x")


def test_a_change_keeps_what_it_does_not_name() -> None:
    app = new_client("machine", scopes=["orders:read"], access_token_seconds=60)

    client_registration.change(app.client_id, name="Renamed", scopes=["orders:read", "orders:write"])
    clients.forget()

    answer = token(grant_type="client_credentials", authorization=basic(app.client_id, app.secret))
    assert (answer.json["scope"], answer.json["expires_in"]) == ("orders:read orders:write", 60)
