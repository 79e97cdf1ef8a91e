"""The hosted pages: what they hold, whatever the values they are given."""

import re
from html.parser import HTMLParser

import pytest

from gatehouse import pages
from gatehouse.settings import settings
from tests.unit.page_contexts import CONTEXTS, EMAIL

HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\"' {{ 7*7 }} {% raw %} \u202egro.knab\r\nBcc: x@y"
ERROR = "That email and password do not match. Check both and try again."

FORMS = [name for name, context in CONTEXTS.items() if "csrf" in context]
WITH_ERRORS = [name for name, context in CONTEXTS.items() if "error" in context]


class Document(HTMLParser):
    """A page as a browser reads it: its elements in order, and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def by_id(self, identifier: str) -> dict[str, str]:
        (found,) = [attributes for _, attributes in self.elements if attributes.get("id") == identifier]
        return found


@pytest.fixture(autouse=True)
def brand(monkeypatch):
    """Sets the brand of the deployment; without arguments a plain one."""

    def configure(name="Northwind", color="#3730a3", logo=""):
        values = {"BRAND_NAME": name, "BRAND_COLOR": color, "BRAND_LOGO_URI": logo}
        required = {"ISSUER": "https://id.example.com", "TABLE_NAME": "Identity", "KEY_ARN": "arn:aws:kms:key"}
        for variable, value in (values | required).items():
            monkeypatch.setenv(variable, value)
        settings.cache_clear()

    configure()
    yield configure
    settings.cache_clear()


def page(name: str, **changes: object) -> Document:
    return Document(pages.render(name, **(CONTEXTS[name] | changes)))


def hostile(context: dict[str, object]) -> dict[str, object]:
    changed = {name: HOSTILE for name, value in context.items() if isinstance(value, str)}
    if "scopes" in context:
        changed["scopes"] = [(HOSTILE, HOSTILE), (HOSTILE, "")]
    if "applications" in context:
        changed["applications"] = [{"client_id": "x", "name": HOSTILE, "uri": HOSTILE, "since": 0, "sentences": [HOSTILE]}]
    return context | changed


@pytest.mark.parametrize("name", CONTEXTS)
def test_every_page_has_a_language_a_title_with_the_brand_and_one_heading(name):
    html = pages.render(name, **CONTEXTS[name])
    document = Document(html)

    assert html.startswith("<!doctype html>")
    assert document.all("html") == [{"lang": "en"}]
    assert re.search(r"<title>\S.* \u2013 Northwind</title>", html)
    assert [len(document.all(tag)) for tag in ("title", "h1", "main", "header")] == [1, 1, 1, 1]
    assert any(meta.get("name") == "viewport" for meta in document.all("meta"))


@pytest.mark.parametrize("name", CONTEXTS)
def test_every_page_lives_under_a_policy_without_inline_style_or_script(name):
    for context in (CONTEXTS[name], hostile(CONTEXTS[name])):
        document = Document(pages.render(name, **context))

        assert not document.all("script") and not document.all("style")
        for _, attributes in document.elements:
            assert not [attribute for attribute in attributes if attribute == "style" or attribute.startswith("on")]


@pytest.mark.parametrize("name", CONTEXTS)
def test_hostile_values_change_words_but_no_markup(name, brand):
    brand(name=HOSTILE)
    context = hostile(CONTEXTS[name])
    document = Document(pages.render(name, **context))
    calm = page(name, **{key: "" for key in CONTEXTS[name] if key.endswith(("_url", "_uri")) or key == "action"})

    assert not document.all("script") and not document.all("img")
    assert {tag for tag, _ in document.elements} <= {tag for tag, _ in calm.elements} | {
        "div",
        "p",
        "svg",
        "path",
        "circle",
    }
    assert "alert(1)" in document.text
    assert "49" not in document.text
    assert "\u202e" not in document.text


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.test", "/\\evil.test", "data:text/html,x", "/a\nb"])
def test_links_that_are_not_http_or_on_this_site_are_left_out(name, url):
    links = [key for key in CONTEXTS[name] if key.endswith(("_url", "_uri"))]
    document = page(name, **dict.fromkeys([*links, "action"], url))

    assert not document.all("a")
    assert "action" not in document.all("form")[0]


@pytest.mark.parametrize("name", FORMS)
def test_forms_post_back_with_the_csrf_value_and_the_pending_sign_in(name):
    document = page(name)
    hidden = {field["name"]: field["value"] for field in document.all("input") if field.get("type") == "hidden"}

    forms = document.all("form")
    assert forms and all(form == {"method": "post", "action": "/u/here"} for form in forms)
    assert len([field for field in document.all("input") if field.get("name") == "csrf"]) == len(forms)
    hidden.pop("fields", None)
    assert hidden == {key: value for key, value in CONTEXTS[name].items() if key in ("csrf", "signin", "ticket")}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_without_a_pending_sign_in_or_an_action_names_neither(name):
    context = {key: value for key, value in CONTEXTS[name].items() if key != "action"} | {"signin": ""}
    document = Document(pages.render(name, **context))

    assert all(form == {"method": "post"} for form in document.all("form"))
    assert "signin" not in [field.get("name") for field in document.all("input")]


@pytest.mark.parametrize("name", FORMS)
def test_every_visible_field_has_a_label(name):
    document = page(name)
    labelled = {label["for"] for label in document.all("label")}

    fields = [*document.all("input"), *document.all("textarea")]
    assert {field["id"] for field in fields if field.get("type") != "hidden"} == labelled


@pytest.mark.parametrize("name", WITH_ERRORS)
def test_an_error_is_announced_and_tied_to_its_field(name):
    document = page(name, error=ERROR)
    invalid = [field for field in document.all("input") if field.get("aria-invalid") == "true"]

    assert document.by_id("error")["role"] == "alert"
    assert ERROR in document.text
    assert document.text.startswith("Error: ")
    assert invalid and all("error" in field["aria-describedby"].split() for field in invalid)
    assert next(field for field in document.all("input") if "autofocus" in field) in invalid


@pytest.mark.parametrize("name", WITH_ERRORS)
def test_without_an_error_nothing_is_marked_invalid(name):
    html = pages.render(name, **CONTEXTS[name])

    assert "alert" not in html and "aria-invalid" not in html and "Error" not in html


@pytest.mark.parametrize("name", CONTEXTS)
def test_everything_described_by_something_names_an_element_that_exists(name):
    document = page(name, **({"error": ERROR} if name in WITH_ERRORS else {}))
    identifiers = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    references = [
        reference
        for _, attributes in document.elements
        for relation in ("aria-describedby", "aria-labelledby", "for")
        for reference in attributes.get(relation, "").split()
    ]

    assert len(identifiers) == len(set(identifiers))
    assert set(references) <= set(identifiers)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("login.html", {"email": "username", "password": "current-password"}),
        ("signup.html", {"email": "username"}),
        ("forgot.html", {"email": "username"}),
        ("verify.html", {"email": "username", "password": "new-password"}),
        ("reset.html", {"email": "username", "password": "new-password"}),
    ],
)
def test_password_managers_know_every_field(name, expected):
    fields = [field for field in page(name).all("input") if field.get("type") != "hidden"]

    assert {field["id"]: field["autocomplete"] for field in fields} == expected


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_password_is_never_sent_back_to_the_browser(name):
    assert not [field for field in page(name).all("input") if field.get("type") == "password" and "value" in field]


@pytest.mark.parametrize("name", ["verify.html", "reset.html"])
def test_a_new_password_is_asked_for_with_the_rule_beside_it(name):
    document = page(name, minimum_length=22)

    assert document.by_id("password")["minlength"] == "22"
    assert "password-hint" in document.by_id("password")["aria-describedby"]
    assert "At least 22 characters" in document.text


def test_a_new_password_says_beforehand_that_devices_are_signed_out():
    assert "all your devices will be signed out" in page("reset.html").text


def test_consent_is_a_choice_of_two_buttons_over_what_is_asked():
    document = page("consent.html")
    buttons = {button["id"]: (button["name"], button["value"]) for button in document.all("button")}

    assert buttons == {"allow": ("decision", "allow"), "deny": ("decision", "deny")}
    assert "Know who you are" in document.text
    assert "orders:read" in document.text
    assert "shop.example" in document.text
    assert EMAIL in document.text


@pytest.mark.parametrize("name", ["login.html", "consent.html", "consent_device.html"])
def test_people_are_shown_what_the_application_registered_about_itself(name):
    document = page(name, logo_uri="https://shop.example/logo.png")

    assert {"https://shop.example/privacy", "https://shop.example/terms"} <= {link["href"] for link in document.all("a")}
    assert [picture["src"] for picture in document.all("img")] == ["https://shop.example/logo.png"]
    assert not page(name, logo_uri="http://localhost/logo.png").all("img")


def test_a_device_is_allowed_by_a_choice_beside_its_code_and_a_warning():
    document = page("consent_device.html")

    assert {button["id"] for button in document.all("button")} == {"allow", "deny"}
    assert "BCDF-GHJK" in document.text and "Living Room TV" in document.text
    assert "Deny it if somebody sent you the code" in document.text


def test_an_error_page_shows_developers_what_happened_and_support_where_to_look():
    document = page("error.html")

    assert "invalid_request: redirect_uri is not registered" in document.text
    assert "request-id" in document.text
    assert document.by_id("retry")["href"] == "https://shop.example/login"


def test_a_page_that_lacks_a_value_fails_instead_of_showing_a_gap():
    incomplete = {key: value for key, value in CONTEXTS["login.html"].items() if key != "csrf"}

    with pytest.raises(Exception, match="csrf"):
        pages.render("login.html", **incomplete)


def test_the_logo_stands_in_for_the_brand_name(brand):
    brand(logo="https://cdn.example/logo.svg")
    (logo,) = page("login.html").all("img")

    assert (logo["src"], logo["alt"]) == ("https://cdn.example/logo.svg", "Northwind")


@pytest.mark.parametrize("logo", ["", "javascript:alert(1)", "data:image/svg+xml,x", "//cdn.example/logo.svg", "logo.svg"])
def test_without_a_usable_logo_the_brand_has_a_monogram(brand, logo):
    brand(logo=logo)
    document = page("login.html")

    assert not document.all("img")
    assert "N Northwind" in document.text
