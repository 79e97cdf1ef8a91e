"""Trouble with AWS: every endpoint says so in its own form, nothing is spent, and the same request works afterwards."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest

from gatehouse import keys, limits, users
from gatehouse.errors import Unavailable
from tests.unit.conftest import Answer, call, context, forget, function
from tests.unit.faults import (
    DENIED,
    THROTTLED,
    Fate,
    always,
    go_through,
    hang,
    lose_answer,
    refuse,
    trouble,
    unreachable,
)
from tests.unit.flows import PASSWORD, Browser, later, mails, new_client, new_user, signed_in
from tests.unit.steps import STEPS, cookie_refresh_step, exchange_step, sign_up_step
from tests.unit.test_login import opened
from tests.unit.test_sessions import SIGN_ON, silent

DOWN: dict[str, Any] = {"dynamodb": always(DENIED)}


def is_an_honest_503(answer: Answer) -> bool:
    """In JSON or on a page, never a verdict, and with the time after which it can be tried again."""
    told = "temporarily_unavailable" in answer.body
    return answer.status == 503 and told and int(answer.headers["retry-after"]) >= 1 and "www-authenticate" not in answer.headers


def survives_trouble_at_every_call(step: Callable[[], Answer], service: str = "dynamodb") -> Answer:
    """Repeat a request while the service fails from the first call on, then from the second and so on."""
    for healthy in range(20):
        forget()
        with trouble({service: [*[go_through] * healthy, *[DENIED] * 100]}) as sent:
            answer = step()
        if sum(operation.startswith(service) for operation in sent) <= healthy:
            return answer
        assert is_an_honest_503(answer) or "error=temporarily_unavailable" in answer.headers.get("location", ""), answer
    raise AssertionError("it never got through")


@pytest.mark.parametrize("name", STEPS)
def test_whichever_call_to_the_table_fails_the_same_request_works_afterwards(name: str) -> None:
    new_user()
    prepare, status = STEPS[name]
    step = prepare()

    answer = survives_trouble_at_every_call(step)

    assert answer.status == status
    assert "error" not in answer.headers.get("location", "")
    if name == "introspection":
        assert answer.json["active"]


@pytest.mark.parametrize("name", ["login", "consent", "exchange", "refresh", "refresh by cookie", "logout", "reset", "sign-up"])
def test_whichever_call_to_kms_fails_on_a_cold_process_the_same_request_works_afterwards(name: str) -> None:
    new_user()
    prepare, status = STEPS[name]

    assert survives_trouble_at_every_call(prepare(), "kms").status == status


@pytest.mark.parametrize("name", ["userinfo", "sign-out"])
def test_what_needs_no_private_key_works_while_kms_is_down(name: str) -> None:
    new_user()
    prepare, status = STEPS[name]
    step = prepare()
    forget()

    with trouble({"kms": always(DENIED)}) as sent:
        assert step().status == status
    assert not [operation for operation in sent if operation.startswith("kms")]


@pytest.mark.parametrize("name", STEPS)
def test_what_passes_by_itself_is_not_even_noticed(name: str) -> None:
    new_user()
    prepare, status = STEPS[name]
    step = prepare()

    with trouble({"dynamodb": [THROTTLED, refuse("InternalServerError")]}):
        assert step().status == status


@pytest.mark.parametrize("name", STEPS)
def test_what_was_done_and_not_answered_is_neither_done_twice_nor_taken_for_an_attack(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    new_user()
    prepare, status = STEPS[name]
    step = prepare()
    writes = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")

    with trouble({f"dynamodb.{operation}": always(lose_every_other()) for operation in writes}):
        answer = step()

    assert answer.status == status
    log = capsys.readouterr().out
    assert "RefreshTokenReuse" not in log and "CodeReplay" not in log


def lose_every_other() -> Fate:
    """The first answer of each request is lost, and its repetition answered."""
    sent = itertools.count()
    return lambda request, really: (go_through if next(sent) % 2 else lose_answer)(request, really)


@pytest.mark.parametrize("fate", [THROTTLED, unreachable, hang])
def test_every_kind_of_outage_is_told_within_three_seconds(fate: Any) -> None:
    new_user()
    step = exchange_step()

    started = time.monotonic()
    with trouble({"dynamodb": always(fate)}):
        assert is_an_honest_503(step())
    assert time.monotonic() - started < 3
    assert step().status == 200


def test_a_cold_authorize_shows_a_page_and_a_warm_one_tells_the_application() -> None:
    new_user()
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)

    with trouble(DOWN):
        warm = browser.authorize(app.client_id, state="s")
        forget()
        cold = browser.authorize(app.client_id)

    assert warm.sent_back.keys() >= {"error", "state", "iss"} and "code" not in warm.sent_back
    assert warm.sent_back["error"] == "temporarily_unavailable"
    assert is_an_honest_503(cold) and "<h1>" in cold.body
    assert "code" in browser.authorize(app.client_id).sent_back


def test_the_refresh_cookie_survives_an_outage() -> None:
    new_user()
    step = cookie_refresh_step()

    with trouble(DOWN):
        answer = step()

    assert is_an_honest_503(answer)
    assert answer.cookies == []
    assert step().status == 200


def test_the_sign_on_cookie_survives_an_outage_of_logout() -> None:
    new_user()
    app, browser = new_client(), Browser()
    tokens = signed_in(app.client_id, browser)

    with trouble(DOWN):
        assert is_an_honest_503(browser.get("logout", f"/oidc/logout?id_token_hint={tokens['id_token']}"))

    assert SIGN_ON in browser.cookies
    assert silent(browser, app.client_id) == "code"


def test_the_authorizer_neither_allows_nor_denies_what_it_cannot_know() -> None:
    new_user()
    tokens = signed_in(new_client().client_id)
    event = {"headers": {"authorization": f"Bearer {tokens['access_token']}"}, "requestContext": {}}

    with trouble(DOWN), pytest.raises(Unavailable):
        function("authorizer")(event, context())
    assert function("authorizer")(event, context())["isAuthorized"]


def test_the_key_set_is_served_for_an_hour_without_the_table() -> None:
    with later(0):
        before = call("discovery", "GET", "/.well-known/jwks.json")
        with later(keys.STALE_RING_SECONDS - 1), trouble(DOWN):
            assert call("discovery", "GET", "/.well-known/jwks.json").json == before.json
        with later(keys.STALE_RING_SECONDS), trouble(DOWN):
            assert is_an_honest_503(call("discovery", "GET", "/.well-known/jwks.json"))


def test_keys_that_cannot_be_read_again_are_asked_for_once_and_not_by_everything_that_needs_one() -> None:
    with later(0):
        new_user()
        access = signed_in(new_client().client_id)["access_token"]
        headers = {"authorization": f"Bearer {access}"}
        with later(keys.RING_SECONDS), trouble({"dynamodb.Query": always(DENIED)}) as sent:
            answers = [call("userinfo", "GET", "/userinfo", headers=headers) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert sent.count("dynamodb.Query") == 1
        with later(keys.RING_SECONDS + keys.RING_RETRY_SECONDS), trouble() as sent:
            assert call("userinfo", "GET", "/userinfo", headers=headers).status == 200
        assert sent.count("dynamodb.Query") == 1


def test_the_pause_before_keys_are_asked_for_again_begins_when_the_wait_for_them_is_over() -> None:
    with later(0) as moved:

        def waits(request: Any, really: Any) -> Any:
            moved.shift(keys.RING_RETRY_SECONDS)
            return DENIED(request, really)

        keys.ring()
        moved.shift(keys.RING_SECONDS)
        with trouble({"dynamodb.Query": always(waits)}) as sent:
            keys.ring()
            keys.ring()
    assert sent == ["dynamodb.Query"]


@pytest.mark.row(61)
def test_when_attempts_cannot_be_counted_none_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    new_user()
    app, browser = new_client(), Browser()
    page = opened(browser, app.client_id)
    monkeypatch.setattr("argon2._password_hasher.verify_secret", None)
    monkeypatch.setattr("argon2._password_hasher.hash_secret", None)

    for counted in (0, 1, 2, 3):
        with trouble({"dynamodb.UpdateItem": [*[go_through] * counted, *[DENIED] * 10]}):
            answer = browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)
        assert is_an_honest_503(answer)
        assert SIGN_ON not in browser.cookies
        limits.clear(limits.PASSWORD, "ada@example.com")
        limits.clear(limits.ADDRESS_SIGN_IN, browser.source_ip)


@pytest.mark.row(61)
def test_an_outage_after_the_count_is_no_free_guess() -> None:
    new_user()
    browser = Browser()
    page = opened(browser, new_client().client_id)
    for _ in range(limits.PASSWORD.attempts):
        with trouble({"dynamodb.GetItem": [go_through, DENIED]}):
            assert is_an_honest_503(browser.fill(page, "/u/login", email="ada@example.com", password="wrong"))

    assert browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD).status == 400


@pytest.mark.row(68)
@pytest.mark.parametrize("path", ["/u/signup", "/u/forgot"])
def test_without_the_mail_service_the_answer_is_the_same_and_asking_again_helps(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    new_user()
    browser = Browser()
    page = browser.get("hosted_pages", path)
    email = "grace@example.com" if path == "/u/signup" else "ada@example.com"
    for fate in (DENIED, refuse("TooManyRequestsException"), unreachable):
        with trouble({"sesv2": always(fate)}):
            down = browser.fill(page, path, email=email)
        assert down.status == 200
    assert mails() == []
    assert capsys.readouterr().out.count('"MailNotSent":1') == 3

    up = browser.fill(page, path, email=email)

    assert (up.status, up.headers, up.body) == (down.status, down.headers, down.body)
    assert len(mails()) == 1


def test_an_outage_of_the_table_sends_no_mail_with_a_dead_link() -> None:
    new_user()
    browser = Browser()
    page = browser.get("hosted_pages", "/u/forgot")

    with trouble({"dynamodb.PutItem": always(DENIED)}):
        assert is_an_honest_503(browser.fill(page, "/u/forgot", email="ada@example.com"))

    assert mails() == []


def test_no_account_is_half_made() -> None:
    step = sign_up_step()
    with trouble({"dynamodb.TransactWriteItems": always(DENIED)}):
        assert is_an_honest_503(step())
    assert users.get_by_email("grace@example.com") is None

    assert step().status == 200
    assert users.get_by_email("grace@example.com") is not None
