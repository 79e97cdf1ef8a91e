"""A hook that is created again, and one whose target moves to another host."""

import pytest

from tests.unit.operators import api, machine
from tests.unit.test_hook_changes import signed_by
from tests.unit.test_hooks_api import NEW, OPERATOR, created, kept, refused


@pytest.mark.parametrize("elsewhere", ["https://other.example.com/greet", "https://hooks.example.com:8443/greet"])
def test_on_another_host_a_hook_has_another_secret(elsewhere: str) -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, target="https://hooks.example.com/greet")

    moved = api("PATCH", f"/hooks/{made['id']}", bearer, {"target": elsewhere}).json

    assert signed_by(kept(made), moved["signing_secret"])
    assert not signed_by(kept(made), made["signing_secret"])
    secret = kept(made).secret
    assert secret and secret.earlier == ()


def test_what_is_created_again_is_the_hook_that_there_is_and_its_secret_is_not_shown_again() -> None:
    bearer, url = machine(*OPERATOR), {"target": "https://hooks.example.com/greet"}
    made = created(bearer, **url)

    again = created(bearer, **url)

    assert again == {name: value for name, value in made.items() if name != "signing_secret"}
    assert signed_by(kept(made), made["signing_secret"])
    assert "has this name" in refused(api("POST", "/hooks", bearer, NEW | url | {"order": 1}), 409, "conflict")
    other = created(bearer, name="other")
    refused(api("PATCH", f"/hooks/{other['id']}", bearer, {"name": "greeter"}), 409, "conflict")
    assert created(bearer, trigger="pre_token")["id"] != made["id"]
