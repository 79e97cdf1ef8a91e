"""Applications are told that a session has ended, by the deployed stream, queue and functions (OpenID Connect Back-Channel Logout 1.0)."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import boto3
import jwt
import pytest

from tests.e2e.application import Application, post
from tests.e2e.deployment import Deployment, Person
from tests.e2e.visitor import Visitor
from tests.receiver import Receiver, receiving

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def verified(stack: Deployment, application: Application, token: str) -> dict[str, Any]:
    """The claims of a logout token, checked as section 2.6 wants it of an application."""
    assert jwt.get_unverified_header(token)["typ"] == "logout+jwt"
    key = jwt.PyJWKClient(f"{stack.issuer}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    required = {"require": ["iss", "sub", "aud", "iat", "exp", "jti", "sid", "events"]}
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience=application.client_id, issuer=stack.issuer, options=required
    )
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    return claims


def sid_of(tokens: dict[str, Any]) -> str:
    sid: str = jwt.decode(tokens["id_token"], options={"verify_signature": False})["sid"]
    return sid


def test_a_logout_reaches_every_application_of_the_browser_within_seconds(
    stack: Deployment, app: Callable[..., Application], ada: Person, receiver: Receiver
) -> None:
    shop, mail = (app("web", backchannel_logout_uri=f"{receiver.url}/{name}") for name in ("shop", "mail"))
    laptop, phone = Visitor(), Visitor()
    held = [laptop.signed_in(application, ada) for application in (shop, mail)]
    phone.signed_in(shop, ada)

    query = {"id_token_hint": held[0]["id_token"], "post_logout_redirect_uri": shop.redirect_uri.replace("/callback", "/signed-out")}
    assert laptop.send("GET", f"{stack.issuer}/oidc/logout?{urlencode(query)}").status_code == 303
    receiver.wait(2)

    tokens = {jwt.decode(token, options={"verify_signature": False})["aud"]: token for token in receiver.logout_tokens}
    assert tokens.keys() == {shop.client_id, mail.client_id}
    for application, own in zip((shop, mail), held, strict=True):
        claims = verified(stack, application, tokens[application.client_id])
        assert (claims["sub"], claims["sid"]) == (ada.user_id, sid_of(own))
    # Nobody else is told, nor anybody twice.
    time.sleep(1)
    assert len(receiver.requests) == 2


def test_a_sign_out_everywhere_reaches_the_application_once_per_device(
    stack: Deployment, app: Callable[..., Application], receiver: Receiver
) -> None:
    grace = stack.person("grace.backchannel@example.com")
    spa = app(backchannel_logout_uri=receiver.url)
    held = [Visitor().signed_in(spa, grace) for _ in range(3)]

    assert post(f"{stack.issuer}/me/sign-out", held[0]["access_token"]).status_code == 204
    receiver.wait(3)

    claims = [verified(stack, spa, token) for token in receiver.logout_tokens]
    assert sorted(entry["sid"] for entry in claims) == sorted(map(sid_of, held))
    assert len({entry["jti"] for entry in claims}) == 3


def test_an_application_that_is_down_is_told_again_with_the_same_id(
    stack: Deployment, app: Callable[..., Application], ada: Person, receiver: Receiver
) -> None:
    receiver.answers += [503]
    spa = app(backchannel_logout_uri=receiver.url)
    laptop = Visitor()
    tokens = laptop.signed_in(spa, ada)

    laptop.send("GET", f"{stack.issuer}/oidc/logout?{urlencode({'id_token_hint': tokens['id_token']})}")
    receiver.wait(2, seconds=30)

    first, second = (verified(stack, spa, token) for token in receiver.logout_tokens)
    assert first["jti"] == second["jti"]
    assert 9 <= second["iat"] - first["iat"] <= 25


def test_nothing_is_left_in_a_queue_that_an_alarm_watches(stack: Deployment) -> None:
    with stack.administered():
        sqs = boto3.client("sqs")
        for name in ("FailedEvents", "UndeliveredLogouts"):
            found = sqs.get_queue_attributes(QueueUrl=stack.functions[name], AttributeNames=["ApproximateNumberOfMessages"])
            assert found["Attributes"]["ApproximateNumberOfMessages"] == "0"
