"""For all tests: no handler does what its policy in template.yaml does not allow."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient

from tests import permissions


@pytest.fixture(scope="session", autouse=True)
def least_privilege() -> Iterator[None]:
    """Watches every handler that runs in this process, in whichever thread."""
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def checked(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        permissions.check(client.meta.service_model.service_name, operation, parameters)
        return call(client, operation, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", checked)
        for folder in (permissions.ROOT / "functions").iterdir():
            if (folder / "app.py").exists():
                module = importlib.import_module(f"functions.{folder.name}.app")
                patch.setattr(module, "handler", permissions.guarded(folder.name, module.handler))
        yield
