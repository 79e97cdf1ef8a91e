"""/api/v2/clients and what applications need: APIs, grants, connections, tenant settings; and /api/v2/openapi.json."""

from gatehouse.management import catalogue, routes

handler = routes.handler(catalogue.routes_of("clients_api"))
