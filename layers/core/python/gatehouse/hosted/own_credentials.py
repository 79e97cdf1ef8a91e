"""What a person signs in with, replaced on their account page: the password at once, the mail address by a link to the new one."""

from collections.abc import Mapping

from gatehouse import credentials, identifiers, limits, mail_change, passwords, sign_ons
from gatehouse.dataclasses import dataclass, field
from gatehouse.hosted import device
from gatehouse.settings import settings
from gatehouse.sign_ons import SignOn
from gatehouse.single_sign_on import SIGN_ON_COOKIE
from gatehouse.users import User
from gatehouse.web import Request, set_cookie

_WRONG = "That is not your password. After several attempts, wait a while or choose a new one by mail."
_TOO_OFTEN = "A new address was asked for too often. Please wait a while and try again."


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a form of the page: which section, at which field, a sentence for the person, and what else they typed."""

    section: str
    at: str = ""
    message: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


def ask_for_email(request: Request, user: User, fields: Mapping[str, str]) -> Flaw | None:
    """Have a link mailed to the new address; None when that is done, whether or not the address is free."""
    typed = {"new_email": fields.get("new_email", "")[:320]}
    try:
        email = identifiers.canonical_email(fields.get("new_email", ""))
    except identifiers.InvalidIdentifier as invalid:
        return Flaw("email", "new_email", invalid.reason, typed)
    if email == user.email:
        return Flaw("email", "new_email", "This is your address already.", typed)
    if not _proven(request, user, fields):
        return Flaw("email", "current_password", _WRONG, typed)
    try:
        mail_change.ask(user, email)
    except limits.Exhausted:
        return Flaw("email", "new_email", _TOO_OFTEN, typed)
    request.outcome["email"] = "asked for"
    return None


def change_password(request: Request, user: User, sign_on: SignOn, fields: Mapping[str, str]) -> Flaw | list[str]:
    """Replace the password and end everything but this browser's being signed on; returns its new cookies."""
    if not _proven(request, user, fields):
        return Flaw("password", "current_password", _WRONG)
    try:
        changed = credentials.choose(user, fields.get("current_password", ""), fields.get("new_password", ""))
    except passwords.Unacceptable as flaw:
        return Flaw("password", "new_password", flaw.reason)
    except credentials.Wrong:
        return Flaw("password", "current_password", _WRONG)
    sign_ons.end(user.user_id, sign_on.sign_on_id)
    request.outcome["password"] = "changed"
    value = sign_ons.cookie(sign_ons.begin(changed, ["pwd"]))
    return [
        set_cookie(SIGN_ON_COOKIE, value, seconds=settings().sign_on_seconds),
        device.remember(request, user.known_as),
    ]


def _proven(request: Request, user: User, fields: Mapping[str, str]) -> bool:
    limit, subject = device.limit(request, user.known_as)
    try:
        credentials.prove(user, fields.get("current_password", ""), limit=limit, subject=subject)
    except (credentials.Wrong, limits.Exhausted):
        return False
    return True
