"""/me: a person's own profile, data, devices and applications, for the applications they use."""

from gatehouse.management import catalogue, routes

handler = routes.handler(catalogue.routes_of("account"))
