"""The authorization endpoint: what a request must be, and what goes back unchanged (rows 6, 13 to 19, 21)."""

import pytest

from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    Browser,
    browser_of,
    exchange,
    hidden_fields,
    new_client,
    new_user,
    tokens_of,
    userinfo,
)
from tests.unit.test_redirect_uris import shown_and_not_sent

VALID = {
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid",
    "state": "state-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def refused_with(answer: Answer, error: str) -> bool:
    """The client is told at its redirect URI, by whom, and with its state."""
    sent = answer.sent_back
    return (
        answer.status == 303
        and answer.location.startswith(f"{CALLBACK}?")
        and set(sent) == {"error", "error_description", "state", "iss"}
        and (sent["error"], sent["state"], sent["iss"]) == (error, "state-1", ISSUER)
    )


@pytest.mark.row(6)
@pytest.mark.parametrize(
    "name",
    ["client_id", "redirect_uri", "state", "scope", "response_type", "prompt", "nonce", "code_challenge", "other"],
)
def test_a_parameter_that_is_repeated_gets_a_page_whatever_its_values(name: str) -> None:
    app = new_client()
    query = "&".join(f"{key}={value}" for key, value in ({"client_id": app.client_id} | VALID).items())

    for first, second in (("a", "a"), ("", "a"), ("a", "")):
        repeated = f"{query}&{name}={first}&{name}={second}"
        assert shown_and_not_sent(call("authorize", "GET", "/authorize", query=repeated))
        assert shown_and_not_sent(call("authorize", "POST", "/authorize", form=repeated))


@pytest.mark.row(6)
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state"])
def test_a_parameter_in_query_and_body_gets_a_page(name: str) -> None:
    form = {"client_id": new_client().client_id} | VALID

    assert shown_and_not_sent(call("authorize", "POST", "/authorize", query={name: form[name]}, form=form))


@pytest.mark.row(6)
def test_a_name_that_only_decodes_to_the_same_is_repeated_too() -> None:
    app = new_client()

    query = f"client_id={app.client_id}&client%5Fid={app.client_id}&redirect_uri={CALLBACK}&prompt=none"

    assert shown_and_not_sent(call("authorize", "GET", "/authorize", query=query))


def test_the_request_may_come_as_a_query_or_as_a_form() -> None:
    parameters = {"client_id": new_client().client_id} | VALID
    browser = Browser()
    browser.authorize(parameters["client_id"])

    for answer in (call("authorize", "GET", "/authorize", query=parameters), browser.post("authorize", "/authorize", parameters)):
        assert answer.status == 303
        assert answer.location.startswith(f"{ISSUER}/u/login?signin=")


def test_a_form_from_another_site_comes_without_cookies_and_is_led_to_where_they_are_sent() -> None:
    parameters = {"client_id": new_client().client_id} | VALID
    new_user()
    browser = Browser()
    browser.sign_in(parameters["client_id"])

    posted = Browser().post("authorize", "/authorize", parameters)

    assert (posted.status, posted.cookies) == (303, [])
    assert posted.location.startswith(f"{ISSUER}/authorize?")
    assert "code" in browser.get("authorize", posted.location).sent_back


@pytest.mark.row(14)
@pytest.mark.parametrize("response_type", ["token", "id_token", "code token", "code id_token", "none", "Code", "code ", "x" * 3000, "\x00"])
def test_only_the_code_flow_is_served(response_type: str) -> None:
    assert refused_with(Browser().authorize(new_client().client_id, response_type=response_type), "unsupported_response_type")


@pytest.mark.row(14)
@pytest.mark.parametrize("response_mode", ["fragment", "web_message", "query.jwt", "Query", " "])
def test_no_other_response_mode_is_served(response_mode: str) -> None:
    assert refused_with(Browser().authorize(new_client().client_id, response_mode=response_mode), "invalid_request")


@pytest.mark.row(14)
def test_response_mode_query_may_be_named() -> None:
    assert Browser().authorize(new_client().client_id, response_mode="query").location.startswith(f"{ISSUER}/u/login")


@pytest.mark.row(14)
def test_response_type_may_not_be_missing() -> None:
    assert refused_with(Browser().authorize(new_client().client_id, response_type=""), "invalid_request")


@pytest.mark.row(15)
def test_scopes_that_the_client_may_not_have_are_dropped_and_the_answer_says_so() -> None:
    app, browser = new_client(scopes=["openid", "email"]), browser_of(new_user())

    tokens = tokens_of(app.client_id, browser, scope="custom_data openid admin email openid")

    assert tokens["scope"] == "openid email"


@pytest.mark.row(15)
@pytest.mark.parametrize(
    "scope",
    [
        'openid "admin"',
        "openid\\",
        "openid\x00",
        "openid\tprofile",
        "openid profilé",
        "openid\u2003email",
        "openid\r\nx",
    ],
)
def test_a_scope_with_characters_that_none_has_is_refused(scope: str) -> None:
    assert refused_with(Browser().authorize(new_client().client_id, scope=scope), "invalid_scope")


def test_without_openid_there_is_no_id_token() -> None:
    app, browser = new_client(), browser_of(new_user())

    assert "id_token" not in tokens_of(app.client_id, browser, scope="email", nonce="")


@pytest.mark.row(17)
def test_after_the_password_the_browser_is_sent_on_by_get() -> None:
    new_user()
    app, browser = new_client(), Browser()

    assert browser.sign_in(app.client_id).status == 303


@pytest.mark.row(18)
@pytest.mark.parametrize(
    ("parameter", "error"),
    [
        ("request", "invalid_request_object"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ],
)
def test_requests_by_other_means_are_refused_by_their_own_error(parameter: str, error: str) -> None:
    for value in ("eyJhbGciOiJub25lIn0.e30.", "https://canary.test/object", "{}"):
        assert refused_with(Browser().authorize(new_client().client_id, **{parameter: value}), error)


@pytest.mark.row(19)
@pytest.mark.parametrize(
    "claims",
    [
        "{}",
        '{"userinfo":{"app_metadata":null,"roles":{"essential":true}}}',
        '{"other":{"email":null},"userinfo":null,"id_token":{}}',
    ],
)
def test_the_claims_parameter_opens_nothing_beyond_what_a_scope_would(claims: str) -> None:
    user, app = new_user(), new_client()
    browser = browser_of(user)
    form = {"client_id": app.client_id} | VALID | {"claims": claims}

    code = browser.post("authorize", "/authorize", form).sent_back["code"]

    tokens = exchange(app.client_id, code).json
    assert set(userinfo(tokens["access_token"]).json) == {"sub"}


@pytest.mark.parametrize(
    "wish",
    [
        "display=page",
        "display=popup",
        "ui_locales=se",
        "claims_locales=se",
        "acr_values=1",
        "extra=foobar",
        "login_hint=buffy@id.example.com",
    ],
)
def test_what_is_unknown_or_a_mere_wish_is_tolerated(wish: str) -> None:
    app, browser = new_client(), browser_of(new_user())
    name, _, value = wish.partition("=")

    assert "code" in browser.authorize(app.client_id, **{name: value}).sent_back


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("prompt", ["create", "none login", "none none"]),
        ("max_age", ["-1", "1.5", "1e9", "٣", "9" * 400]),
        ("nonce", ["n" * 1025]),
        ("claims", ["not JSON", "[]", '{"userinfo":[]}', '{"id_token":{"acr":1}}', "[" * 4000, "[" * 20_000, '{"a":NaN}']),
        ("dpop_jkt", ["x", "=" * 43]),
        ("login_hint", ["x" * 321]),
        ("scope", ["s" * 1025]),
        ("organization", ["nobody", "org_0123456789abcdef", "x" * 65, "#", "A"]),
        ("invitation", ["x", "x" * 1025]),
        ("id_token_hint", ["x", "a.b.c", "x" * 5000]),
    ],
)
def test_what_cannot_be_meant_is_refused_at_the_redirect_uri(name: str, values: list[str]) -> None:
    app = new_client()

    for value in values:
        assert refused_with(Browser().authorize(app.client_id, **{name: value}), "invalid_request")


def test_empty_parameters_count_as_absent() -> None:
    query = {"client_id": new_client().client_id} | VALID | {"request": "", "prompt": "", "max_age": "", "response_mode": ""}

    assert call("authorize", "GET", "/authorize", query=query).location.startswith(f"{ISSUER}/u/login")


def test_a_machine_signs_nobody_in() -> None:
    machine = new_client("machine")

    assert shown_and_not_sent(Browser().authorize(machine.client_id))


def test_trouble_with_the_table_is_told_to_the_client_as_such() -> None:
    app, browser = new_client(), browser_of(new_user())
    browser.authorize(app.client_id)

    with trouble({"dynamodb.BatchGetItem": always(THROTTLED)}):
        answer = browser.authorize(app.client_id)

    assert refused_with(answer, "temporarily_unavailable")


def test_the_login_page_belongs_to_the_browser_that_began() -> None:
    new_user()
    started = Browser().authorize(new_client().client_id)

    stranger = Browser().get("hosted_pages", started.location)

    assert stranger.status == 403
    assert not hidden_fields(stranger)
