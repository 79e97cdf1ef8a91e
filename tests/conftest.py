"""For all tests: which of them share a process, and no handler does what its policy in template.yaml does not allow."""

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from xdist.scheduler import LoadScopeScheduling

from tests import permissions

if TYPE_CHECKING:
    from tests.e2e.deployment import Deployment

# With several processes, those of a group keep to one of them, because they share what takes long to start; the others go wherever
# there is time.
GROUPS = {"conformance": "stacks", "e2e": "stacks", "integration": "emulator"}


class Beside(LoadScopeScheduling):
    """The unit tests one by one beside the groups. Not --dist loadgroup, of which pytest-xdist 3.8 makes nothing under pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return GROUPS.get(nodeid.split("/")[1], nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Beside:
    return Beside(config, log)


@pytest.fixture(scope="session")
def deployed() -> Iterator["Deployment"]:
    """Gatehouse, deployed onto a fresh emulator, with the real functions behind the real routes; ended afterwards.

    One for all tests of a process: to deploy it takes longer than most of them.
    """
    from local import stack
    from local.instance import named
    from tests.e2e import deployment

    instance = named("tests", 18180)
    try:
        yield deployment.started(instance)
    finally:
        stack.down(instance)


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
