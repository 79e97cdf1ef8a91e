"""/me/sessions and /me/applications: where a person is signed in and whom they let in, through the applications they use."""

import pytest

from gatehouse import consents, session_ids
from gatehouse.management import callers
from tests.unit.flows import browser_of, claims_of, exchange, later, new_client, new_code, new_user, refresh, tokens_of, userinfo
from tests.unit.own import me, own_token
from tests.unit.test_account_page import allowed
from tests.unit.test_consent import third_party

BOTH = (callers.READ_OWN_DEVICES, callers.DELETE_OWN_DEVICES)


def sid_of(token: str) -> str:
    sid: str = claims_of(token)["sid"]
    return sid


def test_a_person_sees_where_they_are_signed_in_and_which_of_these_is_this_one() -> None:
    browser, shop = browser_of(new_user()), new_client(name="Shop")
    bearer = own_token(*BOTH, browser=browser, name="Wallet")
    with later(100):
        other = tokens_of(shop.client_id, browser)
        listed = me("GET", "/sessions", bearer).json

    assert [(each["id"], each["client_name"], each["current"]) for each in listed] == [
        (sid_of(other["access_token"]), "Shop", False),
        (sid_of(bearer), "Wallet", True),
    ]
    assert listed[0]["created_at"].endswith("Z") and "ip" in listed[0] and "device" in listed[0]


@pytest.mark.row(46)
def test_a_person_ends_one_session_and_the_browser_that_it_began_in() -> None:
    user = new_user()
    app, here, there = new_client(), browser_of(user), browser_of(user)
    bearer, lost = own_token(*BOTH, browser=here), tokens_of(app.client_id, there)

    assert me("DELETE", f"/sessions/{sid_of(lost['access_token'])}", bearer).status == 204

    assert userinfo(lost["access_token"]).status == 401
    assert refresh(app.client_id, lost["refresh_token"]).json["error"] == "invalid_grant"
    # Else whoever has that browser would be signed in again at once.
    assert there.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"
    assert "code" in here.authorize(app.client_id, prompt="none").sent_back
    assert me("GET", "/sessions", bearer).status == 200


def test_a_session_from_this_browser_is_ended_without_signing_the_browser_out() -> None:
    app, here = new_client(), browser_of(new_user())
    bearer, other = own_token(*BOTH, browser=here), tokens_of(app.client_id, here)

    assert me("DELETE", f"/sessions/{sid_of(other['access_token'])}", bearer).status == 204
    assert "code" in here.authorize(app.client_id, prompt="none").sent_back


@pytest.mark.row(46, 85)
def test_another_persons_session_is_as_unknown_as_none() -> None:
    ada, bob = browser_of(new_user()), browser_of(new_user("bob@example.com"))
    theirs = tokens_of(new_client().client_id, bob)
    bearer = own_token(*BOTH, browser=ada)

    answers = [me("DELETE", f"/sessions/{sid}", bearer) for sid in (sid_of(theirs["access_token"]), session_ids.new(1), "x", "USER")]

    assert {(answer.status, answer.json["message"]) for answer in answers} == {(404, "there is no such session")}
    assert userinfo(theirs["access_token"]).status == 200


@pytest.mark.row(89)
@pytest.mark.parametrize("sid", ["a#b", "a b", "x" * 600, "é", "a|b#"])
def test_what_can_be_no_id_is_refused(sid: str) -> None:
    new_user()

    assert me("DELETE", f"/sessions/{sid}", own_token(*BOTH)).status in (400, 404)


@pytest.mark.row(46)
def test_all_others_are_signed_out_and_this_one_goes_on() -> None:
    user = new_user()
    app, here, there = new_client(), browser_of(user), browser_of(user)
    bearer = own_token(*BOTH, browser=here)
    beside, elsewhere = tokens_of(app.client_id, here), tokens_of(app.client_id, there)

    assert me("POST", "/sessions/revoke-others", bearer).status == 204

    assert [userinfo(each["access_token"]).status for each in (beside, elsewhere)] == [401, 401]
    assert me("GET", "/sessions", bearer).json[0]["current"] is True
    assert there.authorize(app.client_id, prompt="none").sent_back["error"] == "login_required"
    assert "code" in here.authorize(app.client_id, prompt="none").sent_back


def test_a_code_in_flight_when_all_others_are_signed_out_lives_its_minute_at_most() -> None:
    user = new_user()
    app, there = new_client(), browser_of(user)
    bearer = own_token(*BOTH, browser=browser_of(user))
    codes = [new_code(app.client_id, there) for _ in range(2)]
    me("POST", "/sessions/revoke-others", bearer)

    assert exchange(app.client_id, codes[0]).status == 200
    with later(61):
        assert exchange(app.client_id, codes[1]).json["error"] == "invalid_grant"


@pytest.mark.row(46)
def test_a_person_sees_whom_they_let_in_and_takes_it_back() -> None:
    user = new_user()
    browser, app, own = browser_of(user), third_party(), new_client().client_id
    bearer = own_token(*BOTH, browser=browser)
    tokens = allowed(app, browser, scope="openid email", claims='{"userinfo":{"birthdate":null}}')

    (found,) = me("GET", "/applications", bearer).json
    assert (found["client_id"], found["scopes"], found["claims"]) == (app, ["email", "openid"], ["birthdate"])

    assert me("DELETE", f"/applications/{app}", bearer).status == 204
    assert me("GET", "/applications", bearer).json == []
    assert consents.get(user.user_id, app) is None
    assert userinfo(tokens["access_token"]).status == 401
    assert [me("DELETE", f"/applications/{client_id}", bearer).status for client_id in (own, "nobody")] == [404, 404]
