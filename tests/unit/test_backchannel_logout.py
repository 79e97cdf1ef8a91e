"""From a sign-out to every application that it concerns: through the stream's own records, both functions, and HTTP."""

from collections.abc import Iterator

import pytest

from gatehouse import backchannel_logout, client_registration, clients
from tests.receiver import Receiver, receiving
from tests.unit.conftest import call
from tests.unit.flows import browser_of, claims_of, new_client, new_user, refresh, sign_out_everywhere, tokens_of, userinfo
from tests.unit.streams import filtered, passed_on, recorded, turn_on, worked_off


@pytest.fixture(autouse=True)
def stream(laptop: None) -> None:
    turn_on()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def everything_delivered() -> None:
    assert passed_on(filtered(recorded())) == []
    worked_off()


def sids(receiver: Receiver) -> list[str]:
    return sorted(claims_of(token)["sid"] for token in receiver.logout_tokens)


def test_logging_out_of_one_application_is_told_to_all_that_the_sign_on_opened(receiver: Receiver) -> None:
    user = new_user()
    shop, mail, silent = (new_client(backchannel_logout_uri=uri).client_id for uri in (f"{receiver.url}/shop", f"{receiver.url}/mail", ""))
    here, elsewhere = browser_of(user), browser_of(user)
    tokens = {client_id: tokens_of(client_id, here) for client_id in (shop, mail, silent)}
    tokens_of(shop, elsewhere)

    here.get("logout", f"/oidc/logout?id_token_hint={tokens[shop]['id_token']}")
    everything_delivered()

    told = [claims_of(token) for token in receiver.logout_tokens]
    assert sorted(claims["aud"] for claims in told) == sorted([shop, mail])
    for claims in told:
        assert claims["sub"] == user.user_id
        assert claims["sid"] == claims_of(tokens[claims["aud"]]["id_token"])["sid"]


def test_signing_out_everywhere_is_told_for_each_device(receiver: Receiver) -> None:
    user, app = new_user(), new_client(backchannel_logout_uri=receiver.url).client_id
    devices = [tokens_of(app, browser_of(user)) for _ in range(3)]

    sign_out_everywhere(devices[0]["access_token"])
    everything_delivered()

    assert sids(receiver) == sorted(claims_of(tokens["id_token"])["sid"] for tokens in devices)


def test_a_stolen_refresh_token_ends_the_session_at_the_application_too(receiver: Receiver) -> None:
    user, app = new_user(), new_client(backchannel_logout_uri=receiver.url, refresh_grace_seconds=0).client_id
    tokens = tokens_of(app, browser_of(user))
    refresh(app, tokens["refresh_token"])
    assert refresh(app, tokens["refresh_token"]).status == 400

    everything_delivered()

    assert sids(receiver) == [claims_of(tokens["id_token"])["sid"]]


def test_an_application_that_gives_its_token_back_is_not_told_what_it_knows(receiver: Receiver) -> None:
    user, app = new_user(), new_client(backchannel_logout_uri=receiver.url).client_id
    tokens = tokens_of(app, browser_of(user))
    assert call("revoke", "POST", "/oauth/revoke", form={"token": tokens["refresh_token"], "client_id": app}).status == 200

    everything_delivered()

    assert receiver.requests == []
    assert userinfo(tokens["access_token"]).status == 401


def test_when_the_stream_is_read_again_the_repeat_is_known_by_its_id(receiver: Receiver) -> None:
    user, app = new_user(), new_client(backchannel_logout_uri=receiver.url).client_id
    sign_out_everywhere(tokens_of(app, browser_of(user))["access_token"])

    everything_delivered()
    # By another process: this one knows what it has told.
    backchannel_logout.forget()
    everything_delivered()

    assert len(receiver.logout_tokens) == 2
    assert len({claims_of(token)["jti"] for token in receiver.logout_tokens}) == 1


@pytest.mark.row(92)
@pytest.mark.parametrize(
    "uri", ["http://rp.example.com/back", "https://10.0.0.1/back", "https://rp.example.com:22/", "https://rp.example.com/#x"]
)
def test_a_uri_that_may_not_be_called_is_not_registered(uri: str) -> None:
    with pytest.raises(client_registration.InvalidRegistration, match="backchannel_logout_uri"):
        new_client(backchannel_logout_uri=uri)


def test_an_address_takes_effect_for_sessions_that_are_there(receiver: Receiver) -> None:
    user, app = new_user(), new_client().client_id
    tokens = tokens_of(app, browser_of(user))
    client_registration.change(app, backchannel_logout_uri=receiver.url)
    clients.forget()
    sign_out_everywhere(tokens["access_token"])

    everything_delivered()

    assert len(receiver.requests) == 1
