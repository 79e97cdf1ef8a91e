"""Hooks while many arrive at once: of one address there is one account, with all that was prepared for it, and no change is lost."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse import custom_data, hooks, table, tickets, users
from gatehouse.aws import endpoints
from gatehouse.hooks import POST_LOGIN, PRE_SIGN_UP, USER_MIGRATION, calls
from tests import operator_functions
from tests.integration.scenes import NEW_PASSWORD, accounts_of, at_once, everything, link_form, new_address, new_network, quick_client
from tests.unit.conftest import ISSUER, Answer
from tests.unit.flows import PASSWORD, Browser, exchange, hidden_fields, new_user
from tests.unit.hooks import SERVICE, Hooked, hooked, responding
from tests.unit.user_data import switch_on

pytestmark = pytest.mark.usefixtures("stack", "impatient", "interleaved", "lambdas")
AT_ONCE, ROUNDS = 8, 5
LINK = f"{ISSUER}/u/verify?ticket="


@pytest.fixture
def lambdas(stack: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lambda as the operator's functions see it; no hook is left behind."""
    with operator_functions.serving() as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", service.url)
        endpoints.forget()
        SERVICE[:] = [service]
        yield
        SERVICE.clear()
    table.delete(table.hooks_key())
    hooks.forget()
    calls.forget()
    endpoints.forget()


def old_store(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Knows everybody by NEW_PASSWORD."""
    if event["request"].get("password") != NEW_PASSWORD:
        raise ValueError("Bad password")
    attributes = {"email": event["userName"], "email_verified": "true", "custom:moved": "yes"}
    event["response"] |= {"userAttributes": attributes, "finalUserStatus": "CONFIRMED"}
    return event


def login_form(address: str, password: str = NEW_PASSWORD) -> Any:
    """The login page of a browser of its own, filled in and ready to be sent."""
    browser, app = Browser(new_network()), quick_client()
    page = browser.get("hosted_pages", browser.authorize(app.client_id).location)
    fields = hidden_fields(page) | {"email": address, "password": password}

    def send() -> tuple[str, Answer]:
        return app.client_id, browser.post("hosted_pages", "/u/login", fields)

    return send


def sign_up_form(address: str, password: str = NEW_PASSWORD) -> Any:
    """The page behind a mailed link, filled in and ready to be sent."""
    return link_form(Browser(new_network()), LINK + tickets.issue(tickets.SIGN_UP, address), password)


def documents_of(user_id: str) -> list[table.Item]:
    return [item for item in everything() if item["pk"].endswith(user_id) and item["sk"].startswith("CUSTOM#")]


def prepared(hook: Hooked) -> set[str]:
    return {call["userName"] for call in hook.calls}


def test_of_many_first_sign_ins_of_one_person_one_brings_them_over_and_all_get_in() -> None:
    hook = hooked(USER_MIGRATION, old_store)
    for _ in range(ROUNDS):
        address = new_address()

        answers = at_once(*(login_form(address) for _ in range(AT_ONCE)))

        assert [answer.status for _, answer in answers] == [303] * AT_ONCE
        assert {exchange(client_id, answer.sent_back["code"]).status for client_id, answer in answers} == {200}
        (user_id,) = accounts_of(address)
        user = users.get(user_id)
        assert user is not None and user.app_metadata == {"moved": "yes"}
        assert 1 <= len(hook.calls) <= AT_ONCE
        hook.calls.clear()


def test_only_those_with_the_right_password_get_in_while_somebody_comes_over() -> None:
    hooked(USER_MIGRATION, old_store)
    for _ in range(ROUNDS):
        address = new_address()
        passwords = [NEW_PASSWORD, "a wrong password"] * (AT_ONCE // 2)

        answers = at_once(*(login_form(address, password) for password in passwords))

        assert [answer.status for _, answer in answers] == [303, 400] * (AT_ONCE // 2)
        assert len(accounts_of(address)) == 1


def test_of_one_who_signs_up_and_comes_over_at_once_there_is_one_account() -> None:
    hooked(USER_MIGRATION, old_store)
    hook = hooked(PRE_SIGN_UP, responding({"appMetadata": {"moved": "no"}}))
    for _ in range(ROUNDS):
        address = new_address()

        up, (_, over) = at_once(sign_up_form(address), login_form(address))

        # Both know the password, so that whoever comes second may find what the first has made.
        assert up.status in (200, 400) and over.status == 303
        (user_id,) = accounts_of(address)
        user = users.get(user_id)
        assert user is not None and user.app_metadata == {"moved": "no" if up.status == 200 else "yes"}
    assert prepared(hook)


def test_of_many_clicks_on_one_link_one_makes_the_account_with_the_document_that_its_hook_prepared() -> None:
    switch_on()
    meeting = threading.Barrier(AT_ONCE)

    def slow(event: dict[str, Any], _context: Any) -> Any:
        # All of them have found the address free when the first goes on.
        meeting.wait(timeout=4)
        event["response"]["customDocument"] = {"made_for": event["userName"]}
        return event

    hook = hooked(PRE_SIGN_UP, slow)
    for _ in range(ROUNDS):
        address = new_address()

        answers = at_once(*[sign_up_form(address)] * AT_ONCE)

        assert Counter(answer.status for answer in answers) == {200: 1, 400: AT_ONCE - 1}
        (user_id,) = accounts_of(address)
        assert custom_data.get(user_id).document == {"user_id": user_id, "made_for": user_id}
        assert len(documents_of(user_id)) == 1
        # All of them spoke of one person, whom one of them made.
        assert prepared(hook) == {user_id}
        assert len({call["request"]["clientMetadata"]["idempotency_id"] for call in hook.calls}) == 1
        hook.calls.clear()


def test_what_hooks_change_at_parallel_sign_ins_is_all_kept() -> None:
    def noting(event: dict[str, Any], _context: Any) -> Any:
        event["response"]["appMetadata"] = {event["request"]["clientMetadata"]["idempotency_id"]: True}
        return event

    hook = hooked(POST_LOGIN, noting)
    for _ in range(ROUNDS):
        user = new_user(new_address())

        answers = at_once(*(login_form(user.email, PASSWORD) for _ in range(AT_ONCE)))

        assert {answer.status for _, answer in answers} == {303}
        assert {exchange(client_id, answer.sent_back["code"]).status for client_id, answer in answers} == {200}
        stored = users.get(user.user_id)
        assert stored is not None and len(stored.app_metadata) == AT_ONCE
        assert len(hook.calls) == AT_ONCE
        hook.calls.clear()


def test_a_veto_for_some_makes_no_account_for_any_of_them() -> None:
    addresses = [new_address() for _ in range(AT_ONCE)]

    def choosy(event: dict[str, Any], _context: Any) -> Any:
        if event["request"]["userAttributes"]["email"] in addresses[::2]:
            raise ValueError("no")
        return event

    hooked(PRE_SIGN_UP, choosy)

    answers = at_once(*(sign_up_form(address) for address in addresses))

    assert [answer.status for answer in answers] == [400, 200] * (AT_ONCE // 2)
    assert [len(accounts_of(address)) for address in addresses] == [0, 1] * (AT_ONCE // 2)
