"""The API over real HTTP, through the gateway: limits, methods, redirects, CORS, and the headers of every answer."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from tests.e2e import hosted_pages
from tests.e2e.application import TIMEOUT_SECONDS, Application, sent_back
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person

# What each route serves, and whether pages of any origin may call it.
METHODS = {
    "/.well-known/openid-configuration": ("GET", True),
    "/.well-known/oauth-authorization-server": ("GET", True),
    "/.well-known/jwks.json": ("GET", True),
    "/authorize": ("GET, POST", False),
    "/oauth/token": ("POST", True),
    "/oauth/par": ("POST", True),
    "/oauth/device/code": ("POST", True),
    "/oauth/introspect": ("POST", False),
    "/oauth/revoke": ("POST", True),
    "/userinfo": ("GET, POST", True),
    "/me/sign-out": ("POST", True),
    "/api/v2/users/someone/revoke-access": ("POST", True),
    "/oidc/register": ("POST", True),
    "/oidc/register/someone": ("GET, PUT, DELETE", True),
    "/oidc/logout": ("GET, POST", False),
    "/u/login": ("GET, POST", False),
}
OPEN = [path for path, (_, cors) in METHODS.items() if cors]
PAGES = ["/u/login", "/u/signup", "/u/verify", "/u/forgot", "/u/reset", "/u/consent", "/u/signed-out", "/u/nowhere"]
PAGES += ["/u/device", "/authorize", "/oidc/logout?id_token_hint=x", "/u/start"]


@pytest.mark.row(28)
@pytest.mark.parametrize("path", ["/oauth/token", "/u/login", "/userinfo"])
def test_a_body_above_10_mb_is_refused_by_the_gateway(stack: Deployment, path: str) -> None:
    answer = httpx.post(stack.issuer + path, content=b"x" * (10 * 1024 * 1024 + 1), timeout=TIMEOUT_SECONDS)

    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.row(28)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/authorize"])
def test_a_body_that_no_request_needs_is_refused_by_the_endpoint(stack: Deployment, path: str) -> None:
    form = {"grant_type": "x" * 100_000}
    answer = httpx.post(stack.issuer + path, data=form, timeout=TIMEOUT_SECONDS)

    assert answer.status_code == 413


def test_headers_above_10240_bytes_are_refused_by_the_gateway(stack: Deployment) -> None:
    answer = httpx.get(f"{stack.issuer}/userinfo", headers={"x-long": "a" * 10_240}, timeout=TIMEOUT_SECONDS)

    assert (answer.status_code, answer.json()) == (431, {"message": "Request Header Fields Too Large"})


@pytest.mark.parametrize("path", OPEN)
def test_a_preflight_lets_pages_of_any_origin_call(stack: Deployment, path: str) -> None:
    asked = {
        "origin": "https://app.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,dpop",
    }
    answer = httpx.options(stack.issuer + path, headers=asked, timeout=TIMEOUT_SECONDS)

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert answer.headers["access-control-allow-methods"] == METHODS[path][0]
    assert {"authorization", "content-type", "dpop"} <= set(answer.headers["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", [path for path, (_, cors) in METHODS.items() if not cors])
def test_no_page_of_another_origin_reads_what_people_are_shown(stack: Deployment, path: str) -> None:
    for method in ("OPTIONS", "GET"):
        answer = httpx.request(method, stack.issuer + path, headers={"origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", METHODS)
def test_another_method_is_answered_with_those_that_there_are(stack: Deployment, path: str) -> None:
    answer = httpx.request("PATCH", stack.issuer + path, timeout=TIMEOUT_SECONDS)

    assert (answer.status_code, answer.headers["allow"]) == (405, METHODS[path][0])


@pytest.mark.parametrize("path", ["/", "/nowhere", "/oauth", "/oauth/token/", "/.well-known/", "/u", "/%2e%2e/userinfo"])
def test_an_unknown_route_is_a_plain_404_of_the_gateway(stack: Deployment, path: str) -> None:
    answer = httpx.get(stack.issuer + path)

    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


@pytest.mark.row(20, 21)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_closed_to_frames_scripts_caches_and_referrers(stack: Deployment, path: str) -> None:
    answer = httpx.get(stack.issuer + path, timeout=TIMEOUT_SECONDS)
    policy = dict(directive.split(" ", 1) for directive in answer.headers["content-security-policy"].split("; "))

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe" not in answer.headers["content-security-policy"]
    expected = {
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "strict-transport-security": "max-age=31536000",
        "cross-origin-opener-policy": "same-origin",
    }
    assert {name: answer.headers.get(name) for name in expected} == expected


@pytest.mark.row(17, 43)
def test_every_redirect_is_a_303_and_every_cookie_locked_to_this_host(
    stack: Deployment, app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    spa, laptop = app(initiate_login_uri="http://localhost:1/begin"), device()
    statuses: dict[str, int] = {}
    laptop.context.on("response", lambda answer: statuses.update({urlsplit(answer.url).path: answer.status}))
    page, beginning = laptop.page(), spa.begin()
    page.goto(beginning.url)
    redirected = {path: status for path, status in statuses.items() if path == "/authorize"}
    hosted_pages.sign_in(page, ada)
    page.wait_for_url(f"{spa.redirect_uri}?*")
    redirected["/u/login"] = statuses["/u/login"]
    tokens = spa.finish(beginning, page.url)
    back = spa.redirect_uri.replace("callback", "signed-out")
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": back}
    cookies = laptop.cookies(stack.issuer)
    page.goto(f"{stack.issuer}/oidc/logout?{urlencode(query)}")
    redirected["/oidc/logout"] = statuses["/oidc/logout"]

    assert redirected == {"/authorize": 303, "/u/login": 303, "/oidc/logout": 303}
    assert httpx.get(f"{stack.issuer}/u/start?client_id={spa.client_id}").status_code == 303
    assert httpx.get(spa.begin(response_type="token").url).status_code == 303
    for name, cookie in cookies.items():
        assert name.startswith("__Host-")
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")


@pytest.mark.row(20)
def test_the_login_page_cannot_be_put_into_a_frame(origin: str, app: Callable[..., Application], device: Callable[..., Device]) -> None:
    laptop = device()
    page = laptop.page()
    page.goto(origin)
    frame = "Object.assign(document.createElement('iframe'), { src: url, onload: done })"
    page.evaluate(f"url => new Promise(done => document.body.append({frame}))", app().begin().url)

    assert page.frames[1].get_by_label("Email").count() == 0
    assert any("frame-ancestors" in line or "X-Frame-Options" in line for line in laptop.trouble)
    laptop.trouble.clear()


@pytest.mark.row(16)
def test_text_of_a_caller_arrives_as_text(app: Callable[..., Application], device: Callable[..., Device], ada: Person) -> None:
    spa, page = app(name="<img src=x onerror=alert(1)>"), device().page()
    state = "\"'><script>alert(1)</script>+%2B ü 𝄞" + "x" * 1500
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(spa.begin(state=state, login_hint='"><script>alert(2)</script>').url)

    assert page.locator("main img, main script").count() == 0
    hosted_pages.sign_in(page, ada)
    page.wait_for_url(f"{spa.redirect_uri}?*")
    assert sent_back(page.url)["state"] == state
