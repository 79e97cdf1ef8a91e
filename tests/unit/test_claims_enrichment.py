"""The hook functions/claims_enrichment: claims and roles by what an API outside tells when a token is made."""

import copy
import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from gatehouse import hooks
from gatehouse.hook_functions import outside_api
from gatehouse.hooks import Hook, pre_token, trials
from gatehouse.hooks.pre_token import Subject
from gatehouse.users import User
from tests import plays_api
from tests.operator_functions import arn_of
from tests.plays_api import PlaysApi
from tests.unit.conftest import context, event, function
from tests.unit.flows import later

EVENT = event("claims_enrichment")
USER_ID: str = EVENT["request"]["user"]["user_id"]
EDITOR = {"role": "playlist_editor", "field": "plays", "at_least": 100}
PLAYS = "https://music.example.com/plays"


@pytest.fixture
def api(laptop: None) -> Iterator[PlaysApi]:
    with plays_api.serving() as listening:
        yield listening


def asked(url: str, roles: list[str], **configuration: Any) -> dict[str, Any]:
    """The event for somebody with these roles."""
    changed = copy.deepcopy(EVENT)
    changed["request"]["configuration"] = {"url": url, "roles": [EDITOR], "cache_seconds": 0, "timeout_seconds": 1} | configuration
    changed["request"]["groupConfiguration"]["groupsToOverride"] = roles
    return changed


def answered(sent: dict[str, Any]) -> dict[str, Any] | None:
    """What the function answers, beside what it was sent."""
    answer = function("claims_enrichment")(copy.deepcopy(sent), context())
    if answer is None:
        return None
    assert {**answer, "response": sent["response"]} == sent
    return answer["response"]["claimsAndScopeOverrideDetails"]


def roles_after(api: PlaysApi, plays: Any, before: list[str]) -> list[str] | None:
    """What the roles are set to; None when they are left alone."""
    api.told[USER_ID] = {"plays": plays}
    details = answered(asked(api.of_people, before)) or {}
    override: dict[str, Any] = details.get("groupOverrideDetails", {})
    return override.get("groupsToOverride")


def test_an_editor_is_made_at_100_plays_and_not_at_99(api: PlaysApi) -> None:
    assert roles_after(api, 99, ["listener"]) is None
    assert roles_after(api, 100, ["listener"]) == ["listener", "playlist_editor"]
    assert roles_after(api, 101, []) == ["playlist_editor"]


def test_an_editor_is_one_no_longer_at_99_plays_and_still_at_100(api: PlaysApi) -> None:
    assert roles_after(api, 100, ["playlist_editor", "listener"]) is None
    assert roles_after(api, 99, ["playlist_editor", "listener"]) == ["listener"]
    assert roles_after(api, 0, ["playlist_editor"]) == []


def test_judging_again_changes_nothing(api: PlaysApi) -> None:
    for plays in (99, 100):
        once = roles_after(api, plays, ["listener", "playlist_editor"]) or ["listener", "playlist_editor"]
        assert roles_after(api, plays, once) is None


@pytest.mark.parametrize("plays", ["100", None, True, [100], {"total": 100}])
def test_plays_that_are_no_number_leave_the_role_alone(api: PlaysApi, plays: Any) -> None:
    assert roles_after(api, plays, ["playlist_editor"]) is None
    assert roles_after(api, plays, []) is None


def test_an_overridden_group_keeps_what_stood_beside_it(api: PlaysApi) -> None:
    api.told[USER_ID] = {"plays": 100}

    details = answered(asked(api.of_people, []))

    assert details == {"groupOverrideDetails": {"groupsToOverride": ["playlist_editor"], "iamRolesToOverride": [], "preferredRole": None}}


def test_claims_are_what_stands_at_their_fields_now_and_are_stored_nowhere(api: PlaysApi) -> None:
    api.told[USER_ID] = {"plays": 7, "ui": {"theme": "dark", "panes": ["left"]}, "paid": False, "phone": None}
    claims = {PLAYS: "plays", "theme": "ui.theme", "ui": "ui", "paid": "paid", "phone": "phone", "gone": "ui.theme.x", "none": "none"}

    added = answered(asked(api.of_people, [], claims=claims))

    expected = {PLAYS: 7, "theme": "dark", "ui": {"theme": "dark", "panes": ["left"]}, "paid": False}
    assert added == {token: {"claimsToAddOrOverride": expected} for token in ("idTokenGeneration", "accessTokenGeneration")}
    api.told[USER_ID] = {"plays": 8}
    added = answered(asked(api.of_people, [], claims=claims))
    assert added and added["accessTokenGeneration"] == {"claimsToAddOrOverride": {PLAYS: 8}}


def test_of_whom_the_api_does_not_know_nothing_is_changed(api: PlaysApi) -> None:
    sent = asked(api.of_people, ["playlist_editor"], claims={PLAYS: "plays"}, on_error="deny")

    assert function("claims_enrichment")(copy.deepcopy(sent), context()) == sent
    assert api.requests[0][0] == "/people/auth0%7C7mTQxG2bLr9Kd4Zp"


def test_a_clients_own_token_is_about_nobody_and_asks_nobody(api: PlaysApi) -> None:
    sent = asked(api.of_people, []) | {"version": "3", "triggerSource": "TokenGeneration_ClientCredentials"}
    del sent["request"]["user"]

    assert answered(sent) is None
    assert function("claims_enrichment")(sent, context()) == sent
    assert api.requests == []


def test_an_answer_holds_for_as_long_as_it_may_and_for_its_person_only(api: PlaysApi) -> None:
    api.told[USER_ID] = {"plays": 100}
    sent = asked(api.of_people, [], cache_seconds=60)
    other = copy.deepcopy(sent)
    other["request"]["user"]["user_id"] = "auth0|somebody"
    with later(0):
        assert answered(sent)
        assert answered(other) is None
        api.told[USER_ID] = {"plays": 99}
        with later(59):
            assert answered(sent)
        with later(60):
            assert answered(sent) is None
    assert [path.endswith("somebody") for path, _ in api.requests] == [False, True, False]


NO_JSON = [b"<html>", b"[]", b"NaN", b'{"plays": NaN}', b'{"plays": 1e999}', b'{"plays": 9, "plays": 1000}', b"{" * 5000]
TROUBLE: list[Any] = [500, 503, 401, 302, *NO_JSON, b"x" * 65_537, 2.0]


@pytest.mark.row(92)
@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda answer: str(answer)[:16])
def test_in_an_outage_the_last_answer_serves_on_for_a_while(api: PlaysApi, trouble: Any) -> None:
    api.told[USER_ID] = {"plays": 100}
    sent = asked(api.of_people, [], cache_seconds=10, stale_seconds=50)
    with later(0):
        assert answered(sent)
        api.answers += [trouble] * 2
        with later(59):
            assert answered(sent)
        with later(60):
            assert answered(sent) is None
        with later(61):
            assert answered(sent)
    assert not [path for path, _ in api.requests if path == "/elsewhere"]


def test_with_nothing_known_things_go_on_unchanged_or_fail_so_that_they_can_be_repeated(api: PlaysApi) -> None:
    api.answers += [500, 500]
    before = ["playlist_editor"]

    assert function("claims_enrichment")(asked(api.of_people, before), context()) == asked(api.of_people, before)
    assert function("claims_enrichment")(asked(api.of_people, before, on_error="deny"), context()) is None


def test_an_api_that_keeps_silent_is_waited_for_as_long_as_configured(api: PlaysApi) -> None:
    api.answers.append(10.0)
    started = time.monotonic()

    assert answered(asked(api.of_people, [])) is None

    assert 0.9 < time.monotonic() - started < 2


def test_no_more_people_are_remembered_than_there_is_room_for(api: PlaysApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside_api, "MOST_REMEMBERED", 2)
    sent = asked(api.of_people, [], cache_seconds=3600)

    def asks_about(name: str) -> bool:
        sent["request"]["user"]["user_id"] = name
        before = len(api.requests)
        answered(sent)
        return len(api.requests) > before

    for name in ("a", "b", "c"):
        api.told[name] = {}
    assert [asks_about(name) for name in ("a", "b", "a", "c", "a", "b")] == [True, True, False, True, False, True]


def test_a_secret_of_the_hook_goes_along_in_its_own_header(api: PlaysApi) -> None:
    arn = boto3.client("secretsmanager").create_secret(Name="gatehouse/hooks/localhost/plays", SecretString="s3cret")["ARN"]
    sent = asked(api.of_people, [], secret_header="x-api-key")
    sent["request"]["secretArn"] = arn

    answered(sent)

    assert api.requests[0][1]["x-api-key"] == "s3cret"


def test_without_its_secret_the_api_is_not_asked(api: PlaysApi) -> None:
    secrets = boto3.client("secretsmanager")
    arn = secrets.create_secret(Name="gatehouse/hooks/localhost/plays", SecretString="two\r\nlines")["ARN"]
    sent = asked(api.of_people, [], secret_header="x-api-key", on_error="deny")
    sent["request"]["secretArn"] = arn

    assert answered(sent) is None
    sent["request"]["secretArn"] = arn.replace("plays", "other")
    assert answered(sent) is None
    assert api.requests == []


def test_what_it_answers_is_what_tokens_get(api: PlaysApi) -> None:
    api.told["auth0|ada"] = {"plays": 99}
    ada = User("auth0|ada", "ada@example.com", 1, profile={"name": "Ada Lovelace"})
    configuration = {"url": api.of_people, "claims": {PLAYS: "plays", "sub": "plays"}, "roles": [EDITOR]}
    hook = Hook("hook_1", "Example", hooks.PRE_TOKEN, arn_of("example"), event="2", configuration=configuration)
    subject = Subject(trials.stand_in("musicapp"), ada, scope="openid", role_names=["listener", "playlist_editor"])
    sent, accept = pre_token.trial(hook, subject, "TokenGeneration_HostedAuth", "id")

    accepted = accept(json.loads(json.dumps(function("claims_enrichment")(sent, context()))))

    assert accepted.value.access_token.applied({}) == accepted.value.id_token.applied({}) == {PLAYS: 99}
    assert accepted.value.role_names == ["listener"]
    # Whatever the configuration says, nobody becomes somebody else.
    assert accepted.left_out == ["sub", "sub"]
