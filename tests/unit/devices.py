"""What a device without a browser, and the person in front of it, do: vocabulary of the tests of the device grant."""

from typing import Any

from gatehouse import device_codes, table
from gatehouse.client_registration import Registered
from gatehouse.clients import DEVICE_GRANT
from tests.unit.conftest import Answer, call
from tests.unit.flows import PASSWORD, Browser, new_client, token


def new_device_client(kind: str = "native", **properties: Any) -> Registered:
    """A client that may use the device grant and refresh, and nothing else."""
    return new_client(kind, **({"name": "Living Room TV", "grant_types": [DEVICE_GRANT, "refresh_token"]} | properties))


def ask_for_codes(client_id: str, **parameters: str) -> Answer:
    """POST /oauth/device/code; a parameter given as an empty string is left out."""
    form = {"client_id": client_id, "scope": "openid profile email"} | parameters
    headers = {"authorization": form.pop("authorization")} if "authorization" in form else {}
    given = {name: value for name, value in form.items() if value}
    return call("device_authorization", "POST", "/oauth/device/code", form=given, headers=headers)


def codes(client_id: str, **parameters: str) -> dict[str, Any]:
    """The answer to a device that begins."""
    answer = ask_for_codes(client_id, **parameters)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def poll(client_id: str, device_code: str, **parameters: str) -> Answer:
    return token(**({"grant_type": DEVICE_GRANT, "client_id": client_id, "device_code": device_code} | parameters))


def type_code(browser: Browser, user_code: str) -> Answer:
    """Send the page /u/device with this code."""
    return browser.fill(browser.get("hosted_pages", "/u/device"), "/u/device", user_code=user_code)


def question(browser: Browser, user_code: str, email: str = "ada@example.com") -> Answer:
    """The page that asks whether the device may, after signing in if the person is not signed on."""
    answer = type_code(browser, user_code)
    if "/u/login?" in answer.location:
        page = browser.get("hosted_pages", answer.location)
        answer = browser.fill(page, "/u/login", email=email, password=PASSWORD)
    assert "/u/consent?" in answer.location
    return browser.get("hosted_pages", answer.location)


def decide(browser: Browser, user_code: str, decision: str = "allow", email: str = "ada@example.com") -> Answer:
    """From the code to the page behind the person's decision."""
    return browser.fill(question(browser, user_code, email), "/u/consent", decision=decision)


def stored_device(user_code: str) -> table.Item:
    """What the table holds under this code, as it was shown."""
    found = table.get(table.device_key(device_codes.typed(user_code)))
    assert found is not None
    return found
