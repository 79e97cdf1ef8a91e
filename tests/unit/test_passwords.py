"""Which passwords people may choose, and how they are stored and compared."""

import os
import random
import string
import subprocess
import sys
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gatehouse.passwords import Unacceptable, check_policy, hash_password, needs_rehash, verify, verify_dummy
from gatehouse.settings import settings

pytestmark = pytest.mark.usefixtures("costly_passwords")

PERSON = ("alice.smith@example.org", "Alice Smith")
GOOD = "paper boat in july"


@pytest.fixture(autouse=True)
def service(monkeypatch):
    monkeypatch.setenv("ISSUER", "https://login.oakfield.example")
    monkeypatch.setenv("TABLE_NAME", "gatehouse")
    monkeypatch.setenv("KEY_ARN", "arn:aws:kms:eu-west-1:111111111111:key/1")
    monkeypatch.setenv("BRAND_NAME", "Oakfield Bank")
    monkeypatch.delenv("MINIMUM_PASSWORD_LENGTH", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="module")
def stored():
    return hash_password(GOOD)


@pytest.fixture
def argon2_runs(monkeypatch):
    """How often Argon2 was run: every run, whether it hashes or verifies, goes through one of these two."""
    runs = []
    for name in ("hash", "verify"):
        original = getattr(PasswordHasher, name)

        def counted(self, *arguments, original=original, name=name):
            runs.append(name)
            return original(self, *arguments)

        monkeypatch.setattr(PasswordHasher, name, counted)
    return runs


def refusal(password, context=PERSON):
    with pytest.raises(Unacceptable) as refused:
        check_policy(password, context=context)
    return refused.value.reason


@pytest.mark.parametrize(
    "password",
    [
        "correct mule charger paperclip",
        "tarpaulin flounder",
        "wir fahren nach Hamburg",
        "kJ8#mQ2$vL9@xN4",
        "nineteenthcenturyboats",
        "7248 1903 5562 8841",
        "oakfield-bank-is-where-i-keep-mine",
        "alice likes warm bread",
        " leading and trailing ",
        "\N{LATIN SMALL LETTER E WITH ACUTE}t\N{LATIN SMALL LETTER E WITH ACUTE} au bord du lac",
        "昨日は雨が降りましたので傘を買う",
        "🙂🐢🚲🎺🧦🍋🪴🎲🛶🧲🦔🥨🪁🧵🪗",
        "x7" + GOOD * 10,
    ],
)
def test_any_mix_of_characters_is_accepted_when_it_is_long_and_not_predictable(password):
    check_policy(password, context=PERSON)


def test_random_passwords_are_accepted_whatever_they_are_made_of():
    generator = random.Random(1)
    for alphabet in (string.ascii_lowercase, string.digits, string.ascii_letters + string.digits + string.punctuation):
        for _ in range(100):
            check_policy("".join(generator.choices(alphabet, k=15)), context=PERSON)


@pytest.mark.parametrize("length", [0, 1, 8, 14])
def test_fourteen_characters_are_too_few_by_default(length):
    assert "at least 15 characters" in refusal("kJ8#mQ2$vL9@xN4"[:length])


def test_the_minimum_is_configurable_down_to_eight(monkeypatch):
    monkeypatch.setenv("MINIMUM_PASSWORD_LENGTH", "4")
    settings.cache_clear()

    check_policy("vq7#mdKw")
    assert "at least 8 characters" in refusal("vq7#mdK")
    assert "many people use" in refusal("passw0rd")


def test_almost_every_random_password_of_eight_is_accepted_where_eight_are_enough(monkeypatch):
    monkeypatch.setenv("MINIMUM_PASSWORD_LENGTH", "8")
    settings.cache_clear()
    generator = random.Random(1)
    refused = 0
    for _ in range(300):
        try:
            check_policy("".join(generator.choices(string.ascii_letters + string.digits, k=8)))
        except Unacceptable:
            refused += 1

    assert refused <= 3


def test_a_character_counts_once_however_a_device_composes_it():
    decomposed = unicodedata.normalize("NFD", "\N{LATIN SMALL LETTER U WITH DIAERESIS}ber")

    assert "at least 15" in refusal(decomposed + "kJ8#mQ2$vL")  # 15 code points as typed, 14 characters


def test_one_typed_ligature_counts_as_one_character_though_it_stands_for_eighteen():
    assert "at least 15" in refusal("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}")


@pytest.mark.parametrize("character", ["\0", "\t", "\n", "\x7f", "\x85", "\u2028", "\ud800", "\uffff", "\U000e0fff"])
def test_characters_that_cannot_be_typed_or_kept_are_refused(character):
    assert "not every device can type" in refusal(GOOD + character)


def test_256_characters_are_accepted_and_257_are_not():
    longest = "".join(random.Random(1).choices(string.printable[:94], k=256))

    check_policy(longest)
    assert "at most 256 characters" in refusal(longest + "x")


@pytest.mark.parametrize(
    "password",
    [
        "password1password1",
        "P@ssw0rdP@ssw0rd!",
        "Password12345678",
        "password........",
        "p.a.s.s.w.o.r.d.1.2.3",
        "qwertyuiop12345",
        "letmein-letmein-1",
        "iloveyou12345678",
        "sunshineprincess",
        "mydogs1mydogs1mydogs1",
        "dragon monkey football",
        "correct horse battery staple",
        "TheQuickBrownFox!",
        "Mon mot de passe 1",
        "\u043f\u0430\u0440\u043e\u043b\u044c123\u043f\u0430\u0440\u043e\u043b\u044c",
    ],
)
def test_what_many_people_use_is_refused_also_when_it_is_padded_or_repeated(password):
    assert "many people use" in refusal(password)


@pytest.mark.parametrize(
    "password",
    [
        "a" * 15,
        "\N{SNOWMAN}" * 20,
        " " * 15,
        "abcabcabcabcabc",
        "xkvqz3xkvqz3xkvqz3",
        "ABCDEFGHIJKLMNOP",
        "zyxwvutsrqponmlk",
        "1234567890123456",
        "aaabbbcccdddeee",
        "azertyuiopqsdfgh",
        "zaq12wsxcde34rfv",
        "!@#$%^&*()_+{}|",
        "\u0444\u044b\u0432\u0430\u043f\u0440\u043e\u043b\u0434\u0436\u044f\u0447\u0441\u043c\u0438",
    ],
)
def test_repetition_sequences_and_keyboard_walks_are_refused(password):
    assert "repetition or characters in a row" in refusal(password, context=())


@pytest.mark.parametrize(
    "password",
    [
        "alice.smith@example.org",
        "AliceSmithAlice1",
        "al1ce.sm1th1990",
        "smith-alice-smith",
        "example.org 2024",
        "Oakfield Bank 2024!",
        "oakfieldoakfield",
        "login.oakfield.example",
    ],
)
def test_the_own_address_name_and_the_name_of_the_service_are_refused(password):
    assert "your own details or the name of this service" in refusal(password)


def test_a_password_that_only_contains_such_a_word_is_accepted():
    check_policy("my password is never the same twice", context=PERSON)


def test_context_of_another_person_does_not_matter():
    check_policy("ottoline.featherstone", context=PERSON)
    assert "your own details" in refusal("ottoline.featherstone", context=("ottoline.featherstone@example.org",))


@hypothesis_settings(deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=3))
def test_any_text_is_either_accepted_or_refused_with_a_reason(password, context):
    reason = "."
    try:
        check_policy(password, context=context)
        assert 15 <= len(password) <= 256
    except Unacceptable as refused:
        reason = refused.reason
    assert reason.endswith(".")


def test_importing_the_module_loads_neither_argon2_nor_the_list():
    code = "import sys; from gatehouse import passwords; sys.exit('argon2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": os.pathsep.join(sys.path)})


def test_a_hash_says_algorithm_and_parameters_and_is_salted():
    first, second = hash_password(GOOD), hash_password(GOOD)

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert (extract_parameters(first).salt_len, extract_parameters(first).hash_len) == (16, 32)
    assert verify(GOOD, first)
    assert verify(GOOD, second)


@pytest.mark.parametrize("other", ["paper boat in July", GOOD + " ", GOOD[:-1], "", "\0"])
def test_every_character_counts_in_a_comparison(other, stored):
    assert not verify(other, stored)


def test_nothing_is_cut_off_after_72_bytes():
    assert not verify("k" * 89 + "B" + "k" * 10, hash_password("k" * 89 + "A" + "k" * 10))


def test_two_ways_to_type_one_character_are_the_same_password_but_look_alikes_are_not():
    composed = "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher im regal"

    assert verify(unicodedata.normalize("NFD", composed), hash_password(composed))
    assert not verify(unicodedata.normalize("NFKC", "x\N{SUPERSCRIPT TWO}"), hash_password("x\N{SUPERSCRIPT TWO}"))


def test_stored_hashes_with_other_parameters_still_verify_and_ask_for_a_new_one(stored):
    weaker = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(GOOD)

    assert verify(GOOD, weaker)
    assert needs_rehash(weaker)
    assert not needs_rehash(stored)


@pytest.mark.parametrize("password", ["x" * 1_000_000, "x" * 257, "\ud800" * 15])
def test_what_nobody_can_have_set_is_refused_without_hashing_for_known_and_unknown_people_alike(password, stored, argon2_runs):
    assert verify(password, stored) is False
    verify_dummy(password)
    with pytest.raises(Unacceptable):
        hash_password(password)

    assert argon2_runs == []


def test_an_unknown_person_costs_one_run_of_argon2_as_a_known_one_does(stored, argon2_runs):
    verify_dummy(GOOD)
    unknown = len(argon2_runs)
    verify(GOOD, stored)

    assert (unknown, len(argon2_runs) - unknown) == (1, 1)


@pytest.mark.parametrize("damaged", ["", "secret", "$2b$12$abcdefghijklmnopqrstuv"])
def test_a_damaged_hash_is_an_error_and_not_a_wrong_password(damaged):
    with pytest.raises(InvalidHashError):
        verify(GOOD, damaged)
