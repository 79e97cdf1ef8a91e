"""Why a hook refused: an application of somebody else hears what the hook chose to say, and never what an exception says (row 91)."""

from typing import Any

import pytest

from gatehouse.hooks import POST_LOGIN, PRE_TOKEN
from tests.unit.flows import Browser, browser_of, exchange, new_client, new_user
from tests.unit.hooks import hooked, refusing, responding
from tests.unit.mapped import app
from tests.unit.test_consent import decide
from tests.unit.test_post_login_refusals import why

pytestmark = [pytest.mark.usefixtures("lambdas"), pytest.mark.row(91)]
EXCEPTION = "'ada@example.com' is in no table"


@pytest.mark.parametrize(("first_party", "expected"), [(True, EXCEPTION), (False, "the sign-in was refused")])
def test_at_a_sign_in(capsys: pytest.CaptureFixture[str], first_party: bool, expected: str) -> None:
    new_user()
    hook = hooked(POST_LOGIN, refusing(EXCEPTION))
    client_id = new_client(first_party=first_party, client_uri="https://third.example").client_id

    assert why(Browser().sign_in(client_id)) == ("access_denied", expected)
    assert EXCEPTION in capsys.readouterr().out
    assert hook.calls[0]["request"]["context"]["first_party"] is first_party
    hook.function.handler = responding({"deny": {"reason": "not on Sundays"}})
    assert why(Browser().sign_in(client_id)) == ("access_denied", "not on Sundays")


@pytest.mark.parametrize(("first_party", "expected"), [(True, EXCEPTION), (False, "a hook refused")])
def test_when_a_token_is_made(capsys: pytest.CaptureFixture[str], first_party: bool, expected: str) -> None:
    registered, browser = app(first_party=first_party), browser_of(new_user())
    asked = browser.authorize(registered.client_id, scope="openid")
    code = asked.sent_back["code"] if first_party else decide(browser, asked.location)["code"]
    hook = hooked(PRE_TOKEN, refusing(EXCEPTION))

    def told() -> Any:
        return exchange(registered.client_id, code).json

    assert told() == {"error": "access_denied", "error_description": expected}
    assert EXCEPTION in capsys.readouterr().out
    hook.function.handler = responding({"deny": {"reason": "no plan"}})
    assert told()["error_description"] == "no plan"
    hook.function.handler = responding({})
    assert "access_token" in told()
