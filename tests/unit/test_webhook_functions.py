"""A webhook may be a Lambda function: it is called with the event, or with that of a trigger of Cognito."""

from typing import Any

import pytest

from tests.unit.flows import later, new_user
from tests.unit.hooks import crashes, deployed, passes, refusing, throttled, times_out
from tests.unit.webhooks import at, due, happening, letters, subscribed, told, worked_off


@pytest.mark.usefixtures("lambdas")
def test_a_function_is_called_with_the_event_and_its_answer_does_not_matter() -> None:
    function = deployed(lambda _event, _context: None)
    subscribed(function.arn)
    event = happening("e")
    told(event)

    assert worked_off() == [("e", 1)]
    assert function.calls == [event.document()]


@pytest.mark.usefixtures("lambdas")
@pytest.mark.parametrize("handler", [refusing("ada@example.com is wrong"), times_out, crashes, throttled])
def test_a_function_that_fails_is_called_again(handler: Any, capsys: pytest.CaptureFixture[str]) -> None:
    function = deployed(handler)
    hook, _ = subscribed(function.arn)
    told(happening("e"))

    with later(0):
        assert [at(seconds) for seconds in due(4)] == [[("e", 1)], [("e", 2)], [("e", 3)], [("e", 4)]]
    assert letters(hook) == []
    assert "ada@example.com" not in capsys.readouterr().out


@pytest.mark.usefixtures("lambdas")
@pytest.mark.parametrize(
    ("kind", "source", "request_"),
    [
        ("user.created", "PostConfirmation_ConfirmSignUp", {}),
        ("user.signed_in", "PostAuthentication_Authentication", {"newDeviceUsed": False}),
    ],
)
def test_a_function_for_cognito_is_called_with_its_triggers_event(kind: str, source: str, request_: dict[str, Any]) -> None:
    function = deployed(passes)
    hook, secret = subscribed(function.arn, format="cognito")
    user = new_user("ada@example.com")

    assert told(happening("e", user.user_id, kind, client_id="shop"), happening("f", user.user_id)) == 1
    worked_off()

    (event,) = function.calls
    attributes = event["request"].pop("userAttributes")
    assert attributes.items() >= {"sub": user.user_id, "email": "ada@example.com", "email_verified": "true"}.items()
    assert event["request"] == request_ | {"clientMetadata": {"hook_id": hook.id, "idempotency_id": "e"}}
    assert (event["triggerSource"], event["userName"], event["version"], event["response"]) == (source, user.user_id, "1", {})
    assert event["callerContext"]["clientId"] == "shop"
    assert secret == ""


def test_a_function_for_cognito_is_not_told_of_somebody_who_is_gone(laptop: None) -> None:
    subscribed("arn:aws:lambda:eu-central-1:123456789012:function:f", format="cognito")

    assert told(happening("e", "gatehouse|gone", "user.created")) == 0
