"""The provider under test, known by its discovery document alone: its keys, its tokens, its endpoints."""

import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import jwt

from tests.conformance import assertions
from tests.conformance.browser import TIMEOUT_SECONDS
from tests.conformance.configuration import Client, Configuration

SKEW_SECONDS = 300
FIFTY_YEARS_SECONDS = 50 * 365 * 86400
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
_PRIVATE_OR_SYMMETRIC = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_MEMBERS = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}, "OKP": {"crv", "x"}}


@dataclass(frozen=True, slots=True)
class Provider:
    """metadata: the discovery document. keys: of its JWKS."""

    configuration: Configuration
    metadata: Mapping[str, Any]
    keys: list[dict[str, Any]]
    http: httpx.Client

    @property
    def issuer(self) -> str:
        return self.configuration.issuer

    def offers(self, member: str, value: str) -> bool:
        """Whether a list of the discovery document has that value."""
        return value in self.metadata.get(member, ())

    def token(self, client: Client, **form: str) -> httpx.Response:
        """POST to the token endpoint, authenticated as the client is registered."""
        headers, credentials = _authenticated(self.issuer, client)
        return self.http.post(self.metadata["token_endpoint"], data=form | credentials, headers=headers)

    def userinfo(self, access_token: str, *, method: str = "GET", form: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for the person's claims, with the token in the header unless it stands in the form."""
        headers = {} if form else {"authorization": f"Bearer {access_token}"}
        return self.http.request(method, self.metadata["userinfo_endpoint"], headers=headers, data=dict(form) if form else None)


def discovered(configuration: Configuration) -> Provider:
    """The provider as its discovery document and its keys describe it, both checked as every module does first."""
    http = httpx.Client(verify=configuration.verify, timeout=TIMEOUT_SECONDS, follow_redirects=False)
    metadata = json_of(http.get(f"{configuration.issuer.rstrip('/')}/.well-known/openid-configuration"))
    assert metadata["issuer"] == configuration.issuer, "Discovery 4.3: the issuer is the one that was asked for"
    for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        parts = urlsplit(metadata[endpoint])
        assert parts.scheme in ("http", "https") and parts.netloc, f"Discovery 3: {endpoint} is a URL"
    keys = json_of(http.get(metadata["jwks_uri"]), "application/json", "application/jwk-set+json")["keys"]
    check_keys(keys)
    return Provider(configuration, metadata, keys, http)


def check_keys(keys: list[dict[str, Any]]) -> None:
    """Well-formed public keys that a kid tells apart (Discovery 3, RFC 7517)."""
    assert keys, "Discovery 3: the key set holds the keys that sign"
    kids = [key.get("kid") for key in keys]
    assert all(kids) and len(set(kids)) == len(kids), "every key has a kid of its own"
    for key in keys:
        assert not set(key) & _PRIVATE_OR_SYMMETRIC, f"RFC 7518: key {key['kid']} holds nothing private or symmetric"
        assert _MEMBERS[key["kty"]] <= set(key), f"RFC 7518 6: key {key['kid']} is complete"
        jwt.PyJWK.from_dict(key)


def json_of(response: httpx.Response, *types: str, status: int = 200) -> Any:
    """The JSON body of an answer that must be some."""
    assert response.status_code == status, f"{response.request.url}: {response.status_code} {response.text}"
    media_type = response.headers.get("content-type", "").partition(";")[0]
    assert media_type in (types or ("application/json",)), f"{response.request.url}: content type {media_type}"
    return response.json()


def check_id_token(provider: Provider, client: Client, tokens: Mapping[str, Any], nonce: str | None) -> dict[str, Any]:
    """The claims of the ID token, checked as Core 3.1.3.7 demands. nonce: as it was sent, None if none was."""
    header = jwt.get_unverified_header(tokens["id_token"])
    claims = verified(provider, tokens["id_token"])
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    now = time.time()
    assert claims["iss"] == provider.issuer, "Core 3.1.3.7: iss is the issuer to the letter"
    assert client.client_id in audience, "Core 3.1.3.7: aud contains the client"
    assert len(audience) == 1 or claims.get("azp") == client.client_id, "Core 3.1.3.7: azp with several audiences"
    assert abs(now - claims["iat"]) <= SKEW_SECONDS, "iat is now, within 5 minutes"
    assert now - SKEW_SECONDS < claims["exp"] < now + FIFTY_YEARS_SECONDS, "exp is in the future, in seconds"
    assert claims.get("nonce") == nonce, "Core 3.1.3.7: the nonce is echoed, and absent if none was sent"
    assert claims["sub"] and len(claims["sub"]) <= 255 and claims["sub"].isascii(), "Core 2: sub of 1 to 255 ASCII characters"
    assert claims.get("acr", "given") != "", "Core 2: acr is not empty"
    for name, value in (("at_hash", tokens.get("access_token", "")), ("c_hash", tokens.get("code", ""))):
        if name in claims and value:
            assert claims[name] == _half_hash(value, header["alg"]), f"Core 3.1.3.6: {name} is right"
    return claims


def verified(provider: Provider, token: str) -> dict[str, Any]:
    """The claims of a JWT that a key of the provider signed; nothing but the signature is checked."""
    header = jwt.get_unverified_header(token)
    found = [key for key in provider.keys if key["kid"] == header.get("kid", key["kid"])]
    assert len(found) == 1, f"RFC 7515 4.1.4: the header names one key of the set: {header}"
    assert header["alg"] != "none" and found[0].get("alg", header["alg"]) == header["alg"], f"the algorithm is the key's: {header}"
    none_checked: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False, "verify_iss": False}
    claims: dict[str, Any] = jwt.decode(token, jwt.PyJWK.from_dict(found[0]), algorithms=[header["alg"]], options=none_checked)
    return claims


def _half_hash(value: str, alg: str) -> str:
    digest = _HASHES.get(alg[-3:], hashlib.sha512)(value.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _authenticated(issuer: str, client: Client) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and form fields that authenticate the client (Core 9)."""
    if client.token_endpoint_auth_method == "private_key_jwt":
        return {}, assertions.authentication(client, assertions.claims(client, issuer))
    if client.token_endpoint_auth_method == "client_secret_post":
        return {}, {"client_id": client.client_id, "client_secret": client.client_secret}
    credentials = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
    return {"authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}, {}
