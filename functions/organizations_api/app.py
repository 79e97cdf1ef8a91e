"""/api/v2/organizations: organizations, their members, roles and invitations (Auth0's Management API)."""

from gatehouse.management import catalogue, routes

handler = routes.handler(catalogue.routes_of("organizations_api"))
