"""What an application is allowed, in words: the same before it is asked and where it can be taken back."""

from collections.abc import Collection

from gatehouse.users import SCOPE_OF

_SCOPES = {
    "openid": "Know who you are",
    "profile": "See your profile: name, picture and the like",
    "email": "See your email address",
    "address": "See your postal address",
    "phone": "See your phone number",
    "user_metadata": "See your preferences",
    "app_metadata": "See your plan and what you have earned",
    "roles": "See your roles",
    "custom_data": "See the data that this service keeps about you",
    "read:current_user": "See everything in your profile",
    "update:current_user": "Change your profile",
    "update:current_user_metadata": "Change your preferences",
    "read:current_user_devices": "See where you are signed in",
    "delete:current_user_devices": "Sign you out elsewhere, and take back what you allowed other applications",
    "update:current_user_credentials": "Change your password or email address, if you type your password there",
    "offline_access": "Keep this access while you are away, until you take it back",
}
_CLAIMS = {
    "name": "your full name",
    "given_name": "your first name",
    "family_name": "your last name",
    "middle_name": "your middle name",
    "nickname": "your nickname",
    "preferred_username": "your user name",
    "profile": "the address of your profile page",
    "picture": "your picture",
    "website": "the address of your website",
    "gender": "your gender",
    "birthdate": "your date of birth",
    "zoneinfo": "your time zone",
    "locale": "your language",
    "updated_at": "when your profile last changed",
    "email": "your email address",
    "email_verified": "whether your email address is confirmed",
    "phone_number": "your phone number",
    "phone_number_verified": "whether your phone number is confirmed",
    "address": "your postal address",
}


def in_words(scopes: Collection[str], claims: Collection[str], resources: Collection[str] = ()) -> list[tuple[str, str]]:
    """Name and sentence of each scope, of each single claim that none of the scopes opens anyway, and of each API."""
    known = [scope for scope in _SCOPES if scope in scopes]
    others = sorted(set(scopes) - _SCOPES.keys())
    single = [claim for claim in _CLAIMS if claim in claims and SCOPE_OF[claim] not in scopes]
    return [
        *((scope, _SCOPES[scope]) for scope in known),
        *((claim, f"See {_CLAIMS[claim]}") for claim in single),
        *((scope, f"Use {scope}") for scope in others),
        *((resource, f"Call {resource} in your name") for resource in sorted(resources)),
    ]
