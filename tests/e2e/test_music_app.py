"""The music application: what a person may choose, what they must earn, and what belongs to the application alone."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from tests import plays_api
from tests.e2e import hooking, hosted_pages, music_app
from tests.e2e.application import TIMEOUT_SECONDS, Application, get, post
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person
from tests.e2e.visitor import Visitor
from tests.plays_api import PlaysApi

OWN = ["openid", "offline_access", "roles", "read:current_user", "update:current_user_metadata"]


@pytest.fixture(scope="module")
def backend(stack: Deployment) -> Iterator[str]:
    with music_app.serving(stack) as origin:
        yield origin


@pytest.fixture
def player(stack: Deployment, app: Callable[..., Application]) -> Application:
    """The application that people listen with: tokens for its own backend, and for people's own records."""
    return app(scopes=OWN, audience=music_app.AUDIENCE, resources=[f"{stack.issuer}/api/v2/"])


@pytest.fixture
def operator(stack: Deployment) -> str:
    scopes = ["read:users", "update:users", "create:roles", "read:roles", "create:role_members"]
    machine = stack.register("machine", audience=f"{stack.issuer}/api/v2/", scopes=scopes)
    token: str = Application(stack, machine, "").token(grant_type="client_credentials").json()["access_token"]
    return token


def record(stack: Deployment, person: Person) -> str:
    return f"{stack.issuer}/api/v2/users/{quote(person.user_id, safe='')}"


def patch(url: str, token: str, body: dict[str, Any]) -> httpx.Response:
    return httpx.patch(url, headers={"authorization": f"Bearer {token}"}, json=body, timeout=TIMEOUT_SECONDS)


def own_token(player: Application, device: Device, person: Person) -> str:
    audience = f"{player.deployment.issuer}/api/v2/"
    token: str = hosted_pages.signed_in(player, device, person, audience=audience)["access_token"]
    return token


def test_a_display_name_is_its_owners_to_change_and_nobody_elses(
    stack: Deployment, player: Application, device: Callable[..., Device], operator: str
) -> None:
    mine, hers = stack.person("listener@example.com"), stack.person("other.listener@example.com")
    token = own_token(player, device(), mine)
    patch(record(stack, mine), operator, {"user_metadata": {"theme": "dark"}, "app_metadata": {"plan": "free"}})

    changed = patch(record(stack, mine), token, {"user_metadata": {"displayName": "J-vald3z"}})

    assert changed.status_code == 200
    assert changed.json()["user_metadata"] == {"theme": "dark", "displayName": "J-vald3z"}
    assert changed.json()["app_metadata"] == {"plan": "free"}
    refused = patch(record(stack, hers), token, {"user_metadata": {"displayName": "thief"}})
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "insufficient_scope")
    assert get(record(stack, hers), operator).json()["user_metadata"] == {}


def test_a_plan_and_roles_are_earned_and_not_chosen(
    stack: Deployment, player: Application, device: Callable[..., Device], operator: str
) -> None:
    mine = stack.person("subscriber@example.com")
    token = own_token(player, device(), mine)

    for wish in ({"plan": "gold"}, {"roles": ["playlist_editor"]}):
        assert patch(record(stack, mine), token, {"app_metadata": wish}).status_code == 403
    assert get(record(stack, mine), token).json()["app_metadata"] == {}
    assert patch(record(stack, mine), operator, {"app_metadata": {"plan": "gold"}}).status_code == 200
    assert get(record(stack, mine), token).json()["app_metadata"] == {"plan": "gold"}


def test_songs_lie_in_the_applications_own_table_under_the_subject(
    stack: Deployment, player: Application, device: Callable[..., Device], backend: str
) -> None:
    mine, hers = stack.person("singer@example.com"), stack.person("other.singer@example.com")
    token = hosted_pages.signed_in(player, device(), mine)["access_token"]
    other = hosted_pages.signed_in(player, device(), hers)["access_token"]

    assert post(f"{backend}/songs", token, json={"title": "Clair de lune"}).status_code == 204

    assert get(f"{backend}/songs", token).json() == ["Clair de lune"]
    assert get(f"{backend}/songs", other).json() == []
    assert get(f"{backend}/songs", own_token(player, device(), mine)).status_code == 401
    assert get(f"{backend}/songs", "garbage").status_code == 401
    assert jwt.decode(token, options={"verify_signature": False})["sub"] == mine.user_id


def test_a_role_shows_in_the_next_token_and_never_in_a_live_one(
    stack: Deployment, player: Application, device: Callable[..., Device], operator: str
) -> None:
    mine = stack.person("editor@example.com")
    tokens = hosted_pages.signed_in(player, device(), mine)
    role = post(f"{stack.issuer}/api/v2/roles", operator, json={"name": "music_editor"}).json()["id"]

    given = post(f"{record(stack, mine)}/roles", operator, json={"roles": [role]})

    assert given.status_code == 204
    assert roles_of(tokens["access_token"]) == []
    assert roles_of(player.refresh(tokens["refresh_token"]).json()["access_token"]) == ["music_editor"]


@pytest.fixture
def plays(stack: Deployment, player: Application) -> Iterator[PlaysApi]:
    """Somebody else's API, which counts what people play, and the stack's own hook that asks it when a token is made."""
    with hooking.operating(stack) as hooks, plays_api.serving() as api:
        rules = {
            "url": api.of_people,
            "audience": plays_api.AUDIENCE,
            "claims": {music_app.PLAYS: "plays"},
            "roles": [{"role": music_app.EDITOR, "field": "plays", "at_least": 100}],
            "cache_seconds": 0,
            "stale_seconds": 0,
            "timeout_seconds": 1,
        }
        hooks.hook("pre_token", stack.arn("ClaimsEnrichmentFunction"), player, event="2", configuration=rules)
        hooks.in_force()
        yield api


def test_editors_are_those_who_have_played_a_hundred_songs_and_only_as_long_as_they_have(
    player: Application, plays: PlaysApi, backend: str, stack: Deployment
) -> None:
    fan, laptop = stack.person("fan@example.com", name="Fan"), Visitor()

    def welcome(token: str) -> tuple[str, Any]:
        shown = get(f"{backend}/welcome", token).json()
        return shown["text"], shown["plays"]

    plays.told[fan.user_id] = {"plays": 99}
    tokens = laptop.signed_in(player, fan)
    assert welcome(tokens["access_token"]) == ("Welcome, listener", 99)

    plays.told[fan.user_id] = {"plays": 100}
    earned = player.refresh(tokens["refresh_token"]).json()
    assert welcome(earned["access_token"]) == ("Welcome, editor of playlists", 100)
    assert welcome(laptop.signed_in(player, fan)["access_token"]) == ("Welcome, editor of playlists", 100)
    # What a token says it says as long as it lives.
    assert welcome(tokens["access_token"]) == ("Welcome, listener", 99)

    plays.told[fan.user_id] = {"plays": 99}
    lost = player.refresh(earned["refresh_token"]).json()
    assert welcome(lost["access_token"]) == ("Welcome, listener", 99)
    assert welcome(earned["access_token"]) == ("Welcome, editor of playlists", 100)


def test_a_role_that_an_operator_gave_goes_by_the_plays_too_and_stays_while_nobody_can_count_them(
    player: Application, plays: PlaysApi, backend: str, stack: Deployment, operator: str
) -> None:
    dj = stack.person("dj@example.com")
    role = post(f"{stack.issuer}/api/v2/roles", operator, json={"name": music_app.EDITOR}).json()["id"]
    assert post(f"{record(stack, dj)}/roles", operator, json={"roles": [role]}).status_code == 204

    plays.told[dj.user_id] = {"plays": 99}
    tokens = Visitor().signed_in(player, dj)
    assert roles_of(tokens["access_token"]) == []
    plays.answers += [503]
    assert roles_of(player.refresh(tokens["refresh_token"]).json()["access_token"]) == [music_app.EDITOR]


def test_the_api_that_counts_knows_by_a_token_for_it_alone_whom_it_is_asked_about(
    player: Application, plays: PlaysApi, stack: Deployment
) -> None:
    fan = stack.person("counted@example.com", name="Counted")
    Visitor().signed_in(player, fan)

    shown = plays.token
    key = jwt.PyJWKClient(f"{stack.issuer}/.well-known/jwks.json").get_signing_key_from_jwt(shown)
    claims = jwt.decode(shown, key, algorithms=["RS256"], audience=plays_api.AUDIENCE, issuer=stack.issuer)
    assert (claims["sub"], claims["user_id"], claims["email"], claims["name"]) == (fan.user_id, fan.user_id, fan.email, "Counted")
    assert claims["exp"] - claims["iat"] == 600 * 60
    for url in (f"{stack.issuer}/userinfo", record(stack, fan)):
        assert get(url, shown).status_code == 401


def roles_of(token: str) -> list[str]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return list(claims.get("roles", []))
