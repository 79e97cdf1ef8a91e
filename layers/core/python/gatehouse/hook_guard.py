"""Keeps an update of the stack from taking away a function that something which is configured calls.

The stack names to its custom resource all functions that may be called. CloudFormation asks here after it made what is new and before it
deletes what is gone; a failure makes it go back, so that the function stays. What never could be called is no reason to fail, and neither
is the end of the whole stack: the table outlives it, and nobody signs in to a stack that is gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from gatehouse import custom_resources, hooks, observe, schedules, webhooks
from gatehouse.errors import Unavailable

_PHYSICAL_ID: Final = "gatehouse-hook-guard"
_MOST_NAMED: Final = 5


def for_cloudformation(event: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """Serve the custom resource. Its property Targets: ARNs of functions, with * and ? as IAM reads them."""
    failure = ""
    if event["RequestType"] == "Update":
        try:
            failure = _failure(_targets(event["OldResourceProperties"]), _targets(event["ResourceProperties"]))
        except Exception as error:  # noqa: BLE001 - CloudFormation waits for an answer that a raised error never sends
            observe.failed(request_id, error)
            failure = f"{type(error).__name__}: {error.detail if isinstance(error, Unavailable) else 'see the log'}"
    answer = custom_resources.answer(event, _PHYSICAL_ID, failure=failure)
    observe.note("guarded", request_id=request_id, request=event["RequestType"], reason=failure)
    return answer


def _targets(properties: Mapping[str, Any]) -> list[str]:
    # A list parameter that is empty is a list of one empty text.
    return [target for target in properties.get("Targets", ()) if target]


def _failure(before: Sequence[str], after: Sequence[str]) -> str:
    """Why the update may not be, empty if it may. Reads nothing if nothing is taken away."""
    if set(before) <= set(after):
        return ""
    lost = [who for who, target in _calling() if _covered(target, before) and not _covered(target, after)]
    if not lost:
        return ""
    more = f" and {len(lost) - _MOST_NAMED} more" if len(lost) > _MOST_NAMED else ""
    return f"Still in use: {'; '.join(lost[:_MOST_NAMED])}{more}. Point it at another function, or switch it off, and update again."


def _calling() -> Iterator[tuple[str, str]]:
    """Whatever is switched on, by kind, name and id, and the function or URL that it calls: 3 RRU."""
    calling = [("hook", hook.name, hook.id, hook.target) for hook in hooks.listed() if hook.enabled]
    calling += [("webhook", webhook.name, webhook.id, webhook.target) for webhook in webhooks.listed() if webhook.enabled]
    calling += [("schedule", schedule.name, schedule.id, schedule.function) for schedule in schedules.listed() if schedule.enabled]
    for kind, name, its_id, target in calling:
        yield f"the {kind} {name!r} ({its_id}) calls {target}", target


def _covered(target: str, patterns: Sequence[str]) -> bool:
    # To IAM a bracket is a bracket.
    return any(fnmatchcase(target, pattern.replace("[", "[[]")) for pattern in patterns)
