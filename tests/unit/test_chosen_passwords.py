"""Passwords that people choose on the pages, and what is stored of them (rows 69, 70)."""

import pytest
from argon2 import PasswordHasher

from gatehouse import passwords, settings, users
from tests.unit.conftest import forget
from tests.unit.flows import PASSWORD, Browser, new_client
from tests.unit.test_sign_up import EMAIL, asked, chosen

pytestmark = pytest.mark.usefixtures("costly_passwords")


@pytest.mark.row(69)
@pytest.mark.parametrize(
    "password",
    ["fourteen chars", "password1234567", "grace@example.com", "gatehouse gatehouse", "x" * 300, "aaaaaaaaaaaaaaaa"],
)
def test_a_bad_password_is_refused_with_a_reason_and_the_link_lives_on(password: str) -> None:
    browser = Browser()
    asked(browser)

    answer = chosen(browser, password)

    assert answer.status == 400
    assert 'id="error"' in answer.body
    assert f'value="{password}"' not in answer.body.replace(f'readonly value="{EMAIL}"', "")
    assert chosen(browser).status == 200


@pytest.mark.row(69)
@pytest.mark.parametrize(
    "password",
    [
        "tin umbrella forgets nothing " * 2 + "at all, ever",
        "зонтик забывает про всё на свете",
        "🦆🪁🧭🥁🌵🔭🧵🪗🦞🎯🧊🪲🥨🛟🪕",
    ],
)
def test_a_long_or_foreign_password_is_taken_whole(password: str) -> None:
    browser = Browser()
    asked(browser)
    assert chosen(browser, password).status == 200

    app = new_client()
    assert Browser().sign_in(app.client_id, EMAIL, password).status == 303
    assert Browser().sign_in(app.client_id, EMAIL, password[:-1]).status == 400


@pytest.mark.row(69)
def test_passwords_that_differ_at_their_ninetieth_byte_are_different() -> None:
    password = "tin umbrella forgets nothing, " * 3 + "almost all"
    other = password[:90] + "X" + password[91:]
    browser = Browser()
    asked(browser)
    chosen(browser, password)

    assert len(password) == len(other) == 100
    app = new_client()
    assert Browser().sign_in(app.client_id, EMAIL, other).status == 400
    assert Browser().sign_in(app.client_id, EMAIL, password).status == 303


@pytest.mark.row(69)
def test_the_shortest_length_is_a_setting_that_goes_no_lower_than_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIMUM_PASSWORD_LENGTH", "4")
    forget()
    assert settings.settings().minimum_password_length == 4
    browser = Browser()
    asked(browser)

    assert chosen(browser, "Xq7#mZp").status == 400
    assert chosen(browser, "Xq7#mZp2").status == 200


@pytest.mark.row(70)
@pytest.mark.parametrize("size", [300, 60_000, 1_000_000])
def test_a_huge_password_is_refused_before_it_is_hashed(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser()
    asked(browser)
    monkeypatch.setattr("argon2._password_hasher.hash_secret", None)
    monkeypatch.setattr("argon2._password_hasher.verify_secret", None)

    assert chosen(browser, "x" * size).status in (400, 413)
    assert Browser().sign_in(new_client().client_id, EMAIL, "x" * size).status in (400, 413)


@pytest.mark.row(70)
def test_what_is_stored_is_argon2id_with_its_parameters() -> None:
    browser = Browser()
    asked(browser)
    chosen(browser)
    user = users.get_by_email(EMAIL)

    assert user is not None
    assert user.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.needs_rehash(user.password_hash)


@pytest.mark.row(70)
def test_a_hash_with_older_parameters_is_replaced_at_the_next_sign_in() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    user = users.create(EMAIL, email_verified=True, password_hash=old)
    app = new_client()
    Browser().sign_in(app.client_id, EMAIL, "wrong")
    before = users.get(user.user_id)

    Browser().sign_in(app.client_id, EMAIL, PASSWORD)

    after = users.get(user.user_id)
    assert before is not None and before.password_hash == old
    assert after is not None and not passwords.needs_rehash(after.password_hash)
    assert Browser().sign_in(app.client_id, EMAIL, PASSWORD).status == 303
