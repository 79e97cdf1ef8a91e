"""One request of each kind, ready to be sent as often as it takes."""

from collections.abc import Callable

from tests.unit.conftest import Answer, call
from tests.unit.flows import (
    CALLBACK,
    CHALLENGE,
    PASSWORD,
    VERIFIER,
    Browser,
    basic,
    exchange,
    mailed_link,
    new_client,
    refresh,
    sign_out_everywhere,
    signed_in,
    userinfo,
)
from tests.unit.signers import assertion, by_assertion, go, key, machine_token, nonce, proof, push, signing_client
from tests.unit.test_login import opened

ORIGIN = "https://app.example.com"
NEW_PASSWORD = "tin umbrella forgets nothing"
Step = Callable[[], Answer]


def exchange_step() -> Step:
    app = new_client()
    code = Browser().sign_in(app.client_id).sent_back["code"]
    return lambda: exchange(app.client_id, code)


def refresh_step() -> Step:
    app = new_client(refresh_grace_seconds=0)
    tokens = signed_in(app.client_id)
    return lambda: refresh(app.client_id, tokens["refresh_token"])


def cookie_refresh_step() -> Step:
    app = new_client(refresh_cookie=True, refresh_grace_seconds=0)
    form = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    form["code"] = Browser().sign_in(app.client_id).sent_back["code"]
    given = call("token_exchange", "POST", "/oauth/token", form=form, headers={"origin": ORIGIN})
    name, _, value = given.cookies[0].split(";")[0].partition("=")
    query, headers = {"client_id": app.client_id}, {"origin": ORIGIN}
    return lambda: call("token_refresh", "POST", "/session/refresh", query=query, headers=headers, cookies={name: value})


def authorize_step() -> Step:
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)
    return lambda: browser.authorize(app.client_id)


def login_step() -> Step:
    browser = Browser()
    page = opened(browser, new_client().client_id)
    return lambda: browser.fill(page, "/u/login", email="ada@example.com", password=PASSWORD)


def consent_step() -> Step:
    browser = Browser()
    page = browser.get("hosted_pages", browser.sign_in(new_client(first_party=False).client_id).location)
    return lambda: browser.fill(page, "/u/consent", decision="allow")


def sign_up_step() -> Step:
    browser = Browser()
    browser.fill(browser.get("hosted_pages", "/u/signup"), "/u/signup", email="grace@example.com")
    page = browser.get("hosted_pages", mailed_link("/u/verify"))
    return lambda: browser.fill(page, "/u/verify", password=NEW_PASSWORD)


def reset_step() -> Step:
    browser = Browser()
    browser.fill(browser.get("hosted_pages", "/u/forgot"), "/u/forgot", email="ada@example.com")
    page = browser.get("hosted_pages", mailed_link("/u/reset"))
    return lambda: browser.fill(page, "/u/reset", password=NEW_PASSWORD)


def userinfo_step() -> Step:
    tokens = signed_in(new_client().client_id)
    return lambda: userinfo(tokens["access_token"])


def introspection_step() -> Step:
    app, api = (
        signed_in(new_client(audience="https://api.example.com").client_id),
        new_client("web", introspection_audiences=["https://api.example.com"]),
    )
    headers = {"authorization": basic(api.client_id, api.secret)}
    return lambda: call("introspect", "POST", "/oauth/introspect", form={"token": app["access_token"]}, headers=headers)


def revocation_step() -> Step:
    app = new_client()
    form = {"token": signed_in(app.client_id)["refresh_token"], "client_id": app.client_id}
    return lambda: call("revoke", "POST", "/oauth/revoke", form=form)


def sign_out_step() -> Step:
    tokens = signed_in(new_client().client_id)
    return lambda: sign_out_everywhere(tokens["access_token"])


def logout_step() -> Step:
    browser = Browser()
    tokens = signed_in(new_client().client_id, browser)
    return lambda: browser.get("logout", f"/oidc/logout?id_token_hint={tokens['id_token']}")


BOUND = key("ES256", "holder")


def push_step() -> Step:
    of = key("ES256", "client")
    app = signing_client(of)
    form = {"redirect_uri": CALLBACK, "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    # A client signs anew each time it repeats a request.
    return lambda: push(form | by_assertion(assertion(of, app.client_id)))


def pushed_step() -> Step:
    app, browser = new_client(), Browser()
    browser.sign_in(app.client_id)
    form = {"client_id": app.client_id, "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    request_uri = push(form).json["request_uri"]
    return lambda: go(browser, app.client_id, request_uri)


def bound_exchange_step() -> Step:
    app = new_client()
    code = Browser().sign_in(app.client_id, dpop_jkt=BOUND.thumbprint).sent_back["code"]
    given = nonce()
    return lambda: exchange(app.client_id, code, dpop=proof(BOUND, nonce=given))


def bound_refresh_step() -> Step:
    app, given = new_client(refresh_grace_seconds=0), nonce()
    code = Browser().sign_in(app.client_id).sent_back["code"]
    tokens = exchange(app.client_id, code, dpop=proof(BOUND, nonce=given)).json
    return lambda: refresh(app.client_id, tokens["refresh_token"], dpop=proof(BOUND, nonce=given))


def by_key_step() -> Step:
    of = key("ES256", "client")
    app = signing_client(of, "machine")
    return lambda: machine_token(of, app.client_id)


# How to prepare it with ada@example.com there, and the status of its success.
STEPS: dict[str, tuple[Callable[[], Step], int]] = {
    "authorize": (authorize_step, 303),
    "login": (login_step, 303),
    "consent": (consent_step, 303),
    "sign-up": (sign_up_step, 200),
    "reset": (reset_step, 200),
    "exchange": (exchange_step, 200),
    "refresh": (refresh_step, 200),
    "refresh by cookie": (cookie_refresh_step, 200),
    "userinfo": (userinfo_step, 200),
    "introspection": (introspection_step, 200),
    "revocation": (revocation_step, 200),
    "sign-out": (sign_out_step, 204),
    "logout": (logout_step, 303),
    "push": (push_step, 201),
    "authorize, pushed": (pushed_step, 303),
    "exchange, bound": (bound_exchange_step, 200),
    "refresh, bound": (bound_refresh_step, 200),
    "client credentials by key": (by_key_step, 200),
}
