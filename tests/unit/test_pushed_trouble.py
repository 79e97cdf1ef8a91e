"""Pushed requests when AWS gives trouble: nobody loses a code, and no request brings two."""

import time

from gatehouse import keys
from tests.unit.conftest import forget
from tests.unit.faults import DENIED, THROTTLED, always, lose_answer, trouble
from tests.unit.flows import (
    browser_of,
    exchange,
    later,
    new_client,
    new_user,
)
from tests.unit.signers import go, push
from tests.unit.test_pushed_requests import over, pushed, request_of


def test_a_code_that_cannot_be_sealed_does_not_use_the_request_up() -> None:
    user, app, other = new_user(), new_client(), new_client()
    successor = max(key.active_from for key in keys.ring().values() if key.algorithm == keys.SEALING)
    with later(successor - time.time() - 10):
        browser, request_uri = browser_of(user), pushed(app.client_id)

    # The cookie is under the old key, which this process has at hand, and the code would be the first under its successor.
    with later(successor - time.time() + 1):
        forget()
        browser.authorize(other.client_id, prompt="login")
        with trouble({"kms": always(DENIED)}):
            assert go(browser, app.client_id, request_uri).sent_back["error"] == "temporarily_unavailable"
        assert "code" in go(browser, app.client_id, request_uri).sent_back


def test_what_is_pushed_costs_one_write_and_its_code_one_more() -> None:
    app, browser = new_client(), browser_of(new_user())
    go(browser, app.client_id, pushed(app.client_id))

    with trouble() as sent:
        request_uri = pushed(app.client_id)
    assert sent == ["dynamodb.PutItem"]
    with trouble() as sent:
        go(browser, app.client_id, request_uri)
    assert sent == ["dynamodb.GetItem", "dynamodb.BatchGetItem", "dynamodb.UpdateItem"]


def test_a_lost_answer_costs_nobody_their_code() -> None:
    app, browser = new_client(), browser_of(new_user())
    request_uri = pushed(app.client_id)

    with trouble({"dynamodb.UpdateItem": [lose_answer]}):
        back = go(browser, app.client_id, request_uri)

    assert exchange(app.client_id, back.sent_back["code"]).status == 200
    assert over(go(browser, app.client_id, request_uri))


def test_trouble_with_the_table_issues_no_code_and_spends_nothing() -> None:
    app, browser = new_client(), browser_of(new_user())
    request_uri = pushed(app.client_id)

    with trouble({"dynamodb.UpdateItem": always(THROTTLED)}):
        assert go(browser, app.client_id, request_uri).sent_back["error"] == "temporarily_unavailable"
    with trouble({"dynamodb.GetItem": always(THROTTLED)}):
        assert go(browser, app.client_id, request_uri).status == 503
    with trouble({"dynamodb.PutItem": always(THROTTLED)}):
        assert push(request_of(app.client_id)).status == 503
    assert "code" in go(browser, app.client_id, request_uri).sent_back
