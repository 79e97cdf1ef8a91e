"""What conformance suites need of a stack: clients, a person with every claim, and files that only their owner reads."""

import json
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from gatehouse import client_registration, clients, pages, passwords, table, users
from gatehouse.clients import Client
from gatehouse.jose import foreign
from gatehouse.userinfo import CUSTOM_SCOPES, claims
from gatehouse.users import PROFILE_CLAIMS, User
from local import certification, private_jwk, suite_plans
from local.certification import Certified
from tests.unit.conftest import ISSUER

BASE = "https://suite.example/test/a/gatehouse"
TEMPLATES = sorted(Path(pages.__path__[0], "templates").glob("*.html"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "certification" / "secrets.json"


@pytest.fixture
def certified(file: Path) -> Certified:
    return certification.provide(file, [BASE])


def registered(client_id: str) -> Client:
    found = clients.get(client_id, no_older_than_seconds=0)
    assert found
    return found


def person() -> User:
    found = users.get_by_email(certification.EMAIL)
    assert found
    return found


def test_the_clients_of_the_basic_plan_may_do_without_pkce_and_authenticate_as_it_does(certified: Certified) -> None:
    found = {name: registered(certified.clients[name]["client_id"]) for name in ("basic", "second", "post")}

    assert {name: client.token_endpoint_auth_method for name, client in found.items()} == {
        "basic": "client_secret_basic",
        "second": "client_secret_basic",
        "post": "client_secret_post",
    }
    assert all(client.first_party and not client.require_pkce for client in found.values())
    assert all(client.knows_secret(certified.clients[name]["client_secret"]) for name, client in found.items())
    assert all(set(clients.STANDARD_SCOPES) <= set(client.scopes) for client in found.values())


def test_the_clients_of_the_fapi_plan_are_held_to_it_and_their_keys_fit(certified: Certified) -> None:
    for name in ("fapi1", "fapi2", "signing1", "signing2", "deny1", "deny2"):
        own, client = certified.clients[name], registered(certified.clients[name]["client_id"])
        key = own["jwk"]
        signed = jwt.encode({"iss": name}, jwt.PyJWK.from_dict(key).key, algorithm=key["alg"], headers={"kid": key["kid"]})

        assert client.fapi and client.dpop_bound_access_tokens and client.require_pkce
        assert foreign.verify(signed, list(client.jwks), algorithms=foreign.STRONG_ALGORITHMS, types=("jwt",)) == {"iss": name}
        assert not client.secret_digests


def test_only_the_clients_for_message_signing_must_sign_their_requests(certified: Certified) -> None:
    must = {name for name, own in certified.clients.items() if registered(own["client_id"]).require_signed_request_object}

    assert must == {"signing1", "signing2"}


def test_no_private_key_is_stored(certified: Certified) -> None:
    stored = [table.get(table.client_key(own["client_id"])) for own in certified.clients.values()]

    assert all(item and "d" not in jwk for item in stored for jwk in (item.get("jwks", []) if item else []))


def test_every_address_of_every_suite_is_registered(file: Path) -> None:
    bases = [BASE, "https://other.example/test/a/mine/"]
    client = registered(certification.provide(file, bases).clients["basic"]["client_id"])

    assert client.redirect_uris == (f"{BASE}/callback", "https://other.example/test/a/mine/callback")
    assert client.post_logout_redirect_uris[0] == f"{BASE}/post_logout_redirect"
    assert client.backchannel_logout_uri == f"{BASE}/backchannel_logout"


def test_a_suite_that_no_function_may_call_is_not_told_who_signed_out(file: Path) -> None:
    out_of_reach = "https://localhost:8443/test/a/x"
    certification.provide(file, [out_of_reach, BASE])
    assert registered("certbasic").backchannel_logout_uri == f"{BASE}/backchannel_logout"

    certification.provide(file, [out_of_reach])
    assert registered("certbasic").backchannel_logout_uri == ""


def test_the_second_fapi_client_comes_back_with_a_query_too(certified: Certified) -> None:
    assert registered("certfapi2").redirect_uris == (f"{BASE}/callback", f"{BASE}/callback?dummy1=lorem&dummy2=ipsum")


def test_userinfo_can_tell_everything_about_the_person(certified: Certified) -> None:
    told = claims(person(), "openid profile email address phone")

    assert set(told) >= {*PROFILE_CLAIMS, "updated_at", "email", "email_verified", "address", "phone_number", "phone_number_verified"}
    assert not set(told) & set(CUSTOM_SCOPES)
    assert (told["email_verified"], told["phone_number_verified"], type(told["updated_at"])) == (True, True, int)
    assert passwords.verify(certified.password, person().password_hash)


def test_a_second_time_changes_nothing(file: Path, certified: Certified) -> None:
    before = person()

    assert certification.provide(file) == certified
    assert person() == before


def test_new_addresses_leave_secrets_as_they_are(file: Path, certified: Certified) -> None:
    moved = certification.provide(file, ["https://other.example/test/a/x"])

    assert (moved.clients, moved.password) == (certified.clients, certified.password)
    assert registered("certpost").redirect_uris == ("https://other.example/test/a/x/callback",)


def test_what_was_forgotten_is_made_anew(file: Path, certified: Certified) -> None:
    file.unlink()
    anew = certification.provide(file, [BASE])

    assert anew.password != certified.password
    assert passwords.verify(anew.password, person().password_hash)
    assert registered("certbasic").knows_secret(anew.clients["basic"]["client_secret"])
    assert not registered("certbasic").knows_secret(certified.clients["basic"]["client_secret"])
    assert registered("certfapi1").jwks[0]["kid"] == anew.clients["fapi1"]["jwk"]["kid"]


def test_a_stack_that_was_emptied_gets_all_of_it_again(file: Path, certified: Certified) -> None:
    for own in certified.clients.values():
        table.delete(table.client_key(own["client_id"]))
    again = certification.provide(file)

    assert registered("certbasic").knows_secret(again.clients["basic"]["client_secret"])
    assert again.clients["fapi1"] == certified.clients["fapi1"]


def test_an_address_that_may_not_be_registered_is_refused(file: Path) -> None:
    with pytest.raises(client_registration.InvalidRegistration, match="redirect_uris"):
        certification.provide(file, ["http://suite.example/test/a/x"])


def test_only_its_owner_reads_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--directory", str(tmp_path), "--suite", "https://suite.example/", "--alias", "a", "--alias", "b"]
    monkeypatch.setattr(sys, "argv", ["certification", *arguments])
    umask_is_lenient = tmp_path / "secrets.json"
    umask_is_lenient.touch(mode=0o666)
    umask_is_lenient.write_text("{}")
    assert certification.main() == 0

    written = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    plans = {f"{alias}-{kind}.json" for alias in "ab" for kind in ("oidc", "dynamic", "fapi2", "signing")}
    assert written == dict.fromkeys([*plans, "secrets.json", "conformance.json"], 0o600)
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*plans, "conformance.json"))
    assert json.loads((tmp_path / "secrets.json").read_text())["password"] not in printed


def test_a_mistake_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["certification", "--directory", str(tmp_path), "--suite", "http://suite.example"])

    assert certification.main() == 1
    assert capsys.readouterr().err.startswith("error: redirect_uris: http://suite.example/test/a/gatehouse/callback ")


def test_the_twin_is_told_all_it_needs(certified: Certified) -> None:
    told = certification.configuration(certified, BASE, verify_tls="/some/certificate.pem", backchannel_listen="127.0.0.1:1")

    assert told["issuer"] == ISSUER
    assert list(told["clients"]) == ["basic", "second", "post", "fapi1", "fapi2", "signing1", "signing2", "deny1"]
    assert told["clients"]["basic"].keys() == {"client_id", "client_secret", "redirect_uri", "post_logout_redirect_uri"}
    assert told["clients"]["fapi1"].keys() == {"client_id", "jwk", "redirect_uri", "post_logout_redirect_uri"}
    assert told["user"]["fields"] == {"email": certification.EMAIL, "password": certified.password}
    everything = claims(person(), "openid profile email address phone")
    assert told["user"]["claims"] == {name: value for name, value in everything.items() if name != "sub"}
    assert (told["verify_tls"], told["backchannel_listen"], told["initial_access_token"]) == ("/some/certificate.pem", "127.0.0.1:1", None)


@pytest.fixture
def plans(certified: Certified) -> dict[str, dict[str, Any]]:
    return suite_plans.plans(
        ISSUER, BASE, certified.clients, {"email": certification.EMAIL, "password": certified.password}, "an initial access token"
    )


def commands(value: Any) -> Iterator[list[Any]]:
    """Every command of a plan's robot, those of its overrides too."""
    if isinstance(value, dict):
        yield from value.get("commands", [])
        value = list(value.values())
    for entry in value if isinstance(value, list) else []:
        yield from commands(entry)


def test_a_plan_names_the_provider_its_clients_and_their_keys(plans: dict[str, dict[str, Any]], certified: Certified) -> None:
    oidc, fapi = plans["oidc"], plans["fapi2"]

    assert (oidc["alias"], oidc["server"]) == ("gatehouse", {"discoveryUrl": f"{ISSUER}/.well-known/openid-configuration"})
    assert [oidc[part]["client_id"] for part in ("client", "client2", "client_secret_post")] == ["certbasic", "certsecond", "certpost"]
    assert fapi["client"]["jwks"]["keys"] == [certified.clients["fapi1"]["jwk"]]
    assert (fapi["client2"]["client_id"], plans["signing"]["client2"]["client_id"]) == ("certfapi2", "certsigning2")
    assert plans["dynamic"].keys() & {"client_secret_post"} == set()


def test_the_robot_presses_and_fills_in_only_what_is_there(plans: dict[str, dict[str, Any]]) -> None:
    there = set(re.findall(r' id="([^"]+)"', "".join(file.read_text(encoding="utf-8") for file in TEMPLATES)))
    named = {command[2] for command in commands(list(plans.values())) if command[0] in ("click", "text")}

    assert named == {"email", "password", "sign-in", "allow", "deny", "sign-out"}
    assert named <= there


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_a_robot_finds_every_field_and_button_by_its_id(template: Path) -> None:
    controls = re.findall(r"<(?:button|input|select|textarea)\b[^>]*>", template.read_text(encoding="utf-8"))

    assert [control for control in controls if 'type="hidden"' not in control and " id=" not in control] == []


@pytest.mark.parametrize("algorithm", ["PS256", "ES256"])
def test_a_key_is_its_owners_in_private_and_everybodys_without(algorithm: str) -> None:
    jwk = private_jwk.new_jwk(algorithm)
    public = private_jwk.public_part(jwk)

    assert (jwk["alg"], jwk["use"]) == (algorithm, "sig")
    assert foreign.thumbprint(public) == foreign.thumbprint(jwk)
    assert public.keys() & {"d", "p", "q", "dp", "dq", "qi"} == set()
