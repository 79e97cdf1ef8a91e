"""/api/v2/hooks, claims, webhooks and schedules: what the operator has a say with, and who is told."""

from gatehouse.management import catalogue, routes

handler = routes.handler(catalogue.routes_of("hooks_api"))
