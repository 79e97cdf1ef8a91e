"""Claims that are added to tokens, by mapping and by hooks: the vocabulary of the tests about them."""

from typing import Any

from gatehouse import claim_mapping, users
from gatehouse.claim_mapping import Mapped, Rule
from gatehouse.client_registration import Registered
from gatehouse.users import User
from tests.operator_functions import Handler
from tests.unit.flows import browser_of, claims_of, new_client, tokens_of
from tests.unit.hooks import responding

NAMESPACE = "https://app.example.com/"
PLAN = f"{NAMESPACE}plan"
BOTH = ("access", "id")
SCOPES = ["openid", "profile", "email", "roles", "custom_data", "plans", "offline_access"]


def mapping(*rules: Rule, **values: Any) -> Mapped:
    """These rules in place of those before. values: of Mapped."""
    return claim_mapping.change(lambda _: Mapped(rules=rules, **values))


def rule(source: str, claim: str = PLAN, **fields: Any) -> Rule:
    return Rule(claim, source, **{"tokens": BOTH} | fields)


def app(**properties: Any) -> Registered:
    """An application that may ask for everything here, and has no ID token of more than it must."""
    return new_client(**{"scopes": SCOPES} | properties)


def signed(user: User, registered: Registered, scope: str = "openid profile email", **parameters: str) -> dict[str, Any]:
    """The claims of the access token and of the ID token of a new sign-in, and the answer."""
    answer = tokens_of(registered.client_id, browser_of(user), scope=scope, **parameters)
    return read(answer)


def read(answer: dict[str, Any]) -> dict[str, Any]:
    """The claims in a token response."""
    id_token = claims_of(answer["id_token"]) if "id_token" in answer else {}
    return {"access": claims_of(answer["access_token"]), "id": id_token, "answer": answer}


def given(user: User, **values: Any) -> User:
    """The person with these attributes in their record."""
    users.describe(user.user_id, **values)
    found = users.get(user.user_id)
    assert found
    return found


def saying(access: dict[str, Any] | None = None, id_token: dict[str, Any] | None = None, **more: Any) -> Handler:
    """Answers in version 2 or 3: what the two members of it hold, and others beside them."""
    generations = {"accessTokenGeneration": access, "idTokenGeneration": id_token}
    return responding({"claimsAndScopeOverrideDetails": generations | more})


def adding(claims: Any) -> dict[str, Any]:
    """The part of an answer that adds claims."""
    return {"claimsToAddOrOverride": claims}


def says_v1(**details: Any) -> Handler:
    """Answers in version 1."""
    return responding({"claimsOverrideDetails": details})


def lasting(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims that are the same in tokens of two sign-ins."""
    return {name: value for name, value in claims.items() if name not in ("sid", "jti", "iat", "exp", "auth_time", "at_hash")}
