"""Configurations of the OpenID Foundation's conformance suite for this provider: its clients, and how a robot fills in our pages."""

from collections.abc import Mapping
from typing import Any

SCOPE = "openid profile email address phone offline_access"
# What the FAPI modules add to the redirect URI of the second client.
SECOND_REDIRECT_SUFFIX = "?dummy1=lorem&dummy2=ipsum"
_SECONDS = 10
_REJECTING = "fapi2-security-profile-final-user-rejects-authentication"
_TWO_VISITS = "fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"

# One task is one page. Those of pages that do not come up in a module are skipped, since all are optional.
Task = dict[str, Any]
Fields = Mapping[str, Any]


def plans(issuer: str, base: str, clients: Mapping[str, Fields], person: Fields, token: str) -> dict[str, dict[str, Any]]:
    """The configuration of each kind of plan: oidc, dynamic, fapi2 (security profile), signing (message signing).

    base: <suite>/test/a/<alias>. clients: by name, each with client_id and client_secret or jwk (private).
    person: email and password. token: the initial access token of dynamic registration.
    """
    common = {
        "alias": base.rsplit("/", 1)[-1],
        "description": f"Gatehouse at {issuer}",
        "server": {"discoveryUrl": f"{issuer}/.well-known/openid-configuration"},
        "browser": [_sign_in(issuer, person), _sign_out(issuer)],
    }
    secret_holders = {"client": "basic", "client2": "second", "client_secret_post": "post"}
    names = {"client": "First at Gatehouse", "client2": "Second at Gatehouse"}
    by_name = {part: {"client_name": name, "initial_access_token": token} for part, name in names.items()}
    return {
        "oidc": common | {part: _with_secret(clients[name]) for part, name in secret_holders.items()},
        "dynamic": common | by_name,
        "fapi2": common | _with_keys(clients, "fapi1", "fapi2") | _fapi2_only(issuer, clients, person),
        "signing": common | _with_keys(clients, "signing1", "signing2") | _fapi2_only(issuer, clients, person),
    }


def _fapi2_only(issuer: str, clients: Mapping[str, Fields], person: Fields) -> dict[str, Any]:
    look = _login(issuer, person)
    look["commands"] = look["commands"][:1]
    first_visit = {"match": f"{issuer}/authorize*", "match-limit": 1, "tasks": [look]}
    return {
        "resource": {"resourceUrl": f"{issuer}/userinfo"},
        "override": {
            # Consent that was given is remembered, so those who are refused are clients of their own.
            _REJECTING: _with_keys(clients, "deny1", "deny2") | {"browser": [_sign_in(issuer, person, decision="deny")]},
            _TWO_VISITS: {"browser": [first_visit, _sign_in(issuer, person)]},
        },
    }


def _with_secret(client: Fields) -> dict[str, Any]:
    return {"client_id": client["client_id"], "client_secret": client["client_secret"], "scope": SCOPE}


def _with_keys(clients: Mapping[str, Fields], first: str, second: str) -> dict[str, Any]:
    def one(client: Fields) -> dict[str, Any]:
        named = {"client_id": client["client_id"], "scope": "openid profile email", "dpop_signing_alg": "ES256"}
        return named | {"jwks": {"keys": [dict(client["jwk"])]}}

    return {"client": one(clients[first]), "client2": one(clients[second])}


def _sign_in(issuer: str, person: Fields, *, decision: str = "allow") -> dict[str, Any]:
    """From the authorization endpoint back to the suite, or to the page that says why not."""
    refused = _task("See the error page", f"{issuer}/authorize*", _pictured("//h1", ".+"))
    consent = _task("Decide on consent", f"{issuer}/u/consent*", ["click", "id", decision])
    back = _task("Be back", "*/test/*/callback*", ["wait", "id", "submission_complete", _SECONDS])
    return {"match": f"{issuer}/authorize*", "tasks": [refused, _login(issuer, person), consent, back]}


def _login(issuer: str, person: Fields) -> Task:
    return _task(
        "Sign in",
        f"{issuer}/u/login*",
        _pictured("//h1", "Sign in"),
        ["text", "id", "email", person["email"]],
        ["text", "id", "password", person["password"]],
        ["click", "id", "sign-in"],
    )


def _sign_out(issuer: str) -> dict[str, Any]:
    """Confirm where we ask, then the page or the way back to the suite."""
    tasks = [
        _task("Confirm", f"{issuer}/oidc/logout*", ["click", "id", "sign-out", "optional"]),
        _task("See the error page", f"{issuer}/oidc/logout*", _pictured("//h1", ".+")),
        _task("Be signed out", f"{issuer}/u/signed-out*", _pictured("//h1", "You are signed out")),
        _task("Be back", "*/test/*/post_logout_redirect*"),
    ]
    return {"match": f"{issuer}/oidc/logout*", "tasks": tasks}


def _task(name: str, page: str, *commands: list[Any]) -> Task:
    return {"task": name, "match": page, "optional": True, "commands": list(commands)}


def _pictured(where: str, words: str) -> list[Any]:
    """Wait for these words, and fill the place of a screenshot if the module asks for one."""
    return ["wait", "xpath", where, _SECONDS, words, "update-image-placeholder-optional"]
