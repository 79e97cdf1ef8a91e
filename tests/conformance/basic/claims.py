"""Modules of the Basic plan about claims: which scope and which parameter opens what, and how userinfo gives it."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conformance.provider import Provider, json_of
from tests.conformance.relying_party import RelyingParty

SCOPES = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
        "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}  # fmt: skip
_BIRTHDATE = re.compile(r"(\d{4}-\d{2}-\d{2}|0000-\d{2}-\d{2}|\d{4})")


def test_oidcc_userinfo_get(op: Provider, party: RelyingParty) -> None:
    outcome = party.complete()
    answer = op.userinfo(outcome.tokens["access_token"])

    assert json_of(answer)["sub"] == outcome.claims["sub"], "Core 5.3.1: GET with the token in the header"
    assert "no-store" in answer.headers.get("cache-control", ""), "claims about a person are not cached"


def test_oidcc_userinfo_post_header(op: Provider, party: RelyingParty) -> None:
    outcome = party.complete()
    answer = op.userinfo(outcome.tokens["access_token"], method="POST")

    assert json_of(answer)["sub"] == outcome.claims["sub"], "Core 5.3.1: POST with the token in the header"


def test_oidcc_userinfo_post_body(op: Provider, party: RelyingParty) -> None:
    outcome = party.complete()
    answer = op.userinfo("", method="POST", form={"access_token": outcome.tokens["access_token"]})

    assert json_of(answer)["sub"] == outcome.claims["sub"], "Core 5.3.1, RFC 6750 2.2: POST with the token in a form"


def test_oidcc_scope_profile(op: Provider, party: RelyingParty) -> None:
    _scope_opens_its_claims(op, party, "profile")


def test_oidcc_scope_email(op: Provider, party: RelyingParty) -> None:
    _scope_opens_its_claims(op, party, "email")


def test_oidcc_scope_address(op: Provider, party: RelyingParty) -> None:
    _scope_opens_its_claims(op, party, "address")


def test_oidcc_scope_phone(op: Provider, party: RelyingParty) -> None:
    _scope_opens_its_claims(op, party, "phone")


def test_oidcc_scope_all(op: Provider, party: RelyingParty) -> None:
    _scope_opens_its_claims(op, party, *SCOPES)


@pytest.mark.row(19)
def test_oidcc_claims_essential(op: Provider, party: RelyingParty) -> None:
    assert op.metadata.get("claims_parameter_supported") is True, "discovery offers what is tested here"
    outcome = party.complete(claims=json.dumps({"userinfo": {"name": {"essential": True}}}))

    assert outcome.userinfo.get("name"), "Core 5.5: an essential claim that was asked for of userinfo is there"
    assert set(outcome.userinfo) <= {"sub", "name"}, "Core 5.5: and nothing that neither scope nor claims asked for"
    assert "name" not in outcome.claims, "Core 5.5: and not in the ID token, of which it was not asked"


@pytest.mark.row(82)
def test_oidcc_ensure_request_with_acr_values_succeeds(op: Provider, party: RelyingParty) -> None:
    offered = op.metadata.get("acr_values_supported", [])
    outcome = party.complete(acr_values=" ".join(offered) or "1 2")

    assert not offered or outcome.claims.get("acr") in offered, "Core 3.1.2.1: the ID token tells which of them was met"


def _scope_opens_its_claims(op: Provider, party: RelyingParty, *scopes: str) -> None:
    """The suite skips a scope that scopes_supported lacks; here that is told by the assertion."""
    missing = [scope for scope in scopes if not op.offers("scopes_supported", scope)]
    assert not missing, f"discovery offers what is tested here: {missing}"
    outcome = party.complete(scope=" ".join(["openid", *scopes]))

    opened = {name for scope in scopes for name in SCOPES[scope]}
    assert set(outcome.userinfo) == opened | {"sub"}, "Core 5.4: userinfo returns every claim of the scope and no other"
    assert not opened & set(outcome.claims), "Core 5.4: with an access token, these claims are for userinfo alone"
    check_types(outcome.userinfo)
    known = op.configuration.claims
    assert {name: outcome.userinfo[name] for name in known if name in opened} == {name: known[name] for name in known if name in opened}


def check_types(claims: Mapping[str, Any]) -> None:
    """Hold standard claims to their types (Core 5.1)."""
    for name, value in claims.items():
        if name.endswith("_verified"):
            assert isinstance(value, bool), f"Core 5.1: {name} is a boolean"
        elif name == "updated_at":
            assert isinstance(value, int | float) and not isinstance(value, bool), "Core 5.1: updated_at is a number"
            assert 0 < value < 1e11, "Core 5.1: updated_at is in seconds"
        elif name == "address":
            assert isinstance(value, dict) and value, "Core 5.1.1: address is an object"
            check_types({f"address {member}": text for member, text in value.items()})
        else:
            assert isinstance(value, str) and value.strip() and value != "null", f"Core 5.1: {name} is a string that says something"
    assert "birthdate" not in claims or _BIRTHDATE.fullmatch(claims["birthdate"]), "Core 5.1: birthdate YYYY-MM-DD, 0000-MM-DD or YYYY"
