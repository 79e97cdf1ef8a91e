"""Functions written for Cognito's triggers, deployed as Lambdas of their own, have their say in real sign-ups, sign-ins and tokens."""

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

from tests.e2e import hooking
from tests.e2e.application import Application, sent_back
from tests.e2e.deployment import PASSWORD, Deployment, Person
from tests.e2e.hooking import Operator, example
from tests.e2e.visitor import Visitor

LEGACY_PASSWORD = "the old gate creaks in winter"


@pytest.fixture
def operator(stack: Deployment) -> Iterator[Operator]:
    stack.forgive()
    with hooking.operating(stack) as operator:
        yield operator


@pytest.fixture
def music(app: Callable[..., Application]) -> Application:
    return app(scopes=["openid", "offline_access", "roles", "songs:download"], audience="https://music.example.com")


@pytest.fixture(scope="module")
def tables(stack: Deployment) -> dict[str, Any]:
    return hooking.tables(stack)


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def signed_in(application: Application, person: Person) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The token response, and the claims of the access token and the ID token."""
    tokens = Visitor().signed_in(application, person)
    return tokens, claims(tokens["access_token"]), claims(tokens["id_token"])


def eventually(look: Callable[[], Any]) -> Any:
    """What is there in the end, when it comes by way of the stream and queues."""
    ends = time.monotonic() + 30
    while not (found := look()) and time.monotonic() < ends:
        time.sleep(0.2)
    return found


def test_a_domain_allow_list_lets_some_sign_up_and_leaves_nothing_of_others(
    stack: Deployment, operator: Operator, music: Application
) -> None:
    operator.hook("pre_sign_up", example("domain-allow-list"))
    operator.in_force()
    invited, stranger = Person("invited@example.com", PASSWORD), Person("stranger@example.org", PASSWORD)
    beginning = music.begin()

    allowed = Visitor().signs_up(stack, beginning.url, invited)
    vetoed = Visitor().signs_up(stack, music.begin().url, stranger)

    assert music.finish(beginning, allowed.headers["location"])["id_token"]
    assert vetoed.status_code == 400
    assert "that your employer gave you" in vetoed.text
    assert operator.users_with(stranger.email) == []
    assert [user["email_verified"] for user in operator.users_with(invited.email)] == [True]


def test_what_user_creation_prepares_is_in_the_first_token(stack: Deployment, operator: Operator, music: Application) -> None:
    rules = {"blocked_email_domains": ["throwaway.example"], "app_metadata": {"plan": "gold"}, "user_metadata": {"theme": "light"}}
    operator.hook("pre_sign_up", stack.arn("UserCreationFunction"), configuration=rules)
    operator.hook("pre_token", example("access-token-claims"), music)
    operator.in_force()
    newcomer, beginning = Person("newcomer@example.com", PASSWORD), music.begin(scope="openid")

    allowed = Visitor().signs_up(stack, beginning.url, newcomer)
    vetoed = Visitor().signs_up(stack, music.begin().url, Person("bot@throwaway.example", PASSWORD))

    first = claims(music.finish(beginning, allowed.headers["location"])["access_token"])
    assert (first["plan"], first["limits"], first["scope"]) == ("gold", {"playlists": 100, "offline": True}, "openid songs:download")
    (user,) = operator.users_with(newcomer.email)
    assert (user["app_metadata"], user["user_metadata"]) == ({"plan": "gold"}, {"theme": "light"})
    assert vetoed.status_code == 400
    assert operator.users_with("bot@throwaway.example") == []


def test_people_of_an_older_table_sign_in_with_the_password_they_had_there(
    stack: Deployment, operator: Operator, music: Application, tables: dict[str, Any]
) -> None:
    moving, salt = Person("moving@example.com", LEGACY_PASSWORD), "00ff"
    digest = hashlib.pbkdf2_hmac("sha256", moving.password.encode(), bytes.fromhex(salt), 100_000).hex()
    tables["LegacyTable"].put_item(Item={"email": moving.email, "name": "Moving Day", "plan": "gold", "salt": salt, "password": digest})
    operator.hook("user_migration", example("migrate-user"), music)
    operator.in_force()

    guess = Visitor()
    login_page = f"{stack.issuer}{guess.send('GET', music.begin().url).headers['location'].removeprefix(stack.issuer)}"
    assert guess.tries(stack.issuer, login_page, Person(moving.email, "a wrong guess, which is long")).status_code >= 400
    assert operator.users_with(moving.email) == []
    _, _, told = signed_in(music, moving)
    tables["LegacyTable"].delete_item(Key={"email": moving.email})

    (user,) = operator.users_with(moving.email)
    assert (user["user_id"], user["name"], user["app_metadata"]) == (told["sub"], "Moving Day", {"plan": "gold"})
    assert signed_in(music, moving)[2]["sub"] == told["sub"]


def test_claims_scopes_and_groups_are_what_the_triggers_of_each_version_say(
    stack: Deployment, operator: Operator, music: Application
) -> None:
    member = stack.person("member.of.groups@example.com", name="Member", birthdate="1970-01-01")
    operator.change(member.user_id, app_metadata={"tenant": "north", "department": "sales"})
    operator.hook("pre_token", example("tenant-claim"), music, event="1", order=1)
    operator.hook("pre_token", example("access-token-claims"), music, event="2", order=2)
    operator.hook("pre_token", example("department-groups"), music, event="1", order=3)
    operator.in_force()

    tokens, access, identity = signed_in(music, member)

    assert (identity["tenant"], "tenant" in access) == ("north", False)
    assert (identity["plan"], access["plan"], access["limits"]["offline"]) == ("free", "free", False)
    assert access["scope"] == tokens["scope"] == "openid offline_access roles"
    assert access["roles"] == ["department-sales"]
    operator.change(member.user_id, app_metadata={"plan": "gold", "department": None})
    assert claims(tokens["access_token"])["plan"] == "free"
    after = claims(music.refresh(tokens["refresh_token"]).json()["access_token"])
    assert (after["plan"], after.get("roles", [])) == ("gold", [])


def test_only_who_has_a_seat_signs_in_and_every_sign_in_is_written_down(
    stack: Deployment, operator: Operator, music: Application, tables: dict[str, Any], ada: Person
) -> None:
    eve = stack.person("eve.without.seat@example.com")
    operator.hook("post_login", example("sign-in-allow-list"), music, event="pre_authentication", order=1)
    operator.hook("post_login", example("sign-in-audit"), music, order=2)
    operator.hook("post_login", example("display-name"), music, order=3)
    operator.in_force()

    signed_in(music, ada)
    refused = sent_back(Visitor().landing(stack.issuer, music.begin().url, eve))

    assert refused["error"] == "access_denied"
    assert "no seat in this application" in refused["error_description"]
    assert operator.user(ada.user_id)["user_metadata"]["displayName"] == "user"
    assert "displayName" not in operator.user(eve.user_id)["user_metadata"]
    written = [entry for entry in tables["SignInsTable"].scan()["Items"] if entry["client_id"] == music.client_id]
    assert [(entry["sub"], entry["email"]) for entry in written] == [(ada.user_id, ada.email)]


def test_copies_of_a_person_follow_what_happens_to_them(
    stack: Deployment, operator: Operator, music: Application, tables: dict[str, Any]
) -> None:
    operator.webhook(example("local-copy"), "user.*")
    operator.webhook(example("confirmed-sign-up"), "user.created", format="cognito")
    operator.in_force()
    copied, beginning = Person("copied@example.com", PASSWORD), music.begin()

    Visitor().signs_up(stack, beginning.url, copied)
    (user,) = operator.users_with(copied.email)

    def copy() -> dict[str, Any]:
        found: dict[str, Any] = tables["PeopleTable"].get_item(Key={"user_id": user["user_id"]}).get("Item", {})
        return found

    assert eventually(copy)["email"] == copied.email
    row = eventually(lambda: tables["MembersTable"].get_item(Key={"user_name": user["user_id"]}).get("Item"))
    assert (row["email"], row["credit"]) == (copied.email, 10)
    operator.change(user["user_id"], user_metadata={"displayName": "Copy"})
    assert eventually(lambda: copy().get("user_metadata", {}).get("displayName")) == "Copy"
    operator.api.delete(f"users/{user['user_id'].replace('|', '%7C')}").raise_for_status()
    assert eventually(lambda: not copy())
