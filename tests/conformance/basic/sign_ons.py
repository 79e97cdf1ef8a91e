"""Modules of the Basic plan about a person who is signed on already, or has to be again."""

import time

import pytest

from tests.conformance.provider import SKEW_SECONDS
from tests.conformance.relying_party import NEEDS_THE_PERSON, RelyingParty, random_text


def test_oidcc_prompt_login(party: RelyingParty) -> None:
    first = party.complete()
    time.sleep(1)  # whole seconds tell the two apart
    second = party.complete(prompt="login")

    assert "signed in" in second.landing.did, "Core 3.1.2.1: prompt=login asks again although there is a session"
    assert second.claims["sub"] == first.claims["sub"]
    if "auth_time" in first.claims:
        assert second.claims["auth_time"] > first.claims["auth_time"], "Core 2: auth_time is when they signed in this time"


@pytest.mark.row(16)
def test_oidcc_prompt_none_not_logged_in(party: RelyingParty) -> None:
    request = party.request(prompt="none", state=f"{random_text(124)}-._~")

    landing = party.go(request, unattended=True)

    party.refused(request, landing, *NEEDS_THE_PERSON)


def test_oidcc_prompt_none_logged_in(party: RelyingParty) -> None:
    first = party.complete()
    second = party.complete(prompt="none")

    assert second.landing.did == (), "Core 3.1.2.1: prompt=none asks nothing, not even for consent a second time"
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims.get("auth_time") == first.claims.get("auth_time"), "Core 2: nobody signed in anew"


@pytest.mark.row(82)
def test_oidcc_max_age_1(party: RelyingParty) -> None:
    first = party.complete()
    time.sleep(2)
    second = party.complete(max_age="1")

    assert "signed in" in second.landing.did, "Core 3.1.2.1: what is older than max_age has to be done again"
    assert "auth_time" in second.claims, "Core 2: with max_age there is an auth_time"
    assert second.claims["auth_time"] > first.claims.get("auth_time", 0), "Core 2: auth_time is when they signed in this time"
    assert time.time() - second.claims["auth_time"] < SKEW_SECONDS, "and that was just now"


def test_oidcc_max_age_10000(party: RelyingParty) -> None:
    first = party.complete(max_age="15000")
    assert "auth_time" in first.claims, "Core 2: with max_age there is an auth_time"
    second = party.complete(max_age="10000")

    assert second.landing.did == (), "Core 3.1.2.1: what is younger than max_age is good enough"
    assert second.claims["auth_time"] == first.claims["auth_time"], "Core 2: nobody signed in anew"


def test_oidcc_id_token_hint(party: RelyingParty) -> None:
    first = party.complete()
    second = party.complete(prompt="none", id_token_hint=first.tokens["id_token"])

    assert second.landing.did == ()
    assert second.claims["sub"] == first.claims["sub"], "Core 3.1.2.1: the person of the hint is signed on"
