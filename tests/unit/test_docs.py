"""The documents name what is there: routes, errors, parameters, attributes, and the tests that show each row."""

import ast
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest

from gatehouse import (
    claim_mapping,
    clock,
    connections,
    errors,
    hooks,
    invitations,
    key_rotation,
    keys,
    limits,
    listing,
    organizations,
    resource_servers,
    schedules,
    table,
    usage,
    user_deletion,
    webhooks,
)
from gatehouse.authorization import Untrusted
from gatehouse.claim_mapping import Rule
from gatehouse.clients import Client
from gatehouse.hooks import Hook
from gatehouse.hosted.page import StaleSignIn
from gatehouse.hosted.routes import ASSETS, PAGES
from gatehouse.management import catalogue
from gatehouse.search import entries
from gatehouse.sessions import Session
from gatehouse.sign_ins import AuthorizationRequest, SignIn
from gatehouse.sign_ons import SignOn
from gatehouse.users import User
from gatehouse.webhooks import Webhook
from tests.unit.conftest import ROOT, call, function, template
from tests.unit.deletions import DEED, full_life
from tests.unit.flows import Browser, new_client, new_user, refresh, signed_in
from tests.unit.user_data import switch_on

DOCS = ROOT / "docs"
TESTS = ROOT / "tests"


def document(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def rows(name: str, number: str) -> list[list[str]]:
    """The cells of all table rows whose first cell matches `number`."""
    lines = [line for line in document(name).splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in cells if re.fullmatch(number, row[0])]


def in_code(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def rows_carried_by(file: Path) -> set[int]:
    """The numbers in the row markers of a test file."""
    calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    markers = [node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr == "row"]
    return {argument.value for node in markers for argument in node.args if isinstance(argument, ast.Constant)}  # type: ignore[misc]


def routes() -> set[str]:
    """Every path of the API."""
    functions = [entry["Properties"] for entry in resources("AWS::Serverless::Function").values()]
    events = [event for properties in functions for event in properties.get("Events", {}).values()]
    return {event["Properties"]["Path"] for event in events if event["Type"] == "HttpApi"}


def resources(kind: str) -> dict[str, Any]:
    return {name: entry for name, entry in template()["Resources"].items() if entry["Type"] == kind}


SECURITY_ROWS = rows("security.md", r"\d+")
REQUIREMENTS = rows("requirements.md", r"S\d\d")


def test_every_security_row_stands_there_once() -> None:
    assert [int(row[0]) for row in SECURITY_ROWS] == list(range(1, 101))


@pytest.mark.parametrize("row", SECURITY_ROWS, ids=lambda row: f"row-{row[0]}")
def test_a_security_row_is_carried_by_each_test_that_it_names_and_by_one_at_least_if_it_is_met(row: list[str]) -> None:
    number, how, named = int(row[0]), row[2], in_code(row[3])

    assert named or how.startswith("not yet"), f"row {number} is called met, but no test is named"
    for name in named:
        assert number in rows_carried_by(TESTS / name), f"{name} has no test marked row({number})"


def test_every_requirement_stands_there_once() -> None:
    assert [row[0] for row in REQUIREMENTS] == [f"S{number:02}" for number in range(1, 91)]


@pytest.mark.parametrize("row", REQUIREMENTS, ids=lambda row: row[0])
def test_a_requirement_names_what_exists(row: list[str]) -> None:
    _, _, where, tests, status = row
    known = routes() | set(PAGES) | {"/u/start"} | {route.full_path for route in catalogue.everything()}
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    named = in_code(where)

    assert {name for name in named if name.startswith("/")} <= known
    assert status.startswith("not yet") or any(name in known | functions | {"template.yaml"} for name in named)
    assert status.startswith("not yet") or in_code(tests), "a requirement that is met names its test"
    for name in in_code(tests):
        assert (TESTS / name).is_file(), name


def test_every_route_and_page_is_described() -> None:
    text = document("endpoints.md")

    assert [path for path in [*routes(), *PAGES, *ASSETS] if path.replace("{proxy+}", "…") not in text] == []


def test_every_error_code_is_described() -> None:
    kinds: list[Any] = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.code for kind in [*kinds, Untrusted, StaleSignIn] if issubclass(kind, errors.Refusal)}

    assert sorted(code for code in codes if f"`{code}`" not in document("endpoints.md")) == []


def test_the_example_of_the_discovery_document_is_what_is_served() -> None:
    [example] = re.findall(r"```json\n(\{\n  \"issuer\".*?\n\})\n```", document("endpoints.md"), re.DOTALL)
    served = call("discovery", "GET", "/.well-known/openid-configuration").json
    shown: dict[str, Any] = ast.literal_eval(example.replace("false", "False").replace("true", "True"))

    assert shown == {name: served.get(name) for name in shown}


@pytest.mark.parametrize("kind", [User, Session, SignOn, SignIn, AuthorizationRequest])
def test_every_stored_attribute_is_described(kind: Any) -> None:
    words = set(re.findall(r"\w+", document("data-model.md")))

    assert [field.name for field in fields(kind) if field.name not in words] == []


def test_every_property_of_a_client_is_described() -> None:
    words = set(re.findall(r"\w+", document("data-model.md")))

    assert [field.name for field in fields(Client) if field.name not in words] == []


def test_every_key_shape_and_counter_is_described() -> None:
    text = document("data-model.md")
    prefixes = re.findall(r'f"([A-Z]+#)', Path(table.__path__[0], "keys.py").read_text(encoding="utf-8"))
    kinds = [limit.kind for limit in vars(limits).values() if isinstance(limit, limits.Limit)]

    assert [prefix for prefix in prefixes if prefix not in text] == []
    assert [kind for kind in kinds if f"`{kind}`" not in text] == []


def test_every_parameter_alarm_and_queue_is_described() -> None:
    text = document("operations.md")
    names = [*template()["Parameters"], *resources("AWS::CloudWatch::Alarm"), *resources("AWS::SQS::Queue")]

    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("file", sorted([*DOCS.glob("*.md"), ROOT / "CHANGELOG.md"]), ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    broken = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        found = file.parent / path if path else file
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)

    assert broken == []


@pytest.mark.parametrize("file", sorted(DOCS.glob("*.md")), ids=lambda file: file.name)
def test_a_test_that_is_named_exists(file: Path) -> None:
    named = re.findall(r"`((?:unit|integration|e2e)/\w+\.py)`", file.read_text(encoding="utf-8"))

    assert [name for name in named if not (TESTS / name).is_file()] == []


def anchors(file: Path) -> set[str]:
    """The anchors that headings get."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def snippet(name: str, word: str) -> str:
    """The one piece of Python in a document that holds `word`."""
    [found] = [code for code in re.findall(r"```python\n(.*?)```", document(name), re.DOTALL) if word in code]
    return str(found)


def test_the_snippet_with_pyjwt_takes_access_tokens_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    key_set = call("discovery", "GET", "/.well-known/jwks.json").json
    monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda _: key_set)
    new_user()
    app = new_client(audience="https://orders.example.com")
    tokens = signed_in(app.client_id)
    names: dict[str, Any] = {}
    exec(snippet("endpoints.md", "PyJWKClient"), names)
    verified = names["verified"]

    assert verified(tokens["access_token"])["client_id"] == app.client_id
    for other in (tokens["id_token"], signed_in(new_client().client_id)["access_token"]):
        with pytest.raises(jwt.PyJWTError):
            verified(other)


def test_replacing_the_sealing_keys_ends_everything_as_operations_promises() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    tokens = signed_in(app.client_id, browser)
    for key in keys.ring().values():
        if key.algorithm == keys.SEALING:
            table.delete(table.ring_key(key.kid))
    key_rotation.rotate("test")

    assert refresh(app.client_id, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert browser.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"
    assert signed_in(app.client_id)["refresh_token"]


# What begins anew, or follows from the rest. Where a sort key holds a value, the partition says what an item is.
LEFT_OUT = {
    "SESSION",
    "SIGNON",
    "LOGIN",
    "SIGNIN",
    "TICKET",
    "INVITATION",
    "PAR",
    "DEVICE",
    "ASSERTION",
    "LIMIT",
    "KEYS",
    "PAGE",
    "FIND",
    "SWEEP",
    "DEAD",
    "RUN",
}
BY_PARTITION = {"KEYS", "FIND", "STATS", "COUNT"}


def kinds_of(items: list[dict[str, Any]]) -> set[str]:
    named = [(item["pk"]["S"].partition("#")[0], item["sk"]["S"].partition("#")[0]) for item in items]
    return {partition if partition in BY_PARTITION else kind for partition, kind in named}


def one_of_everything_that_is_kept() -> None:
    """A person with all that people have, one who is gone, and all that is nobody's."""
    user = full_life()
    user_deletion.delete(new_user("gone@example.com").user_id, DEED)
    resource_servers.create("https://orders.example.com", "Orders")
    connections.create("campus", "oidc")
    switch_on()
    usage.add({"2026-11-20": {usage.LOGINS: 1}}, "batch")
    invitations.create(organizations.find("acme"), inviter="Ada", email="next@example.com", client_id="app")
    listing.numbered(table.user_lists(), page=0, per_page=1)
    entries.write(user.user_id)
    function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:one"
    hooks.add(Hook(hooks.new_id(), "One", hooks.POST_LOGIN, function_arn))
    webhooks.add(Webhook(webhooks.new_id(), "One", function_arn))
    claim_mapping.change(lambda before: replace(before, rules=(Rule("app:plan", "app_metadata.plan"),)))
    table.put(table.schedules_key(), schedules.Schedules(1, clock.now()).to_item())
    table.put(table.dead_letter_key("wh_one", 1, "event"), {"ttl": clock.now()})
    table.put(table.scheduled_run_key("sch_one", "2026-11-21T03:00:00Z"), {"ttl": clock.now()})


def test_the_snippet_that_restores_brings_back_what_is_durable_and_no_session() -> None:
    one_of_everything_that_is_kept()
    schema = template()["Resources"]["Identity"]["Properties"]
    names = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    boto3.client("dynamodb").create_table(TableName="live", **{name: schema[name] for name in names})
    exec(re.sub("RESTORED, LIVE = .*", 'RESTORED, LIVE = "identity", "live"', snippet("operations.md", "RESTORED")), {})

    kept, restored = (boto3.client("dynamodb").scan(TableName=name)["Items"] for name in ("identity", "live"))
    every_kind = {kind or partition for partition, kind in re.findall(r"  ([A-Z]+)(?:#.*?)?  +(?:([A-Z]+)|<)", str(table.keys.__doc__))}
    assert kinds_of(restored) == every_kind - {"AUDIT"} - LEFT_OUT
    assert kinds_of(kept) >= {"SESSION", "SIGNON", "LOGIN", "TICKET", "INVITATION", "KEYS", "PAGE", "FIND"}
    assert all(item in kept for item in restored if item["pk"]["S"] != "COUNT#USERS")
    total = sum(int(item["total"]["N"]) for item in restored if item["pk"]["S"] == "COUNT#USERS")
    assert total == listing.total("USERS") == len([item for item in restored if item["sk"]["S"] == "USER"])


def test_the_events_of_the_scheduled_functions_answer_what_is_described() -> None:
    assert set(function("key_rotation")({}, None)) == {"made", "promoted", "deleted"}
