"""A person without a screen: follows redirects, keeps cookies as browsers do on localhost, and sends forms as the pages gave them."""

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.e2e.application import TIMEOUT_SECONDS, Application
from tests.e2e.deployment import Deployment, Person

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass
class Visitor:
    """cookies: of the one host that is visited. httpx keeps Secure ones from http, where browsers make an exception for localhost."""

    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, url: str, **more: Any) -> httpx.Response:
        """One request; its answer, be it a redirect."""
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        answer = httpx.request(method, url, headers=headers, timeout=TIMEOUT_SECONDS, **more)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def signed_in(self, application: Application, person: Person) -> dict[str, Any]:
        """What the application holds after the person has signed in to it here: the token response."""
        beginning = application.begin()
        return application.finish(beginning, self.landing(application.deployment.issuer, beginning.url, person))

    def landing(self, issuer: str, url: str, person: Person) -> str:
        """Where an application's authorization request leads to, after the person has signed in if they have to."""
        landed_at = urljoin(issuer, self.send("GET", url).headers["location"])
        if not landed_at.startswith(f"{issuer}/u/"):
            return landed_at
        location: str = self.tries(issuer, landed_at, person).headers["location"]
        return location

    def tries(self, issuer: str, login_page: str, person: Person) -> httpx.Response:
        """The answer to what the person gives on a login page."""
        form = _hidden(self.send("GET", login_page)) | {"email": person.email, "password": person.password}
        return self.send("POST", f"{issuer}/u/login", data=form)

    def signs_up(self, stack: Deployment, url: str, person: Person) -> httpx.Response:
        """The answer to the password that somebody chooses who had no account when the application sent them."""
        login_page = urljoin(stack.issuer, self.send("GET", url).headers["location"])
        begun = _hidden(self.send("GET", login_page))["signin"]
        form = _hidden(self.send("GET", f"{stack.issuer}/u/signup?signin={begun}")) | {"email": person.email}
        assert self.send("POST", f"{stack.issuer}/u/signup", data=form).status_code == 200
        form = _hidden(self.send("GET", stack.newest_link(person.email))) | {"password": person.password}
        return self.send("POST", f"{stack.issuer}/u/verify", data=form)


def _hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
