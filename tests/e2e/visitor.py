"""A person without a screen: follows redirects, keeps cookies as browsers do on localhost, and sends forms as the pages gave them."""

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.e2e.application import TIMEOUT_SECONDS, Application
from tests.e2e.deployment import Person

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
        page = self.send("GET", landed_at)
        form = {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
        form |= {"email": person.email, "password": person.password}
        location: str = self.send("POST", f"{issuer}/u/login", data=form).headers["location"]
        return location
