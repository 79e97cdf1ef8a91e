"""oidcc-basic-certification-test-plan: each test is the module of that name."""

from tests.conformance.basic.claims import *  # noqa: F403
from tests.conformance.basic.request_objects import *  # noqa: F403
from tests.conformance.basic.requests import *  # noqa: F403
from tests.conformance.basic.sign_ons import *  # noqa: F403
from tests.conformance.basic.tokens import *  # noqa: F403
