"""What people allowed applications of others, for operators to see and to take back."""

from typing import Any

import pytest

from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.flows import Browser, exchange, new_client, new_user, userinfo
from tests.unit.operators import api, machine

API = "https://orders.example.com"


@pytest.fixture
def user() -> User:
    return new_user()


@pytest.fixture
def bearer() -> str:
    return machine("read:grants", "delete:grants")


def third_party(**properties: Any) -> str:
    return new_client(name="Third party", first_party=False, **properties).client_id


def allowed(client_id: str, email: str = "ada@example.com", **parameters: str) -> dict[str, Any]:
    """The tokens after the person agreed."""
    browser = Browser()
    page = browser.get("hosted_pages", browser.sign_in(client_id, email, **parameters).location)
    tokens: dict[str, Any] = exchange(client_id, browser.fill(page, "/u/consent", decision="allow").sent_back["code"]).json
    return tokens


def listed(bearer: str, **query: Any) -> Answer:
    return api("GET", "/grants", bearer, query=query)


def test_a_grant_shows_who_allowed_what_to_whom(user: User, bearer: str) -> None:
    app = third_party(resources=[API], scopes=["openid", "orders:read"])
    allowed(app, scope="openid orders:read", resource=API)

    (grant,) = listed(bearer, user_id=user.user_id).json

    assert grant == {"id": grant["id"], "clientID": app, "user_id": user.user_id, "audience": API, "scope": ["openid", "orders:read"]}


def test_grants_are_found_by_application_and_by_api_and_come_in_pages(user: User, bearer: str) -> None:
    plain, ordering = third_party(), third_party(resources=[API], scopes=["openid", "orders:read"])
    allowed(plain)
    allowed(ordering, scope="openid orders:read", resource=API)

    def clients(**query: Any) -> list[str]:
        return [grant["clientID"] for grant in listed(bearer, user_id=user.user_id, **query).json]

    assert sorted(clients()) == sorted([plain, ordering])
    assert clients(client_id=plain) == [plain]
    assert clients(audience=API) == [ordering]
    assert clients(per_page=1, page=0) + clients(per_page=1, page=1) == clients()
    assert clients(page=7) == []
    whole = listed(bearer, user_id=user.user_id, include_totals=True).json
    assert (whole["total"], whole["length"], len(whole["grants"])) == (2, 2, 2)


def test_taking_a_grant_back_ends_the_applications_sessions_and_asks_again(user: User, bearer: str) -> None:
    gone, left = third_party(), third_party()
    of_gone, of_left = allowed(gone), allowed(left)
    (grant,) = listed(bearer, user_id=user.user_id, client_id=gone).json

    for _ in range(2):
        assert api("DELETE", f"/grants/{grant['id']}", bearer).status == 204

    assert userinfo(of_gone["access_token"]).status == 401
    assert userinfo(of_left["access_token"]).status == 200
    assert [grant["clientID"] for grant in listed(bearer, user_id=user.user_id).json] == [left]
    assert "/u/consent" in Browser().sign_in(gone).location


def test_all_grants_of_one_person_go_at_once(user: User, bearer: str) -> None:
    app, eve = third_party(), new_user("eve@example.com")
    mine, hers = allowed(app), allowed(app, eve.email)

    assert api("DELETE", "/grants", bearer, query={"user_id": user.user_id}).status == 204

    assert (userinfo(mine["access_token"]).status, userinfo(hers["access_token"]).status) == (401, 200)
    assert listed(bearer, user_id=user.user_id).json == []
    assert len(listed(bearer, user_id=eve.user_id).json) == 1


def test_grants_are_listed_for_one_person_at_a_time(user: User, bearer: str) -> None:
    answer = listed(bearer)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_request")
    assert "user_id" in answer.json["message"]
    assert listed(bearer, user_id="gatehouse|nobody").json["errorCode"] == "inexistent_user"
    assert api("DELETE", "/grants", bearer).json["errorCode"] == "invalid_query_string"


def test_reading_takes_nothing_back_and_nonsense_names_nothing(user: User, bearer: str) -> None:
    assert api("DELETE", "/grants", machine("read:grants"), query={"user_id": user.user_id}).status == 403
    for grant_id in ("x", "a.b", "client.Z2F0ZWhvdXNlfG5vYm9keQ"):
        assert api("DELETE", f"/grants/{grant_id}", bearer).status == 204
