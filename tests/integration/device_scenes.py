"""Where the races and faults of the device grant begin."""

from collections.abc import Callable
from functools import partial

from gatehouse.client_registration import Registered
from gatehouse.clients import DEVICE_GRANT
from tests.integration.scenes import Person, quick_client
from tests.unit.conftest import Answer
from tests.unit.devices import codes, question


def device_client(*, first_party: bool = True) -> Registered:
    """A client whose tokens take little time to sign."""
    return quick_client("native", grant_types=[DEVICE_GRANT, "refresh_token"], first_party=first_party)


def decision(person: Person, user_code: str, wanted: str = "allow") -> Callable[[], Answer]:
    """The person's answer on a page that they have before them, ready to be sent."""
    page = question(person.browser, user_code)
    return partial(person.browser.fill, page, "/u/consent", decision=wanted)


def allowed(person: Person) -> str:
    """The device code of a device that the person has just allowed."""
    given = codes(person.app.client_id)
    assert decision(person, given["user_code"])().status == 200
    code: str = given["device_code"]
    return code
