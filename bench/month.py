"""A month: of one person who is active, of machines, and of a stack that nobody uses; beside what others charge."""

from collections.abc import Mapping
from typing import Any

from bench.prices import MILLION, each
from local import template

# Logins, refreshes and calls of userinfo in a month.
PROFILES = {"now and then": (2, 10, 5), "regularly": (4, 60, 30), "all day": (20, 600, 300)}
# What follows a login by itself: the stream wakes a function for up to a hundred changes, and a day's statistics are counted.
_STREAM_MS, _STREAM_MB = 10, 512
# Of AWS it is known by observation only: five readers wait 20 s each at an empty queue.
_POLLS_PER_MONTH = 5 * 3 * 60 * 24 * 30
# What AWS leaves free for good, per account and month.
_FREE_ALARMS, _FREE_REQUESTS = 10, MILLION
_LARGEST_AUTH0_ESSENTIALS = 500


def people(operations: Mapping[str, float], stored_bytes: Mapping[str, int]) -> dict[str, dict[str, float]]:
    """Dollars per profile. operations: of one login, refresh and userinfo. stored_bytes: of what is kept of a person."""
    found = {}
    for name, (logins, refreshes, asked) in PROFILES.items():
        own = logins * (operations["login with password"] + _after_login())
        own += refreshes * operations["refresh"] + asked * operations["userinfo"]
        kept = stored_bytes["person"] + logins * (stored_bytes["session"] + stored_bytes["sign_on"] + stored_bytes["login"])
        storage = kept / 1e9 * (each("storage") + each("recovery"))
        found[name] = {
            "own": own + storage,
            "storage": storage,
            "stored_bytes": kept,
            "cognito_lite": each("cognito_lite"),
            "cognito_essentials": each("cognito_essentials"),
            "cognito_plus": each("cognito_plus"),
            "logto_pro": (logins + refreshes) * each("logto_tokens"),
            "auth0_essentials": each("auth0_essentials") / _LARGEST_AUTH0_ESSENTIALS,
        }
    return found


def machines(client_credentials: float) -> dict[str, float]:
    """Dollars for a million tokens of machines."""
    return {
        "own": client_credentials * MILLION,
        "cognito": each("cognito_m2m") * MILLION,
        "logto_pro": each("logto_tokens") * MILLION,
    }


def idle() -> list[dict[str, Any]]:
    """What stands in template.yaml and costs by the month, used or not: how many, dollars, and those beyond what is free."""
    queues = [entry["EventSourceArn"].removesuffix(".Arn") for entry in template.properties("AWS::Lambda::EventSourceMapping").values()]
    fifo = {name for name, entry in template.properties("AWS::SQS::Queue").items() if entry.get("FifoQueue")}
    known = template.properties("AWS::SQS::Queue").keys()
    standard, ordered = ([name for name in queues if name in known and (name in fifo) == wanted] for wanted in (False, True))
    alarms, keys = len(template.properties("AWS::CloudWatch::Alarm")), len(template.properties("AWS::KMS::Key"))
    polls, ordered_polls = (len(names) * _POLLS_PER_MONTH for names in (standard, ordered))
    return [
        _entry("key in KMS", keys, keys * each("kms_key")),
        _entry("alarm of CloudWatch", alarms, alarms * each("alarm"), _FREE_ALARMS * each("alarm")),
        _entry("queue that Lambda reads", len(standard), polls * each("sqs"), _FREE_REQUESTS * each("sqs")),
        # The million is one for both kinds; the cheaper requests came first.
        _entry(
            "ordered queue that Lambda reads",
            len(ordered),
            ordered_polls * each("sqs_fifo"),
            max(0, _FREE_REQUESTS - polls) * each("sqs_fifo"),
        ),
    ]


def _entry(what: str, number: int, dollars: float, free: float = 0) -> dict[str, Any]:
    return {"what": what, "number": number, "dollars": dollars, "beyond_free": max(0, dollars - free)}


def _after_login() -> float:
    return each("lambda_requests") + each("wru") + _STREAM_MS / 1000 * _STREAM_MB / 1024 * each("lambda_gb_seconds")
