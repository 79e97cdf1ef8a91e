"""The page that shows what the local stack would have mailed."""

import pytest

from local import outbox

MAIL = {"To": ["ada@example.com"], "Subject": "Hi <b>", "BodyText": "", "BodyHtml": "", "Timestamp": 0}


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def test_what_a_mail_says_never_becomes_markup() -> None:
    page = outbox.page([MAIL | {"BodyText": "<script>alert(1)</script>"}])

    assert "Hi &lt;b&gt;" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_a_link_can_be_clicked_and_ends_where_the_sentence_goes_on() -> None:
    page = outbox.page([MAIL | {"BodyText": "Open http://localhost:8080/u/verify?a=1&b=2. It lasts an hour."}])

    assert '<a href="http://localhost:8080/u/verify?a=1&amp;b=2">' in page


def test_a_scheme_that_runs_code_is_no_link() -> None:
    assert '<a href="j' not in outbox.page([MAIL | {"BodyText": "javascript:alert(1)//http"}])


def test_an_empty_outbox_says_so() -> None:
    assert "No mail yet" in outbox.page([])
