"""The token that claims_enrichment shows to the API it asks: made for that, and good for nothing here."""

from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from gatehouse import service_tokens, tokens
from gatehouse.clients import TOKEN_EXCHANGE
from gatehouse.jose import InvalidJWT
from tests import plays_api
from tests.plays_api import PlaysApi
from tests.unit.conftest import ISSUER, call, context, event, function
from tests.unit.flows import basic, introspect, later, new_client, new_user, sign_out_everywhere, token, userinfo
from tests.unit.operators import api as management
from tests.unit.own import me

LAPTOP = "http://localhost:8080"
TYPE = "urn:ietf:params:oauth:token-type:"
PERSON: dict[str, Any] = event("claims_enrichment")["request"]["user"]


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    """No second passes by itself, since lifetimes are compared."""
    with later(0):
        yield


@pytest.fixture
def plays(laptop: None) -> Iterator[PlaysApi]:
    with plays_api.serving() as listening:
        yield listening


def shown(plays: PlaysApi, person: dict[str, Any] = PERSON, **configuration: Any) -> dict[str, Any]:
    """The claims of the token that the API is shown, verified by the published key set as it does that."""
    asked = event("claims_enrichment")
    asked["request"] |= {"configuration": {"url": plays.of_people, "timeout_seconds": 1} | configuration, "user": person}
    function("claims_enrichment")(asked, context())
    header = jwt.get_unverified_header(plays.token)
    assert (header["typ"], header["alg"]) == ("service+jwt", "RS256")
    (key,) = [one for one in call("discovery", "GET", "/.well-known/jwks.json").json["keys"] if one["kid"] == header["kid"]]
    claims: dict[str, Any] = jwt.decode(plays.token, jwt.PyJWK(key), algorithms=["RS256"], options={"verify_aud": False})
    return claims


def test_it_says_who_is_asked_about_and_for_whom_it_is(plays: PlaysApi) -> None:
    claims = shown(plays)

    assert claims.pop("exp") - claims.pop("iat") == 600 * 60
    assert len(claims.pop("jti")) == 16
    assert claims == {
        "iss": LAPTOP,
        "sub": PERSON["user_id"],
        "user_id": PERSON["user_id"],
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "aud": "demospa",
    }


def test_its_audience_and_its_life_are_the_operators_choice(plays: PlaysApi) -> None:
    assert shown(plays, client_id="playsclient")["aud"] == "playsclient"
    claims = shown(plays, client_id="playsclient", audience=plays_api.AUDIENCE, token_seconds=60)

    assert claims["aud"] == plays_api.AUDIENCE
    assert claims["exp"] - claims["iat"] == 60


def test_what_is_not_known_of_a_person_is_not_in_it(plays: PlaysApi) -> None:
    assert not {"email", "name"} & shown(plays, {"user_id": "auth0|1", "email": "", "profile": {}}).keys()


def test_each_question_has_a_token_of_its_own(plays: PlaysApi) -> None:
    assert shown(plays, cache_seconds=0)["jti"] != shown(plays, cache_seconds=0)["jti"]


@pytest.mark.parametrize("audience", ["the client", ISSUER, f"{ISSUER}/api/v2/"])
def test_no_endpoint_of_ours_takes_it_whoever_it_says_it_is_for(audience: str) -> None:
    ada, application = new_user(), new_client("web")
    service = new_client(
        "machine", grant_types=["client_credentials", TOKEN_EXCHANGE], token_exchange="delegation", audience="https://stock.example.com"
    )
    audience = application.client_id if audience == "the client" else audience
    stolen = service_tokens.issue(user_id=ada.user_id, email=ada.email, name="Ada", audience=audience)

    assert userinfo(stolen).status == 401
    assert introspect(application, stolen) == {"active": False}
    assert sign_out_everywhere(stolen).status == 401
    assert me("GET", "/sessions", stolen).status == 401
    assert management("GET", "/users", stolen).status == 401
    at_an_api = {"headers": {"authorization": f"Bearer {stolen}"}, "stageVariables": {"audience": audience}}
    assert function("authorizer")(event("authorizer") | at_an_api, context()) == {"isAuthorized": False}
    for kind in ("access_token", "id_token", "jwt"):
        swapped = {"grant_type": TOKEN_EXCHANGE, "subject_token": stolen, "subject_token_type": f"{TYPE}{kind}"}
        assert token(authorization=basic(service.client_id, service.secret), **swapped).status == 400


def test_it_is_neither_an_access_token_nor_an_id_token() -> None:
    stolen = service_tokens.issue(user_id="auth0|1", email="", name="", audience="demospa")

    for read in (tokens.read_access_token, tokens.read_id_token, tokens.read_id_token_hint):
        with pytest.raises(InvalidJWT, match="typ is not"):
            read(stolen)
