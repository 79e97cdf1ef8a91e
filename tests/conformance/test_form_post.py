"""oidcc-formpost-basic-certification-test-plan: the modules of the Basic plan, answered by a form that sends itself."""

import pytest

from tests.conformance.basic.claims import *  # noqa: F403
from tests.conformance.basic.request_objects import *  # noqa: F403
from tests.conformance.basic.requests import *  # noqa: F403
from tests.conformance.basic.sign_ons import *  # noqa: F403
from tests.conformance.basic.tokens import *  # noqa: F403


@pytest.fixture
def response_mode() -> str:
    return "form_post"
