"""What people see: the hosted pages, their stylesheet and the mails. Text in, text out; no request, no rule."""

import hashlib
import os.path
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from gatehouse.pages import palette
from gatehouse.pages.untrusted import initial, shown, web_address, web_host
from gatehouse.settings import settings

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = os.path.dirname(__file__)
_TEMPLATES = os.path.join(_HERE, "templates")
_COMPILED = os.path.join(_HERE, "compiled")
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]

_SUBJECTS = {
    "signup": "Finish creating your {brand} account",
    "account_exists": "You already have an account at {brand}",
    "reset": "Choose a new {brand} password",
    "verify_email": "Confirm your address for {brand}",
    "email_change": "Confirm your new address at {brand}",
    "email_taken": "This address has an account at {brand} already",
    "email_change_asked": "A new address for your {brand} account was asked for",
    "email_changed": "The address of your {brand} account was changed",
    "no_account": "No account at {brand} uses this address",
    "invitation": "You are invited to join an organization at {brand}",
}


def render(name: str, /, **context: object) -> str:
    """Return the named page as a full HTML document.

    Every value of the context is escaped, and links that are not http, https or on this site are left out.
    Raises jinja2.UndefinedError when the context lacks a value the page needs.
    """
    page = _environment().get_template(name)
    versions = {"stylesheet_version": stylesheet_version(), "icon_version": _digest(icon())}
    return page.render(context | {"brand": _brand()} | versions)


def stylesheet() -> str:
    """Return the CSS of every page, in the brand's colour."""
    return _stylesheet(palette.brand_color(settings().brand_color))


def stylesheet_version() -> str:
    """Return a short digest of the stylesheet, so that its address changes whenever it does."""
    return _digest(stylesheet())


def icon() -> str:
    """Return the SVG that stands for a brand without a logo in tabs and bookmarks: its initial in its colour."""
    return _environment().get_template("icon.svg").render(brand=_brand())


def mail(name: str, /, **context: object) -> tuple[str, str, str]:
    """Return subject, text and HTML of the named mail. The subject holds the brand's name and nothing else that varies.

    Raises jinja2.UndefinedError when the context lacks a value the mail needs.
    """
    brand = _brand()
    subject = _SUBJECTS[name].format(brand=brand["name"])
    context = context | {"brand": brand, "subject": subject}
    text = _environment().get_template(f"mail/{name}.txt").render(context)
    html = _environment().get_template(f"mail/{name}.html").render(context)
    return subject, text, html


def compile_templates(folder: str = _COMPILED) -> None:
    """Write the templates as the Python modules that they are made into, which takes 28 ms of a process's first page.

    Only for layers: a template that is changed afterwards is not looked at again.
    """
    from jinja2 import FileSystemLoader

    _environment().overlay(loader=FileSystemLoader(_TEMPLATES)).compile_templates(folder, zip=None)


def duration(minutes: int) -> str:
    """Return a number of minutes in words, in hours where that comes out even."""
    count, unit = (minutes // 60, "hour") if minutes >= 60 and minutes % 60 == 0 else (minutes, "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def day(seconds: int) -> str:
    """Return the day (UTC) of a time in seconds since the epoch, as 5 November 2026."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _brand() -> dict[str, object]:
    configured = settings()
    color = palette.brand_color(configured.brand_color)
    name = shown(configured.brand_name) or "Gatehouse"
    return {
        "name": name,
        "initial": initial(name),
        "logo": web_address(configured.brand_logo_uri),
        "light": palette.light(color),
        "dark": palette.dark(color),
    }


@cache
def _environment() -> "Environment":
    # Loaded here because functions that import this module for a rare error page would all pay for it at start.
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, ModuleLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=ChoiceLoader([ModuleLoader(_COMPILED), FileSystemLoader(_TEMPLATES)]),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True, default_for_string=True),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for visible in (shown, web_address, web_host, initial, duration, day):
        environment.filters[visible.__name__] = visible
    return environment


@cache
def _stylesheet(brand: str) -> str:
    with open(os.path.join(_HERE, "style.css"), encoding="utf-8") as file:
        rules = file.read()
    light = _properties(palette.light(brand).items())
    dark = _properties(palette.dark(brand).items() - palette.light(brand).items())
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{rules}"


def _properties(pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in sorted(pairs))


@cache
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
