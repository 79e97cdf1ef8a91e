"""Who signed in when, from where and to what, for operators and for the person's own record (S22, S90)."""

from typing import Any

from gatehouse import login_history, table, users
from tests.unit.conftest import call
from tests.unit.faults import trouble
from tests.unit.flows import PASSWORD, Browser, browser_of, hidden_fields, later, mailed_link, new_client, new_user, tokens_of
from tests.unit.operators import api, machine, user_path
from tests.unit.test_login import opened

DAY = 86400
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


def log_in(email: str = "ada@example.com", *, client_id: str = "", agent: str = AGENT, source_ip: str = "192.0.2.7") -> None:
    """Sign in on the page, with the password."""
    browser = Browser(source_ip=source_ip)
    page = opened(browser, client_id or new_client().client_id)
    form = hidden_fields(page) | {"email": email, "password": PASSWORD}
    answer = call(
        "hosted_pages", "POST", "/u/login", form=form, headers={"user-agent": agent}, cookies=browser.cookies, source_ip=browser.source_ip
    )
    assert answer.status == 303, answer.body


def logs(user_id: str, **query: Any) -> Any:
    answer = api("GET", user_path(user_id, "logs"), machine("read:logs"), query=query)
    assert answer.status == 200, answer.body
    return answer.json


def items(user_id: str) -> list[table.Item]:
    return list(table.query(table.user_partition(user_id), "LOGIN#"))


def test_a_sign_in_stands_in_the_record_and_in_the_history() -> None:
    user, app = new_user(), new_client(name="Shop")

    with later(0):
        log_in(client_id=app.client_id)
        log_in(client_id=app.client_id)

    after = users.get(user.user_id)
    assert after is not None
    assert (after.logins_count, after.last_ip) == (2, "192.0.2.7")
    newest, _ = logs(user.user_id)
    assert newest == {
        "date": newest["date"],
        "type": "s",
        "client_id": app.client_id,
        "client_name": "Shop",
        "ip": "192.0.2.7",
        "user_agent": AGENT,
        "user_id": user.user_id,
        "log_id": newest["log_id"],
    }
    shown = api("GET", user_path(user.user_id), machine("read:users")).json
    assert (shown["logins_count"], shown["last_ip"]) == (2, "192.0.2.7")
    assert newest["date"][:19] == shown["last_login"][:19]


def test_whoever_signs_up_on_the_way_in_has_signed_in_once() -> None:
    browser, app = Browser(), new_client()
    started = browser.get("hosted_pages", browser.authorize(app.client_id).location)
    page = browser.get("hosted_pages", f"/u/signup?signin={hidden_fields(started)['signin']}")
    browser.fill(page, "/u/signup", email="grace@example.com")

    browser.fill(browser.get("hosted_pages", mailed_link("/u/verify")), "/u/verify", password="seven ginger otters juggle")

    user = users.get_by_email("grace@example.com")
    assert user is not None
    assert (user.logins_count, len(items(user.user_id))) == (1, 1)


def test_a_wrong_password_and_single_sign_on_are_no_sign_ins() -> None:
    user, app = new_user(), new_client()
    browser = Browser()
    browser.fill(opened(browser, app.client_id), "/u/login", email=user.email, password="wrong")
    tokens_of(app.client_id, browser_of(user))

    assert [entry["type"] for entry in logs(user.user_id)] == ["fp"]
    assert api("GET", user_path(user.user_id), machine("read:users")).json["logins_count"] == 0


def test_a_long_user_agent_is_cut() -> None:
    user = new_user()
    log_in(agent="x" * 1000)

    assert len(logs(user.user_id)[0]["user_agent"]) == login_history.LONGEST_USER_AGENT


def test_the_history_is_shown_newest_first_page_by_page() -> None:
    user = new_user()
    for number in range(5):
        with later(number):
            login_history.signed_in(user.user_id, source_ip=f"192.0.2.{number}", user_agent="", client_id="", invocation_id=str(number))

    def ips(**query: Any) -> list[str]:
        return [entry["ip"][-1] for entry in logs(user.user_id, **query)]

    with later(10):
        assert ips() == ["4", "3", "2", "1", "0"]
        assert ips(per_page=2, page=1) == ["2", "1"]
        assert ips(per_page=2, page=3) == []
        assert ips(per_page=2, sort="date:1") == ["0", "1"]
        whole = logs(user.user_id, include_totals=True, per_page=2)
    assert {name: whole[name] for name in ("start", "limit", "length", "total")} == {"start": 0, "limit": 2, "length": 2, "total": 5}
    assert [entry["ip"][-1] for entry in whole["logs"]] == ["4", "3"]
    assert (
        api("GET", user_path(user.user_id, "logs"), machine("read:logs"), query={"sort": "ip:1"}).json["errorCode"]
        == "invalid_query_string"
    )


def test_old_sign_ins_are_not_shown_even_before_they_are_swept() -> None:
    user = new_user()
    with later(0):
        log_in()
        (item,) = items(user.user_id)
        assert item["ttl"] == item["at_ms"] // 1000 + 90 * DAY

        with later(90 * DAY - 60):
            assert len(logs(user.user_id)) == 1
        with later(90 * DAY + 60):
            assert logs(user.user_id, include_totals=True)["total"] == 0
            assert len(items(user.user_id)) == 1


def test_a_repeat_of_the_same_write_counts_once_and_nothing_is_noted_of_who_is_gone() -> None:
    user = new_user()
    for _ in range(2):
        login_history.signed_in(user.user_id, source_ip="192.0.2.7", user_agent="", client_id="", invocation_id="the same")
    login_history.signed_in("gatehouse|nobody", source_ip="192.0.2.7", user_agent="", client_id="", invocation_id="another")

    after = users.get(user.user_id)
    assert after is not None
    assert after.logins_count == 1
    assert items("gatehouse|nobody") == []
    assert table.get(table.user_key("gatehouse|nobody")) is None


def test_noting_a_sign_in_takes_two_writes_and_no_read() -> None:
    user = new_user()
    with trouble() as sent:
        login_history.signed_in(user.user_id, source_ip="192.0.2.7", user_agent=AGENT, client_id="", invocation_id="one")

    assert sent == ["dynamodb.UpdateItem", "dynamodb.PutItem"]


def test_the_history_takes_its_own_scope_and_a_user() -> None:
    user = new_user()

    assert api("GET", user_path(user.user_id, "logs"), machine("read:users")).status == 403
    assert api("GET", user_path("gatehouse|nobody", "logs"), machine("read:logs")).json["errorCode"] == "inexistent_user"
