"""How clients prove themselves: by one registered method; nothing in the table tells a secret (rows 22 to 26, 30)."""

import base64
import json
from statistics import median
from time import perf_counter_ns

import boto3
import pytest

from gatehouse import client_registration, clients
from tests.unit.conftest import Answer, call
from tests.unit.flows import (
    Browser,
    basic,
    browser_of,
    exchange,
    later,
    mailed_link,
    new_client,
    new_code,
    new_user,
    signed_in,
)

ENDPOINTS = [("token_exchange", "/oauth/token"), ("introspect", "/oauth/introspect"), ("revoke", "/oauth/revoke")]


def ask(
    function: str = "token_exchange",
    path: str = "/oauth/token",
    *,
    authorization: str = "",
    query: str = "",
    **form: str,
) -> Answer:
    headers = {"authorization": authorization} if authorization else {}
    given = {"grant_type": "client_credentials", "token": "x"} | form
    return call(function, "POST", path, form=given, headers=headers, query=query)


def encoded(credentials: str | bytes) -> str:
    raw = credentials if isinstance(credentials, bytes) else credentials.encode()
    return "Basic " + base64.b64encode(raw).decode()


@pytest.mark.row(22)
@pytest.mark.parametrize(("function", "path"), ENDPOINTS)
def test_a_wrong_secret_is_401_with_a_challenge_only_for_basic(function: str, path: str) -> None:
    by_basic = new_client("web")
    by_post = new_client("web", token_endpoint_auth_method="client_secret_post")

    refused = ask(function, path, authorization=basic(by_basic.client_id, "wrong"))
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert refused.headers["www-authenticate"] == 'Basic realm="gatehouse"'

    refused = ask(function, path, client_id=by_post.client_id, client_secret="wrong")
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert "www-authenticate" not in refused.headers


@pytest.mark.row(22)
def test_who_is_unknown_hears_the_same_as_who_is_wrong() -> None:
    app = new_client("web")

    unknown = ask(authorization=basic("doesnotexist", "wrong"))
    wrong = ask(authorization=basic(app.client_id, "wrong"))

    assert (unknown.status, unknown.body, unknown.headers) == (wrong.status, wrong.body, wrong.headers)


@pytest.mark.row(22)
@pytest.mark.parametrize(("function", "path"), ENDPOINTS)
def test_two_methods_at_once_are_refused_even_if_both_are_right(function: str, path: str) -> None:
    app = new_client("machine")
    proof = basic(app.client_id, app.secret)

    for more in (
        {"client_secret": app.secret},
        {"client_secret": app.secret, "client_id": app.client_id},
        {"client_id": "other"},
    ):
        refused = ask(function, path, authorization=proof, **more)
        assert (refused.status, refused.json["error"]) == (400, "invalid_request")
    assert ask(authorization=proof, client_id=app.client_id).status == 200


@pytest.mark.row(22)
@pytest.mark.parametrize(("function", "path"), ENDPOINTS)
def test_a_secret_in_the_query_is_refused_and_credentials_there_are_not_read(function: str, path: str) -> None:
    app = new_client("machine", token_endpoint_auth_method="client_secret_post")
    secret = f"client_secret={app.secret}"

    refused = ask(function, path, query=secret, client_id=app.client_id, client_secret=app.secret)
    assert (refused.status, refused.json["error"]) == (400, "invalid_request")
    assert app.secret not in refused.body
    assert ask(function, path, query=f"client_id={app.client_id}&client%5Fsecret={app.secret}").status == 401


@pytest.mark.row(22)
def test_a_public_client_that_shows_a_secret_is_refused() -> None:
    app, browser = new_client("spa"), browser_of(new_user())
    code = new_code(app.client_id, browser)

    assert exchange(app.client_id, code, client_secret="anything").json["error"] == "invalid_client"
    assert exchange("", code, authorization=basic(app.client_id, "")).json["error"] == "invalid_client"


@pytest.mark.row(22)
def test_a_confidential_client_cannot_pass_for_a_public_one() -> None:
    app, browser = new_client("web"), browser_of(new_user())

    assert exchange(app.client_id, new_code(app.client_id, browser)).status == 401


@pytest.mark.row(23)
def test_basic_is_decoded_as_form_before_it_is_compared() -> None:
    app = new_client("machine")
    everything = "".join(f"%{ord(character):02x}" for character in app.secret)

    assert ask(authorization=encoded(f"{app.client_id}:{everything}")).status == 200
    assert ask(authorization=encoded(f"%{ord(app.client_id[0]):02X}{app.client_id[1:]}:{app.secret}")).status == 200
    assert ask(authorization=basic(app.client_id, app.secret).replace("Basic", "bAsIc")).status == 200


NO_BASIC = [
    *(
        "Basic",
        "Basic ",
        "Basic !",
        "Basic ====",
        "Basic YQ",
        "Basic YTpi\n",
        "Basic é",
        "Basic YTpi YTpi",
        "Basic YTpi,Basic YTpi",
    ),
    *(
        encoded("no colon"),
        encoded(b"\xff\xfe:\x80"),
        encoded("a:b:c"),
        encoded(":"),
        encoded("ü:ü"),
        encoded("a%zz:%"),
    ),
    *(
        encoded("%F0%28:%FF"),
        encoded("\x00:\x00"),
        encoded("a:" + "s" * 6000),
        "Basic " + "A" * 9000,
        "Negotiate YTpi",
        "Bearer x",
    ),
]


@pytest.mark.row(23)
@pytest.mark.parametrize(("function", "path"), ENDPOINTS)
def test_what_is_no_basic_header_is_401_and_never_500(function: str, path: str) -> None:
    for authorization in NO_BASIC:
        refused = ask(function, path, authorization=authorization)

        assert (refused.status, refused.json["error"]) == (401, "invalid_client")


@pytest.mark.row(24)
def test_only_the_registered_method_counts() -> None:
    by_basic = new_client("machine")
    by_post = new_client("machine", token_endpoint_auth_method="client_secret_post")

    assert ask(authorization=basic(by_basic.client_id, by_basic.secret)).status == 200
    assert ask(client_id=by_post.client_id, client_secret=by_post.secret).status == 200
    assert ask(client_id=by_basic.client_id, client_secret=by_basic.secret).json["error"] == "invalid_client"
    assert ask(authorization=basic(by_post.client_id, by_post.secret)).json["error"] == "invalid_client"


@pytest.mark.row(25)
def test_a_dump_of_the_table_holds_nothing_that_opens_anything() -> None:
    user = new_user()
    app, machine, browser = new_client(), new_client("machine"), Browser()
    tokens = signed_in(app.client_id, browser)
    code = new_code(app.client_id, browser)
    page = browser.get("hosted_pages", "/u/forgot")
    browser.fill(page, "/u/forgot", email=user.email)
    ticket = mailed_link("/u/reset").partition("ticket=")[2]

    dump = json.dumps(boto3.client("dynamodb").scan(TableName="identity")["Items"], default=lambda value: value.hex())

    for secret in (
        machine.secret,
        code,
        ticket,
        tokens["access_token"],
        tokens["refresh_token"],
        tokens["id_token"],
        *browser.cookies.values(),
    ):
        assert len(secret) > 20
        assert secret not in dump
        assert secret.encode().hex() not in dump
    assert "correct horse" not in dump


@pytest.mark.row(25)
def test_how_much_of_a_secret_is_right_does_not_show_in_the_time() -> None:
    app = new_client("machine")
    client = clients.get(app.client_id)
    assert client
    guesses = {"nothing": "x" * len(app.secret), "all but the last": app.secret[:-1] + "!"}
    times: dict[str, list[int]] = {name: [] for name in guesses}

    for _ in range(400):
        for name, guess in guesses.items():
            started = perf_counter_ns()
            for _ in range(20):
                client.knows_secret(guess)
            times[name].append(perf_counter_ns() - started)

    nothing, almost = (median(sorted(times[name])[:200]) for name in guesses)
    assert abs(nothing - almost) < 0.1 * nothing


@pytest.mark.row(26)
def test_both_secrets_count_during_the_overlap_and_only_the_new_one_after_it() -> None:
    app = new_client("machine")
    assert ask(authorization=basic(app.client_id, app.secret)).status == 200

    renewed = client_registration.rotate_secret(app.client_id, overlap_seconds=3600)

    with later(3599):
        assert ask(authorization=basic(app.client_id, renewed)).status == 200
        assert ask(authorization=basic(app.client_id, app.secret)).status == 200
    with later(3601):
        assert ask(authorization=basic(app.client_id, app.secret)).status == 401
        assert ask(authorization=basic(app.client_id, renewed)).status == 200


@pytest.mark.row(26)
def test_a_new_secret_counts_at_once_though_the_client_is_remembered() -> None:
    app = new_client("machine")
    ask(authorization=basic(app.client_id, app.secret))

    renewed = client_registration.rotate_secret(app.client_id, overlap_seconds=0)

    with later(1):
        assert ask(authorization=basic(app.client_id, renewed)).status == 200
        assert ask(authorization=basic(app.client_id, app.secret)).status == 401


@pytest.mark.row(26)
def test_at_most_two_secrets_count() -> None:
    app = new_client("machine")
    secrets = [app.secret, *(client_registration.rotate_secret(app.client_id, overlap_seconds=3600) for _ in range(2))]
    clients.forget()

    assert [ask(authorization=basic(app.client_id, secret)).status for secret in secrets] == [401, 200, 200]
