"""auth0-python 4, as it comes from PyPI: a script with its endpoint classes, run with packages of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.instance import ROOT
from tests.e2e.application import Application, get
from tests.e2e.deployment import Deployment

CLIENTS = Path(__file__).parent / "clients"
# Beside the other environment: two versions of one package cannot live in the same.
PACKAGES = ROOT / ".local" / "auth0_4"


@pytest.fixture(scope="module")
def seen(stack: Deployment) -> dict[str, Any]:
    """What the script printed."""
    described = get(f"{stack.issuer}/api/v2/openapi.json").json()["components"]["securitySchemes"]["oauth2"]["flows"]
    machine = stack.register("machine", audience=f"{stack.issuer}/api/v2/", scopes=list(described["clientCredentials"]["scopes"]))
    token = Application(stack, machine, "").token(grant_type="client_credentials").json()["access_token"]
    install()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGES), "DOMAIN": stack.issuer.removeprefix("http://"), "TOKEN": token}
    ran = subprocess.run([sys.executable, "-S", str(CLIENTS / "auth0_4.py")], env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    printed: dict[str, Any] = json.loads(ran.stdout)
    return printed


def install() -> None:
    """What the lock file pins, once."""
    lock = CLIENTS / "auth0_4.txt"
    done = PACKAGES / ".complete"
    if done.exists() and done.read_text() == lock.read_text():
        return
    uv = [str(ROOT / ".local/uv/bin/uv"), "pip", "install", "--quiet", "--python", sys.executable, "--require-hashes"]
    subprocess.run([*uv, "--requirement", str(lock), "--target", str(PACKAGES)], check=True)
    done.write_text(lock.read_text())


def test_people_are_created_found_and_changed(seen: dict[str, Any]) -> None:
    assert (seen["email"], seen["got"], seen["by_email"], seen["searched"]) == ("four@example.com", True, [True], 1)
    assert seen["fields"] == ["email", "user_id"]
    assert (seen["merged"], seen["cleared"]) == ({"a": {"b": 9}}, {})
    assert (seen["bare"], seen["past_the_end"]) == (True, [])
    assert seen["conflict"] == {"status": 409, "code": "auth0_idp_error", "message": "The user already exists."}
    assert (seen["missing"]["status"], seen["missing"]["code"]) == (404, "inexistent_user")
    assert (seen["blocked"], seen["deleted"]) == (True, 404)


def test_rights_are_given_and_taken(seen: dict[str, Any]) -> None:
    assert (seen["api"], seen["roles"], seen["permissions"]) == ("https://four.example.com", ["four"], ["do:it"])
    assert (seen["holders"], seen["roles_after"]) == ([True], [])


def test_organizations_have_members(seen: dict[str, Any]) -> None:
    assert (seen["members"], seen["organizations"], seen["listed"]) == ([True], ["four-inc"], True)


def test_tickets_blocks_grants_numbers_and_applications(seen: dict[str, Any]) -> None:
    assert (seen["ticket"], seen["password_ticket"], seen["blocks"], seen["grants"]) == (True, True, [], [])
    assert (seen["daily"], seen["active"], seen["client"]) == (True, True, "Four")
