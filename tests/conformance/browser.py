"""A person's browser: follows redirects, keeps cookies, fills in forms. Runs no scripts, but sends a form that sends itself."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

from tests.conformance import pages
from tests.conformance.configuration import Configuration

TIMEOUT_SECONDS = 20
LONGEST_WAY = 15
_REFUSING = re.compile(r"\b(deny|denied|cancel|reject|decline|refuse|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a browser ended: at the application, with what it was sent there, or at a page of the provider.

    status and text: of the page, 0 and empty at the application, whose pages are not fetched. did: what the person did on the way.
    """

    url: str
    method: str
    query: dict[str, str]
    form: dict[str, str]
    status: int = 0
    text: str = ""
    did: tuple[str, ...] = ()

    @property
    def at_application(self) -> bool:
        return self.status == 0


class Browser:
    """One device of the person, with cookies of its own.

    addresses: where applications live; nothing is fetched from there.
    """

    def __init__(self, configuration: Configuration, addresses: Collection[str]) -> None:
        self._person = configuration.fields
        self._addresses = {_place(address) for address in addresses if address}
        self._client = httpx.Client(verify=configuration.verify, timeout=TIMEOUT_SECONDS)
        # Browsers take http://localhost for a secure context, Python's cookie jar does not.
        secure = ("https", "http") if urlsplit(configuration.issuer).hostname == "localhost" else ("https",)
        self._cookies = httpx.Cookies(CookieJar(DefaultCookiePolicy(secure_protocols=secure)))

    def close(self) -> None:
        self._client.close()

    def open(self, url: str, form: Mapping[str, str] | None = None, *, unattended: bool = False, refuse: bool = False) -> Landing:
        """Go to an address, with a form by POST, and on to where that leads.

        unattended: nobody is there to fill in what the provider asks. refuse: the person says no where they are asked.
        """
        method, origin, did = "GET" if form is None else "POST", "null", list[str]()
        for _ in range(LONGEST_WAY):
            if _place(url) in self._addresses:
                return Landing(url, method, once(urlsplit(url).query), dict(form or {}), did=tuple(did))
            answer = self._send(method, url, form, origin)
            if answer.has_redirect_location:
                url = urljoin(url, answer.headers["location"])
                if answer.status_code not in (307, 308):
                    method, form = "GET", None
                continue
            step = self._next(answer, did, unattended=unattended, refuse=refuse)
            if step is None:
                return Landing(url, method, {}, {}, answer.status_code, answer.text, tuple(did))
            origin = "null" if answer.headers.get("referrer-policy") == "no-referrer" else _origin(url)
            method, url, form = step
        raise AssertionError(f"{LONGEST_WAY} pages led nowhere; the last was {url}, the person did {did}")

    def _send(self, method: str, url: str, form: Mapping[str, str] | None, origin: str) -> httpx.Response:
        headers = {"accept": "text/html,application/xhtml+xml"} | ({"origin": origin} if method == "POST" else {})
        self._client.cookies.clear()
        request = self._client.build_request(method, url, data=form, headers=headers)
        self._cookies.set_cookie_header(request)
        response = self._client.send(request, follow_redirects=False)
        self._cookies.extract_cookies(response)
        return response

    def _next(
        self, answer: httpx.Response, did: list[str], *, unattended: bool, refuse: bool
    ) -> tuple[str, str, Mapping[str, str] | None] | None:
        """What the person, or a page that sends itself, does next; None if nothing can be done."""
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return None
        for form in pages.forms(answer.text):
            if _place(urljoin(str(answer.url), form.action)) in self._addresses:
                return _submitted(answer, form, form.fields)
            if unattended:
                continue
            asked = {name: value for name, value in self._person.items() if name in form.fields}
            if asked and not ("password" in form.kinds.values() and "signed in" in did):
                did.append("signed in" if "password" in form.kinds.values() else "named themselves")
                return _submitted(answer, form, form.fields | asked)
            button = next((each for each in form.buttons if _refuses(each) is refuse), None)
            if not asked and button:
                did.append("refused" if refuse else "agreed")
                return _submitted(answer, form, form.fields | ({button.name: button.value} if button.name else {}))
        return None


def new_browser(configuration: Configuration) -> Browser:
    """A browser that was never used before, for applications of all the clients."""
    clients = configuration.clients.values()
    return Browser(configuration, [address for client in clients for address in (client.redirect_uri, client.post_logout_redirect_uri)])


def once(query: str) -> dict[str, str]:
    """The parameters of a query or form body, none of them twice (RFC 6749 3.1)."""
    given = parse_qs(query, keep_blank_values=True)
    assert all(len(values) == 1 for values in given.values()), f"RFC 6749 3.1: no parameter more than once: {query}"
    return {name: value for name, (value,) in given.items()}


def _submitted(answer: httpx.Response, form: pages.Form, fields: Mapping[str, str]) -> tuple[str, str, Mapping[str, str] | None]:
    url = urljoin(str(answer.url), form.action) if form.action else str(answer.url)
    if form.method == "POST":
        return "POST", url, fields
    return "GET", f"{url.partition('?')[0]}?{urlencode(fields)}", None


def _refuses(button: pages.Button) -> bool:
    return bool(_REFUSING.search(f"{button.identifier} {button.value} {button.text}"))


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
