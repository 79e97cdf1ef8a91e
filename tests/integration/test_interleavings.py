"""One whole request between two AWS calls of another: in every such place, not only where a race happens to find it."""

from collections.abc import Callable
from functools import partial

import pytest

from gatehouse import users
from tests.integration.faults import Action, Scene, in_every_place
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
    signed_on,
    with_tokens,
)
from tests.integration.steps import Setting
from tests.unit.conftest import Answer
from tests.unit.flows import PASSWORD, Browser, exchange, new_client, sign_out_everywhere

pytestmark = pytest.mark.usefixtures("stack", "impatient")
# What a person does, prepared up to its last request.


def redeem(person: Person) -> Action:
    return partial(person.exchange, person.code())


def refresh(person: Person) -> Action:
    return person.refresh


def authorize(person: Person) -> Action:
    return partial(person.browser.authorize, person.app.client_id)


def allow(person: Person) -> Action:
    person.app = new_client(name="Third party", first_party=False)
    page = person.browser.get("hosted_pages", person.browser.authorize(person.app.client_id).location)
    return partial(person.browser.fill, page, "/u/consent", decision="allow")


def log_in(person: Person) -> Action:
    person.browser = Browser(new_network())
    page = person.browser.get("hosted_pages", person.browser.authorize(person.app.client_id).location)
    return partial(person.browser.fill, page, "/u/login", email=person.user.email, password=PASSWORD)


# What ends everything that a person has.


def own_sign_out(person: Person, setting: Setting) -> Action:
    return partial(sign_out_everywhere, person.tokens["access_token"])


def operators_sign_out(person: Person, setting: Setting) -> Action:
    return partial(users.sign_out_everywhere, person.user.user_id, invocation_id="operator")


def block(person: Person, setting: Setting) -> Action:
    return partial(users.set_blocked, person.user.user_id, True)


def reset(person: Person, setting: Setting) -> Action:
    ask_for_link(Browser(new_network()), "/u/forgot", person.user.email)
    [link] = mailed_links(setting.emulator, person.user.email)
    return link_form(Browser(new_network()), link, NEW_PASSWORD)


def nothing_lives(person: Person, answer: Answer) -> None:
    assert answer.status in (200, 303, 400)
    if answer.status == 303 and "code" in answer.sent_back:
        answer = person.exchange(answer.sent_back["code"])
    if answer.status == 200 and "access_token" in answer.body:
        assert not accepted(answer.json["access_token"])
        assert person.refresh(answer.json["refresh_token"]).json["error"] == "invalid_grant"
    assert "code" not in person.browser.authorize(person.app.client_id).sent_back
    assert person.live_sessions() == []


@pytest.mark.row(37, 38)
@pytest.mark.parametrize(
    ("use", "end"),
    [
        *((use, end) for use in (redeem, refresh, authorize, allow) for end in (own_sign_out, operators_sign_out, block, reset)),
        # After a mere sign-out the password opens a new session, and rightly.
        *((log_in, end) for end in (block, reset)),
    ],
)
def test_what_ends_everything_ends_what_is_under_way(
    setting: Setting, use: Callable[[Person], Action], end: Callable[[Person, Setting], Action]
) -> None:
    def scene() -> Scene:
        person = with_tokens(setting.app)
        return use(person), end(person, setting), partial(nothing_lives, person)

    in_every_place(scene)


@pytest.mark.row(12)
def test_a_code_redeemed_in_the_middle_of_its_redemption_ends_with_nothing(setting: Setting) -> None:
    def scene() -> Scene:
        person = signed_on(setting.app)
        code, seen = person.code(), list[Answer]()
        return partial(person.exchange, code), lambda: seen.append(person.exchange(code)), partial(holds, person, seen)

    def holds(person: Person, seen: list[Answer], answer: Answer) -> None:
        assert sorted(each.status for each in (answer, *seen)) == [200, 400]
        assert person.live_sessions() == []

    in_every_place(scene)


@pytest.mark.row(8, 12)
@pytest.mark.parametrize("thief_begins", [False, True])
def test_a_code_that_is_also_tried_without_its_verifier_ends_with_nothing(setting: Setting, thief_begins: bool) -> None:
    def scene() -> Scene:
        person = signed_on(setting.app)
        code = person.code()
        thief = partial(exchange, setting.app.client_id, code, code_verifier="x" * 43)
        outer, inner = partial(person.exchange, code), thief
        if thief_begins:
            outer, inner = inner, outer
        return outer, inner, lambda answer: holds(person)

    def holds(person: Person) -> None:
        assert person.live_sessions() == []

    in_every_place(scene)


@pytest.mark.row(32)
@pytest.mark.parametrize("grace", [0, 10])
def test_a_refresh_in_the_middle_of_a_refresh(grace: int) -> None:
    def scene() -> Scene:
        person, seen = with_tokens(new_client(refresh_grace_seconds=grace)), list[Answer]()
        return person.refresh, lambda: seen.append(person.refresh()), partial(holds, person, seen)

    def holds(person: Person, seen: list[Answer], answer: Answer) -> None:
        answers = [answer, *seen]
        assert sorted(each.status for each in answers) == ([200, 200] if grace else [200, 400])
        assert len(person.live_sessions()) == (1 if grace else 0)
        assert len({each.json["refresh_token"] for each in answers if each.status == 200}) == 1

    in_every_place(scene)


@pytest.mark.row(72, 74)
@pytest.mark.parametrize("path", ["/u/signup", "/u/forgot"])
@pytest.mark.parametrize("meanwhile_", ["another use", "a newer link"])
def test_a_mailed_link_works_once_and_not_beside_a_newer_one(setting: Setting, path: str, meanwhile_: str) -> None:
    def scene() -> Scene:
        address = new_address() if path == "/u/signup" else signed_on(setting.app).user.email
        ask_for_link(Browser(new_network()), path, address)
        [link] = mailed_links(setting.emulator, address)
        seen = list[Answer]()
        again = link_form(Browser(new_network()), link, f"{NEW_PASSWORD} again")
        if meanwhile_ == "a newer link":
            again = partial(ask_for_link, Browser(new_network()), path, address)
        use = link_form(Browser(new_network()), link, NEW_PASSWORD)
        return use, lambda: seen.append(again()), partial(holds, address, seen)

    def holds(address: str, seen: list[Answer], answer: Answer) -> None:
        assert answer.status == 400
        assert seen[0].status == 200
        if meanwhile_ == "a newer link":
            newest, _ = mailed_links(setting.emulator, address)
            assert link_form(Browser(new_network()), newest, f"{NEW_PASSWORD} again")().status == 200
        sign_ins = [Browser(new_network()).sign_in(setting.app.client_id, address, word) for word in WORDS]
        assert [each.status for each in sign_ins] == [400, 303]
        assert len(accounts_of(address)) == 1

    in_every_place(scene)


WORDS = [NEW_PASSWORD, f"{NEW_PASSWORD} again"]
