"""Whether an address has an account is told by no answer, no work done and no side effect (rows 66, 67, 68)."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import pytest
from argon2 import low_level

from gatehouse import limits, users
from tests.unit.conftest import Answer
from tests.unit.faults import trouble
from tests.unit.flows import PASSWORD, Browser, mails, new_client, new_user
from tests.unit.test_login import opened

pytestmark = pytest.mark.usefixtures("costly_passwords")

KNOWN, UNKNOWN, BLOCKED, BARE = "ada@example.com", "nobody@example.com", "eve@example.com", "bare@example.com"
EVERYBODY = [KNOWN, UNKNOWN, BLOCKED, BARE]


def people() -> None:
    """One of each kind."""
    new_user(KNOWN)
    users.set_blocked(new_user(BLOCKED).user_id, True)
    users.create(BARE, email_verified=True, password_hash="")


@contextmanager
def hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The memory cost of every Argon2 computation, in order."""
    made: list[int] = []

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **parameters: object) -> object:
            made.append(1)
            return real(*args, **parameters)

        return call

    with monkeypatch.context() as patch:
        # The library's own entry points: argon2.PasswordHasher calls these two.
        patch.setattr("argon2._password_hasher.hash_secret", counted(low_level.hash_secret))
        patch.setattr("argon2._password_hasher.verify_secret", counted(low_level.verify_secret))
        yield made


def without_address(answer: Answer, email: str) -> tuple[int, dict[str, str], list[str], str]:
    return answer.status, answer.headers, answer.cookies, answer.body.replace(email, "<address>")


@pytest.mark.row(66)
def test_every_failed_sign_in_is_the_same_answer() -> None:
    people()
    browser = Browser()
    page = opened(browser, new_client().client_id)
    tries = [(email, password) for email in EVERYBODY for password in ("wrong", PASSWORD) if (email, password) != (KNOWN, PASSWORD)]

    answers = [without_address(browser.fill(page, "/u/login", email=email, password=password), email) for email, password in tries]

    assert answers[0][0] == 400
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.row(61, 66, 68)
def test_an_address_without_an_account_is_locked_like_one_with() -> None:
    people()
    browser = Browser()
    page = opened(browser, new_client().client_id)
    answers = []
    for email in EVERYBODY:
        for _ in range(limits.PASSWORD.attempts):
            limits.count(limits.PASSWORD, email)
        answers.append(without_address(browser.fill(page, "/u/login", email=email, password=PASSWORD), email))
        with pytest.raises(limits.Exhausted):
            limits.count(limits.PASSWORD, email)

    assert all(answer == answers[0] for answer in answers)


@pytest.mark.row(67)
@pytest.mark.parametrize("password", ["wrong", PASSWORD, "x" * 5000])
def test_every_failed_sign_in_takes_the_same_work(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    people()
    browser = Browser()
    page = opened(browser, new_client().client_id)
    browser.fill(page, "/u/login", email=UNKNOWN, password="warm")
    work = []
    for email in (KNOWN, UNKNOWN, BLOCKED, BARE):
        if (email, password) == (KNOWN, PASSWORD):
            continue
        limits.clear(limits.PASSWORD, email)
        with hashes(monkeypatch) as made, trouble() as sent:
            browser.fill(page, "/u/login", email=email, password=password)
        work.append((len(made), sent))

    assert all(each == work[0] for each in work)
    # Nobody can have set a password that long, so it costs no hash, for whomever it is tried.
    assert work[0][0] == (1 if len(password) < 5000 else 0)


@pytest.mark.row(67)
def test_a_locked_account_takes_a_hash_like_an_open_one(monkeypatch: pytest.MonkeyPatch) -> None:
    people()
    browser = Browser()
    page = opened(browser, new_client().client_id)
    for email in (KNOWN, UNKNOWN):
        for _ in range(limits.PASSWORD.attempts):
            limits.count(limits.PASSWORD, email)
        with hashes(monkeypatch) as made:
            browser.fill(page, "/u/login", email=email, password=PASSWORD)
        assert len(made) == 1


@pytest.mark.row(67)
def test_an_unknown_address_takes_about_as_long_as_a_known_one() -> None:
    people()
    browser = Browser()
    page = opened(browser, new_client().client_id)
    seconds: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    # Interleaved, so that whatever else the machine does falls on both.
    for number in range(16):
        for email in (KNOWN, UNKNOWN) if number % 2 else (UNKNOWN, KNOWN):
            limits.clear(limits.PASSWORD, email)
            limits.clear(limits.ADDRESS_SIGN_IN, browser.source_ip)
            started = time.perf_counter()
            browser.fill(page, "/u/login", email=email, password="wrong")
            seconds[email].append(time.perf_counter() - started)

    known, unknown = median(seconds[KNOWN]), median(seconds[UNKNOWN])
    assert 2 / 3 < known / unknown < 3 / 2


@pytest.mark.row(68)
@pytest.mark.parametrize("path", ["/u/signup", "/u/forgot"])
def test_asking_for_a_mail_is_answered_alike_with_the_same_work(path: str) -> None:
    people()
    browser = Browser()
    page = browser.get("hosted_pages", path)
    browser.fill(page, path, email="warm@example.com")
    answers, work = [], []
    for email in EVERYBODY:
        with trouble() as sent:
            answers.append(without_address(browser.fill(page, path, email=email), email))
        work.append(sent)

    assert answers[0][0] == 200
    assert all(answer == answers[0] for answer in answers)
    assert all(each == work[0] for each in work)
    assert "sesv2.SendEmail" in work[0]


@pytest.mark.row(68)
def test_only_the_mailbox_learns_which_it_was() -> None:
    people()
    browser = Browser()
    for path in ("/u/signup", "/u/forgot"):
        page = browser.get("hosted_pages", path)
        for email in (KNOWN, UNKNOWN):
            browser.fill(page, path, email=email)

    subjects = {(mail.subject, tuple(mail.destinations["ToAddresses"])) for mail in mails()}
    assert subjects == {
        ("You already have an account at Gatehouse", (KNOWN,)),
        ("Finish creating your Gatehouse account", (UNKNOWN,)),
        ("Choose a new Gatehouse password", (KNOWN,)),
        ("No account at Gatehouse uses this address", (UNKNOWN,)),
    }


@pytest.mark.row(68)
def test_too_many_mails_for_an_address_look_like_any_other_answer() -> None:
    people()
    browser = Browser()
    page = browser.get("hosted_pages", "/u/forgot")
    for email in (KNOWN, UNKNOWN):
        answers = [without_address(browser.fill(page, "/u/forgot", email=email), email) for _ in range(limits.MAIL.attempts + 2)]
        assert all(answer == answers[0] for answer in answers)
    assert len(mails()) == 2 * limits.MAIL.attempts


@pytest.mark.row(68)
def test_neither_a_login_hint_nor_prompt_none_tells_who_has_an_account() -> None:
    people()
    app = new_client()
    pages, silent = set(), set()
    for email in EVERYBODY:
        page = opened(Browser(), app.client_id, login_hint=email)
        body = re.sub(r'(csrf|signin)" value="[^"]*"|signin=[\w-]+', "", page.body).replace(email, "<address>")
        pages.add((page.status, body))
        silent.add(Browser().authorize(app.client_id, login_hint=email, prompt="none").sent_back["error"])

    assert len(pages) == 1
    assert silent == {"login_required"}
