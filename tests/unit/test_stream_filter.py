"""Which changes of the table wake the function that tells of them: template.yaml's patterns, held against literal records."""

import json
from typing import Any

import pytest

from tests.permissions import template
from tests.unit.streams import Record, filtered

USER_ID = "USER#gatehouse|1"


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def record(kind: str, sk: str, *, pk: str = USER_ID, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> Record:
    keys = {"pk": {"S": pk}, "sk": {"S": sk}}
    images = {name: keys | image for name, image in (("OldImage", old), ("NewImage", new)) if image is not None}
    return {"eventName": kind, "eventSource": "aws:dynamodb", "dynamodb": {"Keys": keys, **images}}


ACTIVE, REVOKED = {"status": {"S": "active"}}, {"status": {"S": "revoked"}}
WAKES = {
    "somebody is created": record("INSERT", "USER", new={}),
    "somebody is changed": record("MODIFY", "USER", old={}, new={}),
    "somebody is gone": record("REMOVE", "USER", old={}),
    "a session is revoked": record("MODIFY", "SESSION#1", old=ACTIVE, new=REVOKED),
    "a sign-in": record("INSERT", "LOGIN#1", new={}),
    "an attempt for nobody": record("INSERT", "LOGIN#1", pk="NOBODY#1", new={}),
    "a consent is given": record("INSERT", "CONSENT#app", new={}),
    "a consent is widened": record("MODIFY", "CONSENT#app", old={}, new={}),
    "a consent is taken back": record("REMOVE", "CONSENT#app", old={}),
    "a membership begins": record("INSERT", "ORG#1", new={}),
    "a membership is changed": record("MODIFY", "ORG#1", old={}, new={}),
    "a membership ends": record("REMOVE", "ORG#1", old={}),
    "a document is inserted": record("INSERT", "CUSTOM#shop", new={}),
    "a document is changed": record("MODIFY", "CUSTOM#shop", old={}, new={}),
    "a document is removed": record("REMOVE", "CUSTOM#shop", old={}),
}
SLEEPS = {
    "a session begins": record("INSERT", "SESSION#1", new=ACTIVE),
    "a session is refreshed": record("MODIFY", "SESSION#1", old=ACTIVE, new=ACTIVE | {"generation": {"N": "2"}}),
    "a tombstone is changed": record("MODIFY", "SESSION#1", old=REVOKED, new=REVOKED),
    "a session is swept": record("REMOVE", "SESSION#1", old=REVOKED),
    "a sign-on begins": record("INSERT", "SIGNON#1", new={}),
    "a sign-on is used": record("MODIFY", "SIGNON#1", old={}, new={}),
    "a sign-in is swept": record("REMOVE", "LOGIN#1", old={}),
    "a counter": record("MODIFY", "LIMIT", pk="LIMIT#PASSWORD#1", old={}, new={}),
    "an organization": record("MODIFY", "ORG", pk="ORG#1", old={}, new={}),
    "its member": record("INSERT", "MEMBER#1", pk="ORG#1", new={}),
    "a search entry": record("INSERT", "ada", pk="FIND#name", new={}),
    "statistics": record("MODIFY", "2026-01-01", pk="STATS", old={}, new={}),
    "a client": record("MODIFY", "CLIENT", pk="CLIENT#1", old={}, new={}),
    "a code or ticket": record("INSERT", "TICKET", pk="TICKET#reset#ada@example.com", new={}),
    "who is gone": record("INSERT", "GONE", pk="GONE#1", new={}),
}


@pytest.mark.parametrize("name", WAKES)
def test_what_there_is_to_tell_of_reaches_the_function(name: str) -> None:
    assert filtered([WAKES[name]]) == [WAKES[name]]


@pytest.mark.parametrize("name", SLEEPS)
def test_what_happens_at_every_turn_or_concerns_nobody_does_not(name: str) -> None:
    assert filtered([SLEEPS[name]]) == []


def test_the_patterns_are_within_what_lambda_allows() -> None:
    patterns = [entry["Pattern"] for entry in template()["Resources"]["UserEventsSource"]["Properties"]["FilterCriteria"]["Filters"]]

    assert len(patterns) <= 5
    assert all(json.loads(pattern).keys() <= {"eventName", "dynamodb"} and len(pattern) <= 4096 for pattern in patterns)
