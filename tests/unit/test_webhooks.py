"""Which webhook is told of what, and what one has to look like (row 92)."""

from dataclasses import replace
from typing import Any

import pytest

from gatehouse import webhooks
from gatehouse.configuration import Invalid, Stale
from gatehouse.errors import Unavailable
from gatehouse.events import KINDS
from gatehouse.settings import settings
from tests.unit.faults import DENIED, THROTTLED, always, trouble
from tests.unit.flows import later
from tests.unit.test_outbound_requests import PUBLIC, resolving
from tests.unit.webhooks import BOB, happening, letters, subscribed, told, worked_off

URL, ARN = "https://shop.example.com/events", "arn:aws:lambda:eu-central-1:123456789012:function:f"

NO_SUCH_KIND = "events has a kind that there is none of"


def queued(kind: str = "user.updated", **data: Any) -> int:
    return told(happening(f"{kind} {data}", kind=kind, **data))


@pytest.mark.parametrize(
    ("events", "fitting"),
    [
        (("*",), set(KINDS)),
        (("user.created",), {"user.created"}),
        (("session.*", "user.blocked"), {kind for kind in KINDS if kind.startswith("session.")} | {"user.blocked"}),
        (("user.*", "user.created"), {kind for kind in KINDS if kind.startswith("user.")}),
    ],
)
def test_a_webhook_is_told_of_the_kinds_that_it_names(events: tuple[str, ...], fitting: set[str]) -> None:
    subscribed(URL, events=events)

    assert {kind for kind in KINDS if queued(kind)} == fitting


def test_one_for_some_clients_or_organizations_is_told_of_theirs_and_of_no_others() -> None:
    subscribed(URL, clients=("shop", "mail"))
    subscribed(URL, organizations=("org_1",))
    subscribed(URL, clients=("shop",), organizations=("org_1",))

    assert queued() == 0
    assert queued(client_id="shop") == 1
    assert queued(client_id="other") == 0
    assert queued("organization.member_added", org_id="org_1") == 1
    assert queued("organization.member_added", org_id="org_2") == 0
    assert queued("session.ended", client_id="shop", session={"org_id": "org_1"}) == 3
    assert queued("session.ended", client_id="shop", session={"org_id": ""}) == 1


def test_one_that_is_switched_off_is_told_nothing() -> None:
    hook, _ = subscribed(URL)
    webhooks.change(hook.id, lambda found: replace(found, enabled=False))

    assert queued() == 0


def test_without_webhooks_nothing_is_sent_and_their_item_is_read_once_a_minute() -> None:
    with trouble() as sent, later(0):
        webhooks.forget()
        assert [queued(), queued(), told()] == [0, 0, 0]
        with later(61):
            queued()

    assert sent == ["dynamodb.GetItem"] * 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "name must be 1 to 100 characters that can be seen"),
        ({"name": "x" * 101}, "name must be 1 to 100 characters that can be seen"),
        ({"name": "a\nb"}, "name must be 1 to 100 characters that can be seen"),
        ({"events": ()}, "events must be 1 to 50 kinds"),
        ({"events": ("user.created",) * 51}, "events must be 1 to 50 kinds"),
        ({"events": ("user.creted",)}, NO_SUCH_KIND),
        ({"events": ("nobody.*",)}, NO_SUCH_KIND),
        ({"events": ("user*",)}, NO_SUCH_KIND),
        ({"events": ("*.created",)}, NO_SUCH_KIND),
        ({"events": ("webhook.test",)}, NO_SUCH_KIND),
        ({"clients": ("a b",)}, "clients must be at most 100 ids"),
        ({"organizations": ("x",) * 101}, "organizations must be at most 100 ids"),
        ({"format": "cognito"}, "format cognito is for Lambda functions"),
        ({"format": "xml"}, "format must be event or cognito"),
        (
            {"target": ARN, "format": "cognito", "events": ("user.blocked",)},
            "events has a kind that there is none of in the format cognito",
        ),
        ({"target": "arn:aws:sqs:eu-central-1:123456789012:q"}, "target must be the ARN of a Lambda function, or an https URL"),
        ({"target": ""}, "target must be https"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing_behind(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        subscribed(**({"target": URL} | fields))

    assert refused.value.reason == reason
    assert webhooks.listed() == []


def test_a_change_that_cannot_be_changes_nothing() -> None:
    hook, _ = subscribed(URL)
    function, _ = subscribed(ARN)

    for webhook_id, target in ((hook.id, ARN), (function.id, URL), (hook.id, "https://127.0.0.1/")):
        with pytest.raises(Invalid):
            webhooks.change(webhook_id, lambda found, target=target: replace(found, target=target))  # type: ignore[misc]
    with pytest.raises(Stale):
        webhooks.change(hook.id, lambda found: replace(found, name="x"), if_version=2)
    with pytest.raises(webhooks.Unknown):
        webhooks.change("wh_none", lambda found: found)
    assert webhooks.listed() == [hook, function]


def test_there_are_at_most_so_many_and_all_fit_into_one_item() -> None:
    for _ in range(webhooks.MOST):
        subscribed(ARN)
    with pytest.raises(Invalid, match="at most 25"):
        subscribed(ARN)

    large = tuple(f"{number:03d}{'x' * 125}" for number in range(100))
    with pytest.raises(Invalid, match="together are larger"):
        filled(large)


def filled(ids: tuple[str, ...]) -> int:
    """Gives every webhook these ids."""
    return sum(webhooks.change(hook.id, lambda found: replace(found, clients=ids, organizations=ids)).version for hook in webhooks.listed())


def test_a_secret_is_kept_wrapped_and_a_function_has_none() -> None:
    (url, shown), (function, none) = subscribed(URL), subscribed(ARN)

    assert (shown.startswith("whsec_"), len(shown), none) == (True, 50, "")
    assert (function.secret, bool(url.secret)) == (None, True)
    assert shown not in repr(webhooks.listed())
    with pytest.raises(webhooks.Unsigned):
        webhooks.rotate_secret(function.id, overlap_seconds=1)


def test_switching_on_again_forgets_why_it_was_switched_off() -> None:
    hook, _ = subscribed(URL)
    webhooks.disable(hook.id, "answers 410")
    webhooks.disable("wh_none", "answers 410")

    assert [(found.enabled, found.disabled_because) for found in webhooks.listed()] == [(False, "answers 410")]
    webhooks.change(hook.id, lambda found: replace(found, enabled=True))
    assert [(found.enabled, found.disabled_because) for found in webhooks.listed()] == [(True, "")]


def test_what_was_saved_on_a_laptop_can_be_switched_off_and_removed_elsewhere(laptop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, _), (second, _) = subscribed("http://localhost:9999/"), subscribed("http://localhost:9998/")
    monkeypatch.setenv("ISSUER", "https://id.example.com")
    settings.cache_clear()

    webhooks.disable(first.id, "answers 410")
    webhooks.rotate_secret(second.id, overlap_seconds=1)
    with pytest.raises(Invalid, match="must be https"):
        webhooks.change(second.id, lambda found: replace(found, name="x"))
    webhooks.remove(second.id)
    assert [(found.id, found.enabled) for found in webhooks.listed()] == [(first.id, False)]


PRIVATE = [
    "http://shop.example.com/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://localhost/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00::1]/",
    "https://[fd00:ec2::254]/",
    "https://metadata.google.internal/",
    "https://10.0.0.1/",
    "https://shop.example.com:22/",
    "https://shop.example.com:6379/",
    "https://user:password@shop.example.com/",
    "file:///etc/passwd",
    "gopher://shop.example.com:6379/_INFO",
    "https://shop.example.com/#fragment",
]


@pytest.mark.row(92)
@pytest.mark.parametrize("url", PRIVATE)
def test_no_url_that_leads_elsewhere_than_to_the_public_internet_is_saved(url: str) -> None:
    with pytest.raises(Invalid, match="target "):
        subscribed(url)
    hook, _ = subscribed(URL)
    with pytest.raises(Invalid, match="target "):
        webhooks.change(hook.id, lambda found: replace(found, target=url))


@pytest.mark.row(92)
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "10.0.0.1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_there_after_it_was_saved_is_not_connected_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    subscribed(URL)
    queued()
    connected = resolving(monkeypatch, [PUBLIC, address])

    assert len(worked_off()) == 1
    assert connected == []


@pytest.mark.row(92)
def test_a_name_is_looked_up_once_for_each_attempt_and_called_where_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    subscribed(URL)
    queued()
    connected = resolving(monkeypatch, [PUBLIC], ["127.0.0.1"])

    assert len(worked_off()) == 1
    assert connected == [f"{PUBLIC} 443"]


def test_what_is_about_nobody_waits_for_nothing_of_nobodys(laptop: None) -> None:
    hook, _ = subscribed("http://localhost:9999/")
    told(*(happening(f"e-{number}", "", kind="user.sign_in_failed") for number in range(3)))
    webhooks.send_test(hook)

    assert len(worked_off()) == 4


@pytest.mark.parametrize("fate", [DENIED, THROTTLED])
def test_what_the_queue_does_not_take_is_told_again(fate: Any) -> None:
    subscribed(ARN)
    with trouble({"sqs.SendMessageBatch": always(fate)}), pytest.raises(Unavailable):
        queued()

    assert queued() == 1


def test_what_the_stream_tells_twice_within_minutes_goes_into_the_queue_once(laptop: None) -> None:
    subscribed("http://localhost:9999/")
    for _ in range(2):
        told(happening("e-1"), happening("e-2", BOB))

    assert worked_off() == [("e-1", 1), ("e-2", 1)]


def test_one_request_to_the_queue_never_holds_two_of_a_group_nor_more_than_it_takes() -> None:
    hook, _ = subscribed(URL)
    large = [happening(f"large-{number}", f"gatehouse|{number}", text="x" * 100_000) for number in range(4)]
    some = [happening(f"small-{number}", f"gatehouse|{number}") for number in range(25)]
    with trouble() as sent:
        assert told(*some, *large, happening("last-1"), happening("last-2")) == 31

    # Ten, ten, five with two large ones, two large ones with the next, and what is of its group.
    assert sent.count("sqs.SendMessageBatch") == 5
    assert letters(hook) == []
