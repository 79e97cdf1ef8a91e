"""/me/password and /me/email: what a person signs in with, replaced by themselves, who give the password once more."""

from pydantic import Field

from gatehouse import credentials, identifiers, limits, mail_change, passwords
from gatehouse.errors import Refusal, TooManyRequests
from gatehouse.management import callers
from gatehouse.management.refusals import InvalidBody
from gatehouse.management.routes import Body, Call, Route, sent
from gatehouse.management.users import existing
from gatehouse.users import User
from gatehouse.web import Response


class WrongPassword(Refusal):
    """The current password was not given."""

    code, status = "invalid_password", 403


class PasswordBody(Body):
    current_password: str = Field(max_length=4096)
    new_password: str = Field(max_length=4096)


class EmailBody(Body):
    email: str = Field(max_length=640)
    current_password: str = Field(max_length=4096)


def change_password(call: Call) -> None:
    """POST /me/password: ends everything, the caller's own session included."""
    user = _proven(call)
    try:
        credentials.choose(user, call.body.current_password, call.body.new_password)
    except passwords.Unacceptable as flaw:
        raise InvalidBody(f"PasswordStrengthError: {flaw.reason}") from flaw
    except credentials.Wrong as wrong:
        raise WrongPassword("current_password is not the password") from wrong
    call.request.outcome["password"] = "changed"


def change_email(call: Call) -> Response:
    """POST /me/email: 202 whether or not the address is free. A mailed link does the rest."""
    try:
        email = identifiers.canonical_email(call.body.email)
    except identifiers.InvalidIdentifier as flaw:
        raise InvalidBody(f"email: {flaw.reason}") from flaw
    user = _proven(call)
    if email == user.email:
        raise InvalidBody("email: this is the address of the account already")
    try:
        mail_change.ask(user, email)
    except limits.Exhausted as exhausted:
        raise _too_many(exhausted) from exhausted
    return sent({"message": "If the address can be used, a link to confirm it is on its way there."}, status=202)


def _proven(call: Call) -> User:
    user = existing(call.caller.user_id)
    try:
        credentials.prove(user, call.body.current_password)
    except limits.Exhausted as exhausted:
        raise _too_many(exhausted) from exhausted
    except credentials.Wrong as wrong:
        raise WrongPassword("current_password is not the password") from wrong
    return user


def _too_many(exhausted: limits.Exhausted) -> TooManyRequests:
    return TooManyRequests("too many attempts; wait a while", retry_after_seconds=exhausted.retry_after_seconds)


ROUTES = [
    Route(
        method="POST",
        path="/me/password",
        serve=change_password,
        summary="Change your own password, and sign out everywhere",
        scopes=(callers.UPDATE_OWN_CREDENTIALS,),
        audience=callers.ACCOUNT,
        prefix="",
        body=PasswordBody,
        status=204,
    ),
    Route(
        method="POST",
        path="/me/email",
        serve=change_email,
        summary="Change your own mail address, by a link that is mailed there",
        scopes=(callers.UPDATE_OWN_CREDENTIALS,),
        audience=callers.ACCOUNT,
        prefix="",
        body=EmailBody,
        status=202,
    ),
]
