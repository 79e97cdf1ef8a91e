"""What an operator sets up for the data of users: where business data lies, and what documents must be like."""

from dataclasses import replace
from typing import Any

from gatehouse import tenant
from gatehouse.tenant import CustomData, Tenant


def switch_on(access: str = tenant.OWN, **where: Any) -> Tenant:
    """Custom data is kept and shown. where: store and key_field."""
    store = CustomData(enabled=True, access=access, **{"store": "companies", **where})
    return tenant.change(lambda settings: replace(settings, custom_data=store))


def switch_off() -> Tenant:
    """Custom data is shown no more."""
    return tenant.change(lambda settings: replace(settings, custom_data=replace(settings.custom_data, enabled=False)))


def demand(namespace: str, schema: dict[str, Any]) -> Tenant:
    """From now on documents of the namespace are judged by this schema."""
    return tenant.change(lambda settings: replace(settings, schemas={**settings.schemas, namespace: {"schema": schema}}))
