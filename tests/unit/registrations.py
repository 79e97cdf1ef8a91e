"""What clients do that register themselves: the tests' vocabulary."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatehouse import clients
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.flows import CALLBACK, basic, new_client, token

SCOPE = "register:clients"
METADATA: dict[str, Any] = {
    "client_name": "Ledger",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
}
# The public key of RFC 7515 A.3.1.
EC_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "kid": "first",
}
# What a client is told beside its metadata, and must leave out when it sends them back.
OURS = ("registration_access_token", "registration_client_uri", "client_id_issued_at", "client_secret_expires_at")


def initial_access_token(scope: str = SCOPE, **properties: Any) -> str:
    """The token that a deployment's machine gets to register clients with."""
    machine = new_client("machine", **({"scopes": [scope], "audience": f"{ISSUER}/api/v2/"} | properties))
    answer = token(grant_type="client_credentials", authorization=basic(machine.client_id, machine.secret))
    given: str = answer.json["access_token"]
    return given


def post(metadata: Mapping[str, Any] | str, access_token: str = "", **headers: str) -> Answer:
    """POST /oidc/register; with a new initial access token if none is given."""
    given = {"authorization": f"Bearer {access_token or initial_access_token()}", "content-type": "application/json"} | headers
    body = metadata if isinstance(metadata, str) else json.dumps(metadata)
    answer = call("registration", "POST", "/oidc/register", body=body, headers={name: value for name, value in given.items() if value})
    clients.forget()
    return answer


@dataclass(frozen=True)
class Registration:
    """A client that registered itself, as it was told of it."""

    told: dict[str, Any]

    @property
    def client_id(self) -> str:
        return str(self.told["client_id"])

    @property
    def secret(self) -> str:
        return str(self.told.get("client_secret", ""))

    @property
    def again(self) -> dict[str, Any]:
        """The whole registration as an update sends it."""
        return {name: value for name, value in self.told.items() if name not in OURS}

    def manage(self, method: str, body: str = "", *, token: str = "", client_id: str = "") -> Answer:
        """A request to its registration_client_uri; with another token, or to another's, if given."""
        named = client_id or self.client_id
        headers = {"authorization": f"Bearer {token or self.told['registration_access_token']}", "content-type": "application/json"}
        path, parameters = f"/oidc/register/{named}", {"client_id": named}
        answer = call("registration", method, path, body=body, headers=headers, path_parameters=parameters)
        clients.forget()
        return answer

    def get(self) -> Answer:
        return self.manage("GET")

    def put(self, **changes: Any) -> Answer:
        """Everything as it was registered but for the changes; a change to ... leaves the member out."""
        return self.manage("PUT", json.dumps({name: value for name, value in (self.again | changes).items() if value is not ...}))

    def delete(self) -> Answer:
        return self.manage("DELETE")


def registered(**metadata: Any) -> Registration:
    """A client that has just registered itself."""
    answer = post(METADATA | metadata)
    assert answer.status == 201, answer.body
    return Registration(answer.json)
