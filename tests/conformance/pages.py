"""Forms of an HTML page, as a browser without JavaScript sees them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_NEVER_SENT = ("submit", "button", "image", "reset", "file")


@dataclass(slots=True)
class Button:
    name: str
    value: str
    text: str
    identifier: str


@dataclass(slots=True)
class Form:
    """fields: names to the values that stand in them. kinds: names to types of input."""

    action: str
    method: str
    identifier: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)


def forms(html: str) -> list[Form]:
    """Every form of the page, in its order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self._open = False
        self._button: Button | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper(), given.get("id", "")))
            self._open = True
        elif form := self._form_of(given):
            self._control(form, tag, given)

    def handle_data(self, data: str) -> None:
        if self._button:
            self._button.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        if tag == "button":
            self._button = None

    def _form_of(self, given: dict[str, str]) -> Form | None:
        """The form that a control belongs to: the one that it names, else the one around it."""
        if "form" in given:
            return next((form for form in self.forms if form.identifier == given["form"]), None)
        return self.forms[-1] if self._open else None

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        kind, name, value = given.get("type", "text").lower(), given.get("name", ""), given.get("value", "")
        if tag == "button" and given.get("type", "submit") == "submit":
            self._button = Button(name, value, "", given.get("id", ""))
            form.buttons.append(self._button)
        if tag != "input":
            return
        if kind == "submit":
            form.buttons.append(Button(name, value, value, given.get("id", "")))
        if not name or kind in _NEVER_SENT or (kind in ("checkbox", "radio") and "checked" not in given):
            return
        form.fields[name] = value or ("on" if kind == "checkbox" else "")
        form.kinds[name] = kind
