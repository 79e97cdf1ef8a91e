"""A mapping and consent: an application of a third party gets by it what the person agreed to, or the operator named it for."""

import pytest

from gatehouse.claim_mapping import NOT_CONSENTED
from gatehouse.client_registration import Registered
from gatehouse.users import User
from tests.unit.flows import browser_of, claims_of, exchange, new_user, refresh, userinfo
from tests.unit.hooks import hooked, passes
from tests.unit.mapped import NAMESPACE, app, given, mapping, rule, signed
from tests.unit.test_claims_api import dry_run, operating
from tests.unit.test_consent import decide

EVERYWHERE = ("access", "id", "userinfo")
PLAIN, SCOPED, NAMED = (f"{NAMESPACE}{name}" for name in ("plain", "scoped", "named"))


def told(user: User, registered: Registered) -> dict[str, set[str]]:
    """The claims by the mapping in everything that the application gets once the person has agreed."""
    browser = browser_of(user)
    location = browser.authorize(registered.client_id, scope="openid profile offline_access").location
    answer = exchange(registered.client_id, decide(browser, location)["code"]).json
    renewed = refresh(registered.client_id, answer["refresh_token"]).json
    documents = {
        "access": claims_of(answer["access_token"]),
        "id": claims_of(answer["id_token"]),
        "renewed": claims_of(renewed["access_token"]),
        "userinfo": userinfo(answer["access_token"]).json,
    }
    return {name: {claim for claim in document if claim.startswith(NAMESPACE)} for name, document in documents.items()}


def test_a_third_party_gets_what_a_scope_opens_or_a_rule_names_it_for_and_nothing_else() -> None:
    ada, theirs, other, ours = given(new_user(), app_metadata={"plan": "gold"}), *(app(first_party=own) for own in (False, False, True))
    mapping(
        rule("app_metadata.plan", PLAIN, tokens=EVERYWHERE),
        rule("app_metadata.plan", SCOPED, tokens=EVERYWHERE, scope="profile"),
        rule("app_metadata.plan", NAMED, tokens=EVERYWHERE, clients=(theirs.client_id,)),
    )

    assert list(told(ada, theirs).values()) == [{SCOPED, NAMED}] * 4
    assert list(told(ada, other).values()) == [{SCOPED}] * 4
    own = signed(ada, ours)
    for claims in (own["access"], own["id"], userinfo(own["answer"]["access_token"]).json):
        assert {claim for claim in claims if claim.startswith(NAMESPACE)} == {PLAIN, SCOPED}


def test_a_dry_run_says_that_there_was_no_consent() -> None:
    mapping(rule("email", PLAIN, tokens=EVERYWHERE))

    made = dry_run(operating(), new_user(), app(first_party=False), scope="openid").json

    for token in ("access_token", "id_token", "userinfo"):
        assert made[token]["claims"] == {}
        assert made[token]["left_out"] == [{"claim": PLAIN, "reason": NOT_CONSENTED}]


@pytest.mark.usefixtures("lambdas")
def test_hooks_are_told_whose_application_it_is() -> None:
    ada, hook = new_user(), hooked("pre_token", passes)

    told(ada, app(first_party=False))
    signed(ada, app())

    assert [call["request"]["context"]["first_party"] for call in hook.calls] == [False, False, True]
