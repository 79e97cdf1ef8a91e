"""The password of somebody who is signed in: given once more before something that matters, and replaced by another."""

from gatehouse import clock, limits, passwords, user_changes
from gatehouse.dataclasses import replace
from gatehouse.limits import Limit
from gatehouse.user_changes import Edited
from gatehouse.users import User


class Wrong(Exception):
    """It is not the password, or there is none."""


def prove(user: User, password: str, *, limit: Limit = limits.PASSWORD, subject: str = "") -> None:
    """Accept the person's password. The attempt counts like one to sign in: a stolen token or browser is no place to guess at either.

    limit, subject: what it counts against; by default what attempts of unknown browsers do.

    Raises:
        Wrong, limits.Exhausted: as they say.
    """
    subject = subject or user.known_as or user.user_id
    limits.count(limit, subject)
    if not _matches(password, user.password_hash):
        raise Wrong
    limits.clear(limit, subject)


def choose(user: User, proven: str, new: str) -> User:
    """Give the person a new password and end everything that they are signed in to, without grace; returns them as they then are.

    proven: the password that `prove` has accepted for `user`.

    Raises:
        passwords.Unacceptable: the new one cannot be chosen.
        Wrong: it was changed meanwhile, so what was proven counts no more.
        user_changes.Unknown: the person is gone.
    """
    passwords.check_policy(new, context=(user.email, user.username))
    hashed = passwords.hash_password(new)

    def edit(now: User) -> Edited:
        # The hash alone may be another, with newer parameters.
        if now.password_hash != user.password_hash and not _matches(proven, now.password_hash):
            raise Wrong
        return Edited(replace(now, password_hash=hashed, last_password_reset=clock.now()), sign_out=True)

    return user_changes.change(user.user_id, edit)


def _matches(password: str, stored_hash: str) -> bool:
    if not stored_hash:
        passwords.verify_dummy(password)
        return False
    return passwords.verify(password, stored_hash)
