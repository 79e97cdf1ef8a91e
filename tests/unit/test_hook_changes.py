"""Changes of hooks amid others and amid trouble: a secret that counts is one that somebody was given, and every hook can be stopped."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from gatehouse import hooks, message_signatures, table
from gatehouse.hooks import Hook
from tests.operator_functions import arn_of
from tests.unit.conftest import Answer
from tests.unit.faults import refuse, trouble
from tests.unit.operators import api, machine

OPERATOR = ("create:hooks", "read:hooks", "update:hooks", "delete:hooks")
URL = "https://hooks.example.com/greet"


@pytest.fixture
def bearer() -> str:
    return machine(*OPERATOR)


def created(bearer: str, target: str, name: str = "greeter") -> Answer:
    answer = api("POST", "/hooks", bearer, {"name": name, "trigger": "post_login", "target": target})
    assert answer.status == 201, answer.body
    return answer


def kept(hook_id: str) -> Hook:
    hook = hooks.get(hook_id)
    assert hook
    return hook


def signed_by(hook: Hook, shown: str) -> bool:
    """Whether messages to the hook bear the signature of this secret, before all others."""
    assert hook.secret
    sent = message_signatures.headers(hook.secret, "id", b"{}")
    value = base64.b64decode(shown.removeprefix(message_signatures.PREFIX))
    own = hmac.digest(value, f"id.{sent['webhook-timestamp']}.".encode() + b"{}", "sha256")
    return sent["webhook-signature"].split()[0] == f"v1,{base64.b64encode(own).decode()}"


def earlier(hook: Hook) -> list[bytes]:
    assert hook.secret
    return [known.wrapped for known in hook.secret.earlier]


def current(hook: Hook) -> bytes:
    assert hook.secret
    return hook.secret.current


@pytest.mark.row(93)
def test_a_rotation_that_is_repeated_ends_no_secret_that_somebody_may_be_using(bearer: str) -> None:
    made = created(bearer, URL).json["id"]
    first, path = current(kept(made)), f"/hooks/{made}/rotate-secret"

    assert [api("POST", path, bearer).status for _ in range(3)] == [200, 200, 200]
    full = kept(made)
    assert (len(earlier(full)), earlier(full)[-1]) == (3, first)
    one_more = api("POST", path, bearer)
    assert (one_more.status, one_more.json["errorCode"]) == (409, "conflict")
    assert kept(made) == full
    assert api("POST", path, bearer, {"overlap_hours": 0}).status == 200
    assert earlier(kept(made)) == []


@pytest.mark.parametrize("versioned", [False, True])
def test_a_rotation_whose_answer_was_lost_counts_once_whatever_happens_meanwhile(bearer: str, versioned: bool) -> None:
    answer = created(bearer, URL)
    made, before = answer.json["id"], current(kept(answer.json["id"]))

    def lost(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
        really()
        # The repeat finds what was written, and changed by somebody else.
        hooks.change(made, lambda found: replace(found, order=7))
        return refuse("TransactionCanceledException", CancellationReasons=[{"Code": "ConditionalCheckFailed"}])(request, really)

    more: dict[str, Any] = {"if_match": answer.headers["etag"]} if versioned else {}
    with trouble({"dynamodb.TransactWriteItems": [lost]}):
        rotated = api("POST", f"/hooks/{made}/rotate-secret", bearer, **more)

    after = kept(made)
    assert (rotated.status, after.order, earlier(after)) == (200, 7, [before])
    assert signed_by(after, rotated.json["signing_secret"])


def test_a_secret_that_somebody_else_was_given_first_is_the_one_that_counts(bearer: str) -> None:
    made = created(bearer, arn_of("greeter")).json["id"]
    first: list[Answer] = []

    def overtaken(request: AWSPreparedRequest, really: Callable[[], AWSResponse]) -> AWSResponse:
        first.append(api("PATCH", f"/hooks/{made}", bearer, {"target": URL}))
        return really()

    with trouble({"dynamodb.TransactWriteItems": [overtaken]}):
        second = api("PATCH", f"/hooks/{made}", bearer, {"target": URL})

    assert "signing_secret" not in second.json
    assert signed_by(kept(made), first[0].json["signing_secret"])


def test_a_hook_that_could_not_be_saved_today_can_be_switched_off_and_so_can_the_next_one(bearer: str) -> None:
    outdated, other = (created(bearer, URL, name).json["id"] for name in ("outdated", "other"))
    item = table.get(table.hooks_key())
    assert item
    item["hooks"] = [hook | {"target": "http://laptop.local/"} if hook["id"] == outdated else hook for hook in item["hooks"]]
    table.put(table.hooks_key(), item)

    asked = [(other, {"enabled": False}), (outdated, {"order": 3}), (outdated, {"enabled": False}), (outdated, {"enabled": True})]
    assert [api("PATCH", f"/hooks/{hook_id}", bearer, body).status for hook_id, body in asked] == [200, 400, 200, 400]
