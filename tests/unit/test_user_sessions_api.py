"""Sessions and refresh tokens at the Management API: here they are one thing under two names."""

import json
from typing import Any

import pytest

from gatehouse import identifiers, session_ids, sessions, table, users
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.faults import trouble
from tests.unit.flows import Browser, browser_of, claims_of, later, new_client, new_user, refresh, tokens_of, userinfo
from tests.unit.operators import api, machine, user_path

ALL = ("read:sessions", "update:sessions", "delete:sessions", "read:refresh_tokens", "delete:refresh_tokens")


@pytest.fixture
def user() -> User:
    return new_user()


@pytest.fixture
def bearer() -> str:
    return machine(*ALL)


def listed(user: User, bearer: str, kind: str = "sessions", **query: Any) -> list[dict[str, Any]]:
    answer = api("GET", user_path(user.user_id, kind), bearer, query=query)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["sessions" if kind == "sessions" else "tokens"]
    return found


def works(tokens: dict[str, Any]) -> bool:
    return userinfo(tokens["access_token"]).status == 200


def test_a_session_shows_where_when_and_how_it_began(user: User, bearer: str) -> None:
    app = new_client()
    with later(0):
        tokens_of(app.client_id, browser_of(user))

        (session,) = listed(user, bearer)

    assert session["user_id"] == user.user_id
    assert session["device"]["initial_ip"] == "192.0.2.7"
    assert session["clients"] == [{"client_id": app.client_id}]
    assert session["authentication"]["methods"] == [{"name": "pwd", "timestamp": session["authenticated_at"]}]
    assert session["created_at"] == session["last_interacted_at"] < session["idle_expires_at"] < session["expires_at"]
    with later(1):
        assert api("GET", f"/sessions/{session['id']}", bearer).json == session


def test_a_refresh_token_is_its_session(user: User, bearer: str) -> None:
    api_ = "https://orders.example.com"
    app = new_client(resources=[api_], scopes=["openid", "orders:read"])
    tokens = tokens_of(app.client_id, browser_of(user), scope="openid orders:read", resource=api_)
    refresh(app.client_id, tokens["refresh_token"])

    (session,), (token,) = listed(user, bearer), listed(user, bearer, "refresh-tokens")

    assert token["id"] == token["session_id"] == session["id"]
    assert (token["client_id"], token["rotating"]) == (app.client_id, True)
    assert token["resource_servers"] == [{"audience": api_, "scopes": "openid orders:read"}]
    assert token["last_exchanged_at"]
    assert api("GET", f"/refresh-tokens/{token['id']}", bearer).json == token
    asked = api("GET", "/refresh-tokens", bearer, query={"user_id": user.user_id, "client_id": app.client_id, "fields": "id,client_id"})
    assert asked.json["refresh_tokens"] == [{"id": token["id"], "client_id": app.client_id}]
    assert api("GET", "/refresh-tokens", bearer, query={"user_id": user.user_id, "client_id": "another"}).json == {"refresh_tokens": []}


def test_a_client_without_refresh_tokens_has_sessions_only(user: User, bearer: str) -> None:
    app = new_client(grant_types=["authorization_code"])
    tokens_of(app.client_id, browser_of(user))

    (session,) = listed(user, bearer)

    assert listed(user, bearer, "refresh-tokens") == []
    assert api("GET", f"/refresh-tokens/{session['id']}", bearer).status == 404


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/sessions/{}"), ("POST", "/sessions/{}/revoke"), ("DELETE", "/refresh-tokens/{}")]
)
def test_one_session_ends_and_the_others_go_on(user: User, bearer: str, method: str, path: str) -> None:
    app = new_client().client_id
    gone, left = tokens_of(app, browser_of(user)), tokens_of(app, browser_of(user))
    of_gone = next(s for s in listed(user, bearer) if sid_in(gone) in s["id"])

    for _ in range(2):
        assert api(method, path.format(of_gone["id"]), bearer).status == 204

    assert (works(gone), works(left)) == (False, True)
    assert refresh(app, gone["refresh_token"]).json["error"] == "invalid_grant"
    assert api("GET", f"/sessions/{of_gone['id']}", bearer).status == 404
    assert len(listed(user, bearer)) == 1


def sid_in(tokens: dict[str, Any]) -> str:
    sid: str = claims_of(tokens["access_token"])["sid"]
    return sid


@pytest.mark.parametrize("kind", ["sessions", "refresh-tokens"])
def test_all_sessions_of_a_person_end_with_one_call_and_so_does_the_sign_on(user: User, bearer: str, kind: str) -> None:
    app, browser = new_client().client_id, browser_of(user)
    mine, others = tokens_of(app, browser), tokens_of(app, browser_of(new_user("eve@example.com")))

    assert api("DELETE", user_path(user.user_id, kind), bearer).status == 202

    assert (works(mine), works(others)) == (False, True)
    assert browser.authorize(app, prompt="none").sent_back["error"] == "login_required"
    assert listed(user, bearer) == []


def test_tokens_are_revoked_by_ids_by_person_and_by_person_and_application(user: User, bearer: str) -> None:
    def revoked(**body: Any) -> Answer:
        return api("POST", "/refresh-tokens/revoke", bearer, body)

    one, two = new_client().client_id, new_client().client_id
    begun = [tokens_of(app, browser_of(user)) for app in (one, one, two)]
    ids = [token["id"] for token in listed(user, bearer, "refresh-tokens") if sid_in(begun[0]) in token["id"]]

    assert revoked(ids=[*ids, "nonsense", "a.b"]).status == 204
    assert [works(tokens) for tokens in begun] == [False, True, True]
    assert revoked(user_id=user.user_id, client_id=one).status == 204
    assert [works(tokens) for tokens in begun] == [False, False, True]
    assert revoked(user_id=user.user_id).status == 204
    assert [works(tokens) for tokens in begun] == [False, False, False]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_body"),
        ({"ids": []}, "invalid_body"),
        ({"ids": ["a.b"] * 101}, "invalid_body"),
        ({"ids": ["a.b"], "user_id": "gatehouse|x"}, "invalid_body"),
        ({"client_id": "any"}, "operation_not_supported"),
        ({"user_id": "gatehouse|x", "audience": "https://api"}, "operation_not_supported"),
        ({"user_id": "gatehouse|nobody"}, "inexistent_user"),
    ],
)
def test_what_cannot_be_revoked_is_refused(bearer: str, body: dict[str, Any], code: str) -> None:
    assert api("POST", "/refresh-tokens/revoke", bearer, body).json["errorCode"] == code


def test_whoever_pages_sees_each_session_once_though_others_begin_and_end(user: User, bearer: str) -> None:
    app = new_client().client_id
    before = {sid_in(tokens_of(app, browser_of(user))) for _ in range(5)}
    seen, cursor = [], ""
    while True:
        answer = api("GET", user_path(user.user_id, "sessions"), bearer, query={"take": 2} | ({"from": cursor} if cursor else {})).json
        seen += [session["id"].partition(".")[0] for session in answer["sessions"]]
        cursor = answer.get("next", "")
        if not cursor:
            break
        tokens_of(app, browser_of(user))
        sessions.revoke(user.user_id, seen[0], "signed_out")

    assert before <= set(seen)
    assert len(seen) == len(set(seen))


def test_pages_are_full_though_most_sessions_are_over(user: User, bearer: str) -> None:
    app = new_client().client_id
    begun = [sid_in(tokens_of(app, browser_of(user))) for _ in range(9)]
    for sid in sorted(begun)[::2]:
        sessions.revoke(user.user_id, sid, "signed_out")

    pages, cursor = [], ""
    while not pages or cursor:
        answer = api("GET", user_path(user.user_id, "sessions"), bearer, query={"take": 3} | ({"from": cursor} if cursor else {})).json
        pages.append([session["id"].partition(".")[0] for session in answer["sessions"]])
        cursor = answer.get("next", "")

    assert pages == [sorted(begun)[1::2][:3], sorted(begun)[1::2][3:]]


def test_many_sessions_that_are_over_take_few_requests(user: User, bearer: str) -> None:
    sids = sorted(session_ids.new(user.epoch) for _ in range(40))
    for sid in sids:
        sessions.bury(user.user_id, sid, "gone")
    going_on = sid_in(tokens_of(new_client().client_id, browser_of(user)))

    with trouble() as sent:
        shown = listed(user, bearer, take=1)

    assert [session["id"].partition(".")[0] for session in shown] == [going_on]
    assert sent.count("dynamodb.Query") <= 5


def test_a_cursor_from_before_a_sign_out_everywhere_goes_on_with_what_began_since(user: User, bearer: str) -> None:
    app = new_client().client_id
    for _ in range(3):
        tokens_of(app, browser_of(user))
    cursor = api("GET", user_path(user.user_id, "sessions"), bearer, query={"take": 1}).json["next"]
    # Ids begin with their epoch, in base64url: those of this one stand before those of the first.
    table.update(table.user_key(user.user_id), where=[("epoch", "=", 1)], set={"epoch": 248})
    begun = sid_in(tokens_of(app, browser_of(users.get(user.user_id) or user)))

    answer = api("GET", user_path(user.user_id, "sessions"), bearer, query={"from": cursor})

    assert [session["id"].partition(".")[0] for session in answer.json["sessions"]] == [begun]


@pytest.mark.row(85)
def test_a_cursor_of_another_persons_list_is_refused(user: User, bearer: str) -> None:
    app, other = new_client().client_id, new_user("eve@example.com")
    for _ in range(2):
        tokens_of(app, browser_of(user))
    cursor = api("GET", user_path(user.user_id, "sessions"), bearer, query={"take": 1}).json["next"]

    for path in (user_path(other.user_id, "sessions"), user_path(user.user_id, "refresh-tokens")):
        assert api("GET", path, bearer, query={"from": cursor}).json["errorCode"] == "invalid_paging"


def test_what_is_over_is_not_shown(user: User, bearer: str) -> None:
    app = new_client().client_id
    tokens_of(app, browser_of(user))
    (session,) = listed(user, bearer)

    with later(31 * 86400):
        again = machine(*ALL)
        assert listed(user, again) == []
        assert api("GET", f"/sessions/{session['id']}", again).status == 404


def test_a_session_keeps_a_few_notes_and_a_refresh_leaves_them(user: User, bearer: str) -> None:
    app = new_client().client_id
    tokens = tokens_of(app, browser_of(user))
    path = f"/sessions/{listed(user, bearer)[0]['id']}"

    assert api("PATCH", path, bearer, {"session_metadata": {"shop": "Rue de Rivoli"}}).json["session_metadata"] == {"shop": "Rue de Rivoli"}
    assert refresh(app, tokens["refresh_token"]).status == 200
    assert api("GET", path, bearer).json["session_metadata"] == {"shop": "Rue de Rivoli"}
    assert api("PATCH", path, bearer, {"session_metadata": {"x": "y" * 128}}).json["errorCode"] == "invalid_body"
    assert api("PATCH", path, bearer, {"session_metadata": {"x": 1}}).json["errorCode"] == "invalid_body"
    assert api("PATCH", path, bearer, {"session_metadata": None}).json["session_metadata"] == {}


@pytest.mark.row(90)
def test_the_largest_notes_leave_a_session_below_one_write_unit(user: User, bearer: str) -> None:
    notes = {"x": "y" * 120}
    assert len(json.dumps(notes, separators=(",", ":"))) == 128
    # DynamoDB counts the names, the values, and a few bytes for the map; the largest usual session has 801.
    assert len("metadata") + 3 + sum(len(name) + len(value) + 1 for name, value in notes.items()) + 801 < 1024


@pytest.mark.row(89)
@pytest.mark.parametrize("public_id", ["x", "a.b", ".", "AAAA.Z2F0ZWhvdXNlfHg", "x." + "A" * 300])
def test_an_id_that_is_none_of_ours_names_nothing(bearer: str, public_id: str) -> None:
    assert api("GET", f"/sessions/{public_id}", bearer).status == 404
    assert api("PATCH", f"/sessions/{public_id}", bearer, {"session_metadata": {}}).status == 404
    assert api("DELETE", f"/sessions/{public_id}", bearer).status == 204


@pytest.mark.row(89)
def test_an_id_names_a_user_of_the_right_form_or_nobody() -> None:
    assert identifiers.parts_of(identifiers.joint_id("sid", "gatehouse|abc")) == ("sid", "gatehouse|abc")
    for owner in ("gatehouse|a#b", "USER", "", "gatehouse|é"):
        assert identifiers.parts_of(identifiers.joint_id("sid", owner)) is None
    assert identifiers.parts_of("sid.Z2F0ZWhvdXNlfGFiYx") is None


def test_revoke_access_takes_such_an_id_too(user: User, bearer: str) -> None:
    app = new_client().client_id
    gone, left = tokens_of(app, browser_of(user)), tokens_of(app, browser_of(user))
    path = user_path(user.user_id, "revoke-access")
    of_gone = next(s for s in listed(user, bearer) if sid_in(gone) in s["id"])

    assert api("POST", path, bearer, {"session_id": of_gone["id"]}).status == 204

    assert (works(gone), works(left)) == (False, True)
    assert api("POST", path, bearer, {"session_id": "a.b"}).status == 400


def test_what_a_user_does_not_have_is_a_404_and_each_kind_has_its_scope(bearer: str) -> None:
    for kind in ("sessions", "refresh-tokens"):
        assert api("GET", user_path("gatehouse|nobody", kind), bearer).json["errorCode"] == "inexistent_user"
        assert api("DELETE", user_path("gatehouse|nobody", kind), bearer).json["errorCode"] == "inexistent_user"
        assert api("GET", user_path("gatehouse|nobody", kind), machine("read:users")).status == 403
    assert api("GET", "/refresh-tokens", bearer).json["errorCode"] == "invalid_query_string"


def test_a_blocked_person_has_no_sessions(user: User, bearer: str) -> None:
    tokens_of(new_client().client_id, browser_of(user))
    users.set_blocked(user.user_id, True)

    assert listed(user, bearer) == []
    assert Browser().authorize(new_client().client_id, prompt="none").sent_back["error"] == "login_required"
