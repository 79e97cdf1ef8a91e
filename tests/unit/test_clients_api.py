"""/api/v2/clients: register, read, change and delete applications, in Auth0's shape."""

from typing import Any

import pytest

from gatehouse import clients
from gatehouse.client_rules import PROPERTIES
from tests.unit.conftest import Answer
from tests.unit.flows import CALLBACK, basic, later, token
from tests.unit.operators import api, machine

OPERATOR = ("create:clients", "read:clients", "update:clients", "delete:clients", "update:client_keys")
NEW: dict[str, Any] = {"name": "Shop", "app_type": "regular_web", "callbacks": [CALLBACK]}


def created(bearer: str, **more: Any) -> dict[str, Any]:
    answer = api("POST", "/clients", bearer, NEW | more)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def refused(answer: Answer, naming: str) -> None:
    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body"), answer.body
    assert naming in answer.json["message"]


def test_an_application_is_read_back_as_it_was_registered_without_its_secret() -> None:
    bearer = machine(*OPERATOR)
    given = {
        "description": "Sells things",
        "allowed_logout_urls": ["https://app.example.com/bye"],
        "web_origins": ["https://app.example.com"],
        "allowed_origins": ["https://other.example.com"],
        "token_endpoint_auth_method": "client_secret_post",
        "is_first_party": False,
        "initiate_login_uri": "https://app.example.com/start",
        "logo_uri": "https://app.example.com/logo.png",
        "jwt_configuration": {"alg": "ES256", "lifetime_in_seconds": 300},
        "oidc_logout": {"backchannel_logout_urls": ["https://app.example.com/logged-out"]},
        "client_metadata": {"team": "shop"},
        "scopes": ["openid", "read:orders"],
        "resources": ["https://orders.example.com"],
        "access_token_seconds": 120,
        "claims_in_id_token": True,
    }

    made = created(bearer, **given, refresh_token={"token_lifetime": 86400, "idle_token_lifetime": 3600, "leeway": 5})

    answer = api("GET", f"/clients/{made['client_id']}", bearer)
    assert answer.json == {name: value for name, value in made.items() if name != "client_secret"}
    assert {name: made[name] for name in NEW | given} == NEW | given
    assert made["refresh_token"] == {
        "token_lifetime": 86400,
        "idle_token_lifetime": 3600,
        "leeway": 5,
        "rotation_type": "rotating",
        "expiration_type": "expiring",
        "infinite_token_lifetime": False,
        "infinite_idle_token_lifetime": False,
    }
    assert (made["oidc_conformant"], made["global"]) == (True, False)


def test_a_registered_application_signs_in_with_the_secret_it_was_shown() -> None:
    made = created(
        machine(*OPERATOR), app_type="non_interactive", callbacks=[], scopes=["read:orders"], audience="https://orders.example.com"
    )

    answer = token(grant_type="client_credentials", authorization=basic(made["client_id"], made["client_secret"]))

    assert (answer.status, answer.json["scope"]) == (200, "read:orders")


@pytest.mark.parametrize(
    ("app_type", "kind"), [("regular_web", "web"), ("spa", "spa"), ("native", "native"), ("non_interactive", "machine")]
)
def test_the_types_of_applications_have_auth0s_names(app_type: str, kind: str) -> None:
    bearer = machine(*OPERATOR)

    made = created(bearer, app_type=app_type, **({"callbacks": []} if kind == "machine" else {}))

    client = clients.get(made["client_id"])
    assert client
    assert client.type == kind
    assert made["app_type"] == app_type
    assert ("client_secret" in made) == (kind in ("web", "machine"))
    listed = api("GET", "/clients", bearer, query={"app_type": app_type, "is_first_party": True}).json
    assert made["client_id"] in [found["client_id"] for found in listed]
    assert {found["app_type"] for found in listed} == {app_type}


def test_a_patch_changes_what_it_names_merges_objects_and_null_takes_away() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, client_metadata={"team": "shop", "old": "1"}, description="Sells", jwt_configuration={"alg": "ES256"})

    answer = api(
        "PATCH",
        f"/clients/{made['client_id']}",
        bearer,
        {"client_metadata": {"old": None, "new": "2"}, "description": None, "jwt_configuration": {"lifetime_in_seconds": 120}},
    )

    assert answer.status == 200, answer.body
    changed = {
        "description": "",
        "client_metadata": {"team": "shop", "new": "2"},
        "jwt_configuration": {"alg": "ES256", "lifetime_in_seconds": 120},
    }
    assert answer.json == {name: value for name, value in made.items() if name != "client_secret"} | changed
    back = api("PATCH", f"/clients/{made['client_id']}", bearer, {"jwt_configuration": None, "client_metadata": {}})
    assert back.json["jwt_configuration"] == {"alg": "RS256", "lifetime_in_seconds": 3600}
    assert back.json["client_metadata"] == {}


def test_merge_patches_and_json_patches_go_by_their_media_types() -> None:
    bearer = machine(*OPERATOR)
    path = f"/clients/{created(bearer, client_metadata={'team': 'shop', 'old': '1'})['client_id']}"

    merged = api("PATCH", path, bearer, {"client_metadata": {"old": None}}, content_type="application/merge-patch+json")
    assert merged.json["client_metadata"] == {"team": "shop"}

    operations = [{"op": "add", "path": "/callbacks/-", "value": "https://app.example.com/two"}]
    patched = api("PATCH", path, bearer, operations, content_type="application/json-patch+json")
    assert patched.json["callbacks"] == [CALLBACK, "https://app.example.com/two"]
    for document in ({"callbacks": "https://x"}, {"client_secret": "x"}, {"refresh_token": {"leeway": "5"}}, {"name": 5}):
        assert api("PATCH", path, bearer, document, content_type="application/merge-patch+json").status == 400


@pytest.mark.row(87)
def test_a_change_of_another_version_than_if_match_names_is_refused() -> None:
    bearer = machine(*OPERATOR)
    made = api("POST", "/clients", bearer, NEW)
    path = f"/clients/{made.json['client_id']}"

    first = api("PATCH", path, bearer, {"name": "One"}, if_match=made.headers["etag"])
    stale = api("PATCH", path, bearer, {"name": "Two"}, if_match=made.headers["etag"])

    assert (first.status, stale.status, stale.json["errorCode"]) == (200, 412, "precondition_failed")
    read = api("GET", path, bearer)
    assert (read.json["name"], read.headers["etag"]) == ("One", first.headers["etag"])
    api("POST", f"{path}/rotate-secret", bearer)
    assert api("PATCH", path, bearer, {"name": "Two"}, if_match=read.headers["etag"]).status == 412


@pytest.mark.parametrize(
    ("change", "naming"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"app_type": "resource_server"}, "app_type"),
        ({"app_type": "spa", "token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        ({"callbacks": []}, "callbacks"),
        ({"callbacks": ["http://app.example.com/callback"]}, "callbacks"),
        ({"callbacks": ["javascript:alert(1)"]}, "callbacks"),
        ({"allowed_logout_urls": ["https://*.example.com"]}, "allowed_logout_urls"),
        ({"web_origins": ["https://app.example.com/path"]}, "web_origins"),
        ({"logo_uri": "data:image/png;base64,AA"}, "logo_uri"),
        ({"initiate_login_uri": "//evil.example"}, "initiate_login_uri"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"jwt_configuration": {"alg": "HS256"}}, "jwt_configuration.alg"),
        ({"jwt_configuration": {"lifetime_in_seconds": 1}}, "jwt_configuration.lifetime_in_seconds"),
        ({"jwt_configuration": {"secret_encoded": True}}, "jwt_configuration"),
        ({"refresh_token": {"leeway": 61}}, "refresh_token.leeway"),
        ({"refresh_token": {"rotation_type": "non-rotating"}}, "refresh_token.rotation_type"),
        ({"refresh_token": {"expiration_type": "non-expiring"}}, "refresh_token.expiration_type"),
        ({"refresh_token": {"infinite_token_lifetime": True}}, "refresh_token.infinite_token_lifetime"),
        ({"oidc_logout": {"backchannel_logout_urls": ["http://127.0.0.1/x"]}}, "oidc_logout.backchannel_logout_urls"),
        (
            {"oidc_logout": {"backchannel_logout_urls": ["https://a.example/x", "https://b.example/x"]}},
            "oidc_logout.backchannel_logout_urls",
        ),
        ({"oidc_conformant": False}, "oidc_conformant"),
        ({"description": "x" * 141}, "description"),
        ({"client_metadata": {"deep": {"er": 1}}}, "client_metadata"),
        ({"client_metadata": {str(number): "x" for number in range(11)}}, "client_metadata"),
        ({"client_metadata": {"long": "x" * 256}}, "client_metadata"),
        ({"scopes": ["read orders"]}, "scopes"),
        ({"access_token_seconds": True}, "access_token_seconds"),
        ({"security_profile": "fapi9"}, "security_profile"),
        ({"jwks": [{"kty": "oct", "k": "c2VjcmV0"}]}, "jwks"),
        ({"client_id": "chosen"}, "client_id"),
        ({"client_secret": "chosen"}, "client_secret"),
        ({"secret_digests": []}, "secret_digests"),
        ({"registration_digest": "x"}, "registration_digest"),
        ({"version": 7}, "version"),
        ({"list_pk": "ORGS"}, "list_pk"),
        ({"#a": 1, ":v": 2}, "#a"),
    ],
)
@pytest.mark.row(83)
def test_what_breaks_a_rule_is_refused_by_the_name_that_the_caller_gave_it(change: dict[str, Any], naming: str) -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer)

    refused(api("POST", "/clients", bearer, NEW | change), naming)
    refused(api("PATCH", f"/clients/{made['client_id']}", bearer, change), naming)

    assert len(api("GET", "/clients", bearer, query={"app_type": "regular_web"}).json) == 1
    assert api("GET", f"/clients/{made['client_id']}", bearer).json == {k: v for k, v in made.items() if k != "client_secret"}


def test_every_property_of_a_client_can_be_set_by_some_name() -> None:
    made = created(machine(*OPERATOR))
    places = {*made, *made["jwt_configuration"], *made["refresh_token"], *made["oidc_logout"]}
    assert made["token_exchange"] == {"mode": ""}

    renamed = {"type", "redirect_uris", "post_logout_redirect_uris", "first_party", "id_token_alg", "id_token_seconds"}
    renamed |= {"session_seconds", "session_idle_seconds", "refresh_grace_seconds", "backchannel_logout_uri"}
    assert set(PROPERTIES) - places == renamed


@pytest.mark.parametrize("body", ["", "[]", "null", '"x"', "{", '{"name": "a", "name": "b"}', "{}", '{"name": null}'])
def test_a_body_that_is_no_application_is_refused(body: str) -> None:
    assert api("POST", "/clients", machine(*OPERATOR), body).status == 400


@pytest.mark.row(88, 89)
@pytest.mark.parametrize("client_id", ["%23", "CLIENT#x", "a" * 65, "..", "x y", "é", "client-1", "a" * 3000])
def test_what_cannot_be_the_id_of_an_application_reaches_none(client_id: str) -> None:
    bearer = machine(*OPERATOR)

    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert api(method, f"/clients/{client_id}", bearer, body).status in (400, 404, 204)
    assert api("POST", f"/clients/{client_id}/rotate-secret", bearer).status in (400, 404)


def test_names_that_look_like_parts_of_an_expression_are_kept_as_they_are() -> None:
    bearer = machine(*OPERATOR)
    names = {"#a": "size(:v) > attribute_exists(b)", "set": "REMOVE pk", "a.b": "}{", "'; --": "💥"}

    made = created(bearer, client_metadata=names)
    again = api("PATCH", f"/clients/{made['client_id']}", bearer, {"client_metadata": {":v0": "#n0"}})

    assert again.json["client_metadata"] == names | {":v0": "#n0"}


def test_secrets_are_shown_when_they_are_new_and_never_again(capsys: pytest.CaptureFixture[str]) -> None:
    bearer = machine(*OPERATOR, "read:client_keys")
    made = created(bearer)
    path = f"/clients/{made['client_id']}"
    rotated = api("POST", f"{path}/rotate-secret", bearer)

    told = [api("GET", path, bearer), api("GET", "/clients", bearer), api("PATCH", path, bearer, {"name": "Other"})]
    told.append(api("GET", path, bearer, query={"fields": "client_secret,secret_digests,registration_digest,notes"}))

    assert rotated.status == 200
    secrets = (made["client_secret"], rotated.json["client_secret"])
    logged = capsys.readouterr()
    for text in (*(answer.body for answer in told), logged.out, logged.err):
        assert not any(secret in text for secret in secrets)
        assert "digest" not in text
    assert told[-1].json == {}


def test_a_rotated_secret_replaces_the_old_one_at_once_or_after_an_overlap() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, app_type="non_interactive", callbacks=[])
    path = f"/clients/{made['client_id']}/rotate-secret"

    def works(secret: str) -> bool:
        clients.forget()
        return token(grant_type="client_credentials", authorization=basic(made["client_id"], secret)).status == 200

    with later(0):
        second = api("POST", path, bearer).json["client_secret"]
        assert (works(made["client_secret"]), works(second)) == (False, True)
        third = api("POST", path, bearer, {"overlap_seconds": 60}).json["client_secret"]
        assert (works(second), works(third)) == (True, True)
        with later(61):
            assert (works(second), works(third)) == (False, True)
    for body in ({"overlap_seconds": -1}, {"overlap_seconds": "60"}, {"overlap": 1}, {"overlap_seconds": 10**9}):
        assert api("POST", path, bearer, body).status == 400
