"""The mails: what they say and what may stand in their subject."""

import re
from html import unescape

import pytest

from gatehouse import pages
from gatehouse.settings import settings

HOSTILE = "https://x.example/\"'><script>alert(1)</script><img/src=x>{{7*7}}%0d%0aBcc:x@y"

MAILS: dict[str, dict[str, object]] = {
    "signup": {"link": "https://id.example.com/u/verify?ticket=a&b=c", "minutes": 60},
    "account_exists": {
        "login_link": "https://id.example.com/u/login",
        "forgot_link": "https://id.example.com/u/forgot",
    },
    "reset": {"link": "https://id.example.com/u/reset?ticket=a&b=c", "minutes": 30},
    "no_account": {},
    "invitation": {
        "link": "https://id.example.com/u/start?invitation=a&b=c",
        "inviter": "Ada",
        "organization": "Acme",
        "until": 1_800_000_000,
    },
}


@pytest.fixture(autouse=True)
def brand(monkeypatch):
    """Sets the brand name of the deployment."""

    def configure(name="Northwind"):
        values = {"BRAND_NAME": name, "BRAND_COLOR": "#3730a3", "BRAND_LOGO_URI": ""}
        required = {"ISSUER": "https://id.example.com", "TABLE_NAME": "Identity", "KEY_ARN": "arn:aws:kms:key"}
        for variable, value in (values | required).items():
            monkeypatch.setenv(variable, value)
        settings.cache_clear()

    configure()
    yield configure
    settings.cache_clear()


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_says_the_same_in_text_and_html_with_every_link(name):
    subject, text, html = pages.mail(name, **MAILS[name])
    hrefs = [unescape(href) for href in re.findall(r'<a href="([^"]+)"', html)]

    assert "Northwind" in subject
    for key, link in MAILS[name].items():
        if key.endswith("link"):
            assert link in text and link in hrefs
    assert "If it was not you" in text and "If it was not you" in html
    assert "&amp;" not in text


@pytest.mark.parametrize(("minutes", "words"), [(1, "1 minute"), (30, "30 minutes"), (60, "1 hour"), (1440, "24 hours")])
def test_a_mail_says_how_long_its_link_works(minutes, words):
    _, text, html = pages.mail("reset", link="https://id.example.com/u/reset", minutes=minutes)

    assert f"for {words}." in text and f"for {words}." in html


@pytest.mark.parametrize("name", MAILS)
def test_a_subject_is_one_line_and_holds_nothing_a_user_chose(name, brand):
    plain, _, _ = pages.mail(name, **MAILS[name])
    hostile = {key: HOSTILE if isinstance(value, str) else value for key, value in MAILS[name].items()}
    changed, _, html = pages.mail(name, **hostile)
    brand(name="North\r\nBcc: x@y")
    folded, _, _ = pages.mail(name, **MAILS[name])

    assert changed == plain
    assert "\r" not in folded and "\n" not in folded
    assert "<script" not in html and "<img" not in html and "49" not in html
