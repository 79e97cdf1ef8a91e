"""The documents about hooks, claims and events name what is there, and their examples work."""

import html
import json
import re
from dataclasses import fields, replace
from typing import Any

import pytest

from gatehouse import claim_mapping, claim_rules, claim_sources, clock, events, hooks, message_signatures, webhooks
from gatehouse.claim_mapping import Mapped, Rule
from gatehouse.dead_letters import DeadLetter
from gatehouse.hook_functions import claims_enrichment, user_creation
from gatehouse.hooks import Hook
from gatehouse.message_signatures import Secret
from gatehouse.scheduled_runs import Run
from gatehouse.schedules import Schedule
from gatehouse.webhooks import Webhook
from tests.unit.conftest import ROOT
from tests.unit.test_docs import document, in_code, rows, snippet

SOURCES = [*(ROOT / "layers" / "core" / "python" / "gatehouse").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]


# Why a claim is not there. The mapping refuses the other two when it is saved.
_REASONS = ("NO_SCOPE", "NOT_CONSENTED", "OTHER_CLIENT", "OTHER_ORGANIZATION", "NO_VALUE", "UNFIT", "OVER_BUDGET")


def written(pattern: str) -> set[str]:
    """What a pattern finds in the sources."""
    return {name for file in SOURCES for name in re.findall(pattern, file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("kind", [Hook, Secret, Mapped, Rule, Webhook, DeadLetter, Schedule, Run])
def test_every_stored_attribute_is_described(kind: Any) -> None:
    words = set(re.findall(r"\w+", document("data-model.md")))

    assert [field.name for field in fields(kind) if field.name not in words] == []


def test_every_metric_is_described() -> None:
    metrics = {name for pattern in (r'observe\.event\("(\w+)"', r'event="(\w+)"') for name in written(pattern)}

    assert len(metrics) >= 8
    assert [name for name in metrics if f"| `{name}` |" not in document("operations.md")] == []


def test_every_event_stands_in_the_catalogue_as_the_code_has_it() -> None:
    told = {in_code(kind)[0]: html.unescape(when) for kind, when, _ in rows("events.md", r"`[a-z_]+\.[a-z_]+`")}

    assert told == events.CATALOGUE


def section(name: str, heading: str) -> str:
    """What stands under a heading, up to the next."""
    return re.split(r"\n##+ ", document(name).partition(f"# {heading}\n")[2], maxsplit=1)[0]


def named_first(text: str) -> list[str]:
    """What stands between backticks in the first cells of the tables."""
    return [name for line in text.splitlines() if line.startswith("| `") for name in in_code(line.split("|")[1])]


def test_every_trigger_and_trigger_source_is_described() -> None:
    sources = written(r'"((?:PreSignUp|UserMigration|PreAuthentication|PostAuthentication|PostConfirmation|TokenGeneration)_\w+)"')
    text = section("hooks.md", "Triggers")

    assert named_first(text) == list(hooks.TRIGGERS)
    assert sources >= set(webhooks.COGNITO_SOURCES.values())
    assert [source for source in sources if f"`{source}`" not in text + document("events.md")] == []


@pytest.mark.parametrize("module", [user_creation, claims_enrichment])
def test_every_member_of_a_shipped_hooks_configuration_is_described(module: Any) -> None:
    described = named_first(section("hooks.md", module.__name__.rpartition(".")[2]))

    assert sorted(described) == sorted(module._MEMBERS)


def test_every_source_of_a_claim_is_described_and_there_is_no_other() -> None:
    table = section("claims.md", "Rules").partition("| source | is |")[2]
    sources = [re.sub(r"<\w+>", "name", name) for name in named_first(table)]
    others = ("profile", claim_sources.ROLES, claim_sources.ORGANIZATION, claim_sources.MEMBERSHIP, "identities")

    assert [source for source in sources if not claim_sources.valid(source)] == []
    assert {source.partition(".")[0] for source in sources} == {*claim_sources._VALUES, *claim_sources._DOCUMENTS, *others}


def test_every_name_that_no_claim_may_have_is_described_and_why_one_is_left_out() -> None:
    text = document("claims.md")
    reasons = [getattr(claim_mapping, name) for name in _REASONS]
    names = (*claim_rules.SECRETS, *claim_rules.PROTOTYPES, *reasons)

    assert set(in_code(section("claims.md", "Reserved names"))) == claim_rules.RESERVED
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_recipe_for_signatures_takes_what_we_sign_and_nothing_else() -> None:
    names: dict[str, Any] = {}
    exec(snippet("events.md", "webhook-signature"), names)
    verified, body = names["verified"], b'{"id": "one"}'
    secret, shown = message_signatures.new_secret()
    new, fresh = message_signatures.new_secret()
    both = message_signatures.headers(message_signatures.successor(secret, new, overlap_seconds=60), "one", body)

    assert [verified([one], both, body) for one in (shown, fresh)] == ["one", "one"]
    stale = message_signatures.headers(secret, "one", body, now=clock.now() - 301)
    for headers, sent in ((both, body + b" "), (both | {"webhook-id": "two"}, body), (stale, body)):
        with pytest.raises(ValueError, match=r"stale|signature"):
            verified([shown, fresh], headers, sent)
    with pytest.raises(ValueError, match="signature"):
        verified([message_signatures.new_secret()[1]], both, body)


def test_the_examples_of_what_is_configured_are_taken() -> None:
    examples = [json.loads(code) for code in re.findall(r"```json\n(.*?)```", document("hooks.md"), re.DOTALL)]
    bodies = [json.loads(code) for name in ("claims.md", "events.md") for code in re.findall(r"-d '(\{.*?\})'", document(name), re.DOTALL)]
    [creation] = [example for example in examples if "custom_document" in example]
    [enrichment] = [example for example in examples if "roles" in example]
    [mapped] = [body for body in bodies if "rules" in body]
    [schedule] = [body for body in bodies if "expression" in body]

    prepared = user_creation.run(asked(creation, {"user_id": "a", "email": "a@example.com"}))["response"]
    assert prepared["customDocument"] == {"mail": "a@example.com", "credit": 0}
    assert claims_enrichment._Rules.of(asked(enrichment)).roles[0].at_least == 100
    rules, sensitive = tuple(map(Rule.from_item, mapped["rules"])), tuple(mapped["sensitive"])
    assert claim_mapping.change(lambda before: replace(before, rules=rules, sensitive=sensitive)).rules == rules
    assert hooks.function_flaw(schedule["function"]) == ""


def asked(configuration: dict[str, Any], user: dict[str, Any] | None = None) -> dict[str, Any]:
    """The event of a hook with this configuration."""
    return {"callerContext": {"clientId": "app"}, "version": "2", "request": {"user": user, "configuration": configuration}, "response": {}}
