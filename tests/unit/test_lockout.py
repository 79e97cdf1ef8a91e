"""What guessing does to an account, and what it does not do to its owner (rows 61, 63, 64, 65)."""

import pytest

from gatehouse import limits, users
from tests.unit.conftest import Answer
from tests.unit.flows import PASSWORD, Browser, later, mailed_link, new_client, new_user
from tests.unit.test_login import opened
from tests.unit.test_sessions import DEVICE

EMAIL = "ada@example.com"
NEW_PASSWORD = "tin umbrella forgets nothing"


def guess(browser: Browser, client_id: str, password: str = "wrong", email: str = EMAIL) -> Answer:
    return browser.sign_in(client_id, email, password)


def exhaust(subject: str = EMAIL, limit: limits.Limit = limits.PASSWORD) -> None:
    """As many failures as the window bears."""
    for _ in range(limit.attempts):
        limits.count(limit, subject)


def choose_new_password(browser: Browser, password: str = NEW_PASSWORD) -> Answer:
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email=EMAIL)
    return browser.fill(browser.get("hosted_pages", mailed_link("/u/reset")), "/u/reset", password=password)


@pytest.mark.row(61)
def test_after_ten_wrong_passwords_the_right_one_is_answered_like_a_wrong_one() -> None:
    new_user()
    app = new_client()
    browser = Browser()
    page = opened(browser, app.client_id)
    wrong = [browser.fill(page, "/u/login", email=EMAIL, password="wrong") for _ in range(limits.PASSWORD.attempts)]
    locked_wrong = browser.fill(page, "/u/login", email=EMAIL, password="wrong")

    locked_right = browser.fill(page, "/u/login", email=EMAIL, password=PASSWORD)

    for answer in (*wrong, locked_wrong, locked_right):
        assert (answer.status, answer.headers, answer.cookies, answer.body) == (
            400,
            wrong[0].headers,
            [],
            wrong[0].body,
        )


@pytest.mark.row(61, 64)
def test_the_lock_ends_by_itself() -> None:
    new_user()
    app = new_client()
    with later(0):
        exhaust()
        assert guess(Browser(), app.client_id, PASSWORD).status == 400
        with later(limits.PASSWORD.window_seconds):
            assert guess(Browser(), app.client_id, PASSWORD).status == 303


@pytest.mark.row(61)
def test_the_right_password_sets_the_count_back() -> None:
    new_user()
    app = new_client()
    for _ in range(3):
        for _ in range(limits.PASSWORD.attempts - 1):
            limits.count(limits.PASSWORD, EMAIL)
        assert guess(Browser(), app.client_id, PASSWORD).status == 303


@pytest.mark.row(61)
def test_the_attempt_itself_is_counted_however_the_address_is_spelled() -> None:
    new_user()
    app = new_client()
    for _ in range(limits.PASSWORD.attempts - 3):
        limits.count(limits.PASSWORD, EMAIL)

    for email in ("ADA@example.com", " ada@example.com ", "Ada@Example.Com"):
        assert guess(Browser(), app.client_id, email=email).status == 400
    assert guess(Browser(), app.client_id, PASSWORD).status == 400


@pytest.mark.row(63)
def test_a_blocked_user_s_right_password_counts_like_a_wrong_one() -> None:
    user, app = new_user(), new_client()
    users.set_blocked(user.user_id, True)
    for _ in range(limits.PASSWORD.attempts - 1):
        limits.count(limits.PASSWORD, EMAIL)

    assert guess(Browser(), app.client_id, PASSWORD).status == 400
    users.set_blocked(user.user_id, False)
    assert guess(Browser(), app.client_id, PASSWORD).status == 400


@pytest.mark.row(63)
def test_the_lock_holds_on_every_way_to_the_password() -> None:
    new_user()
    app, third_party = new_client(), new_client(first_party=False)
    exhaust()

    for client_id, parameters in (
        (app.client_id, {"prompt": "login"}),
        (app.client_id, {"max_age": "0"}),
        (app.client_id, {"prompt": "select_account"}),
        (third_party.client_id, {}),
    ):
        assert Browser().sign_in(client_id, **parameters).status == 400


@pytest.mark.row(64)
def test_a_stranger_does_not_lock_out_an_owner_whose_browser_is_known() -> None:
    new_user()
    app = new_client()
    owner = Browser()
    owner.sign_in(app.client_id)
    exhaust()

    assert guess(Browser(source_ip="198.51.100.1"), app.client_id, PASSWORD).status == 400
    assert owner.sign_in(app.client_id, prompt="login").status == 303


@pytest.mark.row(64)
def test_a_known_browser_has_its_own_end() -> None:
    new_user()
    app = new_client()
    known = Browser()
    known.sign_in(app.client_id)
    page = opened(known, app.client_id, prompt="login")

    for _ in range(limits.PASSWORD_ON_KNOWN_DEVICE.attempts):
        known.fill(page, "/u/login", email=EMAIL, password="wrong")

    assert known.fill(page, "/u/login", email=EMAIL, password=PASSWORD).status == 400
    # And it has not locked the owner's other browsers.
    assert guess(Browser(), app.client_id, PASSWORD).status == 303


@pytest.mark.row(64)
def test_a_device_cookie_helps_only_for_the_address_that_earned_it() -> None:
    new_user()
    new_user("eve@example.com")
    app = new_client()
    of_eve = Browser()
    of_eve.sign_in(app.client_id, "eve@example.com")
    exhaust()

    assert of_eve.sign_in(app.client_id, EMAIL, prompt="login").status == 400
    for forged in ("x", of_eve.cookies[DEVICE][:-1], of_eve.cookies["__Host-gatehouse"]):
        assert guess(Browser(cookies={DEVICE: forged}), app.client_id, PASSWORD).status == 400


@pytest.mark.row(64)
def test_a_failed_attempt_earns_no_device_cookie() -> None:
    new_user()
    browser = Browser()
    guess(browser, new_client().client_id)

    assert DEVICE not in browser.cookies


@pytest.mark.row(64, 72)
def test_a_new_password_opens_a_locked_account() -> None:
    new_user()
    app = new_client()
    exhaust()
    limits.count(limits.ADDRESS_MAIL, "192.0.2.7")

    assert choose_new_password(Browser()).status == 200
    assert guess(Browser(), app.client_id, NEW_PASSWORD).status == 303


@pytest.mark.row(64)
def test_the_browser_that_chose_the_password_gets_in_although_strangers_lock_the_account_again_at_once() -> None:
    new_user()
    app = new_client()
    owner = Browser()
    choose_new_password(owner)
    exhaust()

    assert owner.sign_in(app.client_id, password=NEW_PASSWORD).status == 303


@pytest.mark.row(64)
def test_who_mistyped_too_often_in_a_known_browser_gets_in_with_a_new_password() -> None:
    new_user()
    app = new_client()
    owner = Browser()
    owner.sign_in(app.client_id)
    page = opened(owner, app.client_id, prompt="login")
    for _ in range(limits.PASSWORD_ON_KNOWN_DEVICE.attempts):
        owner.fill(page, "/u/login", email=EMAIL, password="forgotten")

    choose_new_password(owner)

    assert owner.sign_in(app.client_id, password=NEW_PASSWORD).status == 303


@pytest.mark.row(64)
def test_after_a_hundred_failures_only_a_new_password_opens_the_account() -> None:
    new_user()
    app = new_client()
    with later(0):
        for window in range(10):
            with later(window * limits.PASSWORD.window_seconds):
                exhaust()
        with later(30 * 86400):
            assert guess(Browser(), app.client_id, PASSWORD).status == 400
            choose_new_password(Browser())
            assert guess(Browser(), app.client_id, NEW_PASSWORD).status == 303


@pytest.mark.row(64)
def test_a_stranger_who_uses_up_the_mails_leaves_the_owner_a_link_that_works() -> None:
    new_user()
    stranger, owner = Browser(source_ip="198.51.100.1"), Browser()
    with later(0):
        for path in ("/u/signup", "/u/forgot"):
            page = stranger.get("hosted_pages", path)
            for _ in range(limits.MAIL.attempts + 1):
                assert stranger.fill(page, path, email=EMAIL).status == 200
        page = owner.get("hosted_pages", "/u/forgot")
        assert owner.fill(page, "/u/forgot", email=EMAIL).status == 200
        link = mailed_link("/u/reset")

        with later(limits.MAIL.window_seconds - 1):
            page = owner.get("hosted_pages", link)
            assert owner.fill(page, "/u/reset", password=NEW_PASSWORD).status == 200


@pytest.mark.row(65)
def test_one_network_that_tries_many_accounts_is_slowed_down() -> None:
    new_user()
    app = new_client()
    spray = Browser(source_ip="2001:db8:1:2::1")
    for _ in range(limits.ADDRESS_SIGN_IN.attempts - 2):
        limits.count(limits.ADDRESS_SIGN_IN, limits.network(spray.source_ip))

    answers = [guess(Browser(source_ip=f"2001:db8:1:2::{number}"), app.client_id, email=f"{number}@example.com") for number in range(4)]

    assert [answer.status for answer in answers] == [400, 400, 429, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= limits.ADDRESS_SIGN_IN.window_seconds
    assert guess(spray, app.client_id, PASSWORD).status == 429
    assert guess(Browser(source_ip="2001:db8:1:3::1"), app.client_id, PASSWORD).status == 303


@pytest.mark.row(65)
def test_an_office_that_signs_in_behind_one_address_is_not_slowed_down() -> None:
    new_user()
    app = new_client()
    for _ in range(limits.ADDRESS_SIGN_IN.attempts - 1):
        limits.count(limits.ADDRESS_SIGN_IN, "192.0.2.7")

    for _ in range(3):
        assert guess(Browser(), app.client_id, PASSWORD).status == 303


@pytest.mark.row(65)
def test_mails_that_one_network_asks_for_are_slowed_down() -> None:
    browser = Browser()
    page = browser.get("hosted_pages", "/u/forgot")
    for _ in range(limits.ADDRESS_MAIL.attempts - 1):
        limits.count(limits.ADDRESS_MAIL, "192.0.2.7")

    answers = [browser.fill(page, "/u/forgot", email=f"{number}@example.com") for number in range(3)]

    assert [answer.status for answer in answers] == [200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
