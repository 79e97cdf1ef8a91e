"""The stylesheet, its colours, and what other people's values are allowed to be."""

import itertools
import re

import pytest

from gatehouse import pages
from gatehouse.pages import palette, untrusted
from gatehouse.settings import settings

BRAND_COLORS = [f"#{''.join(hexes)}" for hexes in itertools.product(("00", "11", "33", "80", "cc", "ff"), repeat=3)]


@pytest.fixture(autouse=True)
def brand(monkeypatch):
    """Sets the brand colour of the deployment."""

    def configure(color="#3730a3"):
        values = {"BRAND_NAME": "Northwind", "BRAND_COLOR": color, "BRAND_LOGO_URI": ""}
        required = {"ISSUER": "https://id.example.com", "TABLE_NAME": "Identity", "KEY_ARN": "arn:aws:kms:key"}
        for variable, value in (values | required).items():
            monkeypatch.setenv(variable, value)
        settings.cache_clear()

    configure()
    yield configure
    settings.cache_clear()


def _stylesheet_link() -> str:
    html = pages.render("done.html", title="Done", heading="Done", message="Done.", continue_url="", continue_label="")
    return re.findall(r'<link rel="stylesheet" href="([^"]+)">', html)[0]


def test_pages_link_the_stylesheet_under_an_address_that_changes_with_it(brand):
    first = _stylesheet_link()
    brand(color="#aa0000")
    second = _stylesheet_link()

    assert second == f"/u/style.css?v={pages.stylesheet_version()}"
    assert first != second


def test_the_stylesheet_carries_the_brand_colour(brand):
    brand(color="#AA0044")

    assert "--fill: #aa0044;" in pages.stylesheet()


@pytest.mark.parametrize("color", ["", "red", "#abc", "#12345g", "#1234567", "#aa0044;}body{display:none", "#aa0044\n"])
def test_an_invalid_brand_colour_falls_back_to_the_default(brand, color):
    brand(color=color)

    assert f"--fill: {palette.DEFAULT_BRAND};" in pages.stylesheet()
    assert "display:none" not in pages.stylesheet()


def test_the_stylesheet_uses_no_property_it_does_not_set_and_no_outside_resource():
    css = pages.stylesheet()

    assert set(re.findall(r"var\(--([\w-]+)\)", css)) <= set(re.findall(r"--([\w-]+):", css))
    assert "url(" not in css and "@import" not in css


@pytest.mark.parametrize("scheme", [palette.light, palette.dark])
def test_every_brand_colour_leaves_text_and_controls_readable(scheme):
    for brand_color in BRAND_COLORS:
        color = scheme(brand_color)
        texts = [
            *itertools.product(("ink", "muted", "danger", "accent"), ("page", "surface", "band", "field")),
            *(("on-fill", "fill"), ("on-fill", "fill-hover"), ("on-tint", "tint")),
            *(("danger", "danger-surface"), ("good", "good-surface")),
        ]
        shapes = [*itertools.product(("field-line", "fill-edge", "accent", "danger"), ("surface", "field"))]

        for over, under in texts:
            assert palette.contrast(color[over], color[under]) >= palette.TEXT_CONTRAST, (brand_color, over, under)
        for over, under in shapes:
            assert palette.contrast(color[over], color[under]) >= palette.SHAPE_CONTRAST, (brand_color, over, under)


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_the_one_of_wcag(one, other, ratio):
    assert palette.contrast(one, other) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://shop.example/a?b=c#d", True),
        ("http://localhost:3000", True),
        ("/u/login?signin=1", True),
        ("HTTPS://shop.example", True),
        (None, False),
        ("", False),
        ("//shop.example", False),
        ("https:shop.example", False),
        ("https://", False),
        ("https://shop.example@evil.test/", False),
        ("https://[::1", False),
        (" https://shop.example", False),
        ("java\tscript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        ("https:\\\\evil.test", False),
        ("relative", False),
    ],
)
def test_only_web_addresses_become_links(url, safe):
    assert untrusted.web_address(url) == (url if safe else "")


def test_a_host_is_shown_in_the_form_that_hides_no_look_alike():
    assert untrusted.web_host("https://\u0430pple.example/") == "xn--pple-43d.example"


def test_long_names_are_cut_and_stay_on_one_line():
    assert untrusted.shown("a\r\n b\u0000c\u202ed") == "a b cd"
    assert untrusted.shown("x" * 500) == "x" * 79 + "…"
    assert untrusted.shown("🙂" * 80) == "🙂" * 80
