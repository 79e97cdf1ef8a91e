# mypy: ignore-errors
# Written against packages that only the peers' own environment has.
"""django-oauth-toolkit: opaque access tokens, ID tokens by RS256 (it knows no ES256), rotating refresh tokens, SQLite.

Runs in the peers' own environment, by gunicorn. It has a session for one person who is signed on. The clients named hashed have what is its
default: a secret kept as PBKDF2 keeps passwords.
"""

import json
import os
import secrets
from datetime import timedelta
from pathlib import Path

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

CALLBACK = "https://app.example.com/callback"
EMAIL = "ada.lovelace@example.com"
DATABASE = Path(os.environ["SEED_FILE"]).with_suffix(".sqlite")
DATABASE.unlink(missing_ok=True)
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PEM = _KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

settings.configure(
    DEBUG=False,
    SECRET_KEY=secrets.token_urlsafe(48),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(DATABASE),
            "CONN_MAX_AGE": None,
            # What Django's documentation names for SQLite in production.
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", "transaction_mode": "IMMEDIATE"},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": _PEM,
        "OAUTH2_VALIDATOR_CLASS": "oauth_toolkit_claims.Claims",
        "PKCE_REQUIRED": True,
        "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
        "REFRESH_TOKEN_EXPIRE_SECONDS": timedelta(days=7),
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "SCOPES": {name: name for name in ("openid", "profile", "email", "offline_access", "orders:read", "introspection")},
    },
)
django.setup()

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


def _fill() -> dict[str, str]:
    """One person who is signed on, and the clients; answers cookie and secret."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create(username="ada", email=EMAIL, first_name="Ada", last_name="Lovelace")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    secret = secrets.token_urlsafe(32)
    for client_id, grant, confidential, hashed in (
        ("app", Application.GRANT_AUTHORIZATION_CODE, False, False),
        ("app-hashed", Application.GRANT_AUTHORIZATION_CODE, True, True),
        ("machine", Application.GRANT_CLIENT_CREDENTIALS, True, False),
        ("machine-hashed", Application.GRANT_CLIENT_CREDENTIALS, True, True),
    ):
        Application.objects.create(
            client_id=client_id,
            client_secret=secret if confidential else "",
            hash_client_secret=hashed,
            client_type=Application.CLIENT_CONFIDENTIAL if confidential else Application.CLIENT_PUBLIC,
            authorization_grant_type=grant,
            redirect_uris=CALLBACK if grant == Application.GRANT_AUTHORIZATION_CODE else "",
            skip_authorization=True,
            algorithm=Application.RS256_ALGORITHM if grant == Application.GRANT_AUTHORIZATION_CODE else "",
        )
    return {"cookie": f"sessionid={session.session_key}", "secret": secret}


_told = _fill()
app = get_wsgi_application()
Path(os.environ["SEED_FILE"]).write_text(json.dumps(_told))
