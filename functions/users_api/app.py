"""/api/v2/users and what belongs to people: roles, sessions, blocks, tickets, grants, statistics (Auth0's Management API)."""

from gatehouse.management import catalogue, routes

handler = routes.handler(catalogue.routes_of("users_api"))
