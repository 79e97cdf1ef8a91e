"""/api/v2/webhooks: who is told what happens to people."""

import json
from typing import Any

import pytest

from gatehouse import webhooks
from tests.receiver import receiving
from tests.unit.faults import lose_answer, trouble
from tests.unit.flows import later, new_user
from tests.unit.operators import api, machine, person
from tests.unit.test_webhooks import PRIVATE
from tests.unit.webhooks import TOLD, arrived, happening, record, told, worked_off

OPERATOR = ("create:webhooks", "read:webhooks", "update:webhooks", "delete:webhooks", *TOLD)
URL, ARN = "https://shop.example.com/events", "arn:aws:lambda:eu-central-1:123456789012:function:f"
NEW: dict[str, Any] = {"name": "Shop", "target": URL}


def created(bearer: str, **more: Any) -> dict[str, Any]:
    answer = api("POST", "/webhooks", bearer, NEW | more)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json
    return found


def test_a_webhook_is_read_back_as_it_was_created_but_for_its_secret() -> None:
    bearer = machine(*OPERATOR)
    given = {"events": ["user.*", "session.ended"], "clients": ["shop"], "organizations": ["org_1"], "enabled": False, "format": "event"}

    made = created(bearer, **given)

    secret = made.pop("signing_secret")
    assert secret.startswith("whsec_")
    assert made == {name: made[name] for name in ("id", "created_at", "updated_at")} | NEW | given
    answer = api("GET", f"/webhooks/{made['id']}", bearer)
    assert (answer.json, answer.headers["etag"]) == (made, '"1"')
    assert api("GET", "/webhooks", bearer).json == [made]
    assert api("GET", "/webhooks", bearer, query={"fields": "name", "take": 1}).json == {"webhooks": [{"name": "Shop"}]}
    assert api("GET", f"/webhooks/{made['id']}", bearer, query={"fields": "id"}).json == {"id": made["id"]}


def test_what_is_not_said_is_everything_for_everybody() -> None:
    made = created(machine(*OPERATOR), target=ARN)

    assert (made["events"], made["clients"], made["organizations"]) == (["*"], [], [])
    assert (made["enabled"], made["format"], "signing_secret" in made) == (True, "event", False)


def test_a_change_names_what_it_changes_and_null_makes_it_as_at_first() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, events=["user.created"], clients=["shop"])
    path = f"/webhooks/{made['id']}"

    with later(60):
        answer = api("PATCH", path, bearer, {"name": "Mail", "events": None, "clients": []})

    assert answer.status == 200
    changes = {"name": "Mail", "events": ["*"], "clients": [], "updated_at": answer.json["updated_at"]}
    del made["signing_secret"]
    assert answer.json == made | changes
    assert answer.headers["etag"] == '"2"'
    assert api("PATCH", path, bearer, {"name": "Mail"}).headers["etag"] == '"2"'


def test_a_change_for_another_version_is_refused() -> None:
    bearer = machine(*OPERATOR)
    path = f"/webhooks/{created(bearer)['id']}"
    created(bearer)

    assert api("PATCH", path, bearer, {"name": "a"}, if_match='"1"').status == 200
    for answer in (
        api("PATCH", path, bearer, {"name": "b"}, if_match='"1"'),
        api("POST", f"{path}/rotate-secret", bearer, {}, if_match='"1"'),
    ):
        assert (answer.status, answer.json["errorCode"]) == (412, "precondition_failed")


def test_one_that_was_removed_is_gone_and_removing_it_again_is_done() -> None:
    bearer = machine(*OPERATOR)
    path = f"/webhooks/{created(bearer)['id']}"

    assert [api("DELETE", path, bearer).status for _ in range(2)] == [204, 204]
    for method, more in (("GET", ""), ("PATCH", ""), ("POST", "/rotate-secret"), ("POST", "/test"), ("GET", "/dead-letters")):
        answer = api(method, path + more, bearer, {} if method != "GET" else None)
        assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_webhook")


def test_a_new_secret_is_shown_once_with_the_time_until_which_the_old_one_counts() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer)
    path = f"/webhooks/{made['id']}"

    with later(0):
        answer = api("POST", f"{path}/rotate-secret", bearer, {"overlap_hours": 48})
        until = webhooks.listed()[0].secret
    assert answer.status == 200
    assert answer.json["signing_secret"] != made["signing_secret"]
    assert until is not None
    assert answer.json["previous_until"].endswith("Z")
    assert "previous_until" not in api("POST", f"{path}/rotate-secret", bearer, {"overlap_hours": 0}).json
    assert "previous_until" in api("POST", f"{path}/rotate-secret", bearer).json
    assert api("POST", f"{path}/rotate-secret", bearer, {"overlap_hours": 721}).status == 400


def test_a_url_on_another_host_gets_a_new_secret_and_on_the_same_keeps_its_own() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer)
    path = f"/webhooks/{made['id']}"

    same = api("PATCH", path, bearer, {"target": "https://SHOP.example.com/other", "name": "Mail"})
    before = webhooks.listed()[0].secret
    other = api("PATCH", path, bearer, {"target": "https://mail.example.com/events"})

    assert (same.status, "signing_secret" in same.json) == (200, False)
    assert other.json["signing_secret"].startswith("whsec_")
    assert other.json["signing_secret"] != made["signing_secret"]
    after = webhooks.listed()[0].secret
    assert before and after and after.current != before.current
    assert before.current not in [known.wrapped for known in after.earlier]


def test_the_new_secret_of_another_host_is_the_one_that_signs_also_if_the_answer_to_the_write_was_lost(laptop: None) -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer)
    with receiving() as receiver:
        with trouble({"dynamodb.UpdateItem": [lose_answer], "dynamodb.TransactWriteItems": [lose_answer]}):
            secret = api("PATCH", f"/webhooks/{made['id']}", bearer, {"target": receiver.url}).json["signing_secret"]
        told(happening("e"))
        worked_off()

        assert arrived(receiver, secret) == ["e"]


@pytest.mark.parametrize("missing", TOLD)
def test_whoever_may_not_read_of_people_sends_nothing_of_them_anywhere_but_may_switch_a_webhook_off(missing: str) -> None:
    path = f"/webhooks/{created(machine(*OPERATOR))['id']}"
    bearer = machine(*(scope for scope in OPERATOR if scope != missing))

    changes: list[dict[str, Any]] = [
        {"target": "https://mine.example.com/"},
        {"enabled": True},
        {"enabled": False, "target": URL},
        {"events": ["*"]},
    ]
    for answer in (api("POST", "/webhooks", bearer, NEW), *(api("PATCH", path, bearer, change) for change in changes)):
        assert (answer.status, answer.json["errorCode"]) == (403, "access_denied")
        assert missing in answer.json["message"]
    assert [(hook.target, hook.enabled) for hook in webhooks.listed()] == [(URL, True)]
    assert api("PATCH", path, bearer, {"enabled": False}).json["enabled"] is False


def test_a_function_has_no_secret_to_rotate() -> None:
    bearer = machine(*OPERATOR)
    answer = api("POST", f"/webhooks/{created(bearer, target=ARN)['id']}/rotate-secret", bearer, {})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


def test_a_test_goes_through_the_queue_and_is_about_nobody() -> None:
    bearer = machine(*OPERATOR)
    made = created(bearer, events=["user.created"], clients=["shop"])

    answer = api("POST", f"/webhooks/{made['id']}/test", bearer)

    assert answer.status == 202
    message = record()
    assert message is not None
    body = json.loads(message["body"])["body"]
    assert (body["id"], body["type"], body["data"]) == (answer.json["id"], "webhook.test", {"webhook_id": made["id"]})


def test_one_that_is_switched_off_is_not_tested() -> None:
    bearer = machine(*OPERATOR)
    answer = api("POST", f"/webhooks/{created(bearer, enabled=False)['id']}/test", bearer)

    assert (answer.status, answer.json["errorCode"]) == (409, "conflict")
    assert worked_off() == []


@pytest.mark.row(92)
@pytest.mark.parametrize("url", PRIVATE)
def test_no_url_that_leads_elsewhere_than_to_the_public_internet_is_taken(url: str) -> None:
    bearer = machine(*OPERATOR)
    path = f"/webhooks/{created(bearer)['id']}"

    for answer in (api("POST", "/webhooks", bearer, NEW | {"target": url}), api("PATCH", path, bearer, {"target": url})):
        assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
        assert answer.json["message"].startswith("target ")
    assert [hook.target for hook in webhooks.listed()] == [URL]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        NEW | {"events": "user.created"},
        NEW | {"events": ["user.creted"]},
        NEW | {"secret": "mine"},
        NEW | {"id": "wh_mine"},
        NEW | {"enabled": "yes"},
        NEW | {"format": "cognito"},
        NEW | {"clients": [7]},
    ],
)
def test_what_is_no_webhook_is_refused(body: dict[str, Any]) -> None:
    answer = api("POST", "/webhooks", machine(*OPERATOR), body)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert webhooks.listed() == []


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/webhooks", "read:webhooks"),
        ("POST", "/webhooks", "create:webhooks"),
        ("GET", "/webhooks/wh_1", "read:webhooks"),
        ("PATCH", "/webhooks/wh_1", "update:webhooks"),
        ("DELETE", "/webhooks/wh_1", "delete:webhooks"),
        ("POST", "/webhooks/wh_1/rotate-secret", "update:webhooks"),
        ("POST", "/webhooks/wh_1/test", "update:webhooks"),
        ("GET", "/webhooks/wh_1/dead-letters", "read:webhooks"),
        ("POST", "/webhooks/wh_1/redeliver", "update:webhooks"),
        ("DELETE", "/webhooks/wh_1/dead-letters/x", "update:webhooks"),
    ],
)
def test_each_route_takes_its_scope(method: str, path: str, scope: str) -> None:
    new_user()
    others = machine(*(other for other in OPERATOR if other != scope))

    assert api(method, path, others).status == 403
    assert api(method, path).status == 401
    assert api(method, path, person()).status in (401, 403)
