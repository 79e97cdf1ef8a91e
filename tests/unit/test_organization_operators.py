"""An organization's own operators: they reach it and nothing else, and never further than they are."""

from typing import Any

import pytest

from gatehouse import invitations, memberships, organizations, roles, table
from gatehouse.management import catalogue
from gatehouse.organizations import Organization
from gatehouse.users import User
from tests.unit.flows import new_client, new_user
from tests.unit.operators import api, as_of_now, machine, user_path
from tests.unit.teams import OPERATOR, join, member, new_role, operator_of, path, two

pytestmark = pytest.mark.row(85, 86)


def invitation(client_id: str, **more: Any) -> dict[str, Any]:
    return {"inviter": {"name": "Boss"}, "invitee": {"email": "bob@example.com"}, "client_id": client_id} | more


def application() -> str:
    return new_client(initiate_login_uri="https://app.example.com/login").client_id


def of(organization: Organization, *people: User) -> list[table.Item]:
    """Everything that is kept about the organization and these people."""
    partitions = [table.organization_partition(organization.org_id), *(table.user_partition(user.user_id) for user in people)]
    return [item for partition in partitions for item in table.query(partition)]


def test_an_operator_runs_their_own_organization() -> None:
    (acme, _), app = two(), application()
    boss, editor = operator_of(acme), new_role("Editor")
    ada = member(acme, "ada@example.com")

    assert boss.ask("GET", path(acme)).json["name"] == "acme"
    assert {one["email"] for one in boss.ask("GET", path(acme, "members")).json} == {"boss@example.com", "ada@example.com"}
    assert boss.ask("PATCH", path(acme, "members", ada.user_id), {"metadata": {"seat": 1}}).status == 200
    assert boss.ask("POST", path(acme, "members", ada.user_id, "roles"), {"roles": [editor]}).status == 204
    assert boss.ask("POST", path(acme, "invitations"), invitation(app, roles=[editor])).status == 201
    assert boss.ask("DELETE", path(acme, "members"), {"members": [ada.user_id]}).status == 204
    assert boss.ask("GET", path(acme, "enabled_connections")).json == []


def test_every_route_of_another_organization_is_as_if_there_were_none() -> None:
    acme, globex = two()
    boss, app = operator_of(acme), application()
    ada = member(globex, "ada@example.com")
    made, _ = invitations.create(globex.org_id, inviter="Ada", email="x@example.com", client_id=app)
    bodies = {
        "members": {"members": [ada.user_id]},
        "roles": {"roles": ["rol_x"]},
        "invitations": invitation(app),
        "{user_id}": {"metadata": {"x": 1}},
        "enabled_connections": {"connection_id": "con_database"},
    }
    before, tried = of(globex, ada), 0

    for route in catalogue.routes_of("organizations_api"):
        if "{id}" not in route.path:
            continue
        url = route.path.replace("{user_id}", ada.user_id).replace("{invitation_id}", made.invitation_id).replace("{connection_id}", "c")
        body = bodies.get(route.path.rpartition("/")[2], {"name": "x"}) if route.body else None
        own, other, none = (
            boss.ask(route.method, url.replace("{id}", org_id), body) for org_id in (acme.org_id, globex.org_id, "org_0123456789abcdef")
        )
        tried += 1
        assert (other.status, other.body) == (none.status, none.body)
        assert other.status == (404 if route.in_organization else 403), (route.method, route.path)
        assert route.in_organization or own.status == 403

    assert tried == 20
    assert of(globex, ada) == before


def test_ids_of_another_organization_name_nothing_in_ones_own() -> None:
    (acme, globex), app = two(), application()
    boss, ada = operator_of(acme), member(globex, "ada@example.com")
    made, _ = invitations.create(globex.org_id, inviter="Ada", email="x@example.com", client_id=app)

    assert boss.ask("GET", path(acme, "members", ada.user_id)).status == 404
    assert boss.ask("PATCH", path(acme, "members", ada.user_id), {"metadata": {}}).status == 404
    for method in ("GET", "POST", "DELETE"):
        body = None if method == "GET" else {"roles": [new_role(method)]}
        assert boss.ask(method, path(acme, "members", ada.user_id, "roles"), body).status == 404
    assert boss.ask("GET", path(acme, "invitations", made.invitation_id)).status == 404
    assert boss.ask("DELETE", path(acme, "invitations", made.invitation_id)).status == 404
    assert boss.ask("DELETE", path(acme, "members"), {"members": [ada.user_id]}).status == 204
    assert memberships.get(ada.user_id, globex.org_id)


@pytest.mark.parametrize("name", ["members", "invitations"])
def test_a_cursor_of_one_organization_is_none_of_another(name: str) -> None:
    (acme, globex), bearer, app = two(), machine(*OPERATOR), application()
    for organization in (acme, globex):
        for n in range(3):
            member(organization, f"person{n}@{organization.name}.example")
            invitations.create(organization.org_id, inviter="x", email=f"new{n}@{organization.name}.example", client_id=app)

    mine = api("GET", path(acme, name), bearer, query={"take": 2}).json
    theirs = api("GET", path(globex, name), bearer, query={"take": 2}).json

    assert len(mine[name]) == 2
    assert len(api("GET", path(acme, name), bearer, query={"take": 2, "from": mine["next"]}).json[name]) == 1
    answer = api("GET", path(acme, name), bearer, query={"take": 2, "from": theirs["next"]})
    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_paging")
    assert "globex" not in api("GET", path(acme, name), bearer).body


def test_an_operator_neither_makes_nor_changes_nor_deletes_organizations() -> None:
    acme, globex = two()
    boss = operator_of(acme)

    assert boss.ask("DELETE", path(acme)).status == 403
    assert boss.ask("PATCH", path(acme), {"metadata": {"plan": "gold"}}).status == 403
    assert boss.ask("POST", "/organizations", {"name": "mine"}).status == 403
    assert boss.ask("GET", "/organizations").status == 403
    assert boss.ask("GET", "/organizations/name/globex").status == 403
    assert [organizations.get(one.org_id) for one in (acme, globex)] == [acme, globex]


def test_an_operator_takes_in_nobody_unasked_and_reads_no_records() -> None:
    acme, _ = two()
    boss, stranger = operator_of(acme, "boss@example.com", *OPERATOR, "read:users", "update:users"), new_user("stranger@example.com")

    assert boss.ask("POST", path(acme, "members"), {"members": [stranger.user_id]}).status == 403
    assert boss.ask("GET", user_path(stranger.user_id)).status == 403
    assert boss.ask("GET", user_path(boss.user.user_id)).status == 403
    assert boss.ask("GET", "/users").status == 403
    assert boss.ask("GET", user_path(boss.user.user_id, "organizations")).status == 403
    assert boss.ask("PATCH", user_path(boss.user.user_id), {"app_metadata": {"plan": "gold"}}).status == 403


def test_nobody_gives_what_they_do_not_have_neither_by_hand_nor_by_invitation() -> None:
    (acme, _), app = two(), application()
    boss, ada = operator_of(acme), member(acme, "ada@example.com")
    wider, same = new_role("Wider", "read:organization_members", "delete:users"), new_role("Same", "read:organization_members")

    refused = [
        boss.ask("POST", path(acme, "members", ada.user_id, "roles"), {"roles": [same, wider]}),
        boss.ask("POST", path(acme, "invitations"), invitation(app, roles=[wider])),
    ]

    assert [(answer.status, answer.json["errorCode"]) for answer in refused] == [(403, "access_denied")] * 2
    assert "delete:users" in refused[0].json["message"]
    assert [membership.roles for membership in memberships.of_user(ada.user_id)] == [[]]
    assert invitations.of_organization(acme.org_id) == []
    assert boss.ask("POST", path(acme, "members", ada.user_id, "roles"), {"roles": [same]}).status == 204
    assert boss.ask("POST", path(acme, "invitations"), invitation(app, roles=[same])).status == 201


def test_a_machine_too_gives_only_what_it_has() -> None:
    acme, _ = two()
    ada, wider = member(acme, "ada@example.com"), new_role("Wider", "delete:users")
    url = path(acme, "members", ada.user_id, "roles")

    assert api("POST", url, machine("create:organization_member_roles"), {"roles": [wider]}).status == 403
    assert api("POST", url, machine("create:organization_member_roles", "delete:users"), {"roles": [wider]}).status == 204


def test_nobody_changes_their_own_roles() -> None:
    acme, _ = two()
    boss, harmless = operator_of(acme), new_role("Harmless")
    before = memberships.get(boss.user.user_id, acme.org_id)
    url = path(acme, "members", boss.user.user_id, "roles")

    for method in ("POST", "DELETE"):
        answer = boss.ask(method, url, {"roles": [harmless]})
        assert (answer.status, answer.json["errorCode"]) == (403, "access_denied")
    assert memberships.get(boss.user.user_id, acme.org_id) == before


def test_nobody_gives_themselves_roles_by_an_invitation() -> None:
    (acme, _), app = two(), application()
    boss, harmless = operator_of(acme), new_role("Harmless")

    answer = boss.ask("POST", path(acme, "invitations"), invitation(app, roles=[harmless]) | {"invitee": {"email": boss.user.email}})

    assert (answer.status, answer.json["errorCode"]) == (403, "access_denied")
    assert invitations.of_organization(acme.org_id) == []
    assert boss.ask("POST", path(acme, "invitations"), invitation(app, roles=[harmless])).status == 201


def test_what_somebody_may_in_one_organization_or_for_the_tenant_counts_nowhere_else() -> None:
    (acme, globex), ada = two(), new_user()
    boss = operator_of(acme)
    join(globex, boss.user)
    join(globex, ada)
    everywhere = roles.create("Tenant")
    as_of_now()

    assert boss.ask("GET", path(globex, "members")).status == 404
    assert boss.ask("GET", path(acme, "members")).status == 200
    memberships.change(boss.user.user_id, acme.org_id, lambda before: {"roles": [everywhere.role_id]})
    assert boss.ask("GET", path(acme, "members")).status == 403


def test_an_operator_who_left_is_out_at_once() -> None:
    acme, _ = two()
    boss = operator_of(acme)
    assert boss.ask("GET", path(acme)).status == 200

    memberships.leave(acme.org_id, boss.user.user_id)

    assert boss.ask("GET", path(acme)).status == 401


@pytest.mark.parametrize("org_id", ["a#b", "x" * 513, "%23", "ORG#x"])
@pytest.mark.row(89)
def test_an_id_that_can_be_none_never_comes_near_a_key(org_id: str) -> None:
    bearer = machine(*OPERATOR)

    assert api("GET", f"/organizations/{org_id}/members", bearer).status in (400, 404)
    assert api("GET", f"/organizations/{two()[0].org_id}/members/{org_id}", bearer).status in (400, 404)
