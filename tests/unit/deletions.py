"""Deletions of people: the vocabulary of their tests."""

from typing import Any

import boto3

from gatehouse import limits, memberships, organizations, role_holders, roles, table, tickets, users
from gatehouse.audit import Deed
from gatehouse.settings import settings
from gatehouse.table.marshal import from_item
from gatehouse.users import User
from tests.unit.conftest import Answer
from tests.unit.flows import Browser, browser_of, new_client, new_user, tokens_of
from tests.unit.operators import api, machine, user_path

DEED = Deed(actor="operator@clients", ip="192.0.2.1", request_id="one")
# Pending sign-ins live for minutes, and nothing of them works.
PASSING = {"SIGNIN"}


def operator() -> str:
    """An access token of who may do everything with people."""
    return machine("delete:users", "read:users", "create:users", "update:users")


def deleted(user_id: str, bearer: str, **query: Any) -> Answer:
    """DELETE users/{id}"""
    return api("DELETE", user_path(user_id), bearer, query=query)


def entries() -> list[dict[str, Any]]:
    """The audit trail."""
    found = boto3.client("dynamodb").scan(TableName=settings().audit_table_name)["Items"]
    return [from_item(item) for item in found]


def everything() -> list[table.Item]:
    return table.scan(None, limit=10_000)[0]


def traces(user: User) -> list[tuple[str, str]]:
    """Every item that names the person in any way."""
    names = [user.user_id, user.email, user.username, user.phone_number]
    return [(item["pk"], item["sk"]) for item in everything() if any(name and name in repr(item) for name in names)]


def full_life() -> User:
    """A person with one of everything."""
    password_hash = new_user("other@example.com").password_hash
    names = {"username": "lovelace", "phone_number": "+4930123456"}
    user = users.create("ada@example.com", email_verified=True, password_hash=password_hash, **names)
    role = roles.create("Librarian")
    role_holders.assign(user.user_id, [role.role_id])
    organization = organizations.create("acme")
    memberships.join(organization.org_id, user.user_id)
    app = new_client(first_party=False)
    browser = Browser()
    browser.fill(browser.get("hosted_pages", browser.sign_in(app.client_id).location), "/u/consent", decision="allow")
    tokens_of(new_client().client_id, browser_of(user))
    limits.count(limits.PASSWORD, user.email)
    for purpose in (tickets.RESET, tickets.VERIFY, tickets.EMAIL, tickets.OPERATOR_RESET):
        tickets.issue(purpose, user.email, user_id=user.user_id)
    table.put(table.custom_key(user.user_id, "shop"), {"document": {}, "version": 1})
    table.put(table.identity_key("con_x", "1"), {"user_id": user.user_id})
    identity = {"connection_id": "con_x", "connection": "x", "provider": "x", "user_id": "1", "is_social": True, "at": 1, "profile": {}}
    users.describe(user.user_id, identities=[identity])
    return user
