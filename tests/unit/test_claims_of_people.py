"""What people write themselves leaves a token first, so that nobody drives out of it what others decide by (row 90)."""

from typing import Any

import pytest

from gatehouse import tokens
from gatehouse.tokens import Added
from tests.unit.flows import new_user
from tests.unit.mapped import app, given, mapping, rule, signed

pytestmark = pytest.mark.row(90)
OWN = {"iss": "https://id.example.com", "permissions": ["p" * 100], "roles": ["r" * 100]}


def test_a_restriction_stays_however_much_somebody_writes_about_themselves() -> None:
    theirs = [rule(f"user_metadata.{name}", f"app:{name}") for name in "abc"]
    profile = rule("identities.google.profile.bio", "app:bio")
    mapping(rule("app_metadata.restrictions", "app:restrictions"), *theirs, profile)
    google = {"connection": "google", "provider": "google-oauth2", "user_id": "g-1", "profile": {"bio": "x" * 850}}
    ada = given(new_user(), app_metadata={"restrictions": "r" * 900}, user_metadata=dict.fromkeys("abc", "x" * 850), identities=[google])

    made = signed(ada, app())

    for claims in (made["access"], made["id"]):
        assert claims["app:restrictions"] == "r" * 900
        assert len(claims["overflow"]) == 2
        assert not {"app:restrictions"} & set(claims["overflow"])


@pytest.mark.parametrize(
    ("about", "added"),
    [
        ({}, Added({"app:a": "x" * 4400, "app:small": "x"}, 5000, ("app:a",))),
        ({"user_metadata": {"a": "x" * 4700}}, Added({"app:small": "x"}, 5000)),
    ],
)
def test_in_a_token_that_is_too_long_it_leaves_before_roles_and_permissions(about: dict[str, Any], added: Added) -> None:
    own = {"padding": "p" * 500}

    claims, left = tokens.composed(OWN | own, added, about)

    (gone,) = [name for name, _ in left]
    assert gone in ("app:a", "user_metadata")
    assert {*OWN, "app:small"} < claims.keys()


def test_the_rest_leaves_largest_first_as_before() -> None:
    added = Added({"app:a": "x" * 10, "app:large": "x" * 200, "app:largest": "x" * 300}, 100, ("app:a",))

    claims, left = tokens.composed({}, added)

    assert [name for name, _ in left] == ["app:a", "app:largest", "app:large"]
    assert claims == {"overflow": ["app:a", "app:largest", "app:large"]}
