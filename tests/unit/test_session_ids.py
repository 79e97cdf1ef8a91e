"""Ids of sessions: each tells its epoch, and begins as those of all sessions of one sign-on do, and no others."""

import base64
import os

import pytest

from bench.recorder import recording
from gatehouse import session_ids, sessions, sign_ons
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.devices import codes, decide, new_device_client, poll
from tests.unit.flows import (
    PASSWORD,
    Browser,
    browser_of,
    claims_of,
    exchange,
    hidden_fields,
    new_client,
    new_code,
    new_user,
    refresh,
    sign_out_everywhere,
    signed_in,
    tokens_of,
    userinfo,
)
from tests.unit.signers import go
from tests.unit.test_many_sessions import begun
from tests.unit.test_pushed_requests import pushed, signed_in_by

WAYS = ("authorized", "prompted", "pushed", "pushed and signed in", "in its grace")


@pytest.fixture
def ada() -> User:
    return new_user()


def log_out(browser: Browser, tokens: dict[str, str]) -> Answer:
    return browser.get("logout", f"/oidc/logout?id_token_hint={tokens['id_token']}")


def confirmed(browser: Browser) -> Answer:
    """Logout without a hint, so that nothing but the sign-on tells what ends."""
    return browser.post("logout", "/oidc/logout", hidden_fields(browser.get("logout", "/oidc/logout")))


def pushed_and_signed_in(client_id: str) -> str:
    """The code of the second of two browsers in which the same person is done with one request."""
    code: str = signed_in_by(pushed(client_id), client_id, "ada@example.com", "ada@example.com")[1].sent_back["code"]
    return code


def begun_by(way: str, user: User) -> sessions.Session:
    """The session of a code that was issued in this way."""
    app, browser = new_client(sign_on_grace_seconds=3600).client_id, Browser()
    if way == "pushed and signed in":
        code = pushed_and_signed_in(app)
    else:
        first = signed_in(app, browser)
        if way == "in its grace":
            sign_out_everywhere(first["access_token"])
        if way == "prompted":
            browser.sign_in(app, prompt="login")
        code = go(browser, app, pushed(app)).sent_back["code"] if way == "pushed" else new_code(app, browser)
    session = sessions.get(user.user_id, claims_of(exchange(app, code).json["access_token"])["sid"])
    assert session is not None
    return session


@pytest.mark.parametrize("epoch", [0, 1, 255, 256, 2**24, 2**32 - 1])
def test_an_id_tells_the_epoch_that_it_began_under(epoch: int) -> None:
    sign_on_id = session_ids.new(epoch)

    assert session_ids.epoch_of(sign_on_id) == session_ids.epoch_of(session_ids.new(epoch, sign_on_id)) == epoch


def test_all_ids_of_one_sign_on_begin_alike_and_exactly_so() -> None:
    sign_on_id = session_ids.new(7)
    beginning = session_ids.beginning(7, sign_on_id)

    # 12 characters are 9 bytes: none of them holds a bit of what is random.
    assert len(beginning) == 12 and base64.urlsafe_b64decode(beginning)[:4] == (7).to_bytes(4)
    of_it = [session_ids.new(7, sign_on_id) for _ in range(1000)]
    assert all(each.startswith(beginning) and session_ids.alike(each, sign_on_id) for each in of_it)
    assert len({each[12:] for each in [*of_it, sign_on_id]}) == 1001
    others = [session_ids.new(7) for _ in range(1000)] + [session_ids.new(8, sign_on_id), session_ids.new(6, sign_on_id)]
    assert not any(each.startswith(beginning) or session_ids.alike(each, sign_on_id) for each in others)


def test_ids_of_an_epoch_begin_with_its_mark_whatever_their_tags() -> None:
    ids = [session_ids.new(9, like) for like in ("", session_ids.new(4), session_ids.new(9))]

    assert {each[:5] for each in ids} == {session_ids.mark(9)}


@pytest.mark.parametrize("size", [0, 4, 9, 19, 20, 24, 26, 32])
def test_an_id_of_another_length_is_none(size: int) -> None:
    assert session_ids.epoch_of(base64.urlsafe_b64encode(os.urandom(size)).rstrip(b"=").decode()) == -1


@pytest.mark.parametrize("change", ["=", "==", "A", " ", "\n", "é"])
def test_an_id_in_another_spelling_is_none(change: str) -> None:
    assert session_ids.epoch_of(session_ids.new(1) + change) == -1
    # The last character has four bits to spare: set, they would make a second id of the first.
    assert session_ids.epoch_of(session_ids.new(1)[:-1] + "B") == -1


@pytest.mark.parametrize("way", WAYS)
def test_however_a_browser_begins_a_session_its_id_has_the_tag_of_its_sign_on(ada: User, way: str) -> None:
    session = begun_by(way, ada)

    [known] = [sign_on for sign_on in sign_ons.of_user(ada.user_id) if sign_on.sign_on_id == session.sign_on_id]
    epoch = session_ids.epoch_of(session.sid)
    assert session.sid.startswith(session_ids.beginning(epoch, known.sign_on_id))
    assert epoch - session_ids.epoch_of(known.sign_on_id) == (way == "in its grace")


@pytest.mark.parametrize("way", WAYS)
def test_however_a_browser_began_it_a_session_ends_with_its_sign_on(ada: User, way: str) -> None:
    session = begun_by(way, ada)

    sessions.revoke_of_sign_on(ada.user_id, session.sign_on_id, "signed_out")

    ended = sessions.get(ada.user_id, session.sid)
    assert (ended and ended.status) == "revoked"


def test_a_device_has_a_tag_of_its_own_and_stays_when_the_browser_signs_out(ada: User) -> None:
    television, browser = new_device_client().client_id, browser_of(ada)
    given = codes(television)
    decide(browser, given["user_code"])
    tokens = poll(television, given["device_code"]).json
    [sign_on] = sign_ons.of_user(ada.user_id)

    confirmed(browser)

    assert not session_ids.alike(claims_of(tokens["access_token"])["sid"], sign_on.sign_on_id)
    assert userinfo(tokens["access_token"]).status == 200


def test_a_logout_ends_what_the_sign_on_began_at_every_application_and_nothing_else(ada: User) -> None:
    apps = [new_client().client_id for _ in range(3)]
    browser, elsewhere = browser_of(ada), browser_of(ada)
    here, there = ([tokens_of(app, each) for app in apps] for each in (browser, elsewhere))

    confirmed(browser)

    assert [userinfo(each["access_token"]).status for each in here] == [401] * 3
    assert [userinfo(each["access_token"]).status for each in there] == [200] * 3


def test_sessions_from_before_a_new_password_prompt_are_of_another_sign_on_and_stay(ada: User) -> None:
    app, browser = new_client().client_id, browser_of(ada)
    before = tokens_of(app, browser)
    browser.sign_in(app, prompt="login")
    after = tokens_of(app, browser)

    confirmed(browser)

    assert userinfo(before["access_token"]).status == 200
    assert userinfo(after["access_token"]).status == 401


def test_what_a_sign_on_began_in_its_grace_ends_with_it(ada: User) -> None:
    app, browser = new_client(sign_on_grace_seconds=3600).client_id, browser_of(ada)
    sign_out_everywhere(tokens_of(app, browser)["access_token"])
    after = tokens_of(app, browser)
    assert userinfo(after["access_token"]).status == 200

    confirmed(browser)

    assert userinfo(after["access_token"]).status == 401
    assert refresh(app, after["refresh_token"]).json["error"] == "invalid_grant"


def test_two_sign_ons_with_one_tag_do_not_end_each_other_s_sessions(ada: User) -> None:
    app = new_client().client_id
    one = sign_ons.begin(ada, ["pwd"])
    other = sign_ons.begin(ada, ["pwd"], like=one.sign_on_id)
    lasting = {"client_id": app, "created_at": 1, "expires_at": 2**33, "idle_expires_at": 2**33}
    for sign_on in (one, other):
        sid = session_ids.new(ada.epoch, sign_on.sign_on_id)
        sessions.begin(sessions.Session(ada.user_id, sid, sign_on_id=sign_on.sign_on_id, **lasting))

    sessions.revoke_of_sign_on(ada.user_id, one.sign_on_id, "signed_out")

    left = [session.sign_on_id for session in sessions.of_user(ada.user_id) if session.status == "active"]
    assert left == [other.sign_on_id]


def test_a_pushed_request_that_was_used_in_one_browser_has_no_code_for_another_of_the_same_person(ada: User) -> None:
    app = new_client()
    request_uri = pushed(app.client_id)
    page = (late := Browser()).get("hosted_pages", go(late, app.client_id, request_uri).location)
    code = go(browser_of(ada), app.client_id, request_uri).sent_back["code"]

    second = late.fill(page, "/u/login", email=ada.email, password=PASSWORD)

    assert second.sent_back["error"] == "invalid_request"
    assert exchange(app.client_id, code).status == 200


@pytest.mark.parametrize("sign_on_id", ["", "x", "é", "AAAA", "AAAAAQAAAAAAAAAAAAAAAAAAAAA", "USER#x"])
def test_a_sign_on_id_that_is_none_of_ours_ends_nothing_and_asks_nothing(ada: User, sign_on_id: str) -> None:
    begun(ada, 2)

    with recording() as work:
        sessions.revoke_of_sign_on(ada.user_id, sign_on_id, "signed_out")

    assert work.operations == []
    assert {session.status for session in sessions.of_user(ada.user_id)} == {"active"}


@pytest.mark.parametrize("others", [0, 1000])
def test_a_logout_costs_the_same_however_many_other_sessions_there_are(ada: User, others: int) -> None:
    begun(ada, others)
    browser, app = browser_of(ada), new_client().client_id
    tokens = tokens_of(app, browser)
    also = tokens_of(app, browser)

    with recording() as work:
        log_out(browser, tokens)

    assert sorted(work.operations) == ["DeleteItem", "Query", "Query", "UpdateItem", "UpdateItem"]
    assert (work.rru, work.wru) == (2, 3)
    assert [userinfo(each["access_token"]).status for each in (tokens, also)] == [401, 401]
    live = [session for session in sessions.of_user(ada.user_id) if session.status == "active"]
    assert len(live) == others


def test_of_its_sign_on_s_id_a_session_s_shows_the_tag_alone(ada: User) -> None:
    session = begun_by("authorized", ada)

    assert session.sid[:12] == session.sign_on_id[:12]
    shown, secret = (base64.urlsafe_b64decode(each + "==")[9:] for each in (session.sid, session.sign_on_id))
    assert shown != secret and len(secret) * 8 == 128


@pytest.mark.parametrize("like", ["AAAA", "xxxxxxxx"])
def test_what_is_too_short_for_a_tag_gives_none(like: str) -> None:
    with pytest.raises(ValueError, match="no tag"):
        session_ids.new(1, like)
