"""Which hooks there are, for whom they run, and in which order."""

from dataclasses import replace
from typing import Any

import pytest

from gatehouse import configuration, hooks, remembered, table
from gatehouse.errors import Unavailable
from gatehouse.hooks import EVENTS, POST_LOGIN, PRE_SIGN_UP, PRE_TOKEN, TRIGGERS, USER_MIGRATION, Hook
from tests.unit.faults import THROTTLED, always, lose_answer, trouble
from tests.unit.flows import later

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:hello"


def added(name: str = "greeter", trigger: str = POST_LOGIN, **fields: Any) -> Hook:
    return hooks.add(Hook(hooks.new_id(), name, trigger, FUNCTION, **fields))


def names(*of: str) -> list[str]:
    return [hook.name for hook in hooks.of(*of)]


def test_a_stack_without_hooks_has_none() -> None:
    assert [hooks.of(trigger) for trigger in TRIGGERS] == [[], [], [], []]


def test_those_of_a_trigger_run_in_their_order_and_the_older_first_among_equals() -> None:
    with later(0):
        added("third", order=2)
    with later(1):
        added("second", order=1)
    with later(2):
        added("first", order=0)
        added("another", PRE_TOKEN)
    with later(3):
        added("fourth", order=2)

        assert names(POST_LOGIN) == ["first", "second", "third", "fourth"]


def test_one_that_is_switched_off_does_not_run() -> None:
    hook = added()

    hooks.change(hook.id, lambda before: replace(before, enabled=False))

    assert names(POST_LOGIN) == []
    assert [known.name for known in hooks.listed()] == ["greeter"]


def test_one_for_some_applications_or_organizations_runs_for_those_and_for_nobody_else() -> None:
    added("all")
    added("app", clients=("app",))
    added("acme", organizations=("org_acme",))
    added("both", clients=("app",), organizations=("org_acme",))

    assert names(POST_LOGIN) == ["all"]
    assert names(POST_LOGIN, "app") == ["all", "app"]
    assert names(POST_LOGIN, "other", "org_acme") == ["all", "acme"]
    assert names(POST_LOGIN, "app", "org_acme") == ["all", "app", "acme", "both"]


def test_each_trigger_has_a_usual_event_and_takes_no_event_of_another() -> None:
    usual = {trigger: added(trigger, trigger).event for trigger in TRIGGERS}

    assert usual == {PRE_SIGN_UP: "1", USER_MIGRATION: "1", POST_LOGIN: "post_authentication", PRE_TOKEN: "2"}
    for trigger, events in EVENTS.items():
        assert {added(f"{trigger} {event}", trigger, event=event).event for event in events} == set(events)
    with pytest.raises(configuration.Invalid, match="event of pre_sign_up must be 1"):
        added("x", PRE_SIGN_UP, event="2")


def test_what_is_added_again_is_the_hook_that_there_is() -> None:
    first = added(order=3, configuration={"a": 1})

    again = added(order=3, configuration={"a": 1}, event="post_authentication")

    assert again == first
    assert hooks.listed() == [first]


def test_a_name_is_one_hooks_alone_in_its_trigger() -> None:
    first, other = added("greeter"), added("other")

    with pytest.raises(hooks.NameTaken):
        added("greeter", order=1)
    with pytest.raises(hooks.NameTaken):
        hooks.change(other.id, lambda before: replace(before, name="greeter"))
    assert hooks.listed() == [first, other]
    assert added("greeter", PRE_TOKEN).id != first.id
    assert hooks.change(first.id, lambda before: replace(before, order=2)).name == "greeter"


@pytest.mark.parametrize("fields", [{"clients": ("app",)}, {"organizations": ("org_acme",)}])
def test_a_hook_before_sign_up_is_for_all_since_whoever_signs_up_by_another_way_is_there_for_all(fields: dict[str, Any]) -> None:
    with pytest.raises(configuration.Invalid, match="must be empty: an account is made once"):
        added("gate", PRE_SIGN_UP, **fields)
    gate = added("gate", PRE_SIGN_UP)
    with pytest.raises(configuration.Invalid, match="must be empty"):
        hooks.change(gate.id, lambda before: replace(before, **fields))

    assert [added(trigger, trigger, **fields).trigger for trigger in (USER_MIGRATION, POST_LOGIN, PRE_TOKEN)]


def test_a_hook_keeps_its_trigger() -> None:
    hook = added()

    with pytest.raises(configuration.Invalid, match="trigger"):
        hooks.change(hook.id, lambda before: replace(before, trigger=PRE_TOKEN))


def test_a_change_counts_the_versions_of_that_hook_alone() -> None:
    one, other = added("one"), added("other")

    changed = hooks.change(one.id, lambda before: replace(before, order=1), if_version=1)

    assert (changed.version, hooks.get(other.id)) == (2, other)
    with pytest.raises(configuration.Stale):
        hooks.change(one.id, lambda before: replace(before, order=2), if_version=1)


def test_an_answer_that_was_lost_makes_no_second_hook() -> None:
    with trouble({"dynamodb.PutItem": [lose_answer]}):
        hook = added()

    assert hooks.listed() == [hook]


def test_two_operators_at_once_lose_nothing() -> None:
    hook, made = added(), []

    def slow(before: Hook) -> Hook:
        if not made:
            made.append(added("meanwhile"))
        return replace(before, order=3)

    hooks.change(hook.id, slow)

    assert {(known.name, known.order) for known in hooks.listed()} == {("greeter", 3), ("meanwhile", 0)}


def test_only_a_hook_that_is_switched_off_is_removed() -> None:
    hook = added()

    with pytest.raises(hooks.InUse):
        hooks.remove(hook.id)
    hooks.change(hook.id, lambda before: replace(before, enabled=False))
    hooks.remove(hook.id)

    assert hooks.get(hook.id) is None
    with pytest.raises(hooks.Unknown):
        hooks.remove(hook.id)


def test_which_hooks_there_are_is_read_once_a_minute() -> None:
    with later(0):
        hook = added()
        assert names(POST_LOGIN) == ["greeter"]
        # By another process.
        item = {**hooks.Hooks(7, 0, (replace(hook, name="renamed"),)).to_item()}
        table.update(table.hooks_key(), where=[("pk", "exists", None)], set=item)
        with trouble() as sent:
            assert names(POST_LOGIN) == ["greeter"]
        assert sent == []
    with later(remembered.CACHE_SECONDS + 5):
        assert names(POST_LOGIN) == ["renamed"]


def test_without_the_table_the_last_known_hooks_run_for_ten_minutes_and_then_nothing_goes_on() -> None:
    with later(0):
        added()
        assert names(POST_LOGIN) == ["greeter"]
    with later(590), trouble({"dynamodb": always(THROTTLED)}):
        assert names(POST_LOGIN) == ["greeter"]
    with later(610), trouble({"dynamodb": always(THROTTLED)}), pytest.raises(Unavailable):
        hooks.of(POST_LOGIN)
