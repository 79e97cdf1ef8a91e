"""Links for operators to send, the mail with a link, and the job that it is."""

from typing import Any

import pytest

from gatehouse import limits, users
from gatehouse.users import User
from tests.unit.conftest import ISSUER, Answer
from tests.unit.faults import DENIED, always, trouble
from tests.unit.flows import Browser, later, mailed_link, mails, new_client, new_user, signed_in, userinfo
from tests.unit.operators import api, machine, user_path

NEW_PASSWORD = "seven ginger otters juggle lanterns"
DAY = 86400
DATABASE = "con_database"


@pytest.fixture
def user() -> User:
    return new_user()


@pytest.fixture
def bearer() -> str:
    return machine("create:user_tickets", "update:users", "create:users", "read:users")


def unverified(email: str = "bob@example.com") -> User:
    return users.create(email, email_verified=False, password_hash="")


def now(user: User) -> User:
    found = users.get(user.user_id)
    assert found is not None
    return found


def link(kind: str, bearer: str, **body: Any) -> str:
    answer = api("POST", f"/tickets/{kind}", bearer, body)
    assert answer.status == 201, answer.body
    assert answer.json.keys() == {"ticket"}
    found: str = answer.json["ticket"]
    return found


def followed(url: str, **fields: str) -> Answer:
    """The link opened and its form sent."""
    browser = Browser()
    path = url.removeprefix(ISSUER).partition("?")[0]
    return browser.fill(browser.get("hosted_pages", url), path, **fields)


@pytest.mark.row(72)
def test_a_password_ticket_lets_its_holder_choose_a_password_and_ends_the_sessions_then(user: User, bearer: str) -> None:
    tokens = signed_in(new_client().client_id)
    url = link("password-change", bearer, user_id=user.user_id)
    assert url.startswith(f"{ISSUER}/u/reset?ticket=")
    assert userinfo(tokens["access_token"]).status == 200

    assert followed(url, password=NEW_PASSWORD).status == 200

    assert userinfo(tokens["access_token"]).status == 401
    signed_in(new_client().client_id, password=NEW_PASSWORD)
    assert followed(url, password="another good one of mine").status in (400, 403)


def test_a_password_ticket_proves_the_address_only_if_the_operator_says_so(bearer: str) -> None:
    bob, eve = unverified(), unverified("eve@example.com")
    followed(link("password-change", bearer, email="Bob@Example.com", connection_id=DATABASE), password=NEW_PASSWORD)
    followed(link("password-change", bearer, user_id=eve.user_id, mark_email_as_verified=True), password=NEW_PASSWORD)

    assert (now(bob).email_verified, now(eve).email_verified) == (False, True)


def test_who_asks_for_a_mail_does_not_kill_an_operators_link(user: User, bearer: str) -> None:
    url = link("password-change", bearer, user_id=user.user_id)
    browser = Browser()
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email=user.email)

    assert followed(url, password=NEW_PASSWORD).status == 200


def test_a_person_without_an_address_gets_a_password_ticket_too(bearer: str) -> None:
    grace = users.create("", email_verified=False, password_hash="", username="grace")

    assert followed(link("password-change", bearer, user_id=grace.user_id), password=NEW_PASSWORD).status == 200
    assert now(grace).password_hash


def test_the_way_goes_on_where_the_operator_said(user: User, bearer: str) -> None:
    for kind, fields in (("password-change", {"password": NEW_PASSWORD}), ("email-verification", {})):
        url = link(kind, bearer, user_id=user.user_id, result_url="https://shop.example.com/done?x=1", includeEmailInRedirect=True)
        page = Browser().get("hosted_pages", url)
        assert "form-action 'self' https:" in page.headers["content-security-policy"]

        answer = followed(url, **fields)

        assert answer.status == 303
        assert answer.location.startswith("https://shop.example.com/done?x=1&email=ada%40example.com&")
        assert answer.sent_back["success"] == "true"


@pytest.mark.row(4)
@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com",
        "javascript:alert(1)",
        "//shop.example.com",
        "https:///x",
        "https://a@evil.example",
        "https://x.example/#f",
        "https://x.example/a b",
        "https://x.example\\@y",
        "https://[",
        "data:text/html,x",
    ],
)
def test_a_result_url_is_https_and_says_plainly_where_it_leads(user: User, bearer: str, url: str) -> None:
    for kind in ("password-change", "email-verification"):
        answer = api("POST", f"/tickets/{kind}", bearer, {"user_id": user.user_id, "result_url": url})
        assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


@pytest.mark.parametrize(("asked", "seconds"), [(None, 5 * DAY), (0, 5 * DAY), (60, 60), (30 * DAY, 30 * DAY)])
def test_a_ticket_lives_as_long_as_asked(user: User, bearer: str, asked: int | None, seconds: int) -> None:
    with later(0):
        url = link("password-change", bearer, user_id=user.user_id, ttl_sec=asked)
        with later(seconds - 1):
            assert Browser().get("hosted_pages", url).status == 200
        with later(seconds):
            assert Browser().get("hosted_pages", url).status == 400


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("password-change", {}, "invalid_body"),
        ("password-change", {"user_id": "gatehouse|nobody"}, "inexistent_user"),
        ("password-change", {"email": "nobody@example.com", "connection_id": DATABASE}, "inexistent_user"),
        ("password-change", {"email": "ada@example.com"}, "operation_not_supported"),
        ("password-change", {"email": "ada@example.com", "connection_id": "con_x"}, "operation_not_supported"),
        ("password-change", {"email": "no address", "connection_id": DATABASE}, "invalid_body"),
        ("password-change", {"user_id": "gatehouse|x", "email": "ada@example.com"}, "invalid_body"),
        ("password-change", {"user_id": "USER", "ttl_sec": 30 * DAY + 1}, "invalid_body"),
        ("password-change", {"user_id": "USER", "ttl_sec": -1}, "invalid_body"),
        ("password-change", {"user_id": "USER", "organization_id": "org_x"}, "operation_not_supported"),
        ("email-verification", {}, "invalid_body"),
        ("email-verification", {"user_id": "gatehouse|nobody"}, "inexistent_user"),
        ("email-verification", {"user_id": "USER", "client_id": "nobody"}, "invalid_body"),
        ("email-verification", {"user_id": "USER", "identity": {"user_id": "1", "provider": "google-oauth2"}}, "operation_not_supported"),
        ("email-verification", {"user_id": "USER", "new_password": "x"}, "invalid_body"),
    ],
)
def test_what_makes_no_ticket_is_refused(user: User, bearer: str, kind: str, body: dict[str, Any], code: str) -> None:
    given = {name: user.user_id if value == "USER" else value for name, value in body.items()}

    assert api("POST", f"/tickets/{kind}", bearer, given).json["errorCode"] == code


def test_a_job_mails_the_link_and_tells_of_itself_afterwards(bearer: str) -> None:
    bob = unverified()

    job = api("POST", "/jobs/verification-email", bearer, {"user_id": bob.user_id})

    assert job.status == 201
    assert (job.json["type"], job.json["status"]) == ("verification_email", "completed")
    assert api("GET", f"/jobs/{job.json['id']}", bearer).json == job.json
    (mail,) = mails()
    assert (mail.subject, mail.destinations["ToAddresses"]) == ("Confirm your address for Gatehouse", [bob.email])
    assert followed(mailed_link("/u/verify-email")).status == 200
    assert now(bob).email_verified


def test_a_job_whose_mail_nobody_took_has_failed(bearer: str) -> None:
    bob = unverified()
    with trouble({"sesv2.SendEmail": always(DENIED)}):
        job = api("POST", "/jobs/verification-email", bearer, {"user_id": bob.user_id})

    assert (job.status, job.json["status"]) == (201, "failed")


def test_one_address_gets_only_so_many_of_these_mails(bearer: str) -> None:
    bob = unverified()
    answers = [api("POST", "/jobs/verification-email", bearer, {"user_id": bob.user_id}) for _ in range(limits.MAIL.attempts + 1)]

    assert [answer.status for answer in answers] == [201] * limits.MAIL.attempts + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert len(mails()) == limits.MAIL.attempts


@pytest.mark.parametrize("job_id", ["x", "job_x", "job_" + "A" * 100])
def test_a_job_that_we_did_not_make_is_not_there(bearer: str, job_id: str) -> None:
    assert api("GET", f"/jobs/{job_id}", bearer).status == 404


def test_a_person_without_an_address_can_confirm_none(bearer: str) -> None:
    grace = users.create("", email_verified=False, password_hash="", username="grace")
    for path in ("/jobs/verification-email", "/tickets/email-verification"):
        assert api("POST", path, bearer, {"user_id": grace.user_id}).json["errorCode"] == "operation_not_supported"


NEW = {"connection": "Username-Password-Authentication", "email": "grace@example.com", "verify_email": True}


def test_a_new_user_is_mailed_once_if_asked_and_a_conflict_mails_nobody(bearer: str) -> None:
    assert api("POST", "/users", bearer, NEW).status == 201
    assert [api("POST", "/users", bearer, NEW).status for _ in range(3)] == [409] * 3

    assert [mail.destinations["ToAddresses"] for mail in mails()] == [["grace@example.com"]]


@pytest.mark.parametrize("more", [{"verify_email": False}, {"verify_email": None}, {"email_verified": True}])
def test_a_new_user_is_not_mailed_without_need(bearer: str, more: dict[str, Any]) -> None:
    assert api("POST", "/users", bearer, NEW | more).status == 201
    assert mails() == []


def test_a_change_of_the_address_mails_the_new_one_if_asked(user: User, bearer: str) -> None:
    path = user_path(user.user_id)
    api("PATCH", path, bearer, {"nickname": "Ada", "verify_email": True})
    assert mails() == []

    assert api("PATCH", path, bearer, {"email": "ada@new.example", "verify_email": True}).status == 200
    assert [mail.destinations["ToAddresses"] for mail in mails()] == [["ada@new.example"]]
    new_user("eve@example.com")
    assert api("PATCH", path, bearer, {"email": "eve@example.com", "verify_email": True}).status == 409
    assert len(mails()) == 1
