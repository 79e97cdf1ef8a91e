"""Token exchange: a token for another API that is no more than what it was exchanged for, and says who acts (RFC 8693)."""

from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from gatehouse import clients, keys, table, tokens, users
from gatehouse.client_registration import InvalidRegistration, Registered, change
from gatehouse.clients import TOKEN_EXCHANGE
from tests.unit.conftest import ISSUER, Answer, call
from tests.unit.faults import THROTTLED, always, trouble
from tests.unit.flows import (
    basic,
    browser_of,
    claims_of,
    introspect,
    later,
    new_client,
    new_user,
    sign_out_everywhere,
    token,
    tokens_of,
    userinfo,
)
from tests.unit.signers import Key, bound_token, key

TYPE = "urn:ietf:params:oauth:token-type:"
ORDERS, STOCK, MAIL = "https://orders.example.com", "https://stock.example.com", "https://mail.example.com"
OPENID_ORDERS = "openid orders:read orders:write"


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    """No second passes by itself, since lifetimes are compared."""
    with later(0):
        yield


def application(**properties: Any) -> Registered:
    """An application that people sign in to, and that calls the orders API."""
    return new_client(**({"audience": ORDERS, "scopes": ["openid", "email", "orders:read", "orders:write"]} | properties))


def service(policy: str = "delegation", **properties: Any) -> Registered:
    """The orders API, which calls the stock API for whoever calls it."""
    defaults: dict[str, Any] = {
        "name": "Orders",
        "grant_types": ["client_credentials", TOKEN_EXCHANGE],
        "token_exchange": policy,
        "audience": STOCK,
        "introspection_audiences": [ORDERS],
        "scopes": ["openid", "orders:read", "stock:read"],
    }
    return new_client("machine", **(defaults | properties))


def swap(by: Registered, subject: str, *, send: Any = token, **parameters: str) -> Answer:
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "authorization": basic(by.client_id, by.secret),
        "subject_token": subject,
        "subject_token_type": f"{TYPE}access_token",
    }
    answer: Answer = send(**(form | parameters))
    return answer


def acting(value: str) -> dict[str, str]:
    return {"actor_token": value, "actor_token_type": f"{TYPE}access_token"}


def call_of(email: str) -> dict[str, Any]:
    """What the application of a person who signed in sends along to the orders API."""
    return tokens_of(application().client_id, browser_of(new_user(email)), scope=OPENID_ORDERS)


def call_of_ada() -> dict[str, Any]:
    return call_of("ada@example.com")


def of_machine(by: Registered, **parameters: str) -> str:
    answer = token(grant_type="client_credentials", authorization=basic(by.client_id, by.secret), **parameters)
    access: str = answer.json["access_token"]
    return access


def refused(answer: Answer) -> str:
    assert answer.status == 400, answer.body
    error: str = answer.json["error"]
    return error


def test_an_api_calls_the_next_one_for_the_person_and_says_that_it_does() -> None:
    given, orders = call_of_ada(), service()

    answer = swap(orders, given["access_token"])

    assert answer.status == 200, answer.body
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json
    access = body.pop("access_token")
    assert body == {"issued_token_type": f"{TYPE}access_token", "token_type": "Bearer", "expires_in": 600, "scope": "orders:read"}
    before, claims = claims_of(given["access_token"]), claims_of(access)
    assert claims["act"] == {"sub": orders.client_id, "client_id": orders.client_id}
    assert (claims["sub"], claims["sid"], claims["iss"]) == (before["sub"], before["sid"], ISSUER)
    assert (claims["aud"], claims["client_id"], claims["scope"]) == (STOCK, orders.client_id, "orders:read")
    assert claims["jti"] != before["jti"]
    assert jwt.get_unverified_header(access)["typ"] == "at+jwt"


def test_the_next_api_sees_who_acts_when_it_asks() -> None:
    orders, stock = service(), new_client("machine", introspection_audiences=[STOCK])

    found = introspect(stock, swap(orders, call_of_ada()["access_token"]).json["access_token"])

    assert found["active"] is True
    assert found["act"] == {"sub": orders.client_id, "client_id": orders.client_id}


def test_impersonation_is_a_policy_of_its_own_and_names_nobody() -> None:
    access = swap(service("impersonation"), call_of_ada()["access_token"]).json["access_token"]

    assert "act" not in claims_of(access)


@pytest.mark.parametrize("policy", ["delegation", "impersonation"])
def test_an_actor_is_named_by_a_token_of_their_own(policy: str) -> None:
    desk = service(policy, introspection_audiences=[ORDERS, ISSUER])
    helper, office = new_user("grace@example.com"), new_client(name="Help desk")
    at_work = tokens_of(office.client_id, browser_of(helper))["access_token"]

    answer = swap(desk, call_of_ada()["access_token"], **acting(at_work))

    assert claims_of(answer.json["access_token"])["act"] == {"sub": helper.user_id, "client_id": office.client_id}


@pytest.mark.parametrize("policy", ["delegation", "impersonation"])
def test_who_acted_before_stays_named(policy: str) -> None:
    orders = service()
    stock = service(policy, audience=MAIL, introspection_audiences=[STOCK])
    first = swap(orders, call_of_ada()["access_token"]).json["access_token"]

    act = claims_of(swap(stock, first).json["access_token"])["act"]

    before = {"sub": orders.client_id, "client_id": orders.client_id}
    stocks = {"sub": stock.client_id, "client_id": stock.client_id, "act": before}
    assert act == (stocks if policy == "delegation" else before)


def test_four_act_one_for_another_and_no_fifth() -> None:
    access = call_of_ada()["access_token"]
    services = [service(audience=STOCK, introspection_audiences=[ORDERS, STOCK]) for _ in range(5)]

    for each in services[:4]:
        access = swap(each, access).json["access_token"]
    depth, act = 0, claims_of(access).get("act")
    while act:
        depth, act = depth + 1, act.get("act")

    assert depth == 4
    assert refused(swap(services[4], access)) == "invalid_request"


@pytest.mark.row(52)
def test_nobody_passes_for_another_actor() -> None:
    """The actor's token is somebody else's, is delegated itself, is no access token, or is the subject's."""
    orders, given = service(), call_of_ada()
    stranger = new_client(audience=MAIL)
    elsewhere = tokens_of(stranger.client_id, browser_of(new_user("eve@example.com")))
    delegated = swap(orders, call_of("grace@example.com")["access_token"]).json["access_token"]

    for presented in (elsewhere["access_token"], elsewhere["id_token"], elsewhere["refresh_token"], delegated, given["access_token"], "x"):
        assert refused(swap(orders, given["access_token"], **acting(presented))) == "invalid_request"
    for half in ({"actor_token": of_machine(orders)}, {"actor_token_type": f"{TYPE}access_token"}):
        assert refused(swap(orders, given["access_token"], **half)) == "invalid_request"
    wrong = acting(of_machine(orders)) | {"actor_token_type": f"{TYPE}id_token"}
    assert refused(swap(orders, given["access_token"], **wrong)) == "invalid_request"


def test_a_client_that_may_delegate_gets_no_token_without_an_actor() -> None:
    orders = service()
    own = of_machine(orders)

    assert refused(swap(orders, own)) == "invalid_request"
    assert refused(swap(orders, own, **acting(own))) == "invalid_request"
    assert "act" in claims_of(swap(orders, call_of_ada()["access_token"], **acting(own)).json["access_token"])


def test_claims_that_a_caller_sends_along_change_nothing() -> None:
    sent = {"act": '{"sub":"admin"}', "sub": "admin", "sid": "x", "client_id": "", "may_act": "{}", "exp": "9999999999"}
    given, orders = call_of_ada(), service()

    claims = claims_of(swap(orders, given["access_token"], **sent).json["access_token"])

    assert claims["sub"] == claims_of(given["access_token"])["sub"]
    assert claims["act"] == {"sub": orders.client_id, "client_id": orders.client_id}
    assert claims["exp"] - claims["iat"] == 600


def test_an_application_exchanges_the_id_token_that_it_was_given_itself() -> None:
    front = new_client(
        "web",
        grant_types=["authorization_code", "refresh_token", TOKEN_EXCHANGE],
        scopes=["openid", "email", "orders:read"],
        resources=[ORDERS],
    )
    given = tokens_of(front.client_id, browser_of(new_user()), secret=front.secret, scope="openid orders:read")

    answer = swap(front, given["id_token"], subject_token_type=f"{TYPE}id_token", resource=ORDERS)

    claims = claims_of(answer.json["access_token"])
    assert (claims["aud"], claims["scope"], claims["sid"]) == (ORDERS, "orders:read", claims_of(given["id_token"])["sid"])
    assert claims["act"]["client_id"] == front.client_id


def test_what_an_id_token_buys_ends_with_the_session_although_the_id_token_lives_on() -> None:
    front = new_client(
        "web", grant_types=["authorization_code", TOKEN_EXCHANGE], session_seconds=300, session_idle_seconds=300, scopes=["openid"]
    )
    given = tokens_of(front.client_id, browser_of(new_user()), secret=front.secret)
    assert claims_of(given["id_token"])["exp"] > claims_of(given["access_token"])["exp"]

    assert swap(front, given["id_token"], subject_token_type=f"{TYPE}id_token").json["expires_in"] == 300


def test_a_machines_token_is_exchanged_too_and_has_no_session() -> None:
    robot = new_client("machine", audience=ORDERS, scopes=["orders:read", "orders:write"])
    orders = service()

    claims = claims_of(swap(orders, of_machine(robot)).json["access_token"])

    assert (claims["sub"], claims["scope"]) == (robot.client_id, "orders:read")
    assert "sid" not in claims and claims["act"]["sub"] == orders.client_id


@pytest.mark.parametrize("kind", ["access_token", "jwt"])
def test_an_access_token_may_be_called_a_jwt(kind: str) -> None:
    assert swap(service(), call_of_ada()["access_token"], subject_token_type=f"{TYPE}{kind}").status == 200


@pytest.mark.row(52, 53)
@pytest.mark.parametrize("kind", ["access_token", "jwt", "id_token", "refresh_token", "saml2", ""])
@pytest.mark.parametrize("presented", ["refresh_token", "id_token", "logout", "introspection", "code", "garbage", "foreign", "cut"])
def test_nothing_else_passes_for_a_subject_token(kind: str, presented: str) -> None:
    given, orders = call_of_ada(), service()
    claims = claims_of(given["access_token"])
    of_orders = clients.get(orders.client_id)
    assert of_orders
    values = given | {
        "logout": tokens.logout_token(of_orders, claims["sub"], claims["sid"], "jti"),
        "introspection": tokens.introspection_token(of_orders, claims | {"active": True}),
        "code": browser_of(new_user("bob@example.com")).authorize(application().client_id).sent_back["code"],
        "garbage": "a.b.c",
        "foreign": key().sign(claims, typ="at+jwt", kid=keys.current("RS256").kid),
        "cut": given["access_token"][:-4],
    }

    answer = swap(orders, values[presented], subject_token_type=f"{TYPE}{kind}" if kind else "")

    assert refused(answer) == "invalid_request"


@pytest.mark.row(52, 53)
def test_an_id_token_of_another_client_is_nothing_and_one_of_ones_own_is_no_access_token() -> None:
    front = new_client("web", grant_types=["authorization_code", "refresh_token", TOKEN_EXCHANGE])
    own = tokens_of(front.client_id, browser_of(new_user()), secret=front.secret)
    others = tokens_of(new_client().client_id, browser_of(new_user("bob@example.com")))

    assert refused(swap(front, others["id_token"], subject_token_type=f"{TYPE}id_token")) == "invalid_request"
    assert refused(swap(front, own["id_token"])) == "invalid_request"
    assert refused(swap(front, own["access_token"], subject_token_type=f"{TYPE}id_token")) == "invalid_request"
    with later(3600):
        assert refused(swap(front, own["id_token"], subject_token_type=f"{TYPE}id_token")) == "invalid_request"


@pytest.mark.row(53)
def test_a_token_for_another_api_is_not_this_clients_to_exchange() -> None:
    given = call_of_ada()
    mail = service(introspection_audiences=[MAIL])
    same_target = service(audience=ORDERS, introspection_audiences=[])

    for stranger in (mail, same_target):
        answer = swap(stranger, given["access_token"])
        assert refused(answer) == "invalid_request"
        assert answer.json["error_description"] == "subject_token is not one that the client may exchange now"


def test_a_client_exchanges_its_own_token_for_one_that_reaches_less() -> None:
    front = application(kind="web", grant_types=["authorization_code", "refresh_token", TOKEN_EXCHANGE], resources=[STOCK])
    given = tokens_of(front.client_id, browser_of(new_user()), secret=front.secret, scope=OPENID_ORDERS)

    claims = claims_of(swap(front, given["access_token"], audience=STOCK, scope="orders:read").json["access_token"])

    assert (claims["aud"], claims["scope"]) == (STOCK, "orders:read")


@pytest.mark.parametrize("scope", ["orders:write", "stock:read", "email", "orders:read orders:write", "openid", "offline_access", "x"])
def test_the_scope_is_never_more_than_subject_and_client_both_have(scope: str) -> None:
    """orders:write is the subject's only, stock:read the client's only; openid would open the person's profile."""
    assert refused(swap(service(), call_of_ada()["access_token"], scope=scope)) == "invalid_scope"


def test_openid_goes_along_only_where_the_issuer_is_asked_for_by_name() -> None:
    orders, given = service(resources=[ISSUER]), call_of_ada()["access_token"]

    for named in ({}, {"resource": STOCK}):
        assert "openid" not in swap(orders, given, **named).json["scope"]
    claims = claims_of(swap(orders, given, audience=ISSUER).json["access_token"])
    assert (claims["aud"], claims["scope"]) == (ISSUER, "openid orders:read")
    both = claims_of(swap(orders, given, audience=ISSUER, resource=STOCK, scope="openid").json["access_token"])
    assert (both["aud"], both["scope"]) == ([STOCK, ISSUER], "openid")


@pytest.mark.row(53)
@pytest.mark.parametrize("target", [ORDERS, f"{STOCK}/", STOCK[:-1], f"{STOCK} {ORDERS}", ISSUER, "x" * 2000])
@pytest.mark.parametrize("name", ["audience", "resource"])
def test_the_audience_is_one_that_the_client_is_registered_for(name: str, target: str) -> None:
    assert refused(swap(service(), call_of_ada()["access_token"], **{name: target})) == "invalid_target"


def test_several_apis_are_named_by_repeating_the_parameter() -> None:
    orders, given = service(resources=[MAIL]), call_of_ada()["access_token"]

    claims = claims_of(swap(orders, given, audience=f"{STOCK} {MAIL} {STOCK}").json["access_token"])

    assert claims["aud"] == [STOCK, MAIL]


def test_the_new_token_ends_with_the_old_one_at_the_latest() -> None:
    given, brief, lasting = call_of_ada(), service(access_token_seconds=60), service(access_token_seconds=86400)
    ends = claims_of(given["access_token"])["exp"]

    assert swap(brief, given["access_token"]).json["expires_in"] == 60
    with later(500):
        late = swap(lasting, given["access_token"])
        assert claims_of(late.json["access_token"])["exp"] == ends
    with later(600):
        assert refused(swap(lasting, given["access_token"])) == "invalid_request"


@pytest.mark.row(37, 38)
@pytest.mark.parametrize("end", ["sign-out", "block", "revoke"])
def test_it_dies_with_the_session_that_it_came_from(end: str) -> None:
    given, orders = call_of_ada(), service()
    stock = new_client("machine", introspection_audiences=[STOCK])
    access = swap(orders, given["access_token"]).json["access_token"]
    assert introspect(stock, access)["active"] is True

    claims = claims_of(given["access_token"])
    if end == "sign-out":
        assert sign_out_everywhere(given["access_token"]).status == 204
    elif end == "block":
        users.set_blocked(claims["sub"], True)
    else:
        call("revoke", "POST", "/oauth/revoke", form={"client_id": claims["client_id"], "token": given["refresh_token"]})

    assert introspect(stock, access) == {"active": False}
    assert refused(swap(orders, given["access_token"])) == "invalid_request"


def test_an_actor_who_signed_out_acts_no_more() -> None:
    orders, given = service(introspection_audiences=[ORDERS, ISSUER]), call_of_ada()
    at_work = tokens_of(new_client().client_id, browser_of(new_user("grace@example.com")))["access_token"]
    sign_out_everywhere(at_work)

    assert refused(swap(orders, given["access_token"], **acting(at_work))) == "invalid_request"


def test_who_exchanged_a_token_cannot_end_the_session_of_the_client_that_it_came_from() -> None:
    given, orders = call_of_ada(), service()
    access = swap(orders, given["access_token"]).json["access_token"]

    headers = {"authorization": basic(orders.client_id, orders.secret)}
    answer = call("revoke", "POST", "/oauth/revoke", form={"token": access}, headers=headers)

    assert refused(answer) == "unsupported_token_type"
    assert introspect(orders, given["access_token"])["active"] is True


def test_single_claims_that_another_client_was_allowed_do_not_go_along() -> None:
    front = application(client_uri="https://app.example.com")
    browser = browser_of(new_user())
    given = tokens_of(front.client_id, browser, scope="openid orders:read", claims='{"userinfo":{"email":null}}')
    orders = service(resources=[ISSUER])
    assert "email" in userinfo(given["access_token"]).json

    access = swap(orders, given["access_token"], audience=ISSUER).json["access_token"]

    assert userinfo(access).json.keys() == {"sub"}


def test_only_clients_with_a_policy_exchange_anything() -> None:
    given, orders = call_of_ada()["access_token"], service()

    assert refused(swap(new_client("machine", introspection_audiences=[ORDERS]), given)) == "unauthorized_client"
    change(orders.client_id, grant_types=["client_credentials"], token_exchange="")
    clients.forget()
    assert refused(swap(orders, given)) == "unauthorized_client"
    for name, value in (("token_exchange", ""), ("token_endpoint_auth_method", "none")):
        odd = service()
        table.update(table.client_key(odd.client_id), where=[("pk", "exists", None)], set={name: value})
        clients.forget()
        named = {"authorization": "", "client_id": odd.client_id} if value else {}
        assert refused(swap(odd, given, **named)) == "unauthorized_client"
    stranger = swap(orders, given, authorization=basic(orders.client_id, "wrong"))
    assert (stranger.status, stranger.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("kind", ["spa", "native"])
def test_a_public_client_cannot_be_given_one(kind: str) -> None:
    with pytest.raises(InvalidRegistration):
        new_client(kind, grant_types=["authorization_code", TOKEN_EXCHANGE])


@pytest.mark.parametrize("wanted", ["refresh_token", "id_token", "jwt", "saml2"])
def test_it_gives_access_tokens_and_nothing_else(wanted: str) -> None:
    given, orders = call_of_ada()["access_token"], service()

    assert refused(swap(orders, given, requested_token_type=f"{TYPE}{wanted}")) == "invalid_request"
    assert swap(orders, given, requested_token_type=f"{TYPE}access_token").status == 200


def test_a_subject_token_and_its_type_go_together() -> None:
    given, orders = call_of_ada()["access_token"], service()

    for left_out in ("subject_token", "subject_token_type"):
        assert refused(swap(orders, given, **{left_out: ""})) == "invalid_request"


@pytest.mark.row(52)
def test_a_proof_binds_the_new_token() -> None:
    holder, orders, given = key(), service(), call_of_ada()

    answer = swap(orders, given["access_token"], send=lambda **form: bound_token(holder, **form))

    assert answer.json["token_type"] == "DPoP" and "dpop-nonce" in answer.headers
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": holder.thumbprint}


@pytest.mark.row(52)
def test_a_bound_token_is_exchanged_by_its_own_client_with_its_key_or_by_the_api_that_it_is_for() -> None:
    front = application(kind="web", grant_types=["authorization_code", "refresh_token", TOKEN_EXCHANGE], dpop_bound_access_tokens=False)
    browser, holder, other = browser_of(new_user()), key(), key("EdDSA")
    given = bound_by(front, browser.authorize(front.client_id, scope=OPENID_ORDERS).sent_back["code"], holder)

    def with_proof(of: Key) -> Answer:
        return swap(front, given, send=lambda **form: bound_token(of, **form))

    assert refused(swap(front, given)) == "invalid_request"
    assert refused(with_proof(other)) == "invalid_request"
    assert claims_of(with_proof(holder).json["access_token"])["cnf"] == {"jkt": holder.thumbprint}
    assert swap(service(), given).status == 200
    assert refused(swap(service(introspection_audiences=[MAIL]), given)) == "invalid_request"


def bound_by(front: Registered, code: str, holder: Key) -> str:
    """The access token for this code, bound to the key."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example.com/callback"}
    form |= {"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "authorization": basic(front.client_id, front.secret)}
    access: str = bound_token(holder, **form).json["access_token"]
    return access


def test_a_client_that_must_bind_its_tokens_must_here_too() -> None:
    assert refused(swap(service(dpop_bound_access_tokens=True), call_of_ada()["access_token"])) == "invalid_dpop_proof"


def test_trouble_with_the_table_is_no_verdict_on_the_token() -> None:
    given, orders = call_of_ada()["access_token"], service()
    swap(orders, given)

    with trouble({"dynamodb.BatchGetItem": always(THROTTLED)}):
        answer = swap(orders, given)

    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")


def test_the_log_says_who_exchanged_whose_token_and_holds_none(capsys: pytest.CaptureFixture[str]) -> None:
    given, orders = call_of_ada()["access_token"], service()
    capsys.readouterr()

    access = swap(orders, given).json["access_token"]

    line = capsys.readouterr().out
    assert '"exchange":"delegation"' in line
    assert f'"subject_client_id":"{claims_of(given)["client_id"]}"' in line
    assert given not in line and access not in line and orders.secret not in line


def test_nothing_from_before_a_cut_off_is_exchanged() -> None:
    """That of the client that it was issued to, or of the one that it was exchanged from."""
    given, orders = call_of_ada()["access_token"], service()
    stock = service(audience=MAIL, introspection_audiences=[STOCK])
    exchanged = swap(orders, given).json["access_token"]
    assert swap(stock, exchanged).status == 200
    assert introspect(stock, exchanged)["active"] is True

    change(claims_of(given)["client_id"], sessions_not_before=claims_of(given)["iat"])
    clients.forget()

    assert refused(swap(orders, given)) == "invalid_request"
    assert refused(swap(stock, exchanged)) == "invalid_request"
    assert introspect(stock, exchanged) == {"active": False}

    robot = new_client("machine", audience=ORDERS, scopes=["orders:read"])
    own = of_machine(robot)
    assert swap(orders, own).status == 200
    change(robot.client_id, sessions_not_before=claims_of(own)["iat"])
    clients.forget()
    assert refused(swap(orders, own)) == "invalid_request"
