"""Requests that nobody would write, by the hundred: each gets an answer of the protocol, and none leads astray."""

import base64
import json
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatehouse import codes, refresh_tokens, session_ids
from gatehouse.client_registration import Registered
from gatehouse.users import FIRST_EPOCH
from tests.e2e.application import TIMEOUT_SECONDS, Application
from tests.e2e.deployment import Deployment, Person

BOUNDED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
REDIRECT = "http://localhost:1/callback"
PATHS = """
    /.well-known/openid-configuration /.well-known/jwks.json /authorize /oauth/token /oauth/introspect /oauth/revoke
    /session/refresh /userinfo /me/sign-out /api/v2/users/{}/revoke-access /oidc/logout
    /u/login /u/signup /u/verify /u/forgot /u/reset /u/consent /u/start /u/{} /{}
"""
NAMES = """
    client_id client_secret redirect_uri response_type response_mode scope state nonce prompt max_age login_hint
    code_challenge code_challenge_method request request_uri registration claims display ui_locales acr_values
    id_token_hint grant_type code code_verifier refresh_token token token_type_hint access_token username password
    post_logout_redirect_uri signin ticket csrf email decision session_id preserve_refresh_tokens
"""
# Words of the protocol; "$…" stands for something that the stack knows.
WORDS = """
    code token none login consent S256 plain openid profile query fragment form_post allow deny
    authorization_code refresh_token client_credentials 0 -1 1e400 null true [] {}
    $client $secret $redirect $user $access $operator $refresh $session $code
"""
# Method, path, credentials and parameters of requests that are right, but for what a test changes.
RIGHT = [
    ("GET", "/authorize", "", {"response_type": "code", "client_id": "$client", "redirect_uri": "$redirect"}),
    ("POST", "/authorize", "", {"response_type": "code", "client_id": "$client", "scope": "openid", "prompt": "none"}),
    ("POST", "/oauth/token", "Basic $basic", {"grant_type": "client_credentials"}),
    ("POST", "/oauth/token", "Basic $basic", {"grant_type": "refresh_token", "refresh_token": "$refresh"}),
    ("POST", "/oauth/token", "Basic $basic", {"grant_type": "authorization_code", "code": "$code"}),
    ("POST", "/oauth/introspect", "Basic $basic", {"token": "$access"}),
    ("POST", "/oauth/revoke", "Basic $basic", {"token": "$refresh"}),
    ("POST", "/userinfo", "", {"access_token": "$access"}),
    ("POST", "/me/sign-out", "Bearer $access", {}),
    ("POST", "/api/v2/users/$user/revoke-access", "Bearer $operator", {"session_id": "$session"}),
    ("GET", "/oidc/logout", "", {"client_id": "$client", "state": "x"}),
    ("GET", "/u/start", "", {"client_id": "$client"}),
]
FORM = "application/x-www-form-urlencoded"
CONTENT_TYPES = [FORM, "application/json", "application/json; charset=utf-16", "multipart/form-data", "A"]
HEADERS = "authorization cookie origin sec-fetch-site content-type accept user-agent x-forwarded-for x-http-method"

names = st.sampled_from(NAMES.split())
anything = st.one_of(st.sampled_from(WORDS.split()), st.text(max_size=40), st.integers(1, 5000).map("x".__mul__))
parameters = st.lists(st.tuples(st.one_of(names, st.text(max_size=8)), anything), max_size=8)
visible = st.text(string.ascii_letters + string.digits + string.punctuation + " ", max_size=60).map(str.strip)
credentials = st.sampled_from(["Basic $basic", "Basic Og==", "Basic =", "Bearer $access", "Bearer $refresh", "Bearer"])
fields = st.sampled_from(["email", "password", "decision", "ticket"])


@dataclass(frozen=True, slots=True)
class Known:
    """What the stack knows, by the word that stands for it, and where it may redirect to."""

    words: dict[str, str]
    homes: tuple[str, ...]

    def filled(self, text: str) -> str:
        for word, value in self.words.items():
            text = text.replace(word, value)
        return text


@settings(BOUNDED, max_examples=200)
@given(
    right=st.sampled_from(RIGHT),
    changes=st.dictionaries(names, st.one_of(st.none(), anything), max_size=3),
    as_json=st.booleans(),
)
def test_a_request_that_is_nearly_right_gets_an_answer_of_the_protocol(
    known: Known,
    http: httpx.Client,
    right: tuple[str, str, str, dict[str, str]],
    changes: dict[str, str | None],
    as_json: bool,
) -> None:
    method, path, authorization, given_parameters = right
    chosen = {name: known.filled(value) for name, value in (given_parameters | changes).items() if value is not None}
    headers = {"authorization": known.filled(authorization)} if authorization else {}
    url = quote(known.filled(path))

    if method == "GET":
        answer = http.get(f"{url}?{encoded(list(chosen.items()))}", headers=headers)
    elif as_json:
        headers["content-type"] = "application/json"
        answer = http.post(url, content=json.dumps(chosen), headers=headers)
    else:
        headers["content-type"] = FORM
        answer = http.post(url, content=encoded(list(chosen.items())), headers=headers)

    assert_of_the_protocol(known, answer)


@settings(BOUNDED, max_examples=100)
@given(
    method=st.sampled_from(["GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"]),
    path=st.tuples(st.sampled_from(PATHS.split()), anything),
    query=parameters,
    headers=st.dictionaries(st.sampled_from(HEADERS.split()), st.one_of(visible, credentials), max_size=3),
    body=st.one_of(parameters.map(lambda pairs: encoded(pairs).encode()), st.binary(max_size=60)),
    content_type=st.sampled_from(CONTENT_TYPES),
)
def test_a_request_that_is_nothing_like_right_gets_one_too(
    known: Known,
    http: httpx.Client,
    method: str,
    path: tuple[str, str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    content_type: str,
) -> None:
    url = path[0].format(quote(known.filled(path[1]), safe="", errors="replace"))
    given_headers = {"content-type": content_type} | {name: known.filled(value) for name, value in headers.items()}

    answer = http.request(method, f"{url}?{known.filled(encoded(query))}", content=body, headers=given_headers)

    assert_of_the_protocol(known, answer)


@settings(BOUNDED, max_examples=60)
@given(
    page=st.sampled_from(["login", "signup", "verify", "forgot", "reset", "consent"]),
    content=st.dictionaries(fields, st.one_of(anything, st.emails()), max_size=4),
)
def test_any_content_of_a_form_gets_a_page_or_a_redirect(
    known: Known, http: httpx.Client, begun: dict[str, str], page: str, content: dict[str, str]
) -> None:
    form = {"csrf": begun["csrf"], "signin": begun["signin"]} | content
    headers = {"cookie": begun["cookie"], "content-type": FORM}

    answer = http.post(f"/u/{page}", content=encoded(list(form.items())), headers=headers)

    assert_of_the_protocol(known, answer)
    assert answer.status_code in (200, 303, 400, 403, 413, 429)


@pytest.fixture(scope="module")
def known(stack: Deployment) -> Known:
    person = stack.person("fuzzed@example.com")
    grants = ["authorization_code", "refresh_token", "client_credentials"]
    web = stack.register("web", redirect_uris=[REDIRECT], initiate_login_uri=REDIRECT, grant_types=grants, require_pkce=False)
    operator = stack.register("machine", audience=f"{stack.issuer}/api/v2/", scopes=["delete:sessions"])
    words = {"$client": web.client_id, "$secret": web.secret, "$redirect": REDIRECT, "$user": person.user_id}
    words |= {"$basic": base64.b64encode(f"{web.client_id}:{web.secret}".encode()).decode()}
    for word, client in (("$access", web), ("$operator", operator)):
        granted = Application(stack, client, REDIRECT).token(grant_type="client_credentials")
        words[word] = granted.json()["access_token"]
    return Known(words | sealed_words(stack, web, person), (stack.issuer, REDIRECT))


def sealed_words(stack: Deployment, web: Registered, person: Person) -> dict[str, str]:
    """A code and a refresh token of ours, as nobody else can make them."""
    with stack.administered():
        session = session_ids.new(FIRST_EPOCH)
        code = codes.Code(
            client_id=web.client_id,
            redirect_uri=REDIRECT,
            user_id=person.user_id,
            sid=session_ids.new(FIRST_EPOCH),
            scope="openid",
            nonce="",
            code_challenge="",
            auth_time=1,
            amr=["pwd"],
            sign_on_id="",
            redirect_uri_given=False,
        )
        sealed = codes.issue(code)
        return {"$session": session, "$refresh": refresh_tokens.issue(person.user_id, session, 0), "$code": sealed}


@pytest.fixture(scope="module")
def http(stack: Deployment) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.issuer, timeout=TIMEOUT_SECONDS) as client:
        yield client
    stack.forgive()


@pytest.fixture(scope="module")
def begun(stack: Deployment, known: Known) -> dict[str, str]:
    """A sign-in under way in a browser: its cookie, and the hidden fields of its form."""
    asked = {"client_id": known.words["$client"], "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid"}
    started = httpx.get(f"{stack.issuer}/authorize", params=asked)
    cookie = started.headers["set-cookie"].partition(";")[0]
    page = httpx.get(started.headers["location"], headers={"cookie": cookie}).text
    hidden = {name: page.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("csrf", "signin")}
    return hidden | {"cookie": cookie}


def assert_of_the_protocol(known: Known, answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    media_type = answer.headers["content-type"].partition(";")[0]
    if answer.is_redirect:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(known.homes)
    if media_type == "application/json" and answer.text:
        body: Any = answer.json()
        assert answer.is_success or isinstance(body.get("error", body.get("message")), str)
    if media_type == "text/html":
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    # What the gateway itself answers is not ours to dress.
    if answer.text and "referrer-policy" not in answer.headers:
        assert answer.json().keys() == {"message"}


def encoded(pairs: list[tuple[str, str]]) -> str:
    quoted = [(quote(name, errors="replace"), quote(value, errors="replace", safe="$")) for name, value in pairs]
    return "&".join(f"{name}={value}" for name, value in quoted)
