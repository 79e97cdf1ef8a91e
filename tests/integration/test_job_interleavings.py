"""The broom, the rotation, the limiter and administrators, with something else between any two of their AWS calls."""

from collections.abc import Callable
from functools import partial

import pytest
import time_machine

from gatehouse import cleanup, client_registration, clients, clock, key_rotation, limits, tickets
from gatehouse.client_registration import Registered
from gatehouse.client_rules import InvalidRegistration
from tests.integration.faults import Scene, in_every_place
from tests.integration.scenes import (
    NEW_PASSWORD,
    accepted,
    ask_for_link,
    counted,
    link_form,
    mailed_links,
    new_address,
    new_network,
    quick_client,
    ring_is_sound,
    with_tokens,
)
from tests.integration.steps import Setting
from tests.unit.conftest import Answer, context, function
from tests.unit.flows import Browser, introspect, new_client, sign_out_everywhere

pytestmark = pytest.mark.usefixtures("cleared", "impatient")


def aged(scene: Callable[[], Scene], travel: time_machine.Traveller, seconds: int) -> Scene:
    """The scene, after so long."""
    found = scene()
    travel.shift(seconds)
    return found


def sweep() -> None:
    assert function("cleanup")({}, context())["finished"]


def test_the_broom_leaves_a_session_that_is_refreshed_meanwhile(setting: Setting) -> None:
    def scene() -> Scene:
        living, dead = with_tokens(setting.app), with_tokens(setting.app)
        sign_out_everywhere(dead.tokens["access_token"])
        seen = list[Answer]()

        def holds(_: object) -> None:
            assert accepted(seen[0].json["access_token"])
            assert living.refresh(seen[0].json["refresh_token"]).status == 200
            assert dead.sessions() == []

        return sweep, lambda: seen.append(living.refresh()), holds

    with time_machine.travel(clock.now()) as travel:
        in_every_place(partial(aged, scene, travel, cleanup.STREAM_SECONDS))


def test_the_broom_leaves_a_link_that_replaces_an_expired_one_meanwhile(setting: Setting) -> None:
    def scene() -> Scene:
        address = new_address()
        ask = partial(ask_for_link, Browser(new_network()), "/u/signup", address)
        ask()

        def holds(_: object) -> None:
            newest = mailed_links(setting.emulator, address)[0]
            assert link_form(Browser(new_network()), newest, NEW_PASSWORD)().status == 200

        return sweep, ask, holds

    with time_machine.travel(clock.now()) as travel:
        in_every_place(partial(aged, scene, travel, 2 * tickets.SECONDS[tickets.SIGN_UP]))


@pytest.mark.row(61)
def test_the_broom_leaves_a_count_that_begins_anew_meanwhile() -> None:
    def scene() -> Scene:
        network = new_network()
        count = partial(limits.count, limits.ADDRESS_SIGN_IN, network)
        count()

        def holds(_: object) -> None:
            assert counted(limits.ADDRESS_SIGN_IN, network) == 1

        return sweep, count, holds

    with time_machine.travel(clock.now()) as travel:
        in_every_place(partial(aged, scene, travel, 2 * limits.ADDRESS_SIGN_IN.window_seconds))


@pytest.mark.row(62)
@pytest.mark.parametrize("age", [None, 1, 2 * limits.PASSWORD.window_seconds])
def test_an_attempt_in_the_middle_of_counting_another_counts(age: int | None) -> None:
    """In a window that begins with them, one that is open, and one that is over."""

    def scene() -> Scene:
        address = new_address()
        count = partial(limits.count, limits.PASSWORD, address)
        if age:
            count()
            travel.shift(age)
        expected = 3 if age == 1 else 2
        return count, count, lambda _: _equal(counted(limits.PASSWORD, address), expected)

    with time_machine.travel(clock.now()) as travel:
        in_every_place(scene)


@pytest.mark.row(57)
@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize("outer_forced", [False, True])
@pytest.mark.parametrize("inner_forced", [False, True])
def test_a_rotation_in_the_middle_of_a_rotation_leaves_a_ring_that_works(outer_forced: bool, inner_forced: bool) -> None:
    app = quick_client()

    def scene() -> Scene:
        person = with_tokens(app)

        def holds(_: object) -> None:
            ring_is_sound()
            assert accepted(person.refresh().json["access_token"])

        return partial(rotate, outer_forced), partial(rotate, inner_forced), holds

    in_every_place(scene)


def rotate(forced: bool) -> None:
    key_rotation.rotate("test", force=forced)


@pytest.mark.row(26)
def test_a_new_secret_in_the_middle_of_making_one_loses_neither() -> None:
    def scene() -> Scene:
        app, made = new_client("web"), list[str]()
        make = partial(new_secret, app.client_id)
        return make, lambda: made.append(make()), partial(holds, app, made)

    def holds(app: Registered, made: list[str], answer: str) -> None:
        clients.forget()
        returned = [secret for secret in (answer, *made) if secret]
        assert returned
        assert all(introspect(Registered(app.client_id, secret), "any") == {"active": False} for secret in returned)

    in_every_place(scene)


def new_secret(client_id: str) -> str:
    try:
        return client_registration.rotate_secret(client_id, overlap_seconds=60)
    except InvalidRegistration:
        return ""


def _equal(left: object, right: object) -> None:
    assert left == right
