"""What people and clients ask for, one request each, and how to tell afterwards that it was done once and whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from gatehouse.client_registration import Registered
from local.instance import Instance
from tests.integration.scenes import (
    NEW_PASSWORD,
    Person,
    accepted,
    accounts_of,
    ask_for_link,
    link_form,
    mailed_links,
    new_address,
    new_network,
    resource_server,
    signed_on,
    with_tokens,
)
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.flows import PASSWORD, Browser, basic, new_client, sign_out_everywhere, token
from tests.unit.flows import userinfo as ask_userinfo


@dataclass(frozen=True)
class Setting:
    emulator: Instance
    app: Registered


@dataclass(frozen=True)
class Step:
    """done: whether the answer says that it did it. holds: fails unless all is well after this, the last answer."""

    send: Callable[[], Answer]
    done: Callable[[Answer], bool]
    holds: Callable[[Answer], None]


def authorize(setting: Setting) -> Step:
    """By a browser that is signed on."""
    person = signed_on(setting.app)
    return Step(partial(person.browser.authorize, setting.app.client_id), _has_code, partial(_code_is_good, person))


def log_in(setting: Setting) -> Step:
    person = signed_on(setting.app)
    person.browser = Browser(new_network())
    page = person.browser.get("hosted_pages", person.browser.authorize(setting.app.client_id).location)
    send = partial(person.browser.fill, page, "/u/login", email=person.user.email, password=PASSWORD)
    return Step(send, _has_code, partial(_code_is_good, person))


def allow(setting: Setting) -> Step:
    """A third party, on the consent page."""
    person = signed_on(setting.app)
    person.app = new_client(name="Third party", first_party=False)
    page = person.browser.get("hosted_pages", person.browser.authorize(person.app.client_id).location)
    send = partial(person.browser.fill, page, "/u/consent", decision="allow")
    return Step(send, _has_code, partial(_code_is_good, person))


def exchange(setting: Setting) -> Step:
    person = signed_on(setting.app)
    return Step(partial(person.exchange, person.code()), _is(200), partial(_session_is_sound, person, 0))


def refresh(setting: Setting) -> Step:
    person = with_tokens(setting.app)
    return Step(person.refresh, _is(200), partial(_session_is_sound, person, 1))


def userinfo(setting: Setting) -> Step:
    person = with_tokens(setting.app)
    send = partial(ask_userinfo, person.tokens["access_token"])
    return Step(send, _is(200), lambda answer: _assert(answer.json["sub"] == person.user.user_id))


def introspect(setting: Setting) -> Step:
    person, api = with_tokens(setting.app), resource_server()
    headers, form = {"authorization": basic(api.client_id, api.secret)}, {"token": person.tokens["access_token"]}
    assert accepted(person.tokens["access_token"])
    send = partial(call, "introspect", "POST", "/oauth/introspect", form=form, headers=headers)
    return Step(send, _is(200), lambda answer: _assert(answer.json["active"]))


def revoke(setting: Setting) -> Step:
    person = with_tokens(setting.app)
    form = {"client_id": setting.app.client_id, "token": person.tokens["refresh_token"]}
    return Step(partial(call, "revoke", "POST", "/oauth/revoke", form=form), _is(200), lambda answer: _is_out(person))


def sign_out(setting: Setting) -> Step:
    person = with_tokens(setting.app)

    def holds(answer: Answer) -> None:
        # 401 for a repetition: the token that asks for it is dead already.
        assert answer.status in (204, 401)
        assert person.item()["epoch"] == person.user.epoch + 1
        assert not _has_code(person.browser.authorize(person.app.client_id))
        _is_out(person)

    return Step(partial(sign_out_everywhere, person.tokens["access_token"]), _is(204), holds)


def sign_out_by_operator(setting: Setting) -> Step:
    person = with_tokens(setting.app)
    operator = new_client("machine", scopes=["delete:sessions"], audience=f"{ISSUER}/api/v2/")
    basic_header = basic(operator.client_id, operator.secret)
    bearer = token(grant_type="client_credentials", authorization=basic_header).json["access_token"]
    send = partial(
        call,
        "global_sign_out",
        "POST",
        f"/api/v2/users/{person.user.user_id}/revoke-access",
        headers={"authorization": f"Bearer {bearer}"},
        path_parameters={"id": person.user.user_id},
    )
    return Step(send, _is(204), lambda answer: _is_out(person))


def log_out(setting: Setting) -> Step:
    person = with_tokens(setting.app)
    query = {"id_token_hint": person.tokens["id_token"]}
    send = partial(call, "logout", "GET", "/oidc/logout", query=query, cookies={**person.browser.cookies})

    def holds(answer: Answer) -> None:
        assert answer.status == 303
        _is_out(person)

    return Step(send, _is(303), holds)


def ask_for_sign_up(setting: Setting) -> Step:
    return _ask(setting, new_address(), "/u/signup")


def ask_for_reset(setting: Setting) -> Step:
    return _ask(setting, signed_on(setting.app).user.email, "/u/forgot")


def sign_up(setting: Setting) -> Step:
    """The password chosen by the mailed link."""
    address, browser = new_address(), Browser(new_network())
    ask_for_link(browser, "/u/signup", address)
    [link] = mailed_links(setting.emulator, address)

    def holds(answer: Answer) -> None:
        # 400 for a repetition: the link was used.
        assert answer.status in (200, 400)
        assert len(accounts_of(address)) == 1
        assert _has_code(Browser(new_network()).sign_in(setting.app.client_id, address, NEW_PASSWORD))

    return Step(link_form(browser, link, NEW_PASSWORD), _is(200), holds)


def reset(setting: Setting) -> Step:
    """Another password chosen by the mailed link."""
    person, browser = with_tokens(setting.app), Browser(new_network())
    ask_for_link(browser, "/u/forgot", person.user.email)
    [link] = mailed_links(setting.emulator, person.user.email)

    def holds(answer: Answer) -> None:
        assert answer.status in (200, 400)
        assert person.item()["epoch"] == person.user.epoch + 1
        _is_out(person)
        for password, opens in ((PASSWORD, False), (NEW_PASSWORD, True)):
            assert _has_code(Browser(new_network()).sign_in(setting.app.client_id, person.user.email, password)) == opens

    return Step(link_form(browser, link, NEW_PASSWORD), _is(200), holds)


Prepare = Callable[[Setting], Step]


def each(prepares: Sequence[Prepare]) -> pytest.MarkDecorator:
    """A test for each of these steps."""
    return pytest.mark.parametrize("prepare", prepares, ids=[prepare.__name__ for prepare in prepares])


def is_outage(answer: Answer) -> bool:
    """503 with Retry-After and the error that says so, or the same by way of the redirect."""
    if answer.status == 303:
        return answer.sent_back["error"] == "temporarily_unavailable"
    assert answer.status == 503, answer.body
    return "temporarily_unavailable" in answer.body and int(answer.headers["retry-after"]) > 0


def sign_up_on_the_way_in(setting: Setting) -> Step:
    """The same in the browser in which an application waits for the sign-in."""
    address, browser = new_address(), Browser(new_network())
    started = browser.get("hosted_pages", browser.authorize(setting.app.client_id).location)
    browser.fill(started, "/u/signup", email=address)
    [link] = mailed_links(setting.emulator, address)

    def holds(answer: Answer) -> None:
        assert _has_code(answer) or answer.status == 400
        assert len(accounts_of(address)) == 1
        assert _has_code(Browser(new_network()).sign_in(setting.app.client_id, address, NEW_PASSWORD))

    return Step(link_form(browser, link, NEW_PASSWORD), _has_code, holds)


WRITES = [allow, authorize, exchange, log_in, log_out, refresh, reset, revoke, sign_out, sign_out_by_operator, sign_up]
STEPS = [*WRITES, userinfo, introspect, ask_for_sign_up, ask_for_reset]


def _ask(setting: Setting, address: str, path: str) -> Step:
    browser = Browser(new_network())
    page = browser.get("hosted_pages", path)

    def holds(answer: Answer) -> None:
        assert answer.status == 200
        assert mailed_links(setting.emulator, address)

    return Step(partial(browser.fill, page, path, email=address), _is(200), holds)


def _session_is_sound(person: Person, generation: int, answer: Answer) -> None:
    live = person.live_sessions()
    if answer.status == 200:
        assert [session["generation"] for session in live] == [generation]
        assert accepted(answer.json["access_token"])
        assert person.refresh(answer.json["refresh_token"]).status == 200
        return
    # What looks like theft has ended everything; the way back in needs no password.
    assert answer.json["error"] == "invalid_grant"
    assert live == []
    assert person.exchange(person.code()).status == 200


def _code_is_good(person: Person, answer: Answer) -> None:
    assert person.exchange(answer.sent_back["code"]).status == 200


def _is_out(person: Person) -> None:
    assert person.live_sessions() == []
    assert not accepted(person.tokens["access_token"])
    assert person.refresh().json["error"] == "invalid_grant"


def _has_code(answer: Answer) -> bool:
    return answer.status == 303 and "code" in answer.sent_back


def _is(status: int) -> Callable[[Answer], bool]:
    return lambda answer: answer.status == status


def _assert(fact: bool) -> None:
    assert fact
