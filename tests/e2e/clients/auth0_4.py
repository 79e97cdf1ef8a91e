"""A script that a team has with auth0-python 4: every endpoint class over plain HTTP. Prints what it saw, as JSON.

DOMAIN and TOKEN stand in the environment.
"""

import json
import os
import sys
from typing import Any

from auth0.exceptions import Auth0Error
from auth0.management.clients import Clients
from auth0.management.grants import Grants
from auth0.management.organizations import Organizations
from auth0.management.resource_servers import ResourceServers
from auth0.management.roles import Roles
from auth0.management.stats import Stats
from auth0.management.tickets import Tickets
from auth0.management.user_blocks import UserBlocks
from auth0.management.users import Users
from auth0.management.users_by_email import UsersByEmail

DATABASE = "Username-Password-Authentication"


def of(kind: Any) -> Any:
    return kind(os.environ["DOMAIN"], os.environ["TOKEN"], protocol="http")


def refusal(call: Any, *arguments: Any) -> dict[str, Any]:
    try:
        call(*arguments)
    except Auth0Error as error:
        return {"status": error.status_code, "code": error.error_code, "message": error.message}
    return {}


def people(seen: dict[str, Any]) -> str:
    users = of(Users)
    made = users.create({"connection": DATABASE, "email": "Four@Example.com", "user_metadata": {"a": {"b": 1, "c": 2}, "d": 3}})
    user_id: str = made["user_id"]
    seen["email"] = made["email"]
    seen["got"] = users.get(user_id)["user_id"] == user_id
    seen["fields"] = sorted(users.get(user_id, fields=["email", "user_id"]))
    seen["by_email"] = [user["user_id"] == user_id for user in of(UsersByEmail).search_users_by_email("four@example.com")]
    seen["merged"] = users.update(user_id, {"user_metadata": {"a": {"b": 9}, "d": None}})["user_metadata"]
    seen["cleared"] = users.update(user_id, {"user_metadata": {}})["user_metadata"]
    seen["searched"] = users.list(q='email:"four@example.com"')["total"]
    seen["bare"] = isinstance(users.list(include_totals=False), list)
    seen["past_the_end"] = users.list(page=900)["users"]
    seen["conflict"] = refusal(users.create, {"connection": DATABASE, "email": "four@example.com"})
    seen["missing"] = refusal(users.get, "gatehouse|nobody")
    return user_id


def rights(seen: dict[str, Any], user_id: str) -> None:
    api = "https://four.example.com"
    server = of(ResourceServers).create({"identifier": api, "name": "Four", "scopes": [{"value": "do:it"}]})
    seen["api"] = of(ResourceServers).get(server["id"])["identifier"]
    roles, users = of(Roles), of(Users)
    role_id = roles.create({"name": "four"})["id"]
    permission = [{"resource_server_identifier": api, "permission_name": "do:it"}]
    roles.add_permissions(role_id, permission)
    users.add_roles(user_id, [role_id])
    users.add_permissions(user_id, permission)
    seen["roles"] = [role["name"] for role in users.list_roles(user_id)["roles"]]
    seen["permissions"] = [entry["permission_name"] for entry in users.list_permissions(user_id)["permissions"]]
    seen["holders"] = [user["user_id"] == user_id for user in roles.list_users(role_id)["users"]]
    users.remove_permissions(user_id, permission)
    users.remove_roles(user_id, [role_id])
    roles.remove_permissions(role_id, permission)
    roles.delete(role_id)
    seen["roles_after"] = users.list_roles(user_id)["roles"]


def organizations(seen: dict[str, Any], user_id: str) -> None:
    orgs = of(Organizations)
    made = orgs.create_organization({"name": "four-inc", "display_name": "Four Inc"})
    orgs.create_organization_members(made["id"], {"members": [user_id]})
    seen["members"] = [member["user_id"] == user_id for member in orgs.all_organization_members(made["id"])["members"]]
    seen["organizations"] = [org["name"] for org in of(Users).list_organizations(user_id)["organizations"]]
    seen["listed"] = made["id"] in [org["id"] for org in orgs.all_organizations()["organizations"]]
    orgs.delete_organization_members(made["id"], {"members": [user_id]})
    orgs.delete_organization(made["id"])


def the_rest(seen: dict[str, Any], user_id: str) -> None:
    seen["ticket"] = "ticket" in of(Tickets).create_email_verification({"user_id": user_id})
    seen["password_ticket"] = "ticket" in of(Tickets).create_pswd_change({"user_id": user_id})
    seen["blocks"] = of(UserBlocks).get(user_id)["blocked_for"]
    of(UserBlocks).unblock(user_id)
    seen["grants"] = of(Grants).all(include_totals=True, extra_params={"user_id": user_id})["grants"]
    seen["daily"] = isinstance(of(Stats).daily_stats("20240101", "20240131"), list)
    seen["active"] = of(Stats).active_users() >= 0
    client = of(Clients).create({"name": "Four", "app_type": "non_interactive"})
    seen["client"] = of(Clients).get(client["client_id"])["name"]
    of(Clients).delete(client["client_id"])
    users = of(Users)
    seen["blocked"] = users.update(user_id, {"blocked": True})["blocked"]
    users.delete(user_id)
    seen["deleted"] = refusal(users.get, user_id)["status"]


def main() -> None:
    seen: dict[str, Any] = {}
    user_id = people(seen)
    rights(seen, user_id)
    organizations(seen, user_id)
    the_rest(seen, user_id)
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
