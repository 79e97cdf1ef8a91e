"""Which mapping of claims is refused: names, sources and numbers that cannot be."""

from typing import Any

import pytest

from gatehouse import claim_mapping, claim_sources
from gatehouse.claim_mapping import LARGEST_BUDGET_BYTES, MOST_RULES, Mapped, Rule
from gatehouse.claim_rules import RESERVED
from gatehouse.configuration import Invalid
from tests.unit.flows import new_user
from tests.unit.mapped import PLAN, app, mapping, rule, signed


@pytest.mark.parametrize(
    ("source", "sensitive"),
    [
        ("app_metadata.billing", "app_metadata.billing"),
        ("app_metadata.billing.card", "app_metadata.billing"),
        ("app_metadata.password", "email"),
        ("custom_data.people.ssn", "email"),
        ("email", "email"),
    ],
)
def test_a_rule_for_what_is_sensitive_is_refused(source: str, sensitive: str) -> None:
    with pytest.raises(Invalid, match="is sensitive"):
        mapping(rule(source), sensitive=(sensitive,))
    assert claim_mapping.current() == Mapped()


@pytest.mark.parametrize(
    "claim",
    [
        *sorted(RESERVED),
        "plan",
        "https://app.example.com",
        "https://app.example.com/",
        "http://app.example.com/plan",
        "javascript://x/plan",
        "https://app.example.com/plan?x",
        "https://APP.example.com/plan",
        ":plan",
        "app:",
        "app: plan",
        "app:__proto__ ",
        "https://app.example.com/password",
        "app:secret",
        f"app:{'x' * 300}",
        "app:pl\nan",
    ],
)
def test_a_claim_without_a_namespace_of_its_own_is_refused(claim: str) -> None:
    with pytest.raises(Invalid, match=r"rules\.0\.claim"):
        mapping(rule("email", claim))


@pytest.mark.parametrize("claim", ["https://app.example.com/plan", "https://localhost:8080/a/b", "app:plan", "cognito:groups", "app:a.b"])
def test_a_url_and_a_prefix_are_namespaces(claim: str) -> None:
    mapping(rule("email", claim))

    assert signed(new_user(), app())["access"][claim] == "ada@example.com"


@pytest.mark.parametrize(
    "source",
    [
        "",
        ".",
        "user_id",
        "password_hash",
        "epoch",
        "provenance",
        "identities",
        "identities.google",
        "identities.google.connection_id",
        "identities.google.user_id.x",
        "profile",
        "profile.shoe_size",
        "profile.name.first",
        "email.x",
        "roles.editor",
        "organization",
        "organization.branding",
        "membership",
        "membership.roles",
        "app_metadata.",
        "app_metadata..x",
        "app_metadata.__proto__",
        "app_metadata.a.b.c.d.e.f.g.h",
        f"app_metadata.{'x' * 129}",
        "App_metadata",
    ],
)
def test_a_source_that_is_none_is_refused(source: str) -> None:
    assert not claim_sources.valid(source)
    with pytest.raises(Invalid, match=r"rules\.0\.source"):
        mapping(rule(source))


@pytest.mark.parametrize(
    ("rules", "values"),
    [
        ([Rule(PLAN, "email", ())], {}),
        ([Rule(PLAN, "email", ("access", "access"))], {}),
        ([Rule(PLAN, "email", ("refresh",))], {}),
        ([rule("email", scope="two scopes")], {}),
        ([rule("email", scope='quo"te')], {}),
        ([rule("email", clients=("",))], {}),
        ([rule("email", organizations=("x" * 129,))], {}),
        ([rule("email")] * (MOST_RULES + 1), {}),
        ([], {"budget_bytes": -1}),
        ([], {"budget_bytes": LARGEST_BUDGET_BYTES + 1}),
        ([], {"sensitive": ("email", "email")}),
        ([], {"sensitive": ("roles",)}),
        ([], {"sensitive": ("nowhere",)}),
        ([], {"sensitive": tuple(f"app_metadata.a{number}" for number in range(101))}),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_and_changes_nothing(rules: list[Rule], values: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        mapping(*rules, **values)
    assert claim_mapping.current() == Mapped()
