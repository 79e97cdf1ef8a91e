"""Clients and a person for certification, and the files that the conformance suites read; all can be made again without harm.

Works on a deployed stack as well: set ISSUER, TABLE_NAME and KEY_ARN to the stack's outputs and use your AWS credentials.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gatehouse import client_registration, clients, outbound, passwords, table, tokens, users
from gatehouse.client_rules import InvalidRegistration
from gatehouse.settings import settings
from local import suite_plans
from local.instance import HOME
from local.private_jwk import new_jwk, public_part

EMAIL = "certification@example.com"
SUITE, ALIAS = "https://localhost.emobix.co.uk:8443", "gatehouse"
PROFILE: dict[str, Any] = {
    "name": "Carla Maria Certa",
    "given_name": "Carla",
    "family_name": "Certa",
    "middle_name": "Maria",
    "nickname": "carla",
    "preferred_username": "carla.certa",
    "profile": "https://example.com/carla",
    "picture": "https://example.com/carla/picture.png",
    "website": "https://carla.example.com",
    "gender": "female",
    "birthdate": "1990-04-23",
    "zoneinfo": "Europe/Berlin",
    "locale": "en-GB",
    "phone_number": "+12025550142",
    "phone_number_verified": True,
    "address": {
        "formatted": "1 Gate Street\nLondon\nWC2A 3HP\nUnited Kingdom",
        "street_address": "1 Gate Street",
        "locality": "London",
        "region": "Greater London",
        "postal_code": "WC2A 3HP",
        "country": "United Kingdom",
    },
}
# What the plan's modules send: most of them no PKCE.
_BY_SECRET = {"require_pkce": False}
_BY_KEY = {"security_profile": clients.FAPI2}
_SIGNING = _BY_KEY | {"require_signed_request_object": True}
_CLIENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "basic": ("certbasic", _BY_SECRET | {"token_endpoint_auth_method": "client_secret_basic"}),
    "second": ("certsecond", _BY_SECRET | {"token_endpoint_auth_method": "client_secret_basic"}),
    "post": ("certpost", _BY_SECRET | {"token_endpoint_auth_method": "client_secret_post"}),
    "fapi1": ("certfapi1", _BY_KEY | {"token_endpoint_auth_signing_alg": "PS256"}),
    "fapi2": ("certfapi2", _BY_KEY | {"token_endpoint_auth_signing_alg": "ES256"}),
    # For message signing, where a request that is not signed must be refused.
    "signing1": ("certsigning1", _SIGNING | {"token_endpoint_auth_signing_alg": "PS256"}),
    "signing2": ("certsigning2", _SIGNING | {"token_endpoint_auth_signing_alg": "ES256"}),
    # For modules in which the person says no: they are asked, since these are third parties.
    "deny1": ("certdeny1", _BY_KEY | {"token_endpoint_auth_signing_alg": "PS256", "first_party": False}),
    "deny2": ("certdeny2", _BY_KEY | {"token_endpoint_auth_signing_alg": "ES256", "first_party": False}),
}
_DESK, _CREATE = "certdesk", "register:clients"
_WITH_SECOND_REDIRECT = ("fapi2", "signing2", "deny2")
_OF_THE_TWIN = ("basic", "second", "post", "fapi1", "fapi2", "signing1", "signing2", "deny1")


@dataclass(frozen=True, slots=True)
class Certified:
    """What is registered, with the secrets that only its file knows.

    bases: what redirect URIs begin with, <suite>/test/a/<alias> each. clients: by name, with client_id and client_secret or jwk (private).
    """

    bases: tuple[str, ...]
    clients: Mapping[str, Mapping[str, Any]]
    password: str


def provide(file: Path, bases: Sequence[str] = (), *, backchannel_logout_uri: str = "") -> Certified:
    """Register the clients and the person, or bring them up to date; secrets, keys and the password are kept in `file`, mode 0600.

    bases: empty for those of the last time. backchannel_logout_uri: by default that of the first base which a function may call.

    Raises:
        InvalidRegistration: a base makes no redirect URI that may be registered.
    """
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    bases = tuple(base.rstrip("/") for base in bases) or tuple(known.get("bases", ())) or (f"{SUITE}/test/a/{ALIAS}",)
    backchannel = backchannel_logout_uri or next(filter(_callable, (f"{base}/backchannel_logout" for base in bases)), "")
    registered = {
        name: _client(client_id, _properties(name, properties, bases, backchannel), known.get("clients", {}).get(name, {}))
        for name, (client_id, properties) in _CLIENTS.items()
    }
    certified = Certified(bases, registered, _person(known.get("password", "")))
    write(file, asdict(certified))
    return certified


def initial_access_token() -> str:
    """What registration asks for: an access token of a machine that may create clients, good for a day.

    That machine needs no PKCE, and so do none of the clients that register by its tokens: most modules send none, and cannot say so.
    """
    more: dict[str, Any] = {"access_token_seconds": 86400, "require_pkce": False}
    properties: dict[str, Any] = {
        "name": "Certification, desk",
        "type": "machine",
        "scopes": [_CREATE],
        "audience": settings().management_audience,
        **more,
    }
    if table.get(table.client_key(_DESK)):
        client_registration.change(_DESK, **properties)
    else:
        client_registration.register(_DESK, **properties)
    desk = clients.get(_DESK, no_older_than_seconds=0)
    if desk is None:
        raise InvalidRegistration("client_id", f"{_DESK} is gone")
    return tokens.access_token(desk, _CREATE)[0]


def configuration(
    certified: Certified,
    base: str,
    *,
    verify_tls: bool | str = True,
    backchannel_listen: str | None = None,
    initial_access_token: str | None = None,
) -> dict[str, Any]:
    """What tests/conformance is told about this stack (see docs/certification.md).

    base: one of those given to `provide`. verify_tls: or the file of the certificate to trust.
    """
    user = users.get_by_email(EMAIL)
    updated_at = {"updated_at": user.updated_at} if user else {}
    uris = {"redirect_uri": f"{base}/callback", "post_logout_redirect_uri": f"{base}/post_logout_redirect"}
    return {
        "issuer": settings().issuer,
        "verify_tls": verify_tls,
        "clients": {name: {**certified.clients[name], **uris} for name in _OF_THE_TWIN},
        "user": {
            "fields": {"email": EMAIL, "password": certified.password},
            "claims": PROFILE | updated_at | {"email": EMAIL, "email_verified": True},
        },
        "backchannel_listen": backchannel_listen,
        "initial_access_token": initial_access_token,
    }


def main() -> int:
    """Provide everything, write the configuration files and say where they are."""
    parser = argparse.ArgumentParser(prog="certification", description=__doc__)
    parser.add_argument("--suite", action="append", help=f"address of a conformance suite; repeatable; default {SUITE}")
    parser.add_argument("--alias", action="append", help=f"of a test plan; repeatable; default {ALIAS}")
    parser.add_argument("--directory", type=Path, default=_directory(), help="where the files go; default %(default)s")
    given = parser.parse_args()
    asked = [f"{suite.rstrip('/')}/test/a/{alias}" for suite in given.suite or [SUITE] for alias in given.alias or [ALIAS]]
    try:
        certified = provide(given.directory / "secrets.json", asked if given.suite or given.alias else ())
    except InvalidRegistration as flaw:
        print(f"error: {flaw}", file=sys.stderr)
        return 1
    print("\n  Certification, at\n" + _indented(certified.bases))
    print("  test plans\n" + _indented(_plans(given.directory, certified)))
    print("  for tests/conformance\n" + _indented([_twin(given.directory, certified)]))
    return 0


def _plans(directory: Path, certified: Certified) -> list[Path]:
    """Write a file per alias and kind of plan; suites with the same alias share them."""
    person, token = {"email": EMAIL, "password": certified.password}, initial_access_token()
    files: dict[Path, dict[str, Any]] = {}
    for base in certified.bases:
        made = suite_plans.plans(settings().base_url, base, certified.clients, person, token)
        files |= {directory / f"{plan['alias']}-{kind}.json": plan for kind, plan in made.items()}
    for file, plan in files.items():
        write(file, plan)
    return list(files)


def _twin(directory: Path, certified: Certified) -> Path:
    file = directory / "conformance.json"
    trusted, token = os.environ.get("TLS_CERTIFICATE", True), initial_access_token()
    write(file, configuration(certified, certified.bases[0], verify_tls=trusted, initial_access_token=token))
    return file


def _indented(lines: Iterable[object]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def _properties(name: str, own: Mapping[str, Any], bases: Sequence[str], backchannel: str) -> dict[str, Any]:
    suffixes = ("", suite_plans.SECOND_REDIRECT_SUFFIX) if name in _WITH_SECOND_REDIRECT else ("",)
    return {
        "name": f"Certification, {name}",
        "type": "web",
        "redirect_uris": [f"{base}/callback{suffix}" for base in bases for suffix in suffixes],
        "post_logout_redirect_uris": [f"{base}/post_logout_redirect" for base in bases],
        "backchannel_logout_uri": backchannel,
        **own,
    }


def _callable(uri: str) -> bool:
    try:
        outbound.check(uri)
    except outbound.Refused:
        return False
    return True


def _client(client_id: str, properties: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The client as its owner knows it: what was lost, or never was, is made anew."""
    secret, jwk = str(known.get("client_secret", "")), known.get("jwk")
    if algorithm := properties.get("token_endpoint_auth_signing_alg"):
        jwk = jwk or new_jwk(algorithm)
        properties = properties | {"jwks": [public_part(jwk)]}
    if table.get(table.client_key(client_id)) is None:
        secret = client_registration.register(client_id, **properties).secret
    else:
        client_registration.change(client_id, **properties)
        if not jwk and not _is_current(client_id, secret):
            secret = client_registration.rotate_secret(client_id, overlap_seconds=0)
    return {"client_id": client_id} | ({"jwk": jwk} if jwk else {"client_secret": secret})


def _is_current(client_id: str, secret: str) -> bool:
    client = clients.get(client_id, no_older_than_seconds=0)
    return client is not None and client.knows_secret(secret)


def _person(password: str) -> str:
    """The password of the person with every claim; a new one if the known one is not theirs."""
    user = users.get_by_email(EMAIL)
    if user and password and passwords.verify(password, user.password_hash):
        if user.profile != PROFILE:
            users.describe(user.user_id, profile=PROFILE)
        return password
    password = clients.new_identifier(32)
    hashed = passwords.hash_password(password)
    if user is None:
        users.create(EMAIL, email_verified=True, password_hash=hashed, profile=PROFILE)
    else:
        table.transact(users.password_write(user.user_id, EMAIL, hashed))
        users.describe(user.user_id, profile=PROFILE)
    return password


def _directory() -> Path:
    """Of the local stack that the environment names, else of the deployed one."""
    return HOME / (os.environ.get("GATEHOUSE_INSTANCE") or urlsplit(os.environ.get("ISSUER", "")).hostname or "deployed") / "certification"


def write(file: Path, content: Mapping[str, Any]) -> None:
    """JSON that only its owner can read, mode 0600."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
