"""What follows once a person is signed in and has decided: the one place that knows what a sign-in was for."""

from gatehouse import clients, consents, device_codes
from gatehouse.authorization import answers
from gatehouse.errors import Refusal
from gatehouse.hosted.page import StaleSignIn, show
from gatehouse.settings import settings
from gatehouse.sign_ins import AuthorizationRequest
from gatehouse.sign_ons import SignOn
from gatehouse.users import User
from gatehouse.web import Request, Response, redirect


def must_ask(asked: AuthorizationRequest, user: User) -> bool:
    """Whether the person must allow it first, on the consent page."""
    if not asked.client_id:
        return False
    client = clients.get(asked.client_id)
    if client is None or "consent" in asked.prompt.split():
        return True
    return not client.first_party and consents.needed(client, consents.get(user.user_id, client.client_id), asked)


def complete(request: Request, asked: AuthorizationRequest, user: User, sign_on: SignOn, *, cookies: list[str] | None = None) -> Response:
    """Give what was asked for to whoever asked: the person is signed on and nothing is left to be allowed. No client: the account page.

    Raises:
        StaleSignIn: a device waits no more.
    """
    if not asked.client_id:
        return redirect(f"{settings().base_url}/u/account", cookies=cookies)
    if asked.user_code:
        if not device_codes.approve(asked, user, sign_on):
            raise too_late()
        return _back_to_device(request, "Your device is signed in", "You can close this window and go on there.", cookies)
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


def refuse(request: Request, asked: AuthorizationRequest, user: User, refusal: Refusal) -> Response:
    """Tell whoever asked that they get nothing, and why. user: who decided so, or is not the one who was expected.

    Raises:
        StaleSignIn: a device waits no more.
    """
    if asked.user_code:
        if not device_codes.deny(asked, user):
            raise too_late()
        return _back_to_device(request, "The device was not let in", "It gets nothing of yours. You can close this window.", None)
    return answers.with_error(asked.way_back, refusal)


def too_late() -> StaleSignIn:
    """What a person is told whose device waits no more."""
    message = "This code has expired, or was allowed or denied already. If the device still waits, let it show you a new code."
    return StaleSignIn(message, retry_url=f"{settings().base_url}/u/device", retry_label="Enter another code")


def _back_to_device(request: Request, heading: str, message: str, cookies: list[str] | None) -> Response:
    return show(request, "done.html", cookies=cookies, title=heading, heading=heading, message=message, continue_url="", continue_label="")
