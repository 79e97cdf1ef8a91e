"""A sign-in under way: the authorization request while the hosted pages talk to the person. Kept here, bound to one browser by a cookie."""

import hashlib
import hmac
import secrets
from typing import Self

from gatehouse import clock, table
from gatehouse.dataclasses import asdict, dataclass, replace
from gatehouse.sign_ons import SignOn

SECONDS = 1800


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where the answer to an authorization request goes, and how: response_mode is query or form_post. silent: nobody was to be asked."""

    redirect_uri: str
    state: str = ""
    response_mode: str = "query"
    silent: bool = False


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What the client asked for, checked. Absent values are empty; max_age -1 when absent.

    subject: whom the id_token_hint or the claims parameter names. resources, userinfo_claims, id_token_claims: separated by spaces.
    dpop_jkt: the key that the code is for. pushed: the id it was pushed under. signed: it came as a request object.
    user_code: of the device that waits for the answer instead of a redirect URI. org_id: the organization to sign in for; invitation: the
    value of the link that somebody followed who may not be its member yet.
    """

    client_id: str
    redirect_uri: str
    redirect_uri_given: bool
    scope: str
    state: str
    nonce: str
    code_challenge: str
    prompt: str
    max_age: int
    login_hint: str
    id_token_hint: str = ""
    subject: str = ""
    response_mode: str = "query"
    resources: str = ""
    userinfo_claims: str = ""
    id_token_claims: str = ""
    dpop_jkt: str = ""
    pushed: str = ""
    signed: bool = False
    user_code: str = ""
    org_id: str = ""
    invitation: str = ""

    @property
    def way_back(self) -> WayBack:
        return WayBack(self.redirect_uri, self.state, self.response_mode, silent="none" in self.prompt.split())

    @property
    def claims(self) -> set[str]:
        """The claims that are asked for one by one, wherever they are to stand."""
        return {*self.userinfo_claims.split(), *self.id_token_claims.split()}


# A sign-in for no application, but for a page of our own: redirect_uri is which one, the account page if it is empty.
FOR_OWN_PAGES = AuthorizationRequest(
    client_id="",
    redirect_uri="",
    redirect_uri_given=False,
    scope="",
    state="",
    nonce="",
    code_challenge="",
    prompt="",
    max_age=-1,
    login_hint="",
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """user_id, sign_on_id, auth_time and amr are set once the person has proven who they are; what is missing then is consent, or answers.

    agreed: they have consented in this very sign-in. claims: what hooks added when they had proven it.
    """

    sign_in_id: str
    browser: str
    request: AuthorizationRequest
    expires_at: int
    user_id: str = ""
    sign_on_id: str = ""
    auth_time: int = 0
    amr: list[str] | None = None
    agreed: bool = False
    claims: str = ""

    @classmethod
    def from_item(cls, item: table.Item) -> Self:
        values = {name: item[name] for name in cls.__dataclass_fields__ if name in item}
        return cls(**values | {"request": AuthorizationRequest(**item["request"])})

    def of_browser(self, browser: str) -> bool:
        """Whether this is the browser it began in. browser: the cookie's value."""
        return bool(browser) and hmac.compare_digest(self.browser, browser_digest(browser))


def new_browser() -> str:
    """A value for the cookie that a browser's sign-ins are bound to: 192 random bits."""
    return secrets.token_urlsafe(24)


def wellformed_browser(value: str) -> bool:
    """Whether `new_browser` can have made this; what else a cookie holds is not sent back to a browser."""
    return len(value) <= 64 and value.isascii() and value.replace("-", "").replace("_", "").isalnum()


def browser_digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()


def begin(request: AuthorizationRequest, browser: str, sign_on: SignOn | None = None, claims: str = "") -> SignIn:
    """Store a new sign-in: 1 WRU per KB of the request. sign_on, claims: if it is already known who the person is."""
    sign_in = SignIn(secrets.token_urlsafe(18), browser_digest(browser), request, clock.now() + SECONDS)
    return _stored(_recognised(sign_in, sign_on, claims) if sign_on else sign_in)


def find(sign_in_id: str) -> SignIn | None:
    """The sign-in, or None if there is none or it is over."""
    if not 0 < len(sign_in_id) <= 64:
        return None
    item = table.get(table.sign_in_key(sign_in_id))
    if item is None or item["expires_at"] <= clock.now():
        return None
    return SignIn.from_item(item)


def recognised(sign_in: SignIn, sign_on: SignOn, browser: str, claims: str = "") -> SignIn:
    """Store that the person has proven who they are, and bind what is left to the value that the browser's cookie has from now on."""
    return _stored(replace(_recognised(sign_in, sign_on, claims), browser=browser_digest(browser)))


def agreed(sign_in: SignIn) -> SignIn:
    """Store that the person has consented, and something else is to be asked."""
    return _stored(replace(sign_in, agreed=True))


def _recognised(sign_in: SignIn, sign_on: SignOn, claims: str) -> SignIn:
    known = replace(sign_in, user_id=sign_on.user_id, sign_on_id=sign_on.sign_on_id, claims=claims)
    return replace(known, auth_time=sign_on.auth_time, amr=sign_on.amr)


def _stored(sign_in: SignIn) -> SignIn:
    table.put(table.sign_in_key(sign_in.sign_in_id), asdict(sign_in) | {"ttl": sign_in.expires_at})
    return sign_in
