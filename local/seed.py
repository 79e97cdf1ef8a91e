"""What a fresh local stack is filled with: a person, four applications, and the words that say what to do with them."""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gatehouse import client_registration, custom_data, management_scopes, passwords, table, tenant, users
from gatehouse.clients import DEVICE_GRANT, STANDARD_SCOPES
from gatehouse.settings import settings
from gatehouse.tenant import OWN, CustomData
from local.instance import APP_CLIENT_ID, Instance, named

EMAIL = "demo@example.com"
# Known to everybody who reads this file, so only ever used on a local stack.
PASSWORD = "open sesame at the gatehouse"
PROFILE = {
    "name": "Demo Person",
    "given_name": "Demo",
    "family_name": "Person",
    "nickname": "demo",
    "preferred_username": "demo",
    "locale": "en",
    "zoneinfo": "Europe/Berlin",
}
SPA, WEB, MACHINE, DEVICE = APP_CLIENT_ID, "demoweb", "demomachine", "demodevice"


@dataclass(frozen=True, slots=True)
class Seed:
    """The secrets are made at random per stack; they lie in .local/<instance>/seed.json and nowhere else."""

    web_secret: str
    machine_secret: str


def main() -> None:
    """Fill the stack that the environment names, once, and print what a person can try."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", default="local")
    instance = named(parser.parse_args().instance)
    _person()
    seed = _applications(instance)
    print(_next_steps(instance, seed))


def _person() -> None:
    try:
        user = users.create(EMAIL, email_verified=True, password_hash=passwords.hash_password(PASSWORD), profile=PROFILE)
    except users.Taken:
        return
    users.describe(user.user_id, user_metadata={"theme": "dark"}, app_metadata={"plan": "free"})
    tenant.change(lambda settings: replace(settings, custom_data=CustomData(enabled=True, store="companies", access=OWN)))
    custom_data.insert({"user_id": user.user_id, "company_name": "Example & Co"})


def _applications(instance: Instance) -> Seed:
    _registered(
        SPA,
        name="Demo App",
        type="spa",
        redirect_uris=[f"{instance.app_url}/"],
        post_logout_redirect_uris=[f"{instance.app_url}/"],
        web_origins=[instance.app_url],
        scopes=[*STANDARD_SCOPES, "user_metadata", "orders:read"],
        audience=instance.orders_url,
    )
    web = _registered(WEB, name="Demo Web App", type="web", redirect_uris=["http://localhost:3000/callback"])
    machine = _registered(
        MACHINE,
        name="Demo Operator",
        type="machine",
        scopes=list(management_scopes.OPERATORS),
        audience=settings().management_audience,
    )
    _registered(DEVICE, name="Demo Television", type="native", grant_types=[DEVICE_GRANT, "refresh_token"])
    return _kept(instance.home / "seed.json", web, machine)


def _registered(client_id: str, **properties: Any) -> str:
    """The client's secret if it is new, else an empty string."""
    if table.get(table.client_key(client_id)):
        client_registration.change(client_id, **properties)
        return ""
    return client_registration.register(client_id, **properties).secret


def _kept(file: Path, web: str, machine: str) -> Seed:
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    seed = Seed(web or known.get("web_secret", ""), machine or known.get("machine_secret", ""))
    file.touch(mode=0o600)
    file.write_text(json.dumps({"web_secret": seed.web_secret, "machine_secret": seed.machine_secret}), encoding="utf-8")
    return seed


def _next_steps(instance: Instance, seed: Seed) -> str:
    trust = f"--cacert {instance.certificate_file} " if instance.tls else ""
    return f"""\
  Sign in          {instance.app_url}
                   {EMAIL} / {PASSWORD}

  Clients          {SPA} (single-page app), {WEB} (web, secret {seed.web_secret}),
                   {MACHINE} (machine, secret {seed.machine_secret})

  A machine token  curl -s {trust}{instance.issuer}/oauth/token -u {MACHINE}:{seed.machine_secret} \\
                     -d grant_type=client_credentials

  Everybody        curl -s {trust}{instance.issuer}/api/v2/users -H "Authorization: Bearer <access_token>"

  A device         curl -s {trust}{instance.issuer}/oauth/device/code -d client_id={DEVICE} -d scope=openid
"""


if __name__ == "__main__":
    main()
