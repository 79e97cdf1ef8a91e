"""Operators that change one application at once: none of the changes is lost, and what each was allowed holds for what is written."""

from functools import partial
from typing import Any

import pytest

from gatehouse import client_registration, clients, resource_servers, table
from gatehouse.management import client_powers
from tests.integration.faults import answer_lost, befalls
from tests.integration.scenes import ROUNDS, at_once, times
from tests.unit.conftest import Answer
from tests.unit.flows import CALLBACK, basic, new_client, token
from tests.unit.operators import AUDIENCE, api

pytestmark = pytest.mark.usefixtures("stack", "impatient", "interleaved")
CALLERS = 8
CLERK = (
    "create:clients",
    "read:clients",
    "update:clients",
    "delete:clients",
    "update:client_keys",
    "create:client_grants",
    "delete:client_grants",
)
BEYOND = "delete:users"
ORDERS = "https://orders.example.com"


@pytest.fixture(scope="module")
def bearer(stack: object) -> str:
    """A token of somebody who may change every application, and may not delete people."""
    clerk = new_client("machine", scopes=list(CLERK), audience=AUDIENCE, access_token_alg="ES256")
    resource_servers.create(ORDERS, "Orders", scopes=[{"value": f"scope:{number}", "description": ""} for number in range(CALLERS)])
    access: str = token(grant_type="client_credentials", authorization=basic(clerk.client_id, clerk.secret)).json["access_token"]
    return access


def stored(client_id: str) -> table.Item:
    found = table.get(table.client_key(client_id))
    assert found
    return found


def patch(bearer: str, client_id: str, **change: Any) -> partial[Answer]:
    return partial(api, "PATCH", f"/clients/{client_id}", bearer, change)


@pytest.mark.row(87)
def test_of_changes_at_once_none_is_lost(bearer: str) -> None:
    for _ in range(ROUNDS):
        app = new_client("web")
        changes = [
            *(patch(bearer, app.client_id, client_metadata={f"key{number}": str(number)}) for number in range(4)),
            patch(bearer, app.client_id, description="Sells things"),
            patch(bearer, app.client_id, refresh_token={"leeway": 5}),
            patch(bearer, app.client_id, refresh_token={"token_lifetime": 86400}),
            patch(bearer, app.client_id, callbacks=[CALLBACK, "https://app.example.com/two"]),
        ]

        answers = at_once(*changes)

        assert [answer.status for answer in answers] == [200] * len(changes), [answer.body for answer in answers]
        shown = api("GET", f"/clients/{app.client_id}", bearer).json
        assert shown["client_metadata"] == {f"key{number}": str(number) for number in range(4)}
        assert (shown["description"], len(shown["callbacks"])) == ("Sells things", 2)
        assert (shown["refresh_token"]["leeway"], shown["refresh_token"]["token_lifetime"]) == (5, 86400)
        assert stored(app.client_id)["version"] == 1 + len(changes)


@pytest.mark.row(87)
def test_of_changes_of_one_version_one_is_made(bearer: str) -> None:
    for _ in range(ROUNDS):
        app = new_client("web")

        answers = at_once(
            *(
                partial(api, "PATCH", f"/clients/{app.client_id}", bearer, {"name": f"App {number}"}, if_match='"1"')
                for number in range(CALLERS)
            )
        )

        assert sorted(answer.status for answer in answers) == [200] + [412] * (CALLERS - 1)
        [made] = [answer.json for answer in answers if answer.status == 200]
        assert stored(app.client_id)["name"] == made["name"]


@pytest.mark.row(86)
def test_two_halves_of_a_power_are_not_put_together_by_changes_at_once(bearer: str) -> None:
    for _ in range(ROUNDS):
        app = new_client("machine")

        answers = at_once(
            *times(CALLERS // 4, patch(bearer, app.client_id, scopes=[BEYOND])),
            *times(CALLERS // 4, patch(bearer, app.client_id, audience=AUDIENCE)),
            *times(CALLERS // 4, patch(bearer, app.client_id, resources=[AUDIENCE])),
            *times(CALLERS // 4, patch(bearer, app.client_id, introspection_audiences=[AUDIENCE])),
        )

        assert {answer.status for answer in answers} <= {200, 403}
        assert 200 in {answer.status for answer in answers}
        assert client_powers.of(stored(app.client_id)) == set()


@pytest.mark.row(87)
def test_of_rules_about_two_properties_both_hold_after_changes_at_once(bearer: str) -> None:
    for _ in range(ROUNDS):
        app = new_client("spa", web_origins=["https://app.example.com"])

        answers = at_once(
            *times(CALLERS // 2, patch(bearer, app.client_id, refresh_cookie=True)),
            *times(CALLERS // 2, patch(bearer, app.client_id, web_origins=[])),
        )

        assert {answer.status for answer in answers} == {200, 400}
        after = stored(app.client_id)
        assert not after.get("refresh_cookie") or after["web_origins"]


def test_of_grants_at_once_each_is_made_once(bearer: str) -> None:
    for _ in range(ROUNDS):
        app = new_client("machine")
        grants = [
            partial(api, "POST", "/client-grants", bearer, {"client_id": app.client_id, "audience": ORDERS, "scope": [f"scope:{number}"]})
            for number in range(CALLERS)
        ]

        answers = at_once(*grants)

        assert sorted(answer.status for answer in answers) == [201] + [409] * (CALLERS - 1)
        [made] = [answer.json for answer in answers if answer.status == 201]
        after = stored(app.client_id)
        assert (after["audience"], after["scopes"], after.get("resources", [])) == (ORDERS, made["scope"], [])


def test_of_rotations_at_once_each_secret_that_was_shown_last_works(bearer: str) -> None:
    for _ in range(ROUNDS):
        app = new_client("machine")

        answers = at_once(*times(CALLERS, partial(api, "POST", f"/clients/{app.client_id}/rotate-secret", bearer)))

        assert {answer.status for answer in answers} <= {200, 409}
        shown = {answer.json["client_secret"] for answer in answers if answer.status == 200}
        client = clients.Client.from_item(stored(app.client_id))
        assert len([secret for secret in shown if client.knows_secret(secret)]) == 1


def test_a_deleted_application_does_not_come_back(bearer: str) -> None:
    for _ in range(ROUNDS):
        app = new_client("web")
        path = f"/clients/{app.client_id}"

        answers = at_once(
            *times(CALLERS // 2, partial(api, "DELETE", path, bearer)),
            *times(CALLERS // 2, patch(bearer, app.client_id, name="Other", client_metadata={"a": "b"})),
        )

        assert {answer.status for answer in answers} <= {200, 204, 404}
        assert client_registration.find(app.client_id) is None


def test_a_change_whose_answer_was_lost_is_answered_as_made(bearer: str) -> None:
    app = new_client("spa")
    change = patch(
        bearer, app.client_id, app_type="regular_web", token_endpoint_auth_method="client_secret_basic", client_metadata={"a": "b"}
    )

    with befalls("dynamodb.UpdateItem", answer_lost, (1,)) as fault:
        answer = change()

    assert (answer.status, len(fault.calls)) == (200, 2), answer.body
    assert clients.Client.from_item(stored(app.client_id)).knows_secret(answer.json["client_secret"])
    assert stored(app.client_id)["version"] == 2
