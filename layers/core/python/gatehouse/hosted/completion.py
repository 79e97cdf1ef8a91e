"""What follows once a person is signed in and has decided: the one place that knows what a sign-in was for."""

from gatehouse import clients, consents
from gatehouse.authorization import answers
from gatehouse.errors import Refusal
from gatehouse.sign_ins import AuthorizationRequest
from gatehouse.sign_ons import SignOn
from gatehouse.users import User
from gatehouse.web import Request, Response


def must_ask(asked: AuthorizationRequest, user: User) -> bool:
    """Whether the person must allow it first, on the consent page."""
    client = clients.get(asked.client_id)
    if client is None or "consent" in asked.prompt.split():
        return True
    return not client.first_party and consents.needed(consents.get(user.user_id, client.client_id), asked)


def complete(request: Request, asked: AuthorizationRequest, user: User, sign_on: SignOn, *, cookies: list[str] | None = None) -> Response:
    """Give what was asked for to whoever asked: the person is signed on and nothing is left to be allowed."""
    return answers.with_code(
        request,
        asked,
        user_id=user.user_id,
        epoch=user.epoch,
        sign_on_id=sign_on.sign_on_id,
        auth_time=sign_on.auth_time,
        amr=sign_on.amr,
        cookies=cookies,
    )


def refuse(asked: AuthorizationRequest, user: User, refusal: Refusal) -> Response:
    """Tell whoever asked that they get nothing, and why. user: who decided so, or is not the one who was expected."""
    return answers.with_error(asked.way_back, refusal)
