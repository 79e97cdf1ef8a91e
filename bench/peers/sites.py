"""Where each server has its endpoints, by the rows of the tables: a server that can sign in two ways has two rows."""

from collections.abc import Mapping
from typing import Any

from bench.peers.flows import Site, basic

FLOOR, FLOOR_WIDE, FLOOR_RS = "floor", "floor, reads as gatehouse", "floor RS256"
GATEHOUSE, GATEHOUSE_RS, GATEHOUSE_MEMORY = "gatehouse", "gatehouse RS256", "gatehouse, in memory"
PANVA, PANVA_OPAQUE, PANVA_RS = "oidc-provider JWT", "oidc-provider opaque", "oidc-provider RS256"
OPENAUTH, AUTHLIB, BETTER_AUTH = "openauth", "Authlib + Flask", "better-auth"
TOOLKIT, TOOLKIT_HASHED = "django-oauth-toolkit", "django-oauth-toolkit, hashed"
MINISTACK, MOTO = "ministack (Cognito)", "moto (Cognito)"

Seed = Mapping[str, Any]
_MACHINE_SCOPE = {"scope": "orders:read"}


def floor(seed: Seed) -> dict[str, Site]:
    def site(client_id: str, machine: str, algorithm: str = "ES256") -> Site:
        return Site(
            client_id,
            seed["cookie"],
            userinfo="/userinfo",
            introspection="/introspect",
            machine=basic(machine, seed["secret"]),
            machine_form=_MACHINE_SCOPE,
            algorithm=algorithm,
        )

    return {FLOOR: site("app", "machine"), FLOOR_WIDE: site("wide", "machine"), FLOOR_RS: site("app-rs", "machine-rs", "RS256")}


def gatehouse(seed: Seed) -> dict[str, Site]:
    def site(algorithm: str) -> Site:
        told = seed[algorithm]
        return Site(
            told["app"],
            told["cookie"],
            token="/oauth/token",
            userinfo="/userinfo",
            introspection="/oauth/introspect",
            keys="/.well-known/jwks.json",
            machine=basic(told["machine"], told["secret"]),
            machine_form=_MACHINE_SCOPE,
            algorithm=algorithm,
        )

    return {GATEHOUSE: site("ES256"), GATEHOUSE_RS: site("RS256")}


def gatehouse_in_memory(seed: Seed) -> dict[str, Site]:
    return {GATEHOUSE_MEMORY: gatehouse(seed)[GATEHOUSE]}


def panva(seed: Seed) -> dict[str, Site]:
    def site(client_id: str, resource: str, algorithm: str = "ES256") -> Site:
        asked = {"resource": resource} if resource else {}
        return Site(
            client_id,
            seed["cookie"],
            authorize="/auth",
            # A token for an API opens no userinfo there, and is not introspected: the API verifies it.
            userinfo="" if resource else "/me",
            introspection="" if resource else "/token/introspection",
            machine=basic("machine", seed["secret"]),
            machine_form=_MACHINE_SCOPE | asked if resource else {"scope": ""},
            sends=asked,
            jwt_access_tokens=bool(resource),
            algorithm=algorithm,
        )

    return {
        PANVA: site("app", "https://orders.example.com"),
        PANVA_OPAQUE: site("app", ""),
        PANVA_RS: site("app-rs", "https://orders-rs.example.com", "RS256"),
    }


def openauth(seed: Seed) -> dict[str, Site]:
    site = Site(
        "app",
        "",
        discovery="/.well-known/oauth-authorization-server",
        keys="/.well-known/jwks.json",
        machine_form={"provider": "signedon", "client_id": "machine", "client_secret": "machine-secret"},
        id_tokens=False,
        refreshed_id_tokens=False,
    )
    return {OPENAUTH: site}


def authlib(seed: Seed) -> dict[str, Site]:
    site = Site(
        "app",
        seed["cookie"],
        userinfo="/userinfo",
        introspection="/introspect",
        machine=basic("machine", seed["secret"]),
        machine_form=_MACHINE_SCOPE,
    )
    return {AUTHLIB: site}


def toolkit(seed: Seed) -> dict[str, Site]:
    def site(suffix: str) -> Site:
        return Site(
            f"app{suffix}",
            seed["cookie"],
            authorize="/o/authorize/",
            token="/o/token/",
            userinfo="/o/userinfo/",
            introspection="/o/introspect/",
            discovery="/o/.well-known/openid-configuration",
            keys="/o/.well-known/jwks.json",
            machine=basic(f"machine{suffix}", seed["secret"]),
            machine_form=_MACHINE_SCOPE,
            basic=basic(f"app{suffix}", seed["secret"]) if suffix else "",
            jwt_access_tokens=False,
            algorithm="RS256",
        )

    return {TOOLKIT: site(""), TOOLKIT_HASHED: site("-hashed")}
