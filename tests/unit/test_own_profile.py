"""/me: a person's own record, through the applications they use."""

from dataclasses import replace
from typing import Any

import pytest

from gatehouse import custom_data, memberships, organizations, tenant, user_changes, users
from gatehouse.management import callers
from gatehouse.tenant import OWN, SYSTEM, CustomData
from gatehouse.user_changes import Edited
from tests.unit.flows import browser_of, exchange, new_client, new_user, signed_in, userinfo
from tests.unit.operators import machine, person
from tests.unit.own import EVERY, me, own_token
from tests.unit.test_consent import decide

MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
ROUTES = [
    ("GET", "", (callers.READ_OWN,)),
    ("PATCH", "", (callers.UPDATE_OWN, callers.UPDATE_OWN_METADATA)),
    ("GET", "/organizations", (callers.READ_OWN,)),
    ("GET", "/sessions", (callers.READ_OWN_DEVICES,)),
    ("DELETE", "/sessions/AAAA", (callers.DELETE_OWN_DEVICES,)),
    ("POST", "/sessions/revoke-others", (callers.DELETE_OWN_DEVICES,)),
    ("GET", "/applications", (callers.READ_OWN_DEVICES,)),
    ("DELETE", "/applications/abc", (callers.DELETE_OWN_DEVICES,)),
    ("POST", "/password", (callers.UPDATE_OWN_CREDENTIALS,)),
    ("POST", "/email", (callers.UPDATE_OWN_CREDENTIALS,)),
]


def test_a_person_reads_their_record_without_what_is_not_theirs_to_know() -> None:
    user = new_user(given_name="Ada", picture="https://example.com/ada.png")
    users.describe(user.user_id, user_metadata={"theme": "dark"}, app_metadata={"plan": "gold"})

    answer = me("GET", "", own_token(callers.READ_OWN))

    assert answer.status == 200, answer.body
    told = answer.json
    assert (told["user_id"], told["email"], told["email_verified"]) == (user.user_id, "ada@example.com", True)
    assert (told["given_name"], told["user_metadata"]) == ("Ada", {"theme": "dark"})
    assert "gold" not in answer.body
    assert told.keys().isdisjoint({"app_metadata", "blocked", "password_hash", "roles", "permissions", "last_ip", "epoch"})
    assert answer.headers["etag"] and answer.headers["cache-control"] == "no-store"


@pytest.mark.row(84)
@pytest.mark.parametrize(("method", "path", "scopes"), ROUTES)
def test_every_route_asks_for_its_scope(method: str, path: str, scopes: tuple[str, ...]) -> None:
    new_user()
    others = [scope for scope in EVERY if scope not in scopes]

    refused = me(method, path, own_token(*others), {})

    assert (refused.status, refused.json["errorCode"]) == (403, "insufficient_scope")
    assert me(method, path, "", {}).status == 401


@pytest.mark.row(84)
@pytest.mark.parametrize(("method", "path", "scopes"), ROUTES)
def test_neither_a_machine_nor_a_token_for_another_api_nor_an_id_token_gets_in(method: str, path: str, scopes: tuple[str, ...]) -> None:
    new_user()
    operator = person(None, callers.READ_OWN, callers.UPDATE_OWN_METADATA)
    strangers = [machine(*scopes), signed_in_id_token(), person_elsewhere(*scopes)]

    assert [me(method, path, token, {}).status for token in strangers] == [401] * 3
    # With openid the token is for the issuer too; what counts then are its scopes.
    assert me("GET", "", operator).status == 200


def signed_in_id_token() -> str:
    token: str = signed_in(new_client().client_id)["id_token"]
    return token


def person_elsewhere(*scopes: str) -> str:
    """A token of a person for an API that is not ours."""
    app = new_client("spa", scopes=[*scopes], audience="https://api.example.com")
    token: str = signed_in(app.client_id, scope=" ".join(scopes))["access_token"]
    return token


def test_a_token_is_over_with_its_session() -> None:
    user = new_user()
    bearer = own_token()
    users.sign_out_everywhere(user.user_id, invocation_id="x")

    assert me("GET", "", bearer).status == 401


def test_a_person_changes_their_profile_and_preferences() -> None:
    user = new_user(given_name="Ada", nickname="amazing")
    bearer = own_token(callers.UPDATE_OWN)

    answer = me("PATCH", "", bearer, {"given_name": "Augusta", "nickname": None, "user_metadata": {"theme": "dark"}})

    assert answer.status == 200, answer.body
    now = users.get(user.user_id)
    assert now and (now.profile, now.user_metadata) == ({"given_name": "Augusta"}, {"theme": "dark"})
    assert now.provenance["given_name"]["source"] == "self"
    assert userinfo(own_token("profile")).json["given_name"] == "Augusta"


def test_metadata_merges_at_its_first_level() -> None:
    bearer = own_token(callers.UPDATE_OWN_METADATA) if new_user() else ""
    me("PATCH", "", bearer, {"user_metadata": {"home": {"city": "Paris", "zip": "1"}, "theme": "dark"}})

    answer = me("PATCH", "", bearer, {"user_metadata": {"home": {"city": "Rome"}, "theme": None}})

    assert answer.json["user_metadata"] == {"home": {"city": "Rome"}}


def test_merge_patches_and_json_patches_go_by_their_media_types() -> None:
    new_user(given_name="Ada", address={"locality": "London", "country": "GB"})
    bearer = own_token()

    merged = me("PATCH", "", bearer, {"address": {"country": None}, "given_name": None}, content_type=MERGE)
    assert merged.json["address"] == {"locality": "London"} and "given_name" not in merged.json
    operations = [{"op": "test", "path": "/address/locality", "value": "London"}, {"op": "add", "path": "/user_metadata/a", "value": 1}]
    patched = me("PATCH", "", bearer, operations, content_type=JSON_PATCH)
    assert (patched.status, patched.json["user_metadata"]) == (200, {"a": 1})
    cleared = me("PATCH", "", bearer, {"user_metadata": None}, content_type=MERGE)
    assert cleared.json["user_metadata"] == {}


@pytest.mark.row(83)
@pytest.mark.parametrize("media_type", ["application/json", MERGE, JSON_PATCH])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_metadata", {"plan": "gold"}),
        ("roles", ["rol_admin"]),
        ("permissions", {"x": ["y"]}),
        ("email", "mallory@example.com"),
        ("email_verified", True),
        ("username", "root"),
        ("phone_number", "+4930123456"),
        ("phone_verified", True),
        ("blocked", False),
        ("password", "a password of somebody's own"),
        ("password_hash", "$argon2id$"),
        ("user_id", "gatehouse|other"),
        ("sub", "gatehouse|other"),
        ("tenant_id", "other"),
        ("created_at", "2020-01-01T00:00:00.000Z"),
        ("epoch", 7),
        ("identities", []),
        ("provenance", {}),
        ("app_metadata.plan", "gold"),
        ("profile.email_verified", True),
        ("__class__", {}),
    ],
)
def test_nothing_but_the_profile_and_preferences_can_be_assigned(media_type: str, name: str, value: Any) -> None:
    user = new_user()
    bearer, before = own_token(), users.get(user.user_id)
    body: Any = {name: value}
    if media_type == JSON_PATCH:
        body = [{"op": "add", "path": f"/{name}", "value": value}]

    answer = me("PATCH", "", bearer, body, content_type=media_type)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert users.get(user.user_id) == before


@pytest.mark.row(83)
def test_the_scope_for_preferences_does_not_open_the_profile() -> None:
    new_user(given_name="Ada")
    bearer = own_token(callers.UPDATE_OWN_METADATA)

    for media_type, body in (
        ("application/json", {"given_name": "x"}),
        (MERGE, {"given_name": None}),
        (MERGE, {"address": {"country": "x"}}),
    ):
        assert me("PATCH", "", bearer, body, content_type=media_type).status == 403


@pytest.mark.row(83, 98)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("picture", url)
            for url in ("javascript:alert(1)", "JavaScript:x", "data:text/html,x", "//x.example", "https://", "ftp://x.example")
        ),
        ("website", "https://user@evil.example"),
        ("website", "https://a b.example"),
        ("birthdate", "10/12/1815"),
        ("birthdate", "1815-13-01"),
        ("zoneinfo", "../../etc/passwd"),
        ("locale", "english (uk)"),
        ("given_name", "A\x00da"),
        ("given_name", "A\nda"),
        ("given_name", "x" * 1025),
        ("given_name", 7),
        ("address", {"planet": "Mars"}),
        ("address", {"country": 7}),
    ],
)
def test_a_value_that_is_not_what_it_says_is_refused(name: str, value: Any) -> None:
    new_user()

    answer = me("PATCH", "", own_token(), {name: value})

    assert answer.status == 400 and name in answer.json["message"]


@pytest.mark.row(87)
def test_a_change_of_another_version_than_if_match_names_is_refused() -> None:
    new_user()
    bearer = own_token()
    tag = me("GET", "", bearer).headers["etag"]

    assert me("PATCH", "", bearer, {"nickname": "first"}, if_match=tag).status == 200
    assert me("PATCH", "", bearer, {"nickname": "second"}, if_match=tag).status == 412
    assert me("GET", "", bearer).json["nickname"] == "first"


def test_what_was_stored_before_a_rule_does_not_stand_in_the_way_of_other_changes() -> None:
    user = new_user(birthdate="some day in May")

    assert me("PATCH", "", own_token(), {"nickname": "x"}).status == 200
    assert users.get(user.user_id).profile == {"birthdate": "some day in May", "nickname": "x"}  # type: ignore[union-attr]


def test_a_third_party_gets_what_its_scopes_say_and_no_more() -> None:
    browser = browser_of(new_user())
    app = new_client("spa", first_party=False, scopes=["openid", callers.READ_OWN, callers.UPDATE_OWN]).client_id
    code = decide(browser, browser.authorize(app, scope=f"openid {callers.READ_OWN}").location)["code"]
    bearer = exchange(app, code).json["access_token"]

    assert me("GET", "", bearer).status == 200
    assert me("PATCH", "", bearer, {"nickname": "x"}).status == 403


@pytest.mark.parametrize(("access", "seen"), [(OWN, True), (SYSTEM, False)])
def test_the_custom_document_is_shown_where_it_is_the_persons_own(access: str, seen: bool) -> None:
    user = new_user()
    tenant.change(lambda settings: replace(settings, custom_data=CustomData(enabled=True, store="companies", access=access)))
    custom_data.insert({"user_id": user.user_id, "company": "Example & Co"})

    told = me("GET", "", own_token(callers.READ_OWN)).json

    assert ("custom_data" in told) == seen
    assert not seen or told["custom_data"]["company"] == "Example & Co"


def test_a_person_sees_the_organizations_that_they_belong_to() -> None:
    user, other = new_user(), new_user("bob@example.com")
    acme, elsewhere = organizations.create("acme", display_name="Acme Inc."), organizations.create("elsewhere")
    memberships.join(acme.org_id, user.user_id)
    memberships.join(elsewhere.org_id, other.user_id)

    found = me("GET", "/organizations", own_token(callers.READ_OWN)).json

    assert [(one["id"], one["name"], one["display_name"]) for one in found] == [(acme.org_id, "acme", "Acme Inc.")]


def test_parallel_changes_of_two_values_lose_none() -> None:
    user = new_user()
    bearer = own_token()

    def meanwhile(now: users.User) -> Edited:
        me("PATCH", "", bearer, {"nickname": "mine"})
        return Edited(replace(now, app_metadata={"plan": "gold"}))

    user_changes.change(user.user_id, meanwhile)

    now = users.get(user.user_id)
    assert now and (now.profile, now.app_metadata) == ({"nickname": "mine"}, {"plan": "gold"})


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_other_methods_are_refused(method: str) -> None:
    answer = me(method, "")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, PATCH")
