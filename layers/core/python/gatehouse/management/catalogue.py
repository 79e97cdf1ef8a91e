"""Which modules' routes make up which function: the one list, for the functions themselves and for the description of the API."""

import importlib
from typing import Final

from gatehouse.management.routes import Route

# function: modules of this package, each with ROUTES. Imported by name, so that a function loads what it serves and no more.
MODULES: Final = {
    "users_api": (
        "users",
        "user_lists",
        "user_identities",
        "custom_data",
        "roles",
        "role_members",
        "user_roles",
        "user_organizations",
        "user_deletions",
        "user_sessions",
        "user_refresh_tokens",
        "user_logs",
        "user_blocks",
        "tickets",
        "jobs",
        "user_grants",
        "stats",
    ),
    "organizations_api": (
        "organizations",
        "organization_members",
        "organization_member_roles",
        "organization_invitations",
        "organization_connections",
    ),
    "clients_api": ("description", "tenant", "clients", "client_grants", "resource_servers", "connections"),
    "hooks_api": ("hooks", "claims", "hook_trials", "webhooks", "webhook_deliveries", "schedules"),
    "account": ("own_profile", "own_devices", "own_credentials"),
}


def routes_of(function: str) -> list[Route]:
    """The routes that a function serves."""
    modules = [importlib.import_module(f"gatehouse.management.{name}") for name in MODULES[function]]
    return [route for module in modules for route in module.ROUTES]


def everything() -> list[Route]:
    """The routes of all functions."""
    return [route for function in MODULES for route in routes_of(function)]
