"""When AWS does what it was asked but the answer is lost: the repetition finds its own work, and all happens once."""

import pytest

from gatehouse import client_registration, clients, clock, key_rotation, keys, limits, table, users
from gatehouse.client_registration import Registered
from local.instance import Instance
from tests.integration import steps
from tests.integration.faults import answer_lost, befalls, calls_of
from tests.integration.scenes import accepted, counted, new_network, signed_on, with_tokens
from tests.integration.steps import Prepare, Setting, each, is_outage
from tests.unit.conftest import context, forget, function
from tests.unit.flows import Browser, introspect, new_client

pytestmark = pytest.mark.usefixtures("stack", "impatient")


@each(steps.STEPS)
def test_whichever_answer_is_lost_the_request_is_done_once(setting: Setting, prepare: Prepare) -> None:
    calls = calls_of(prepare(setting).send)
    for lost in range(1, len(calls) + 1):
        step = prepare(setting)
        with befalls("", answer_lost, (lost,)):
            answer = step.send()

        assert step.done(answer), f"{lost} of {calls}: {answer}"
        step.holds(answer)


@pytest.mark.row(31, 32)
@pytest.mark.parametrize("grace", [0, 10])
def test_a_refresh_whose_answer_was_lost_in_the_table_is_no_theft(stack: Instance, grace: int) -> None:
    person = with_tokens(new_client(refresh_grace_seconds=grace))
    for generation in range(1, 4):
        with befalls("dynamodb.UpdateItem", answer_lost, (1, 2)):
            person.tokens = person.refresh().json

        [session] = person.live_sessions()
        assert session["generation"] == generation
        assert accepted(person.tokens["access_token"])


@pytest.mark.row(32)
def test_a_refresh_whose_answer_was_lost_on_the_way_gives_the_same_successor_within_the_grace(setting: Setting) -> None:
    person = with_tokens(setting.app)
    with befalls("dynamodb.UpdateItem", answer_lost):
        assert is_outage(person.refresh())

    successors = {person.refresh().json["refresh_token"] for _ in range(2)}
    assert len(successors) == 1
    assert [session["generation"] for session in person.live_sessions()] == [1]


@pytest.mark.row(12)
def test_a_code_whose_every_answer_is_lost_leaves_no_session_that_its_holder_does_not_know(setting: Setting) -> None:
    person = signed_on(setting.app)
    code = person.code()
    with befalls("dynamodb.PutItem", answer_lost):
        assert is_outage(person.exchange(code))

    # The client repeats, as the answer tells it to. A second use cannot be told from a thief's (RFC 6749 4.1.2).
    assert person.exchange(code).json["error"] == "invalid_grant"
    assert person.live_sessions() == []
    assert person.exchange(person.code()).status == 200


@pytest.mark.row(61, 62)
@pytest.mark.parametrize("window_is_open", [False, True])
def test_an_attempt_is_counted_once(setting: Setting, window_is_open: bool) -> None:
    person = signed_on(setting.app)
    browser = Browser(new_network())
    if window_is_open:
        browser.sign_in(setting.app.client_id, person.user.email, "wrong")
    page = browser.get("hosted_pages", browser.authorize(setting.app.client_id).location)
    with befalls("dynamodb.UpdateItem", answer_lost, range(1, 100, 2)):
        assert browser.fill(page, "/u/login", email=person.user.email, password="wrong").status == 400

    for limit, subject in ((limits.PASSWORD, person.user.email), (limits.ADDRESS_SIGN_IN, browser.source_ip)):
        assert counted(limit, subject) == 1 + window_is_open


@pytest.mark.row(61)
def test_an_attempt_is_given_back_once(setting: Setting) -> None:
    person = signed_on(setting.app)
    browser = Browser(new_network())
    for _ in range(2):
        browser.sign_in(setting.app.client_id, person.user.email, "wrong")
    with befalls("dynamodb.UpdateItem", answer_lost, range(1, 100, 2)):
        assert browser.sign_in(setting.app.client_id, person.user.email).status == 303

    assert counted(limits.ADDRESS_SIGN_IN, browser.source_ip) == 2


@pytest.mark.row(38)
def test_an_operators_sign_out_begins_one_new_epoch(setting: Setting) -> None:
    person = with_tokens(setting.app)
    with befalls("dynamodb.UpdateItem", answer_lost, (1, 2)):
        assert users.sign_out_everywhere(person.user.user_id, invocation_id="one")

    assert person.item()["epoch"] == person.user.epoch + 1


@pytest.mark.row(37)
def test_a_block_is_done(setting: Setting) -> None:
    person = with_tokens(setting.app)
    with befalls("dynamodb.", answer_lost, (1,)):
        assert users.set_blocked(person.user.user_id, True)

    assert person.item()["blocked"]
    assert not accepted(person.tokens["access_token"])


def test_a_registration_knows_its_own_client() -> None:
    with befalls("dynamodb.", answer_lost, (1,)):
        app = new_client("web")

    assert opens(app)
    with pytest.raises(client_registration.InvalidRegistration):
        client_registration.register(app.client_id, name="Another", type="machine")


@pytest.mark.row(26)
def test_a_new_secret_is_returned_and_the_old_one_still_holds() -> None:
    app = new_client("web")
    with befalls("dynamodb.UpdateItem", answer_lost, (1,)):
        secret = client_registration.rotate_secret(app.client_id, overlap_seconds=60)
    clients.forget()

    assert opens(app)
    assert opens(Registered(app.client_id, secret))


def test_a_change_of_a_client_is_done() -> None:
    app = new_client("web")
    with befalls("dynamodb.UpdateItem", answer_lost, (1,)):
        client_registration.change(app.client_id, name="After")

    item = table.get(table.client_key(app.client_id))
    assert item and item["name"] == "After"


def opens(app: Registered) -> bool:
    return introspect(app, "anything") == {"active": False}


@pytest.mark.row(57)
@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize("forced", [False, True])
def test_a_rotation_makes_each_key_once(forced: bool) -> None:
    following = [key.kid for key in keys.ring().values() if key.active_from > clock.now()]
    for kid in [] if forced else following:
        table.delete(table.ring_key(kid))
    with befalls("dynamodb.", answer_lost, range(1, 100, 2)):
        outcome = function("key_rotation")({"force": forced}, context())

    forget()
    assert outcome["promoted"] == [kid for kid in following if forced and keys.ring()[kid].algorithm == "ES256"]
    assert len(outcome["made"]) == 2 - forced
    assert key_rotation.rotate("test")["made"] == []


def test_the_broom_sweeps_on(setting: Setting) -> None:
    assert function("cleanup")({}, context())["finished"]
    with befalls("dynamodb.", answer_lost, range(1, 100, 2)):
        assert function("cleanup")({}, context())["finished"]
