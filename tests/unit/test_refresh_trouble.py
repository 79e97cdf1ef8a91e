"""Trouble with AWS in the middle of a refresh: nothing looks like theft and nothing is spent."""

import pytest

from gatehouse import clock, custom_data, keys, table
from tests.unit import user_data
from tests.unit.conftest import forget
from tests.unit.faults import DENIED, THROTTLED, always, go_through, lose_answer, trouble
from tests.unit.flows import claims_of, later, new_client, new_user, refresh, signed_in


@pytest.mark.parametrize("grace", [0, 10])
def test_a_lost_answer_of_the_table_is_no_theft(grace: int, capsys: pytest.CaptureFixture[str]) -> None:
    new_user()
    app = new_client(refresh_grace_seconds=grace)
    first = signed_in(app.client_id)

    with trouble({"dynamodb.UpdateItem": [lose_answer]}):
        second = refresh(app.client_id, first["refresh_token"])

    assert second.status == 200
    assert "RefreshTokenReuse" not in capsys.readouterr().out
    assert refresh(app.client_id, second.json["refresh_token"]).status == 200


def test_a_lasting_outage_spends_nothing() -> None:
    new_user()
    app = new_client(refresh_grace_seconds=0)
    first = signed_in(app.client_id)

    with trouble({"dynamodb.UpdateItem": always(THROTTLED)}):
        answer = refresh(app.client_id, first["refresh_token"])

    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert refresh(app.client_id, first["refresh_token"]).status == 200


def test_whichever_key_cannot_be_unwrapped_nothing_is_spent() -> None:
    new_user()
    app = new_client(refresh_grace_seconds=0)
    first = signed_in(app.client_id)
    [following] = [key for key in keys.ring().values() if key.algorithm == keys.SEALING and key.active_from > clock.now()]

    with later(5):
        # The token was made under a key that is superseded now, so its successor needs another one.
        table.update(table.ring_key(following.kid), where=[("pk", "exists", None)], set={"active_from": clock.now()})
        for unwrapped in range(3):
            forget()
            with trouble({"kms.Decrypt": [*[go_through] * unwrapped, DENIED]}):
                assert refresh(app.client_id, first["refresh_token"]).status == 503
        forget()
        with trouble() as sent:
            assert refresh(app.client_id, first["refresh_token"]).status == 200

    assert sent.count("kms.Decrypt") == 3


@pytest.mark.parametrize("kept", [True, False])
def test_business_data_for_the_id_token_that_cannot_be_read_spends_nothing(kept: bool) -> None:
    user_data.switch_on()
    ada = new_user()
    if kept:
        custom_data.insert({"user_id": ada.user_id, "seats": 3})
    scopes = ["openid", "custom_data", "offline_access"]
    app = new_client(refresh_grace_seconds=0, claims_in_id_token=True, scopes=scopes)
    first = signed_in(app.client_id, scope=" ".join(scopes))

    with trouble({"dynamodb.BatchGetItem": [THROTTLED] * 8}) as sent:
        assert refresh(app.client_id, first["refresh_token"]).status == 503

    assert "dynamodb.UpdateItem" not in sent
    with trouble() as sent:
        answer = refresh(app.client_id, first["refresh_token"])
    assert (answer.status, sent) == (200, ["dynamodb.BatchGetItem", "dynamodb.UpdateItem"])
    assert claims_of(answer.json["id_token"]).get("custom_data") == ({"user_id": ada.user_id, "seats": 3} if kept else None)
