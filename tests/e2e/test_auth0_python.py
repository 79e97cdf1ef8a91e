"""auth0-python 6, as it comes from PyPI: a team's own script, from the first user to the last, with nothing changed but the address."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import pytest
from auth0.management import Auth0
from auth0.management.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError

from tests.e2e import hosted_pages
from tests.e2e.application import Application, get
from tests.e2e.chromium import Device
from tests.e2e.deployment import Deployment, Person

DATABASE = "Username-Password-Authentication"


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """What the SDK sends with; its own would stay open."""
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def sdk(stack: Deployment, http: httpx.Client) -> Callable[..., Auth0]:
    """Makes the SDK with a token of these scopes, or with one that somebody has."""

    def make(*scopes: str, token: str = "") -> Auth0:
        if not token:
            machine = stack.register("machine", audience=f"{stack.issuer}/api/v2/", scopes=list(scopes))
            token = Application(stack, machine, "").token(grant_type="client_credentials").json()["access_token"]
        return Auth0(base_url=f"{stack.issuer}/api/v2", token=token, httpx_client=http)

    return make


@pytest.fixture(scope="module")
def auth0(stack: Deployment, sdk: Callable[..., Auth0]) -> Auth0:
    """The SDK with every scope there is."""
    described = get(f"{stack.issuer}/api/v2/openapi.json").json()["components"]["securitySchemes"]["oauth2"]["flows"]
    return sdk(*described["clientCredentials"]["scopes"])


def new(auth0: Auth0, email: str, **more: Any) -> Any:
    return auth0.users.create(connection=DATABASE, email=email, **more)


def ids(found: Iterable[Any]) -> list[str]:
    return [each.user_id for each in found]


def test_a_user_is_created_found_changed_and_deleted(auth0: Auth0) -> None:
    made = new(auth0, "Grace@Example.com", given_name="Grace", user_metadata={"theme": "dark"}, app_metadata={"plan": "gold"})
    assert made.user_id.startswith("gatehouse|") and made.email == "grace@example.com"

    assert auth0.users.get(made.user_id).app_metadata == {"plan": "gold"}
    assert ids(auth0.users.list_users_by_email(email="GRACE@example.com")) == [made.user_id]
    assert ids(auth0.users.list(q='email:"grace@example.com"')) == [made.user_id]
    assert ids(auth0.users.list(q=f'user_id:"{made.user_id}"')) == [made.user_id]
    with pytest.raises(ConflictError) as conflict:
        new(auth0, "grace@example.com")
    assert conflict.value.body["message"] == "The user already exists."

    auth0.users.delete(made.user_id)
    auth0.users.delete(made.user_id)
    with pytest.raises(NotFoundError):
        auth0.users.get(made.user_id)
    assert list(auth0.users.list_users_by_email(email="grace@example.com")) == []


def test_metadata_is_patched_as_auth0_documents_it(auth0: Auth0) -> None:
    """First-level merge; a nested object is replaced; null takes a member away; {} takes all away; root fields are replaced."""
    user_id = new(auth0, "merge@example.com", user_metadata={"addresses": {"home": "a", "work": "b"}, "hobby": "surfing"}).user_id

    changed = auth0.users.update(user_id, user_metadata={"addresses": {"home": "c"}, "colour": "blue"}, nickname="m")
    assert changed.user_metadata == {"addresses": {"home": "c"}, "hobby": "surfing", "colour": "blue"}
    assert changed.nickname == "m"
    assert auth0.users.update(user_id, user_metadata={"hobby": None}).user_metadata == {"addresses": {"home": "c"}, "colour": "blue"}
    assert auth0.users.update(user_id, app_metadata={"plan": "gold"}).user_metadata == {"addresses": {"home": "c"}, "colour": "blue"}
    emptied = auth0.users.update(user_id, user_metadata={})
    assert (emptied.user_metadata, emptied.app_metadata) == ({}, {"plan": "gold"})


def test_the_list_is_paged_to_its_end(auth0: Auth0) -> None:
    made = {new(auth0, f"page{number}@example.com").user_id for number in range(7)}

    pages = auth0.users.list(per_page=3, sort="created_at:-1")
    found = ids(pages)

    assert len(found) == len(set(found)) and made <= set(found)
    first = auth0.users.list(per_page=3)
    assert first.response.total == len(found)


def test_what_is_wrong_is_told_in_auth0s_words(auth0: Auth0, sdk: Callable[..., Auth0]) -> None:
    with pytest.raises(BadRequestError) as query:
        list(auth0.users.list(q="email:("))
    assert query.value.body["errorCode"] == "invalid_query_string"
    with pytest.raises(BadRequestError):
        new(auth0, "not an address")
    with pytest.raises(ForbiddenError) as scope:
        sdk("read:users").users.create(connection=DATABASE, email="x@example.com")
    assert scope.value.body["errorCode"] == "insufficient_scope"
    with pytest.raises(NotFoundError) as missing:
        auth0.users.get("gatehouse|nobody")
    assert missing.value.body["errorCode"] == "inexistent_user"


def test_roles_and_permissions_are_given_and_taken(auth0: Auth0) -> None:
    api = "https://songs.example.com"
    auth0.resource_servers.create(identifier=api, name="Songs", scopes=[{"value": "play:songs", "description": "Play"}])
    user_id = new(auth0, "roles@example.com").user_id
    role = auth0.roles.create(name="playlist_editor", description="May edit playlists")
    permission = {"resource_server_identifier": api, "permission_name": "play:songs"}

    auth0.roles.permissions.add(role.id, permissions=[permission])
    auth0.users.roles.assign(user_id, roles=[role.id])
    auth0.users.permissions.create(user_id, permissions=[permission])

    assert [each.name for each in auth0.users.roles.list(user_id)] == ["playlist_editor"]
    assert [each.permission_name for each in auth0.roles.permissions.list(role.id)] == ["play:songs"]
    assert [each.permission_name for each in auth0.users.permissions.list(user_id)] == ["play:songs"]
    assert [each.user_id for each in auth0.roles.users.list(role.id)] == [user_id]
    auth0.users.permissions.delete(user_id, permissions=[permission])
    auth0.users.roles.delete(user_id, roles=[role.id])
    assert list(auth0.users.roles.list(user_id)) == []
    assert auth0.roles.update(role.id, description="Edits").description == "Edits"
    auth0.roles.delete(role.id)
    with pytest.raises(NotFoundError):
        auth0.roles.get(role.id)


def test_organizations_have_members_with_roles_of_their_own(auth0: Auth0) -> None:
    user_id = new(auth0, "member@example.com").user_id
    role = auth0.roles.create(name="org_admin")
    made = auth0.organizations.create(name="acme", display_name="Acme Inc", metadata={"tier": "gold"})

    auth0.organizations.members.create(made.id, members=[user_id])
    auth0.organizations.members.roles.assign(made.id, user_id, roles=[role.id])

    assert auth0.organizations.get_by_name("acme").id == made.id
    assert [each.user_id for each in auth0.organizations.members.list(made.id)] == [user_id]
    assert [each.id for each in auth0.organizations.members.roles.list(made.id, user_id)] == [role.id]
    assert [each.id for each in auth0.users.organizations.list(user_id)] == [made.id]
    assert list(auth0.users.roles.list(user_id)) == []
    assert made.id in [each.id for each in auth0.organizations.list()]
    auth0.organizations.members.delete(made.id, members=[user_id])
    assert list(auth0.organizations.members.list(made.id)) == []
    auth0.organizations.delete(made.id)


def test_an_invitation_is_mailed_and_can_be_taken_back(auth0: Auth0, stack: Deployment, app: Callable[..., Application]) -> None:
    made = auth0.organizations.create(name="inviters", display_name="Inviters")
    client = app(initiate_login_uri="https://app.example.com/login")

    invitation = auth0.organizations.invitations.create(
        made.id, inviter={"name": "Ada"}, invitee={"email": "guest@example.com"}, client_id=client.client_id
    )

    assert stack.mails_to("guest@example.com")
    assert [each.id for each in auth0.organizations.invitations.list(made.id)] == [invitation.id]
    auth0.organizations.invitations.delete(made.id, invitation.id)
    assert list(auth0.organizations.invitations.list(made.id)) == []


def test_sessions_are_listed_and_ended(
    auth0: Auth0, stack: Deployment, app: Callable[..., Application], device: Callable[..., Device]
) -> None:
    person = stack.person("sessions@example.com")
    spa = app()
    tokens = hosted_pages.signed_in(spa, device(), person)

    (session,) = auth0.users.sessions.list(person.user_id)
    (token,) = auth0.users.refresh_token.list(person.user_id)
    assert session.user_id == token.user_id == person.user_id
    assert auth0.sessions.get(session.id).id == session.id
    auth0.sessions.revoke(session.id)
    assert spa.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert auth0.users.get(person.user_id).logins_count == 1
    assert [entry.type for entry in auth0.users.logs.list(person.user_id)] == ["s"]
    auth0.users.revoke_access(person.user_id)


def test_who_is_blocked_is_signed_out_and_stays_out(
    auth0: Auth0, stack: Deployment, app: Callable[..., Application], device: Callable[..., Device]
) -> None:
    person = stack.person("blocked@example.com")
    spa = app()
    tokens = hosted_pages.signed_in(spa, device(), person)

    assert auth0.users.update(person.user_id, blocked=True).blocked is True
    assert spa.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert auth0.users.update(person.user_id, blocked=False).blocked is False
    assert hosted_pages.signed_in(spa, device(), person)["access_token"]
    assert auth0.user_blocks.list(person.user_id).blocked_for == []
    auth0.user_blocks.delete(person.user_id)


def test_tickets_lead_to_pages_that_do_their_work(auth0: Auth0, stack: Deployment, device: Callable[..., Device]) -> None:
    made = new(auth0, "ticket@example.com", password="a password to be replaced", email_verified=False)

    verify = auth0.tickets.verify_email(user_id=made.user_id)
    change = auth0.tickets.change_password(user_id=made.user_id, mark_email_as_verified=True)

    assert verify.ticket.startswith(f"{stack.issuer}/u/") and change.ticket.startswith(f"{stack.issuer}/u/reset")
    page = device().page()
    page.goto(verify.ticket)
    page.get_by_role("button").first.click()
    assert auth0.users.get(made.user_id).email_verified is True


def test_numbers_of_a_day_can_be_asked_for(auth0: Auth0) -> None:
    assert isinstance(auth0.stats.get_active_users_count(), (int, float))
    assert isinstance(auth0.stats.get_daily(from_="20240101", to="20240131"), list)


def test_applications_and_their_grants_are_managed(auth0: Auth0) -> None:
    api = "https://billing.example.com"
    auth0.resource_servers.create(identifier=api, name="Billing", scopes=[{"value": "read:bills"}])
    made = auth0.clients.create(name="Billing job", app_type="non_interactive")
    assert made.client_secret

    grant = auth0.client_grants.create(client_id=made.client_id, audience=api, scope=["read:bills"])
    assert [each.id for each in auth0.client_grants.list(client_id=made.client_id)] == [grant.id]
    assert auth0.clients.update(made.client_id, name="Billing").name == "Billing"
    assert made.client_id in [each.client_id for each in auth0.clients.list()]
    auth0.client_grants.delete(grant.id)
    auth0.clients.delete(made.client_id)
    with pytest.raises(NotFoundError):
        auth0.clients.get(made.client_id)


def test_a_person_changes_their_own_metadata_with_the_token_they_signed_in_for(
    stack: Deployment, sdk: Callable[..., Auth0], app: Callable[..., Application], device: Callable[..., Device], ada: Person
) -> None:
    person = stack.person("own@example.com")
    audience = f"{stack.issuer}/api/v2/"
    spa = app(scopes=["openid", "read:current_user", "update:current_user_metadata"], resources=[audience])
    own = sdk(token=hosted_pages.signed_in(spa, device(), person, audience=audience)["access_token"])

    assert own.users.get(person.user_id).email == "own@example.com"
    assert own.users.update(person.user_id, user_metadata={"displayName": "Own"}).user_metadata == {"displayName": "Own"}
    with pytest.raises(ForbiddenError):
        own.users.update(person.user_id, app_metadata={"plan": "gold"})
    with pytest.raises(ForbiddenError):
        own.users.get(ada.user_id)
