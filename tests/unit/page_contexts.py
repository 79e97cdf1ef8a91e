"""Every page with the values that a function gives it, for the tests of what pages hold."""

from gatehouse.hosted.own_credentials import Flaw

EMAIL = "ada@example.com"

FORM = {"csrf": "csrf-value", "signin": "signin-value", "action": "/u/here"}
ABOUT = {"logo_uri": "", "policy_uri": "https://shop.example/privacy", "tos_uri": "https://shop.example/terms"}
FIELD = {
    "name": "given_name",
    "label": "First name",
    "autocomplete": "given-name",
    "kind": "text",
    "hint": "As friends call you",
    "wide": False,
    "value": "Ada",
    "invalid": False,
}
CONTEXTS: dict[str, dict[str, object]] = {
    "login.html": FORM | ABOUT | {"client_name": "Shop", "email": EMAIL, "error": "", "signup_url": "/u/signup", "forgot_url": "/u/forgot"},
    "signup.html": FORM | {"client_name": "Shop", "email": EMAIL, "error": "", "login_url": "/u/login"},
    "check_mail.html": {"heading": "Check your mail", "message": "A mail comes.", "email": EMAIL, "back_url": "/u/x"},
    "verify.html": FORM | {"email": EMAIL, "error": "", "minimum_length": 15, "ticket": "ticket-value"},
    "forgot.html": FORM | {"email": EMAIL, "error": "", "login_url": "/u/login"},
    "reset.html": FORM | {"email": EMAIL, "error": "", "minimum_length": 15, "ticket": "ticket-value"},
    "done.html": {
        "title": "Password changed",
        "heading": "Your password is changed",
        "message": "Sign in with it.",
        "continue_url": "/u/login",
        "continue_label": "Sign in",
    },
    "consent.html": FORM
    | ABOUT
    | {
        "client_name": "Shop",
        "client_uri": "https://shop.example/about",
        "scopes": [("openid", "Know who you are"), ("orders:read", "")],
        "user_email": EMAIL,
    },
    "device.html": FORM | {"user_code": "BCDF-GHJK", "error": ""},
    "consent_device.html": FORM
    | ABOUT
    | {
        "client_name": "Living Room TV",
        "client_uri": "",
        "scopes": [("openid", "Know who you are"), ("orders:read", "")],
        "user_email": EMAIL,
        "user_code": "BCDF-GHJK",
    },
    "logout.html": FORM | {"client_name": "Shop", "user_email": EMAIL, "cancel_url": "/u/account"},
    "account.html": {
        "csrf": "csrf-value",
        "action": "/u/here",
        "user_email": EMAIL,
        "email": EMAIL,
        "has_password": True,
        "minimum_length": 15,
        "profile_fields": [FIELD, FIELD | {"name": "birthdate", "label": "Date of birth", "kind": "date", "hint": ""}],
        "address_fields": [FIELD | {"name": "street_address", "label": "Street", "kind": "lines", "wide": True}],
        "fields": "given_name birthdate street_address",
        "flaw": Flaw(""),
        "new_email": "",
        "removed": "Shop",
        "done": "saved",
        "sessions": [
            {"sid": "AAAAAQ", "client": "Shop", "device": "Firefox on Linux", "since": 1795254839, "used": 1795354839, "here": True}
        ],
        "organizations": [{"name": "Acme", "since": 1795254839}],
        "sign_out_url": "/oidc/logout",
        "applications": [
            {
                "client_id": "4GQMmXldTBPfIpkS02lCjk",
                "name": "Ledger",
                "uri": "https://ledger.example/about",
                "since": 1795254839,
                "sentences": ["Know who you are", "See your full name"],
            }
        ],
    },
    "profile.html": FORM
    | {
        "client_name": "Shop",
        "user_email": EMAIL,
        "questions": [FIELD | {"required": True}, FIELD | {"name": "user_metadata.size", "label": "Shoe size", "required": False}],
        "may_skip": False,
    },
    "email.html": FORM | {"user_email": EMAIL, "email": "new@example.com", "ticket": "ticket-value"},
    "error.html": {
        "title": "Cannot sign in",
        "heading": "This link is not right",
        "message": "Go back and try again.",
        "detail": "invalid_request: redirect_uri is not registered",
        "reference": "request-id",
        "retry_label": "Start again",
        "retry_url": "https://shop.example/login",
    },
}
