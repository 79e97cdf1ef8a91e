"""The codes of the device grant (RFC 8628): who gets them, who may poll with them, and how often."""

import json
import secrets
from itertools import cycle

import pytest

from gatehouse import device_codes, keys, table
from gatehouse.clients import DEVICE_GRANT
from tests.unit import faults
from tests.unit.conftest import ISSUER, call
from tests.unit.devices import ask_for_codes, codes, decide, new_device_client, poll, stored_device
from tests.unit.flows import Browser, basic, later, new_client, new_user


def test_a_device_gets_its_codes_and_where_to_send_the_person() -> None:
    answer = ask_for_codes(new_device_client().client_id)

    given = answer.json
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(given) == {"device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"}
    assert given["verification_uri"] == f"{ISSUER}/u/device"
    assert given["verification_uri_complete"] == f"{ISSUER}/u/device?user_code={given['user_code']}"
    assert (given["expires_in"], given["interval"]) == (600, 5)
    first, hyphen, second = given["user_code"].partition("-")
    assert (len(first), hyphen, len(second)) == (4, "-", 4)
    assert set(first + second) <= set("BCDFGHJKLMNPQRSTVWXZ")


def test_a_json_body_serves_as_well() -> None:
    body = json.dumps({"client_id": new_device_client().client_id, "scope": "openid"})
    answer = call("device_authorization", "POST", "/oauth/device/code", body=body, headers={"content-type": "application/json"})

    assert answer.status == 200


def test_a_client_with_a_secret_proves_itself() -> None:
    app = new_device_client("web")

    assert ask_for_codes(app.client_id).json["error"] == "invalid_client"
    assert ask_for_codes("", authorization=basic(app.client_id, app.secret)).status == 200


def test_who_may_not_ask_hears_why() -> None:
    app = new_device_client()
    refusals = {
        "invalid_client": ask_for_codes("stranger"),
        "unauthorized_client": ask_for_codes(new_client("native").client_id),
        "invalid_scope": ask_for_codes(app.client_id, scope='open"id'),
        "invalid_target": ask_for_codes(app.client_id, audience="https://other.example.com"),
    }

    assert {code: answer.json["error"] for code, answer in refusals.items()} == {code: code for code in refusals}
    assert [answer.status for answer in refusals.values()] == [401, 400, 400, 400]
    assert ask_for_codes(app.client_id, scope="a" * 1025).json["error"] == "invalid_scope"


def test_who_polls_too_fast_is_slowed_down_by_five_seconds_each_time() -> None:
    app = new_device_client()
    given = codes(app.client_id)
    heard = []
    # In time; too soon, so 10 s from now on; too soon, 15 s; in time; too soon, 20 s; in time.
    # On a clock that stands still, or a second that turns meanwhile would count.
    with later(0):
        for seconds in (0, 2, 10, 25, 30, 50):
            with later(seconds):
                heard.append(poll(app.client_id, given["device_code"]).json["error"])

    assert heard == ["authorization_pending", "slow_down", "slow_down", "authorization_pending", "slow_down", "authorization_pending"]
    assert stored_device(given["user_code"])["interval"] == 20


def test_a_punctual_device_is_never_slowed_down() -> None:
    app = new_device_client()
    given = codes(app.client_id)
    for seconds in range(0, 60, 5):
        with later(seconds):
            assert poll(app.client_id, given["device_code"]).json["error"] == "authorization_pending"


def test_however_fast_it_polled_a_device_is_served_once_the_person_decided() -> None:
    new_user()
    app = new_device_client()
    given = codes(app.client_id)
    for _ in range(3):
        poll(app.client_id, given["device_code"])
    decide(Browser(), given["user_code"])

    assert poll(app.client_id, given["device_code"]).status == 200


def test_knowing_the_user_code_lets_nobody_poll() -> None:
    app = new_device_client()
    given = codes(app.client_id)
    user_code = device_codes.typed(given["user_code"])
    forged = [
        given["user_code"],
        user_code,
        given["device_code"][:-4] + "AAAA",
        keys.seal("code", [user_code, secrets.token_urlsafe(24)]),
        # As if the sealing key were known but not the device's secret.
        keys.seal("device", [user_code, secrets.token_urlsafe(24)]),
        "x" * 5000,
    ]

    assert {poll(app.client_id, code).json["error"] for code in forged} == {"invalid_grant"}
    assert stored_device(given["user_code"])["polled_at"] == 0


@pytest.mark.row(25)
def test_the_table_holds_nothing_that_a_device_could_poll_with() -> None:
    app = new_device_client()
    given = codes(app.client_id)
    _, secret = keys.unseal("device-code", given["device_code"])

    assert secret not in str(stored_device(given["user_code"]))
    assert given["device_code"] not in str(stored_device(given["user_code"]))


def test_a_poll_without_a_code_is_malformed() -> None:
    assert poll(new_device_client().client_id, "").json["error"] == "invalid_request"


def test_a_code_that_is_taken_is_given_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    app = new_device_client()
    drawn = cycle("BBBBBBBB" + "BBBBBBBB" + "CCCCCCCC")
    monkeypatch.setattr(device_codes.secrets, "choice", lambda _: next(drawn))
    first, second = codes(app.client_id), codes(app.client_id)

    assert (first["user_code"], second["user_code"]) == ("BBBB-BBBB", "CCCC-CCCC")
    assert poll(app.client_id, first["device_code"]).json["error"] == "authorization_pending"


def test_a_code_is_kept_once_though_the_answer_was_lost() -> None:
    with faults.trouble({"dynamodb.PutItem": [faults.lose_answer]}):
        codes(new_device_client().client_id)

    items, _ = table.scan(None, limit=100)
    assert len([item for item in items if item["sk"] == "DEVICE"]) == 1


def test_scopes_beyond_the_clients_are_dropped() -> None:
    given = codes(new_device_client(scopes=["openid"]).client_id, scope="openid email orders:write")

    assert stored_device(given["user_code"])["scope"] == "openid"


def test_waiting_takes_one_read_and_one_write() -> None:
    app = new_device_client()
    given = codes(app.client_id)
    for _ in range(2):
        with faults.trouble() as sent:
            poll(app.client_id, given["device_code"])
        assert sent == ["dynamodb.GetItem", "dynamodb.UpdateItem"]


def test_the_discovery_document_names_what_a_device_needs() -> None:
    served = call("discovery", "GET", "/.well-known/openid-configuration").json

    assert served["device_authorization_endpoint"] == f"{ISSUER}/oauth/device/code"
    assert DEVICE_GRANT in served["grant_types_supported"]
