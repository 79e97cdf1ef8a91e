"""No log line, error body or table dump holds a secret, and a fault of ours shows no stack (rows 25, 98, 99, 100)."""

import json
import re
from typing import Any
from urllib.parse import unquote_plus

import pytest

from gatehouse import client_registration, clients, table
from tests.unit import flows
from tests.unit.conftest import Answer, call, context, function
from tests.unit.flows import (
    PASSWORD,
    VERIFIER,
    Browser,
    basic,
    exchange,
    hidden_fields,
    introspect,
    later,
    mailed_link,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    signed_in,
    token,
    userinfo,
)
from tests.unit.test_login import opened

pytestmark = pytest.mark.row(100)

WRONG, NEW_PASSWORD = "the wrong horse battery staple", "tin umbrella forgets nothing"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """Every answer that the flows get, in order."""
    seen: list[Answer] = []

    def recorded(*arguments: Any, **parameters: Any) -> Answer:
        answer = call(*arguments, **parameters)
        seen.append(answer)
        return answer

    monkeypatch.setattr(flows, "call", recorded)
    return seen


def a_day_in_the_life() -> set[str]:
    """Everything that people, clients and attackers do, good and bad. Returns the secrets that were used."""
    secrets = {PASSWORD, WRONG, NEW_PASSWORD, VERIFIER}
    new_user()
    spa, web, machine = new_client(), new_client("web"), new_client("machine")
    third = new_client(first_party=False)
    secrets |= {web.secret, machine.secret, basic(web.client_id, web.secret).removeprefix("Basic ")}
    browser, mailbox = Browser(), Browser()

    page = opened(browser, spa.client_id)
    secrets.add(hidden_fields(page)["csrf"])
    browser.fill(page, "/u/login", email="ada@example.com", password=WRONG)
    browser.post("hosted_pages", "/u/login", hidden_fields(page) | {"csrf": "x", "password": PASSWORD})
    secrets |= set(browser.cookies.values())
    code = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD).sent_back["code"]
    secrets |= {code, *browser.cookies.values()}

    exchange(spa.client_id, code, code_verifier="wrong" * 10)
    code = browser.authorize(spa.client_id).sent_back["code"]
    exchange(spa.client_id, code, redirect_uri="https://evil.example/")
    tokens = exchange(spa.client_id, code).json
    exchange(spa.client_id, code)
    secrets |= {code, *_tokens(tokens)}
    tokens = signed_in(spa.client_id, Browser())
    second = refresh(spa.client_id, tokens["refresh_token"]).json
    secrets |= {*_tokens(tokens), *_tokens(second)}
    refresh(web.client_id, tokens["refresh_token"], client_secret=web.secret)
    token(
        grant_type="password",
        username="ada@example.com",
        password=PASSWORD,
        authorization=basic(web.client_id, web.secret),
    )
    token(grant_type="client_credentials", client_id=web.client_id, client_secret=web.secret)
    token(grant_type="client_credentials", authorization=basic(machine.client_id, WRONG))
    introspect(web, second["access_token"])
    userinfo(second["access_token"])
    userinfo(second["refresh_token"])
    with later(60):
        refresh(spa.client_id, tokens["refresh_token"])

    asked = browser.sign_in(third.client_id, prompt="login")
    consent = browser.get("hosted_pages", asked.location)
    secrets.add(browser.fill(consent, "/u/consent", decision="allow").sent_back["code"])
    browser.get("logout", "/oidc/logout?id_token_hint=" + tokens["access_token"])

    for path, email in (("/u/signup", "grace@example.com"), ("/u/forgot", "ada@example.com")):
        mailbox.fill(mailbox.get("hosted_pages", path), path, email=email)
        link = mailed_link("/u/verify" if path == "/u/signup" else "/u/reset")
        secrets.add(link.partition("?ticket=")[2])
        page = mailbox.get("hosted_pages", link)
        for password in ("short", NEW_PASSWORD, NEW_PASSWORD):
            mailbox.fill(page, link.partition("?")[0].removeprefix("https://id.example.com"), password=password)
    last = signed_in(spa.client_id, password=NEW_PASSWORD)
    secrets |= {*_tokens(last), *mailbox.cookies.values()}
    sign_out_everywhere(last["access_token"])
    sign_out_everywhere(last["id_token"])
    return secrets


def _tokens(answer: dict[str, Any]) -> list[str]:
    return [answer[name] for name in ("access_token", "refresh_token", "id_token")]


def assert_none_in(secrets: set[str], text: str) -> None:
    assert len(secrets) > 20
    for secret in secrets:
        # The signature alone would do, and so would the payload.
        for part in {secret, *(secret.split(".")[1:] if secret.startswith("eyJ") else [])}:
            assert part not in text and part not in unquote_plus(text), part[:12]


def test_no_log_line_holds_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    secrets = a_day_in_the_life()

    log = capsys.readouterr()
    assert log.err == ""
    assert log.out.count("\n") > 40
    assert_none_in(secrets, log.out)
    assert "ada@example.com" not in log.out and "grace@example.com" not in log.out


def test_no_error_body_holds_a_secret(answers: list[Answer]) -> None:
    secrets = a_day_in_the_life()

    refused = [answer for answer in answers if answer.status >= 400]
    assert len(refused) > 15
    # A form that is shown again carries its own hidden fields again, and nothing else of what was sent.
    bodies = [re.sub(r'<input type="hidden" name="(csrf|signin|ticket)" value="[^"]*">', "", answer.body) for answer in refused]
    assert_none_in(secrets, "\n".join(bodies))


def test_a_dump_of_the_table_holds_no_secret() -> None:
    secrets = a_day_in_the_life()

    items, _ = table.scan(None, limit=10_000)
    dump = "".join(map(repr, items))
    assert len(items) > 15
    assert_none_in(secrets, dump)


def test_a_dump_of_the_table_signs_nobody_in() -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)
    items, _ = table.scan(None, limit=10_000)
    [sign_on] = [item for item in items if item["sk"].startswith("SIGNON#")]

    for value in (
        sign_on["sign_on_id"],
        f"{sign_on['user_id']}\n{sign_on['sign_on_id']}",
        sign_on["pk"] + sign_on["sk"],
    ):
        cookies = {"__Host-gatehouse": value}
        assert Browser(cookies=cookies).authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"


def broken_client() -> str:
    """A client whose record makes us stumble, with a message that quotes it."""
    app = new_client()
    table.update(
        table.client_key(app.client_id),
        where=[("pk", "exists", None)],
        set={"secret_digests": ["canary-in-the-record"]},
    )
    clients.forget()
    return app.client_id


def shows_no_insides(answer: Answer) -> bool:
    insides = ("Traceback", ".py", "Error:", "KeyError", "TypeError", "canary", "gatehouse/", "line ")
    return answer.status == 500 and not any(inside in answer.body for inside in insides)


def test_a_fault_of_ours_shows_no_stack_and_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    client_id = broken_client()
    page = Browser().authorize(client_id)
    in_json = exchange(client_id, "code-that-must-not-be-logged")
    for answer in (page, in_json):
        assert shows_no_insides(answer), answer.body
    assert in_json.json == {"error": "server_error"}
    assert "Something went wrong" in page.body

    log = capsys.readouterr().out
    assert '"unhandled"' in log and '"level":"ERROR"' in log
    assert "canary" not in log and "code-that-must-not-be-logged" not in log
    for line in log.splitlines():
        json.loads(line)


def test_a_fault_quotes_neither_the_record_nor_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    new_user()
    browser = Browser()
    page = opened(browser, new_client().client_id)
    sign_in = hidden_fields(page)["signin"]
    # Python's own message for this names the unexpected member.
    stored = table.get(table.sign_in_key(sign_in))
    assert stored is not None
    where = [("pk", "exists", None)]
    table.update(table.sign_in_key(sign_in), where=where, set={"request": stored["request"] | {"canary_in_the_record": 1}})
    capsys.readouterr()

    answer = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)

    assert shows_no_insides(answer), answer.body
    log = capsys.readouterr().out
    assert "canary" not in log and PASSWORD not in log


def test_the_reference_on_an_error_page_finds_its_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    answer = call("authorize", "GET", "/authorize", query={"client_id": broken_client()}, request_id="request-4711")

    assert "request-4711" in answer.body
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["function_request_id"] for line in lines if line["level"] == "ERROR"} == {"request-4711"}


def test_cors_never_lets_another_origin_read_with_cookies() -> None:
    for name, method, path in (
        ("token_exchange", "OPTIONS", "/oauth/token"),
        ("userinfo", "OPTIONS", "/userinfo"),
        ("discovery", "GET", "/.well-known/jwks.json"),
        ("token_refresh", "OPTIONS", "/session/refresh"),
        ("hosted_pages", "GET", "/u/forgot"),
    ):
        answer = call(name, method, path, headers={"origin": "https://evil.example"})
        assert answer.headers.get("access-control-allow-origin", "*") == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_every_answer_has_the_headers_that_harden_it(answers: list[Answer]) -> None:
    a_day_in_the_life()

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        assert answer.headers["cache-control"] == "no-store"


def test_what_the_authorizer_logs_holds_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    new_user()
    tokens = signed_in(new_client().client_id)
    for value in (tokens["access_token"], tokens["id_token"], tokens["access_token"][:-4] + "AAAA"):
        function("authorizer")({"headers": {"authorization": f"Bearer {value}"}, "requestContext": {}}, context())

    log = capsys.readouterr().out
    for value in _tokens(tokens):
        assert value not in log and value.split(".")[-1][:20] not in log


def test_a_registration_that_is_refused_quotes_no_secret() -> None:
    with pytest.raises(client_registration.InvalidRegistration) as refused:
        new_client("web", secret="chosen by somebody")

    assert "chosen by somebody" not in str(refused.value)
