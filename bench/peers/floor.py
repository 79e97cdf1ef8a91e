"""The yardstick: what the least program needs that makes the same checks and signatures, with storage in DynamoDB.

Its code is its own. Refresh: one UpdateItem; authorize and exchange: GetItem and PutItem; userinfo and introspection: GetItem; sign-out:
one UpdateItem; client_credentials: none. For the client "wide" it also reads what gatehouse reads on purpose: session or sign-on, and the
person, as they are now.
"""

import hashlib
import hmac
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.peers import http_front
from bench.peers.jwt_floor import Forged, Signer, b64, unb64
from bench.peers.raw_dynamodb import Database, Refused

ISSUER = "https://id.example.com"
API = "https://orders.example.com"
CALLBACK = "https://app.example.com/callback"
SCOPES = {"openid", "profile", "email", "offline_access"}
MACHINE_SCOPE = "orders:read"
TABLE = "floor"
PERSON = "user|aB3dE5fG7hI9jK1lM3nO5p"
EMAIL = "ada.lovelace@example.com"
PASSWORD = "correct horse battery staple"

Form = Mapping[str, str]
Route = Callable[[Mapping[str, str], Form], bytes]

SIGNERS = {algorithm: Signer(algorithm) for algorithm in ("ES256", "RS256")}
SECRET = secrets.token_urlsafe(32)
# client: algorithm, SHA-256 of its secret
CLIENTS: dict[str, tuple[str, str]] = {
    "app": ("ES256", ""),
    "app-rs": ("RS256", ""),
    "wide": ("ES256", ""),
    "machine": ("ES256", hashlib.sha256(SECRET.encode()).hexdigest()),
    "machine-rs": ("RS256", hashlib.sha256(SECRET.encode()).hexdigest()),
}
HMAC_KEY = secrets.token_bytes(32)
SEAL = AESGCM(secrets.token_bytes(32))
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_JSON = [("content-type", "application/json"), ("cache-control", "no-store")]
_DATABASE: Database


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _json(status: int, body: Mapping[str, Any]) -> bytes:
    return http_front.answer(status, _JSON, json.dumps(body, separators=(",", ":")).encode())


def _refuse(code: str, status: int = 400) -> bytes:
    return _json(status, {"error": code})


def _get(pk: str, sk: str) -> dict[str, Any]:
    found: dict[str, Any] = _DATABASE.call("GetItem", {"TableName": TABLE, "Key": _key(pk, sk)}).get("Item", {})
    return found


def _authorize(headers: Mapping[str, str], query: Form) -> bytes:
    client_id, now = query.get("client_id", ""), int(time.time())
    if client_id not in CLIENTS or query.get("redirect_uri") != CALLBACK:
        return _refuse("invalid_request")
    challenged = query.get("code_challenge_method") == "S256" and len(query.get("code_challenge", "")) == 43
    if query.get("response_type") != "code" or not challenged or not set(query.get("scope", "").split()) <= SCOPES:
        return _refuse("invalid_request")
    sign_on_key = (f"SIGNON#{headers.get('cookie', '').partition('=')[2]}", "SIGNON")
    sign_on = _with_person(sign_on_key) if client_id == "wide" else _get(*sign_on_key)
    if not sign_on or int(sign_on["exp"]["N"]) <= now:
        return _refuse("login_required")
    told = [
        client_id,
        sign_on["user"]["S"],
        query["scope"],
        query.get("nonce", ""),
        query["code_challenge"],
        now + 60,
        secrets.token_hex(16),
    ]
    nonce = secrets.token_bytes(12)
    code = b64(nonce + SEAL.encrypt(nonce, json.dumps(told).encode(), None))
    location = f"{CALLBACK}?{urlencode({'code': code, 'state': query.get('state', ''), 'iss': ISSUER})}"
    return http_front.answer(303, [("location", location), ("cache-control", "no-store")], b"")


def _token(headers: Mapping[str, str], form: Form) -> bytes:
    return _GRANTS[form.get("grant_type", "")](headers, form)


def _exchange(headers: Mapping[str, str], form: Form) -> bytes:
    sealed, now = unb64(form["code"]), int(time.time())
    client_id, user, scope, nonce, challenge, exp, code_id = json.loads(SEAL.decrypt(sealed[:12], sealed[12:], None))
    verifier = b64(hashlib.sha256(form["code_verifier"].encode()).digest())
    checked = client_id == form["client_id"] and form["redirect_uri"] == CALLBACK and exp > now
    if not checked or not hmac.compare_digest(verifier, challenge):
        return _refuse("invalid_grant")
    if client_id == "wide":
        _person()
    session = {"client": {"S": client_id}, "user": {"S": user}, "scope": {"S": scope}, "gen": {"N": "0"}, "exp": {"N": str(now + 604800)}}
    item = _key(f"SESSION#{code_id}", "SESSION") | session
    try:
        _DATABASE.call("PutItem", {"TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"})
    except Refused:
        return _refuse("invalid_grant")
    return _tokens(client_id, user, scope, code_id, 0, now, nonce)


def _refresh(headers: Mapping[str, str], form: Form) -> bytes:
    sid, gen, mac = form["refresh_token"].split(".")
    if not hmac.compare_digest(mac, _mac(sid, gen)) or form["client_id"] not in CLIENTS:
        return _refuse("invalid_grant")
    now = int(time.time())
    if form["client_id"] == "wide":
        _person()
    values = {":o": {"N": "1"}, ":g": {"N": gen}, ":c": {"S": form["client_id"]}, ":n": {"N": str(now)}}
    change = {
        "TableName": TABLE,
        "Key": _key(f"SESSION#{sid}", "SESSION"),
        "UpdateExpression": "SET gen = gen + :o, seen = :n",
        "ConditionExpression": "gen = :g AND client = :c AND exp > :n AND attribute_not_exists(revoked)",
        "ExpressionAttributeValues": values,
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    try:
        session = _DATABASE.call("UpdateItem", change)["Attributes"]
    except Refused:
        return _refuse("invalid_grant")
    return _tokens(form["client_id"], session["user"]["S"], session["scope"]["S"], sid, int(gen) + 1, now, "")


def _client_credentials(headers: Mapping[str, str], form: Form) -> bytes:
    client_id = _authenticated(headers)
    if not client_id or form.get("scope") != MACHINE_SCOPE:
        return _refuse("invalid_client", 401)
    token = SIGNERS[CLIENTS[client_id][0]].sign("at+jwt", _claims(client_id, client_id, MACHINE_SCOPE, "", int(time.time())))
    return _json(200, {"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": MACHINE_SCOPE})


_GRANTS: Mapping[str, Route] = {"authorization_code": _exchange, "refresh_token": _refresh, "client_credentials": _client_credentials}


def _mac(sid: str, gen: str) -> str:
    return b64(hmac.digest(HMAC_KEY, f"{sid}.{gen}".encode(), "sha256"))


def _authenticated(headers: Mapping[str, str]) -> str:
    client_id, _, secret = unb64(headers["authorization"][6:].rstrip("=")).decode().partition(":")
    known = CLIENTS.get(client_id, ("", ""))[1]
    return client_id if hmac.compare_digest(hashlib.sha256(secret.encode()).hexdigest(), known) else ""


def _claims(client_id: str, subject: str, scope: str, sid: str, now: int) -> dict[str, Any]:
    return {
        "iss": ISSUER, "sub": subject, "aud": [API, ISSUER], "client_id": client_id, "azp": client_id, "sid": sid, "scope": scope,
        "iat": now, "nbf": now, "exp": now + 600, "auth_time": now, "amr": ["pwd"], "acr": "1", "epoch": 0, "jti": secrets.token_hex(16),
    }  # fmt: skip


def _tokens(client_id: str, user: str, scope: str, sid: str, gen: int, now: int, nonce: str) -> bytes:
    signer = SIGNERS[CLIENTS[client_id][0]]
    access_token = signer.sign("at+jwt", _claims(client_id, user, scope, sid, now))
    at_hash = b64(hashlib.sha256(access_token.encode()).digest()[:16])
    about = {
        "iss": ISSUER, "sub": user, "aud": client_id, "azp": client_id, "sid": sid, "iat": now, "exp": now + 3600, "auth_time": now,
        "amr": ["pwd"], "acr": "1", "at_hash": at_hash, "name": "Ada Lovelace", "email": EMAIL, "email_verified": True,
    }  # fmt: skip
    id_token = signer.sign("JWT", about | {"nonce": nonce} if nonce else about)
    refresh_token = f"{sid}.{gen}.{_mac(sid, str(gen))}"
    answer = {"access_token": access_token, "id_token": id_token, "refresh_token": refresh_token}
    return _json(200, answer | {"token_type": "Bearer", "expires_in": 600, "scope": scope})


def _verified(token: str) -> dict[str, Any]:
    """The claims of an access token that is good by itself.

    Raises:
        Forged: it is not ours, or over.
    """
    algorithm = json.loads(unb64(token.partition(".")[0]))["alg"]
    claims = SIGNERS[algorithm].verify(token)
    if claims["exp"] <= time.time() or claims["iss"] != ISSUER or ISSUER not in claims["aud"]:
        raise Forged
    return claims


def _session(claims: Mapping[str, Any]) -> dict[str, Any]:
    key = (f"SESSION#{claims['sid']}", "SESSION")
    return _with_person(key) if claims["client_id"] == "wide" else _get(*key)


def _person() -> None:
    _DATABASE.call("GetItem", {"TableName": TABLE, "Key": _key(f"USER#{PERSON}", "USER"), "ConsistentRead": True})


def _with_person(key: tuple[str, str]) -> dict[str, Any]:
    """The item, if the person is there too: both in one read, as they are now."""
    asked = {"Keys": [_key(*key), _key(f"USER#{PERSON}", "USER")], "ConsistentRead": True}
    found = _DATABASE.call("BatchGetItem", {"RequestItems": {TABLE: asked}})["Responses"][TABLE]
    by_kind: dict[str, dict[str, Any]] = {item["sk"]["S"]: item for item in found}
    return by_kind.get(key[1], {}) if "USER" in by_kind else {}


def _userinfo(headers: Mapping[str, str], form: Form) -> bytes:
    claims = _verified(headers["authorization"][7:])
    session = _session(claims)
    if not session or "openid" not in claims["scope"].split():
        return _refuse("invalid_token", 401)
    return _json(200, {"sub": session["user"]["S"], "name": "Ada Lovelace", "email": EMAIL, "email_verified": True})


def _introspect(headers: Mapping[str, str], form: Form) -> bytes:
    if not _authenticated(headers):
        return _refuse("invalid_client", 401)
    claims = _verified(form["token"])
    active = "revoked" not in (_session(claims) or {"revoked": True})
    return _json(200, {"active": True, "token_type": "Bearer"} | claims if active else {"active": False})


def _sign_out(headers: Mapping[str, str], form: Form) -> bytes:
    claims = _verified(headers["authorization"][7:])
    values = {":n": {"N": str(int(time.time()))}, ":o": {"N": "1"}}
    change = {"TableName": TABLE, "Key": _key(f"USER#{claims['sub']}", "USER"), "UpdateExpression": "SET not_before = :n ADD epoch :o"}
    _DATABASE.call("UpdateItem", change | {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": values})
    return http_front.answer(204, [("cache-control", "no-store")], b"")


def _sign_in(headers: Mapping[str, str], form: Form) -> bytes:
    user = _get(f"EMAIL#{form['email']}", "EMAIL")
    _HASHER.verify(user["password"]["S"], form["password"])
    cookie = _new_sign_on(user["user"]["S"])
    return http_front.answer(303, [("location", "/"), ("set-cookie", f"sso={cookie}; HttpOnly; Secure; Path=/")], b"")


def _new_sign_on(user: str) -> str:
    value = secrets.token_urlsafe(32)
    item = _key(f"SIGNON#{value}", "SIGNON") | {"user": {"S": user}, "exp": {"N": str(int(time.time()) + 86400)}}
    _DATABASE.call("PutItem", {"TableName": TABLE, "Item": item})
    return value


_JWKS = _json(200, {"keys": [signer.jwk() for signer in SIGNERS.values()]})
_DISCOVERY = _json(
    200, {"issuer": ISSUER} | {f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token", "userinfo", "jwks")}
)
_ROUTES: Mapping[str, Route] = {
    "/authorize": _authorize,
    "/token": _token,
    "/userinfo": _userinfo,
    "/introspect": _introspect,
    "/sign-out": _sign_out,
    "/sign-in": _sign_in,
    "/jwks": lambda headers, form: _JWKS,
    "/.well-known/openid-configuration": lambda headers, form: _DISCOVERY,
}


def _respond(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    path, _, query = target.partition("?")
    return _ROUTES[path](headers, dict(parse_qsl(body.decode() or query)))


def _fill() -> str:
    """Make the table with one person in it, and answer the cookie of a sign-on."""
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    _DATABASE.call("CreateTable", {"TableName": TABLE, "KeySchema": keys, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST"})
    person = {"email": {"S": EMAIL}, "name": {"S": "Ada Lovelace"}}
    _DATABASE.call("PutItem", {"TableName": TABLE, "Item": _key(f"USER#{PERSON}", "USER") | person})
    login = {"user": {"S": PERSON}, "password": {"S": _HASHER.hash(PASSWORD)}}
    _DATABASE.call("PutItem", {"TableName": TABLE, "Item": _key(f"EMAIL#{EMAIL}", "EMAIL") | login})
    return f"sso={_new_sign_on(PERSON)}"


if __name__ == "__main__":
    _DATABASE = Database("localhost", int(os.environ["DYNAMODB_PORT"]), os.environ["AWS_CA_BUNDLE"], "us-east-1")
    told = {"cookie": _fill(), "secret": SECRET, "email": EMAIL, "password": PASSWORD}
    Path(os.environ["SEED_FILE"]).write_text(json.dumps(told))
    print("ready", file=sys.stderr)
    http_front.serve(int(os.environ["PORT"]), _respond)
