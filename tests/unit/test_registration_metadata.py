"""What nobody can register, and what is looked up before anybody can (RFC 7591 3.2.2, OpenID Connect Registration 5)."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse.clients import DEVICE_GRANT, TOKEN_EXCHANGE
from gatehouse.dynamic_registration import metadata
from tests.receiver import Receiver, receiving
from tests.unit.flows import CALLBACK
from tests.unit.registrations import EC_JWK, METADATA, SCOPE, initial_access_token, post, registered

# error_description of RFC 6749 5.2.
SAYABLE = r"[ !#-\[\]-~]{1,600}"


@pytest.mark.row(3)
@pytest.mark.parametrize(
    "uri",
    [
        f"{CALLBACK}#fragment",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://app.example.com/callback",
        "https://*.example.com/callback",
        "https://app.example.com@evil.test/callback",
        "com.example.app:/callback",
        "https://äpp.example.com/",
        "https://app.example.com/\u202e",
        "https://app.example.com/\n",
        'https://app.example.com/"\\',
        "https://[::1",
        "",
        "x" * 600,
    ],
)
def test_a_redirect_uri_that_gives_codes_away_is_refused_by_its_own_error(uri: str) -> None:
    answer = post(METADATA | {"redirect_uris": [CALLBACK, uri]})

    assert (answer.status, answer.json["error"]) == (400, "invalid_redirect_uri")
    assert re.fullmatch(SAYABLE, answer.json["error_description"])


@pytest.mark.parametrize("uri", ["https://a\u202eb.example/cb", "https://[::1", "x" * 600])
def test_the_redirect_uri_is_at_fault_and_not_the_name_that_is_made_of_it(uri: str) -> None:
    assert post({"redirect_uris": [uri]}).json["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize("uris", [[], None, ...])
def test_a_client_that_wants_codes_needs_a_redirect_uri(uris: Any) -> None:
    members = {name: value for name, value in (METADATA | {"redirect_uris": uris}).items() if value is not ...}

    assert post(members).json["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "members",
    [
        {"grant_types": ["client_credentials"]},
        {"grant_types": ["authorization_code", TOKEN_EXCHANGE]},
        {"grant_types": ["implicit"]},
        {"grant_types": ["password"]},
        {"grant_types": ["refresh_token"]},
        {"grant_types": []},
        {"response_types": ["code", "token"]},
        {"response_types": ["code id_token"]},
        {"response_types": []},
        {"grant_types": [DEVICE_GRANT], "response_types": ["code"]},
        {"application_type": "machine"},
        {"application_type": "spa"},
        {"application_type": "native", "token_endpoint_auth_method": "client_secret_basic"},
        {"application_type": "native", "grant_types": ["client_credentials"], "response_types": []},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "none", "require_pkce": False},
        {"token_endpoint_auth_signing_alg": "HS256"},
        {"client_name": ""},
        {"client_name": "a\nb"},
        {"client_name": "a\u202eb"},
        {"client_name": "x" * 513},
        {"client_uri": "javascript:alert(1)"},
        {"logo_uri": "http://10.0.0.1/logo.png"},
        {"policy_uri": "data:text/html,x"},
        {"tos_uri": "//evil.test"},
        {"initiate_login_uri": "http://evil.test/"},
        {"post_logout_redirect_uris": ["javascript:alert(1)"]},
        {"contacts": ["x" * 600]},
        {"contacts": ["a"] * 51},
        {"scope": "openid orders:read"},
        {"scope": SCOPE},
        {"scope": "openid app_metadata"},
        {"scope": '"'},
        {"jwks": {}},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": {}}},
        {"jwks": {"keys": ["key"]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [EC_JWK | {"d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}]}},
        {"jwks": {"keys": [EC_JWK | {"crv": "P-384"}]}},
        {"jwks": {"keys": [EC_JWK | {"kid": 5}]}},
        {"jwks": {"keys": [EC_JWK, EC_JWK]}},
        {"jwks": {"keys": [EC_JWK | {"kid": str(number)} for number in range(11)]}},
        {"jwks": {"keys": [EC_JWK]}, "jwks_uri": "https://ledger.example/jwks"},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS256"},
        {"request_object_signing_alg": "none"},
        {"require_signed_request_object": True},
        {"default_max_age": -1},
        {"default_max_age": 3600.0},
        {"default_max_age": True},
        {"default_max_age": 10**30},
        {"subject_type": "pairwise"},
        {"default_acr_values": ["urn:mace:incommon:iap:silver"]},
        {"software_id": "a\u0000b"},
        {"software_version": "x" * 513},
    ],
    ids=lambda members: json.dumps(members)[:60],
)
def test_metadata_that_break_a_rule_are_refused_by_the_name_that_the_client_knows(members: dict[str, Any]) -> None:
    answer = post(METADATA | members)

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert answer.json["error_description"].partition(":")[0] in {*members, "jwks", "grant_types"}
    assert re.fullmatch(SAYABLE, answer.json["error_description"])
    assert "www-authenticate" not in answer.headers


@pytest.mark.row(92)
@pytest.mark.parametrize("name", ["jwks_uri", "backchannel_logout_uri", "sector_identifier_uri"])
@pytest.mark.parametrize(
    "uri",
    [
        "http://ledger.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://0x7f000001/",
        "https://169.254.169.254/",
        "https://[fd00::1]/",
        "https://metadata.google.internal/",
        "https://ledger.example:22/",
        "https://ledger.example:6379/",
        "file:///etc/passwd",
        "gopher://ledger.example/",
    ],
)
def test_what_we_would_call_must_be_public(name: str, uri: str) -> None:
    answer = post(METADATA | {name: uri})

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert answer.json["error_description"].startswith(f"{name}: ")


@pytest.mark.parametrize("name", sorted(metadata._KINDS))
def test_a_member_of_another_kind_is_refused_and_never_a_defect(name: str) -> None:
    access_token = initial_access_token()
    for wrong in ("text", ["a"], 5, True, {"a": "b"}, 1.5, [["a"]], [None]):
        answer = post(METADATA | {name: wrong}, access_token)

        if answer.status == 201:
            assert type(wrong) is metadata._KINDS[name]
        else:
            assert (answer.status, answer.json["error"]) in ((400, "invalid_client_metadata"), (400, "invalid_redirect_uri"))
    if name != "redirect_uris":
        assert post(METADATA | {name: None}, access_token).status == 201, "null counts as left out"


def test_what_is_not_offered_is_refused_unless_nobody_asks_for_it() -> None:
    access_token = initial_access_token()
    for name in metadata._NOT_OFFERED:
        for asked in ("RSA-OAEP", True, ["x"], {"x": 1}, 1):
            answer = post(METADATA | {name: asked}, access_token)
            assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
            assert answer.json["error_description"] == f"{name}: is not offered"
    nothing: list[Any] = [False, "", None, [], 0]
    for harmless in nothing:
        assert post(METADATA | dict.fromkeys(metadata._NOT_OFFERED, harmless), access_token).status == 201


def test_members_that_nobody_knows_are_ignored() -> None:
    odd = {"client_name#ja": "台帳", "": 1, "a.b": {"x": [1.5, None]}, "software_statement": "eyJ", "request_uris": [5]}

    assert not odd.keys() & registered(**odd).told.keys()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"text"',
        "{",
        "{'a': 1}",
        '{"redirect_uris": [], "redirect_uris": []}',
        '{"jwks": {"keys": [], "keys": []}}',
        '{"client_name": "\\ud800"}',
        '{"jwks": {"keys": [{"kid": "\\udfff"}]}}',
        "[" * 60_000,
        '{"a":' * 10_000,
        '{"default_max_age": ' + "9" * 5000 + "}",
    ],
    ids=lambda body: body[:40],
)
def test_a_body_that_is_no_json_object_is_refused(body: str) -> None:
    answer = post(body)

    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_another_media_type_and_a_body_that_is_too_large_are_refused() -> None:
    as_form = post("client_name=x", **{"content-type": "application/x-www-form-urlencoded"})
    assert (as_form.status, as_form.json["error"]) == (400, "invalid_request")
    assert post(METADATA | {"client_name": "x" * 65_536}).status == 413
    assert post(METADATA | {"unknown": "x" * 60_000}).status == 201


@pytest.fixture
def receiver(laptop: None) -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def _serve(receiver: Receiver, document: str) -> str:
    body = document.encode()
    receiver.answers.append(b"HTTP/1.0 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    return f"{receiver.url}/sector.json"


def _at_home(members: dict[str, Any]) -> Any:
    return post(METADATA | members, initial_access_token(audience="http://localhost:8080/api/v2/"))


def test_a_sector_file_that_lists_every_redirect_uri_is_accepted_and_shown_again(receiver: Receiver) -> None:
    uri = _serve(receiver, json.dumps(["https://other.example/", CALLBACK, 5]))
    answer = _at_home({"sector_identifier_uri": uri})

    assert (answer.status, answer.json["sector_identifier_uri"]) == (201, uri)


@pytest.mark.parametrize(
    "document", ["[]", json.dumps(["https://other.example/"]), json.dumps({"uris": [CALLBACK]}), json.dumps(CALLBACK), "<html>", "[" * 9999]
)
def test_a_sector_file_that_does_not_list_them_fails_the_registration(receiver: Receiver, document: str) -> None:
    answer = _at_home({"sector_identifier_uri": _serve(receiver, document)})

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert answer.json["error_description"].startswith("sector_identifier_uri: ")


@pytest.mark.row(92)
@pytest.mark.parametrize("refused", [404, 302, 500, b"x" * 200_000])
def test_a_sector_file_that_is_not_simply_there_fails_the_registration(receiver: Receiver, refused: int | bytes) -> None:
    receiver.answers.append(refused)
    answer = _at_home({"sector_identifier_uri": f"{receiver.url}/sector.json"})

    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert len(receiver.requests) == 1
