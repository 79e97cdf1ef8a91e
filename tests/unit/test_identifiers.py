"""One canonical form per mail address, and ids of users."""

import string

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gatehouse.identifiers import InvalidIdentifier, canonical_email, new_user_id, valid_user_id

ALICE = "alice.smith@example.org"
BOOKS = "info@xn--bcher-kva.example"
ZWSP, ZWJ, RLO, SOFT_HYPHEN = "\u200b", "\u200d", "\u202e", "\u00ad"


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        (ALICE, ALICE),
        ("Alice.Smith@Example.ORG", ALICE),
        ("  alice.smith@example.org\r\n", ALICE),
        ("\u00a0alice.smith@example.org\u3000", ALICE),
        ("\uff21lice.smith\uff20example\uff0eorg", ALICE),
        ("alice.smith@example\u3002org", ALICE),
        ("alice.smith@example\uff61org", ALICE),
        ("info@B\u00fccher.example", BOOKS),
        ("info@bu\u0308cher.example", BOOKS),
        ("info@XN--BCHER-KVA.example", BOOKS),
        ("info@xn--strae-oqa.example", "info@xn--strae-oqa.example"),
        ("post@\u4f8b\u3048.\u30c6\u30b9\u30c8", "post@xn--r8jz45g.xn--zckzah"),
        ("post@\u0645\u062b\u0627\u0644.example", "post@xn--mgbh0fb.example"),
        ("first+tag@example.org", "first+tag@example.org"),
        ("f.i.r.s.t@gmail.com", "f.i.r.s.t@gmail.com"),
        ("o'neil_{x}|`~!$%&*/=?^-@example.org", "o'neil_{x}|`~!$%&*/=?^-@example.org"),
        ("a@r3---sn.example.org", "a@r3---sn.example.org"),
        ("1@2.example", "1@2.example"),
    ],
)
def test_spellings_of_one_mailbox_have_one_canonical_form(typed, canonical):
    assert canonical_email(typed) == canonical


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "alice",
        "@",
        "alice@",
        "@example.org",
        "alice@bob@example.org",
        "alice\uff20bob@example.org",
        "alice smith@example.org",
        "alice@exam ple.org",
        "alice\n@example.org",
        "alice@example.org\nbcc:bob@example.org",
        "alice\0@example.org",
        "alice@example.org\x7f",
        '"alice smith"@example.org',
        '"alice"@example.org',
        "alice(work)@example.org",
        "Alice <alice@example.org>",
        "alice@example.org, bob@example.org",
        "alice\\@example.org",
        ".alice@example.org",
        "alice.@example.org",
        "al..ice@example.org",
        "alice@.example.org",
        "alice@example..org",
        "alice@example.org.",
        "alice@example\u2026org",
        "alice@localhost",
        "alice@127.0.0.1",
        "alice@[127.0.0.1]",
        "alice@-example.org",
        "alice@example-.org",
        "alice@exam_ple.org",
        "alice@exa/mple.org",
        "alice@exa#mple.org",
        "alice@xn--.example",
        "alice@xn--abc-.example",
        "alice@xn--a.example",
        "alice@xn--\u00fc.example",
    ],
)
def test_what_is_no_plain_address_is_refused(typed):
    with pytest.raises(InvalidIdentifier) as refused:
        canonical_email(typed)
    assert refused.value.reason.endswith(".")


@pytest.mark.parametrize(
    "hidden",
    [
        ZWSP,
        ZWJ,
        "\u200c",
        RLO,
        "\u2066",
        "\ufeff",
        SOFT_HYPHEN,
        "\u034f",
        "\u115f",
        "\u3164",
        "\ufe0f",
        "\U000e0041",
        "\U000e0100",
    ],
)
@pytest.mark.parametrize("address", ["ali{}ce@example.org", "alice@exam{}ple.org", "alice@b\u00fc{}cher.example", "{}" + ALICE])
def test_characters_that_nobody_sees_are_refused(hidden, address):
    with pytest.raises(InvalidIdentifier):
        canonical_email(address.format(hidden))


@pytest.mark.parametrize("look_alike", ["\u0430lice", "alic\u0435", "\u03b1lice", "al\u0131ce", "\u0130lice", "stra\u00dfe", "ren\u00e9"])
def test_a_name_that_only_looks_like_another_is_refused(look_alike):
    with pytest.raises(InvalidIdentifier, match="letters a to z"):
        canonical_email(f"{look_alike}@example.org")


def test_a_domain_that_only_looks_like_another_shows_itself_as_xn():
    assert canonical_email("alice@ex\u0430mple.org") == "alice@xn--exmple-4nf.org"


@pytest.mark.parametrize("domain", ["stra\u00dfe.example", "STRA\u1e9eE.example", "\u03bf\u03b4\u03bf\u03c2.example"])
def test_a_domain_that_two_standards_read_differently_must_be_written_as_xn(domain):
    with pytest.raises(InvalidIdentifier, match="domain"):
        canonical_email(f"alice@{domain}")


def test_the_lengths_of_rfc_5321_are_the_limits():
    local, label = "a" * 64, "b" * 63
    longest = f"{local}@{label}.{label}.{'c' * 57}.org"
    assert len(longest) == 254

    assert canonical_email(longest) == longest
    for too_long in (
        f"a{local}@example.org",
        f"a@b{label}.org",
        longest.replace("c.org", "cc.org"),
        "a" * 1_000_000 + "@example.org",
    ):
        with pytest.raises(InvalidIdentifier):
            canonical_email(too_long)


def test_an_internationalized_label_is_measured_as_it_is_stored():
    with pytest.raises(InvalidIdentifier):
        canonical_email("a@" + "\u00fc\u4f8b" * 30 + ".example")


def test_a_hash_sign_stays_what_it_is():
    """In the key EMAIL#<address> it separates parts, but the address is the last: it can imitate no part after it."""
    assert canonical_email("a#EMAIL#b@example.org") == "a#email#b@example.org"


@hypothesis_settings(deadline=None)
@given(st.text(max_size=80) | st.emails() | st.from_regex(r"\A[^@]{1,20}@[^@]{1,20}\.[a-z]{2,5}\Z"))
@example("a@xn--" + "9" * 59 + ".example")
@example("a@\ud800.example")
@example("a@\u13a0\uab70.example")
def test_a_canonical_form_is_short_plain_ascii_and_canonical_itself(typed):
    try:
        canonical = canonical_email(typed)
    except InvalidIdentifier:
        return
    assert canonical_email(canonical) == canonical
    assert canonical == canonical.strip().lower()
    assert canonical.isascii()
    assert canonical.isprintable()
    assert canonical.count("@") == 1
    assert " " not in canonical
    assert 5 <= len(canonical) <= 254


@hypothesis_settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=12))
def test_every_label_that_is_accepted_decodes_to_the_label_that_made_it(label):
    try:
        canonical = canonical_email(f"a@{label}.example")
    except InvalidIdentifier:
        return
    unicode_form = ".".join(
        part.removeprefix("xn--").encode().decode("punycode") if part.startswith("xn--") else part
        for part in canonical.partition("@")[2].split(".")
    )

    assert canonical_email(f"a@{unicode_form}") == canonical or set("\u00df\u03c2") & set(unicode_form)


@hypothesis_settings(deadline=None)
@given(st.from_regex(r"\Axn--[a-z0-9-]{1,30}\Z"))
def test_an_xn_label_is_accepted_only_as_the_one_form_of_its_letters(label):
    try:
        canonical = canonical_email(f"a@{label}.example")
    except InvalidIdentifier:
        return
    assert canonical == f"a@{label}.example"


def test_a_new_id_names_its_provider_and_cannot_be_guessed_or_met_twice():
    made = {new_user_id() for _ in range(1000)}

    assert len(made) == 1000
    for user_id in made:
        provider, bar, rest = user_id.partition("|")
        assert (provider, bar, len(rest)) == ("gatehouse", "|", 22)
        assert set(rest) <= set(string.ascii_letters + string.digits)
        assert valid_user_id(user_id)


@pytest.mark.parametrize(
    "user_id",
    ["gatehouse|0", "google-oauth2|103547991597142817347", "samlp|acme|alice@example.org", "sms|" + "a" * 190],
)
def test_ids_of_other_providers_are_valid(user_id):
    assert valid_user_id(user_id)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "|",
        "gatehouse",
        "gatehouse|",
        "|abc",
        "Gatehouse|abc",
        "gatehouse|a#b",
        "gatehouse#a|b",
        "gatehouse|a/b",
        "gatehouse|a b",
        "gatehouse|abc\n",
        "gatehouse|\u0430bc",
        "gatehouse|a\0",
        "gatehouse|" + "a" * 191,
        "g" * 65 + "|a",
        "gatehouse|" + "a" * 2048,
    ],
)
def test_what_cannot_be_an_id_is_recognised_before_it_becomes_a_key(value):
    assert not valid_user_id(value)
