"""What makes a password predictable."""

import gzip
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gatehouse import blocklist
from gatehouse.blocklist import explain


@pytest.mark.parametrize("kept", ["kJ8#mQ2$", "vqtzwhmr", "\u6628\u65e5\u96e8\u304c\u964d\u308a\u5098\u304c"])
def test_an_unpredictable_character_is_worth_one(kept):
    assert explain(kept, ()).worth == len(kept)


@pytest.mark.parametrize("plain", ["password", "sunshine", "qwertyuiop", "letmein"])
def test_case_accents_signs_for_letters_and_separators_hardly_add_anything(plain):
    worth = explain(plain, ()).worth

    for changed in (plain.upper(), plain.title(), plain.replace("e", "3"), plain.replace("o", "\u00f3")):
        assert explain(changed, ()).worth == worth
    assert explain("-".join(plain), ()).worth <= worth + 1


def test_what_is_known_about_a_person_is_worth_less_than_one_character_each():
    worth = explain("alice.smith1990", ["alice.smith@example.org"]).worth

    assert worth < 1 + len("1990")
    assert explain("alice.smith1990", []).worth > worth


def test_only_what_is_predictable_is_worth_less():
    start = explain("password", ()).worth

    assert explain("password-xkvqz", ()).worth == start + len("-xkvqz")


@pytest.mark.parametrize("password", ["a" * 256, "1q" * 128, "abcdef" * 42, "password" * 32])
def test_padding_of_any_length_adds_next_to_nothing(password):
    assert explain(password, ()).worth < 4


@hypothesis_settings(deadline=None)
@given(st.text(alphabet="ab1!é \u1ea0", max_size=40), st.text(alphabet="ab1", max_size=6))
def test_a_password_is_never_worth_more_than_its_characters(password, context):
    worth = explain(password, [context]).worth

    assert 0 <= worth <= len(unicodedata.normalize("NFKD", password.casefold()))


def test_the_more_often_a_password_is_used_the_less_it_is_worth():
    worth = [explain(password, ()).worth for password in ("password", "michael", "vantage", "xkvqzwh")]

    assert worth == sorted(worth)
    assert len(set(worth)) == len(worth)


def test_the_list_of_common_passwords_is_written_as_it_is_compared():
    packed = Path(blocklist.__file__).with_name("data") / "common-passwords.txt.gz"
    values = gzip.decompress(packed.read_bytes()).decode().split("\n")

    assert len(values) == len(set(values)) == 30_000
    assert all(value == value.casefold() and value.isascii() and value.isprintable() for value in values)
