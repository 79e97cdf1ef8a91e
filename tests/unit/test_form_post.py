"""response_mode=form_post (OAuth 2.0 Form Post Response Mode): the answer as a form that the browser posts, inert but for one script."""

import base64
import hashlib
import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conftest import ISSUER, Answer
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import CALLBACK, CHALLENGE, PASSWORD, Browser, browser_of, exchange, hidden_fields, new_client, new_user
from tests.unit.signers import go, push
from tests.unit.test_login import opened

HOSTILE = [
    "\"'><script>alert(1)</script>",
    "</form><form action='https://evil.test'>",
    "&quot;&#34;&amp;",
    "{{7*7}}{% raw %}",
    "a\r\nb\tc",
    "ünï©ødé \U0001f511 \u202e",
    "--><!--",
    "]]>",
    "\x00\x0b",
    " ",
    "x" * 4096,
]


def posted(answer: Answer) -> dict[str, str]:
    """The fields of the page, which must be one that posts itself."""
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.body.count("<form") == answer.body.count("<script") == 1
    return hidden_fields(answer)


def target(answer: Answer) -> str:
    [action] = re.findall(r'<form method="post" action="([^"]*)">', answer.body)
    return html.unescape(action)


def ask(client_id: str, browser: Browser | None = None, **parameters: str) -> Answer:
    return (browser or Browser()).authorize(client_id, **({"response_mode": "form_post"} | parameters))


def test_the_code_is_posted_with_state_and_issuer_and_stands_in_no_address() -> None:
    app = new_client()

    answer = ask(app.client_id, browser_of(new_user()))

    fields = posted(answer)
    assert set(fields) == {"code", "state", "iss"}
    assert (fields["state"], fields["iss"]) == ("state-1", ISSUER)
    assert target(answer) == CALLBACK
    assert "location" not in answer.headers
    assert exchange(app.client_id, fields["code"]).status == 200


def test_errors_are_posted_too() -> None:
    app = new_client()

    for parameters, error in (
        ({"prompt": "none"}, "login_required"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"resource": "x"}, "invalid_target"),
    ):
        answer = ask(app.client_id, **parameters)
        fields = posted(answer)
        assert (fields["error"], fields["state"], fields["iss"]) == (error, "state-1", ISSUER)
        assert set(fields) == {"error", "error_description", "state", "iss"}
        assert target(answer) == CALLBACK


def test_so_are_those_of_an_outage() -> None:
    app, browser = new_client(), browser_of(new_user())

    with trouble({"dynamodb.BatchGetItem": always(THROTTLED)}):
        assert posted(ask(app.client_id, browser))["error"] == "temporarily_unavailable"


def test_after_the_password_and_after_consent_the_answer_is_posted_and_the_cookies_are_set() -> None:
    new_user()
    app, third, browser = new_client(), new_client(first_party=False), Browser()

    page = opened(browser, app.client_id, response_mode="form_post")
    back = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)
    assert exchange(app.client_id, posted(back)["code"]).status == 200
    assert "__Host-gatehouse" in browser.cookies
    for decision, name in (("deny", "error"), ("allow", "code")):
        asked = ask(third.client_id, browser)
        decided = browser.fill(browser.get("hosted_pages", asked.location), "/u/consent", decision=decision)
        assert name in posted(decided)
        assert target(decided) == CALLBACK


def test_another_person_than_expected_is_posted_back_as_an_error() -> None:
    ada = new_user()
    new_user("grace@example.com")
    app, browser = new_client(), Browser()
    page = opened(browser, app.client_id, response_mode="form_post", claims=f'{{"id_token":{{"sub":{{"value":"{ada.user_id}"}}}}}}')

    refused = browser.fill(page, "/u/login", email="grace@example.com", password=PASSWORD)

    assert posted(refused)["error"] == "login_required"


@pytest.mark.row(16, 98)
@pytest.mark.parametrize("state", HOSTILE, ids=lambda text: repr(text[:20]))
def test_whatever_the_state_is_it_comes_back_and_does_nothing(state: str) -> None:
    app = new_client()

    for answer in (ask(app.client_id, browser_of(new_user()), state=state), ask(app.client_id, state=state, prompt="none")):
        fields = posted(answer)
        assert fields["state"] == state
        assert not set(fields) - {"code", "error", "error_description", "state", "iss"}
        assert target(answer) == CALLBACK


@pytest.mark.row(16, 98)
@given(state=st.text(min_size=1, max_size=60))
def test_any_state_comes_back_as_it_was(state: str) -> None:
    assert posted(ask(new_client().client_id, state=state, prompt="none"))["state"] == state


@pytest.mark.row(98)
def test_the_address_is_inert_too() -> None:
    uri = "https://app.example.com/callback?a='b'&c=d;e&amp;f"
    app = new_client(redirect_uris=[uri])

    answer = ask(app.client_id, redirect_uri=uri, prompt="none")

    assert target(answer) == uri
    assert posted(answer)["error"] == "login_required"


def policy(answer: Answer) -> dict[str, list[str]]:
    directives = [directive.split() for directive in answer.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in directives}


@pytest.mark.row(20, 98)
def test_the_policy_lets_one_script_run_and_the_form_go_where_it_must() -> None:
    answer = ask(new_client().client_id, browser_of(new_user()))
    [script] = re.findall(r"<script>(.*?)</script>", answer.body, re.DOTALL)
    found = policy(answer)

    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert found["script-src"] == [f"'sha256-{digest}'"]
    assert found["default-src"] == found["base-uri"] == ["'none'"]
    assert found["form-action"] == ["https:"]
    assert not [value for values in found.values() for value in values if "unsafe" in value or value == "*"]


@pytest.mark.row(20)
def test_only_a_silent_answer_may_stand_in_a_frame() -> None:
    client_id, browser = new_client().client_id, browser_of(new_user())

    # Applications renew silently in one, and nobody was to be asked anything.
    for silent in (ask(client_id, browser, prompt="none"), ask(client_id, prompt="none")):
        assert "frame-ancestors" not in policy(silent)
        assert "x-frame-options" not in silent.headers
    for shown in (ask(client_id, browser), ask(client_id, browser, resource="x"), ask(client_id, code_challenge="")):
        assert policy(shown)["frame-ancestors"] == ["'none'"]


@pytest.mark.row(21)
def test_it_is_kept_nowhere_and_tells_no_other_site() -> None:
    answer = ask(new_client().client_id, browser_of(new_user()))

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_scripts_there_is_a_button() -> None:
    answer = ask(new_client().client_id, browser_of(new_user()))

    assert re.search(r'<button[^>]* type="submit"', answer.body)


@pytest.mark.parametrize(
    ("kind", "uri", "scheme"),
    [
        ("native", "com.example.app:/callback", "com.example.app:"),
        ("native", "http://127.0.0.1:7777/callback", "http:"),
        ("web", "http://localhost:3000/callback", "http:"),
    ],
)
def test_other_kinds_of_addresses(kind: str, uri: str, scheme: str) -> None:
    properties: dict[str, Any] = {"redirect_uris": [uri]} | ({"web_origins": []} if kind == "native" else {})
    app = new_client(kind, **properties)

    answer = ask(app.client_id, browser_of(new_user()), redirect_uri=uri)

    assert "code" in posted(answer)
    assert target(answer) == uri
    assert policy(answer)["form-action"] == [scheme]


@pytest.mark.row(14)
@pytest.mark.parametrize("mode", ["fragment", "web_message", "jwt", "query.jwt", "form_post.jwt", "FORM_POST", "form_post ", "\x00"])
def test_no_other_mode_is_known_and_the_error_goes_by_the_usual_one(mode: str) -> None:
    answer = ask(new_client().client_id, browser_of(new_user()), response_mode=mode)

    assert answer.sent_back["error"] == "invalid_request"


@pytest.mark.row(4)
def test_nothing_is_posted_to_an_address_that_is_not_registered() -> None:
    answer = ask(new_client().client_id, browser_of(new_user()), redirect_uri="https://evil.test/")

    assert answer.status == 400
    assert "evil.test" not in answer.body
    assert "<script" not in answer.body


def test_it_can_be_pushed() -> None:
    app = new_client()
    form = {"client_id": app.client_id, "response_type": "code", "response_mode": "form_post", "scope": "openid", "state": "pushed"}
    form |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}

    answer = go(browser_of(new_user()), app.client_id, push(form).json["request_uri"])

    assert posted(answer)["state"] == "pushed"
