"""fapi2-security-profile-final-test-plan with DPoP and private_key_jwt: each test is the module of that name."""

from tests.conformance.fapi2.authentication import *  # noqa: F403
from tests.conformance.fapi2.binding import *  # noqa: F403
from tests.conformance.fapi2.pushing import *  # noqa: F403
from tests.conformance.fapi2.requests import *  # noqa: F403
from tests.conformance.fapi2.tokens import *  # noqa: F403
