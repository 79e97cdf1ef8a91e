# mypy: ignore-errors
# Written against packages that only the peers' own environment has.
"""Authlib's authorization server in Flask: JWT access tokens and ID tokens by ES256, rotating refresh tokens, dicts as storage.

Runs in the peers' own environment, by gunicorn. It has a session of Flask's for one person who is signed on.
"""

import json
import os
import secrets
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator, JWTBearerTokenValidator, JWTIntrospectionEndpoint
from authlib.oidc.core.grants import OpenIDCode, OpenIDToken
from flask import Flask, jsonify, request, session
from joserfc.jwk import ECKey, KeySet

ISSUER = "https://id.example.com"
API = "https://orders.example.com"
CALLBACK = "https://app.example.com/callback"
PERSON = "user|aB3dE5fG7hI9jK1lM3nO5p"
SECRET = secrets.token_urlsafe(32)
KEY = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig", "alg": "ES256"})
JWKS = KeySet([KEY]).as_dict(private=False)
USER = SimpleNamespace(get_user_id=lambda: PERSON)


class Client(ClientMixin):
    id_token_signed_response_alg = "ES256"

    def __init__(self, client_id: str, secret: str, grant_types: set[str], scopes: set[str]) -> None:
        self.client_id, self.secret, self.grant_types, self.scopes = client_id, secret, grant_types, scopes

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return CALLBACK

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(each for each in scope.split() if each in self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == CALLBACK

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == ("client_secret_basic" if self.secret else "none")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


class Code(SimpleNamespace, AuthorizationCodeMixin):
    def get_redirect_uri(self) -> Any:
        return self.redirect_uri

    def get_scope(self) -> Any:
        return self.scope

    def get_nonce(self) -> Any:
        return self.nonce

    def get_auth_time(self) -> Any:
        return self.auth_time

    def get_acr(self) -> str:
        return "1"

    def get_amr(self) -> list[str]:
        return ["pwd"]


class Refresh(SimpleNamespace, TokenMixin):
    def check_client(self, client: Client) -> bool:
        return bool(self.client_id == client.client_id)

    def get_scope(self) -> Any:
        return self.scope

    def get_user(self) -> Any:
        return USER


CLIENTS = {
    "app": Client("app", "", {"authorization_code", "refresh_token"}, {"openid", "profile", "email", "offline_access"}),
    "machine": Client("machine", SECRET, {"client_credentials"}, {"orders:read"}),
}
CODES: dict[str, Code] = {}
REFRESH_TOKENS: dict[str, Refresh] = {}


def save_token(token: dict[str, Any], asked: Any) -> None:
    if "refresh_token" in token:
        value, until = token["refresh_token"], time.time() + 604800
        REFRESH_TOKENS[value] = Refresh(value=value, client_id=asked.client.client_id, scope=token["scope"], expires_at=until)


class AuthorizationCode(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none", "client_secret_basic"]  # noqa: RUF012 - the library's name and kind

    def save_authorization_code(self, code: str, asked: Any) -> None:
        data, now = asked.payload.data, int(time.time())
        CODES[code] = Code(
            code=code,
            client_id=asked.client.client_id,
            redirect_uri=asked.payload.redirect_uri,
            scope=asked.payload.scope,
            nonce=data.get("nonce"),
            auth_time=now,
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
            expires_at=now + 60,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = CODES.get(code)
        return found if found and found.client_id == client.client_id and found.expires_at > time.time() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del CODES[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> Any:
        return USER


class RefreshToken(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none", "client_secret_basic"]  # noqa: RUF012 - the library's name and kind
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Refresh | None:
        found = REFRESH_TOKENS.get(refresh_token)
        return found if found and found.expires_at > time.time() else None

    def authenticate_user(self, refresh_token: Refresh) -> Any:
        return USER

    def revoke_old_credential(self, refresh_token: Refresh) -> None:
        del REFRESH_TOKENS[refresh_token.value]


def person(user: Any, scope: str) -> dict[str, Any]:
    return {"sub": PERSON, "name": "Ada Lovelace", "email": "ada.lovelace@example.com", "email_verified": True}


class IdTokens:
    """What both extensions that make ID tokens want to know."""

    def resolve_client_private_key(self, client: Client) -> ECKey:
        return KEY

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": ISSUER, "aud": [client.client_id]}

    def generate_user_info(self, user: Any, scope: str) -> dict[str, Any]:
        return person(user, scope)


class WithCode(IdTokens, OpenIDCode):
    def exists_nonce(self, nonce: str, asked: Any) -> bool:
        return False


class WithRefresh(IdTokens, OpenIDToken):
    pass


class Generator(JWTBearerTokenGenerator):
    def get_jwks(self) -> ECKey:
        return KEY

    def get_audiences(self, client: Client, user: Any, scope: str) -> list[str]:
        return [API, ISSUER]

    def get_extra_claims(self, client: Client, grant_type: str, user: Any, scope: str) -> dict[str, Any]:
        return {"auth_time": int(time.time()), "amr": ["pwd"], "acr": "1", "roles": ["customer"]}


class Validator(JWTBearerTokenValidator):
    def get_jwks(self) -> ECKey:
        return KEY


class Introspection(JWTIntrospectionEndpoint):
    def get_jwks(self) -> ECKey:
        return KEY

    def check_permission(self, token: Any, client: Client, asked: Any) -> bool:
        return True


app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
server = AuthorizationServer(app, query_client=CLIENTS.get, save_token=save_token)
server.register_token_generator("default", Generator(ISSUER, "ES256", lambda *_, **__: secrets.token_urlsafe(32), lambda *_: 600))
server.register_grant(AuthorizationCode, [CodeChallenge(required=True), WithCode()])
server.register_grant(RefreshToken, [WithRefresh()])
server.register_grant(grants.ClientCredentialsGrant)
server.register_endpoint(Introspection(ISSUER))
protected = ResourceProtector()
protected.register_token_validator(Validator(ISSUER, ISSUER))


@app.get("/authorize")
def authorize() -> Any:
    user = USER if session.get("user") == PERSON else None
    grant = server.get_consent_grant(end_user=user)
    return server.create_authorization_response(request, grant_user=user, grant=grant)


@app.post("/token")
def token() -> Any:
    return server.create_token_response()


@app.post("/introspect")
def introspect() -> Any:
    return server.create_endpoint_response("introspection")


@app.get("/userinfo")
@protected("openid")
def userinfo() -> Any:
    return jsonify(person(USER, "openid"))


@app.get("/jwks")
def jwks() -> Any:
    return jsonify(JWKS)


@app.get("/.well-known/openid-configuration")
def discovery() -> Any:
    endpoints = {f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token", "userinfo", "introspection")}
    return jsonify({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks", "response_types_supported": ["code"]} | endpoints)


_cookie = app.session_interface.get_signing_serializer(app).dumps({"user": PERSON})
Path(os.environ["SEED_FILE"]).write_text(json.dumps({"cookie": f"session={_cookie}", "secret": SECRET}))
