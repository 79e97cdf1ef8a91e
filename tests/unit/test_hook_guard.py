"""An update of the stack does not take away a function that something which is configured still calls."""

from dataclasses import replace

import pytest

from gatehouse import hooks, schedules, webhooks
from gatehouse.hooks import Hook
from gatehouse.webhooks import Webhook
from tests.operator_functions import arn_of
from tests.unit.cloudformation import deployed
from tests.unit.faults import always, trouble, unreachable
from tests.unit.schedules import changed, planned

CREATION, ENRICHMENT = arn_of("stack-UserCreationFunction-1"), arn_of("stack-ClaimsEnrichmentFunction-1")
OTHER = arn_of("stack-UserCreationFunction-2")
NAMED = arn_of("gatehouse-hook-*")


def hook(target: str, name: str = "Who signs up") -> Hook:
    return hooks.add(Hook(hooks.new_id(), name, hooks.PRE_SIGN_UP, target))


def updated(before: list[str], after: list[str]) -> dict[str, str]:
    """What CloudFormation is told about an update from these targets to those."""
    return deployed("hook_guard", "Update", {"Targets": after}, {"Targets": before})


def test_a_function_that_a_hook_calls_stays_until_the_hook_calls_another() -> None:
    made = hook(CREATION)

    refused = updated([CREATION, ENRICHMENT], [OTHER, ENRICHMENT])
    assert refused["Status"] == "FAILED"
    assert refused["Reason"].startswith(f"Still in use: the hook 'Who signs up' ({made.id}) calls {CREATION}. Point it at another function")

    hooks.change(made.id, lambda found: replace(found, target=OTHER))
    assert updated([CREATION, ENRICHMENT], [OTHER, ENRICHMENT])["Status"] == "SUCCESS"


def test_a_function_that_only_a_hook_calls_which_is_switched_off_may_go() -> None:
    made = hook(CREATION)
    hooks.change(made.id, lambda found: replace(found, enabled=False))

    assert updated([CREATION], [])["Status"] == "SUCCESS"


def test_schedules_and_webhooks_hold_their_functions_too() -> None:
    planned(name="Nightly", function=arn_of("gatehouse-hook-nightly"))
    webhooks.add(Webhook(webhooks.new_id(), "Billing", arn_of("gatehouse-hook-billing"), events=("*",)))

    reason = updated([NAMED], [""])["Reason"]
    assert "the schedule 'Nightly'" in reason
    assert "the webhook 'Billing'" in reason


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ([NAMED], [], "FAILED"),
        ([NAMED], [""], "FAILED"),
        ([NAMED], [arn_of("gatehouse-hook-n*")], "SUCCESS"),
        ([NAMED], [arn_of("gatehouse-hook-nightl?")], "SUCCESS"),
        ([NAMED], [arn_of("gatehouse-hook-[n]ightly")], "FAILED"),
        ([NAMED], [arn_of("gatehouse-hook-weekly")], "FAILED"),
        ([NAMED, arn_of("*")], [NAMED], "SUCCESS"),
        ([arn_of("gatehouse-hook-nightly:live")], [], "SUCCESS"),
        ([""], [""], "SUCCESS"),
    ],
)
def test_targets_are_read_as_iam_reads_them(before: list[str], after: list[str], status: str) -> None:
    planned(function=arn_of("gatehouse-hook-nightly"))

    assert updated(before, after)["Status"] == status


def test_what_never_could_be_called_holds_nothing_up() -> None:
    hook(arn_of("somebody-elses"))
    hook("https://hooks.example.com/sign-up", name="Elsewhere")

    assert updated([CREATION], [])["Status"] == "SUCCESS"


def test_many_in_use_are_named_in_part() -> None:
    for number in range(7):
        planned(name=f"number {number}", function=CREATION)

    reason = updated([CREATION], [])["Reason"]
    assert reason.count("the schedule") == 5
    assert "and 2 more" in reason
    assert len(reason) <= 1000


def test_going_back_after_a_failure_needs_nothing_that_could_fail() -> None:
    hook(CREATION)

    with trouble({"dynamodb": always(unreachable)}):
        assert updated([ENRICHMENT], [ENRICHMENT, CREATION])["Status"] == "SUCCESS"


def test_an_update_fails_when_nobody_knows_what_is_in_use() -> None:
    hook(CREATION)

    with trouble({"dynamodb": always(unreachable)}):
        refused = updated([CREATION], [])
    assert (refused["Status"], refused["Reason"].partition(":")[0]) == ("FAILED", "Unavailable")


@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_a_stack_comes_and_goes_whatever_is_in_use(kind: str) -> None:
    hook(CREATION)

    assert deployed("hook_guard", kind, {"Targets": [ENRICHMENT]})["Status"] == "SUCCESS"


def test_a_schedule_that_was_turned_to_another_function_lets_the_first_go() -> None:
    made = planned(function=CREATION)
    changed(made, function=ENRICHMENT)

    assert [found.function for found in schedules.listed()] == [ENRICHMENT]
    assert updated([CREATION, ENRICHMENT], [ENRICHMENT])["Status"] == "SUCCESS"
