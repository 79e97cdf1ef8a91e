"""/api/v2/tenants/settings: what the operator decided for the whole stack."""

from typing import Any, Literal

from gatehouse import clock, configuration, tenant
from gatehouse.dataclasses import asdict, replace
from gatehouse.management.refusals import InvalidBody, PreconditionFailed
from gatehouse.management.routes import Answer, Body, Call, Route, sent
from gatehouse.tenant import Tenant
from gatehouse.web import Response


class CustomDataSettings(Body):
    enabled: bool = False
    store: str = ""
    key_field: str = "user_id"
    access: Literal["own", "system"] = "system"


class SettingsPatch(Body):
    searchable: list[str] | None = None
    custom_data: CustomDataSettings | None = None
    schemas: dict[str, dict[str, Any] | None] | None = None
    profile_questions_at_once: int | None = None


class SettingsAnswer(Answer):
    searchable: list[str]
    custom_data: CustomDataSettings
    schemas: dict[str, Any]
    profile_questions_at_once: int
    updated_at: str | None = None


def get(call: Call) -> Response:
    """GET tenants/settings"""
    return _sent(tenant.current())


def patch(call: Call) -> Response:
    """PATCH tenants/settings: members that are given are changed, null makes one as it was at first, or takes a schema away."""
    given = call.body.model_dump(exclude_unset=True)
    try:
        return _sent(tenant.change(lambda before: _changed(before, given), if_version=call.if_version))
    except configuration.Stale as stale:
        raise PreconditionFailed from stale
    except configuration.Invalid as flaw:
        raise InvalidBody(flaw.reason) from flaw


def _changed(before: Tenant, given: dict[str, Any]) -> Tenant:
    first, values = Tenant(), {}
    for name, value in given.items():
        if value is None:
            values[name] = getattr(first, name)
        elif name == "custom_data":
            values[name] = replace(before.custom_data, **value)
        elif name == "schemas":
            values[name] = {name: entry for name, entry in {**before.schemas, **value}.items() if entry is not None}
        else:
            values[name] = tuple(value) if name == "searchable" else value
    return replace(before, **values)


def _sent(settings: Tenant) -> Response:
    told = {
        "searchable": list(settings.searchable),
        "custom_data": asdict(settings.custom_data),
        "schemas": settings.schemas,
        "profile_questions_at_once": settings.profile_questions_at_once,
    }
    if settings.version:
        told["updated_at"] = clock.iso(settings.updated_at)
    return sent(told, version=settings.version)


ROUTES = [
    Route(
        method="GET",
        path="/tenants/settings",
        serve=get,
        summary="Get the settings of the stack",
        scopes=("read:tenant_settings",),
        answers=SettingsAnswer,
    ),
    Route(
        method="PATCH",
        path="/tenants/settings",
        serve=patch,
        summary="Change settings of the stack",
        scopes=("update:tenant_settings",),
        body=SettingsPatch,
        answers=SettingsAnswer,
    ),
]
