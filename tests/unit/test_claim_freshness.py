"""When a change of the data shows in tokens (requirement S19), what it costs to look, and how much goes in (row 90)."""

import json
from typing import Any

import pytest

from bench.recorder import recording
from gatehouse import claim_mapping, custom_data, memberships, organizations, role_holders, roles, tokens
from gatehouse.claim_mapping import BUDGET_BYTES
from gatehouse.claim_rules import size
from gatehouse.tokens import Added
from tests.unit.flows import browser_of, claims_of, exchange, new_code, new_user, refresh, tokens_of, userinfo
from tests.unit.mapped import NAMESPACE, PLAN, app, given, mapping, read, rule, signed
from tests.unit.teams import join
from tests.unit.user_data import switch_on

# What API Gateway takes of request line and headers together.
REQUEST_BYTES = 10_240


def test_a_change_shows_at_the_next_refresh_and_sign_in_and_never_in_a_live_token() -> None:
    switch_on()
    sources = {
        "app_metadata.plan": PLAN,
        "custom_data.seats": f"{NAMESPACE}seats",
        "identities.google.profile.locale": f"{NAMESPACE}locale",
    }
    mapping(*(rule(source, claim, tokens=("access", "id", "userinfo")) for source, claim in sources.items()))
    ada, registered = given(new_user(), app_metadata={"plan": "free"}, identities=[_google("fr")]), app()
    custom_data.insert({"user_id": ada.user_id, "seats": 1})
    first = signed(ada, registered)["answer"]

    given(ada, app_metadata={"plan": "gold"}, identities=[_google("de")])
    custom_data.change(ada.user_id, lambda document: document | {"seats": 2})

    before, after = ("free", 1, "fr"), ("gold", 2, "de")
    assert _three(claims_of(first["access_token"])) == _three(claims_of(first["id_token"])) == before
    # It asks for the person as they are, whatever the token says that opens it.
    assert _three(userinfo(first["access_token"]).json) == after
    renewed, anew = read(refresh(registered.client_id, first["refresh_token"]).json), signed(ada, registered)
    for made in (renewed, anew):
        assert _three(made["access"]) == _three(made["id"]) == after
    assert _three(claims_of(first["access_token"])) == before


def test_what_was_removed_is_gone_at_the_next_refresh() -> None:
    mapping(rule("app_metadata.plan"))
    ada, registered = given(new_user(), app_metadata={"plan": "gold"}), app()
    first = signed(ada, registered)

    given(ada, app_metadata={})

    assert PLAN in first["access"]
    assert PLAN not in read(refresh(registered.client_id, first["answer"]["refresh_token"]).json)["access"]


def _google(locale: str) -> dict[str, Any]:
    return {"connection": "google", "connection_id": "c", "provider": "google-oauth2", "user_id": "g", "profile": {"locale": locale}}


def _three(claims: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(claims[name] for name in (PLAN, f"{NAMESPACE}seats", f"{NAMESPACE}locale"))


# Rules, and what they read beside the person's own record: RRU.
COSTS: dict[str, tuple[tuple[str, ...], float]] = {
    "nothing mapped": ((), 0),
    "of the person's record": (("app_metadata.plan", "profile.name", "identities.google.profile"), 0),
    "custom data": (("app_metadata.plan", "custom_data.seats"), 1),
    "the organization": (("organization.name", "organization.metadata"), 1),
    "roles": (("roles",), 0),
    "everything": (("app_metadata", "custom_data", "organization.name", "membership.metadata", "roles"), 2),
}


@pytest.mark.parametrize("kind", COSTS)
def test_mapping_takes_no_call_of_its_own(kind: str) -> None:
    sources, further = COSTS[kind]
    switch_on()
    acme, ada, registered = organizations.create("acme"), new_user(), app()
    role_id = roles.create("editor").role_id
    join(acme, ada, role_id)
    role_holders.assign(ada.user_id, [role_id])
    memberships.change(ada.user_id, acme.org_id, lambda _: {"metadata": {"desk": 1}})
    custom_data.insert({"user_id": ada.user_id, "seats": 1})
    mapping(*(rule(source, f"{NAMESPACE}{number}") for number, source in enumerate(sources)))
    browser = browser_of(ada)
    # What stays in the process for a minute.
    warm = tokens_of(registered.client_id, browser, organization=acme.org_id)
    warm = refresh(registered.client_id, warm["refresh_token"]).json
    code = new_code(registered.client_id, browser, organization=acme.org_id)

    with recording() as exchanged:
        assert exchange(registered.client_id, code).status == 200
    with recording() as refreshed:
        assert refresh(registered.client_id, warm["refresh_token"]).status == 200

    # The read of the person, and the write; a session in an organization begins in a transaction that asks for the membership.
    assert exchanged.operations == [_read_of(sources), "TransactWriteItems"]
    assert refreshed.operations == ["BatchGetItem", "UpdateItem"]
    assert refreshed.rru == 2 + further
    with_membership = {"roles", "membership.metadata"} & set(sources)
    assert exchanged.rru == 1 + further + bool(with_membership)


def _read_of(sources: tuple[str, ...]) -> str:
    beside = [source for source in sources if claim_mapping.claim_sources.needs(source)]
    return "BatchGetItem" if beside else "GetItem"


@pytest.mark.parametrize(("source", "reads"), [("app_metadata.plan", "GetItem"), ("custom_data.seats", "BatchGetItem")])
def test_without_an_organization_either_grant_takes_a_read_and_a_write(source: str, reads: str) -> None:
    switch_on()
    mapping(rule(source))
    ada, registered = new_user(), app()
    browser = browser_of(ada)
    warm = tokens_of(registered.client_id, browser)
    code = new_code(registered.client_id, browser)

    with recording() as exchanged:
        assert exchange(registered.client_id, code).status == 200
    with recording() as refreshed:
        assert refresh(registered.client_id, warm["refresh_token"]).status == 200

    assert (exchanged.operations, refreshed.operations) == ([reads, "PutItem"], [reads, "UpdateItem"])
    assert exchanged.rru == refreshed.rru == (1 if reads == "GetItem" else 2)


def test_a_refresh_in_an_organization_reads_the_membership_once_where_roles_count() -> None:
    acme, ada, registered = organizations.create("acme"), new_user(), app()
    join(acme, ada, roles.create("editor").role_id)
    first = tokens_of(registered.client_id, browser_of(ada), scope="openid roles offline_access", organization=acme.org_id)

    with recording() as work:
        answer = refresh(registered.client_id, first["refresh_token"])

    assert (work.operations, work.rru) == (["BatchGetItem", "UpdateItem"], 2)
    assert claims_of(answer.json["access_token"])["roles"] == ["editor"]


@pytest.mark.row(90)
def test_claims_over_the_budget_leave_the_token_largest_first_and_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    mapping(*(rule(f"app_metadata.{name}", f"{NAMESPACE}{name}", tokens=("access",)) for name in ("small", "medium", "large")))
    data = {"small": "s" * 100, "medium": "m" * 1500, "large": "canary" * 400}
    ada, registered = given(new_user(), app_metadata=data), app()

    tokens = signed(ada, registered)

    assert (tokens["access"][f"{NAMESPACE}small"], tokens["access"][f"{NAMESPACE}medium"]) == (data["small"], data["medium"])
    assert tokens["access"]["overflow"] == [f"{NAMESPACE}large"]
    assert "overflow" not in tokens["id"]
    [line] = [line for text in capsys.readouterr().out.splitlines() if (line := json.loads(text))["message"] == "TokenOverflow"]
    assert line["left_out"] == f"{NAMESPACE}large:{size(f'{NAMESPACE}large', data['large'])}"
    assert (line["token"], line["client_id"], line["TokenOverflow"]) == ("access_token", registered.client_id, 1)
    assert "canary" not in str(line)


@pytest.mark.row(90)
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_whatever_is_mapped_the_token_and_a_request_with_it_stay_short(algorithm: str) -> None:
    mapping(*(rule(f"app_metadata.a{number}", f"{NAMESPACE}{'n' * 200}{number}") for number in range(100)), budget_bytes=5000)
    data = {f"a{number}": "é" * (number * 5) for number in range(100)}
    ada = given(new_user(), app_metadata=data, user_metadata={"text": "ü" * 7000})
    scopes = ["openid", "profile", "email", "user_metadata", "app_metadata"]
    registered = app(scopes=scopes, claims_in_id_token=True, id_token_alg=algorithm, access_token_alg=algorithm)

    answer = signed(ada, registered, " ".join(scopes))["answer"]

    for name in ("access_token", "id_token"):
        assert len(answer[name]) <= tokens.LONGEST
        assert claims_of(answer[name])["overflow"]
        assert claims_of(answer[name])["sub"] == ada.user_id
    line = f"GET /oidc/logout?id_token_hint={answer['id_token']} HTTP/1.1\r\n"
    headers = "host: id.example.com\r\nuser-agent: Mozilla/5.0\r\naccept: */*\r\n"
    assert len(f"GET /userinfo HTTP/1.1\r\nauthorization: Bearer {answer['access_token']}\r\n{headers}") < REQUEST_BYTES
    assert len(line + headers) < REQUEST_BYTES
    assert userinfo(answer["access_token"]).json["user_metadata"] == ada.user_metadata


@pytest.mark.row(90)
def test_what_fits_the_budget_exactly_stays_and_a_byte_more_does_not() -> None:
    ada, registered = new_user(), app()
    mapping(rule("app_metadata.text"))
    room = BUDGET_BYTES - size(PLAN, "")

    for length, there in ((room, True), (room + 1, False)):
        given(ada, app_metadata={"text": "x" * length})
        claims = signed(ada, registered)["access"]
        assert (PLAN in claims, "overflow" in claims) == (there, not there)


@pytest.mark.parametrize("budget", [0, 40])
def test_the_operator_sets_the_budget(budget: int) -> None:
    mapping(rule("email"), rule("profile.name", "app:name"), budget_bytes=budget)

    claims = signed(new_user(name="Ada"), app())["access"]

    assert claims["overflow"] == ([PLAN, "app:name"] if budget == 0 else [PLAN])
    assert claims.get("app:name") == (None if budget == 0 else "Ada")


def test_what_is_a_tokens_own_wins_whoever_adds_to_it() -> None:
    claims, left = tokens.composed({"sub": "ada", "exp": 7}, Added({"sub": "eve", "app:a": 1, "name": "B"}, 1000), {"name": "A", "exp": 9})

    assert (claims, left) == ({"sub": "ada", "exp": 7, "app:a": 1, "name": "B"}, [])
