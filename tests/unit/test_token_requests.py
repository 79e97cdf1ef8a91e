"""In what form tokens are asked for: by POST, as a form or as JSON, each parameter once (row 28)."""

import base64
import json
from typing import Any

import pytest

from tests.unit.conftest import Answer, call, send
from tests.unit.flows import basic, claims_of, new_client

NO_JSON = [
    *("", "{", "[]", "null", '"text"', "1", "nan", "{}", "\ufeff{}", "[" * 60_000, '{"a":' * 9000),
    *(
        '{"a":"1","a":"2"}',
        '{"client_id":["x"]}',
        '{"client_id":{"a":1}}',
        '{"client_id":1}',
        '{"client_id":true}',
        '{"a":NaN}',
    ),
    *(
        '{"grant_type":"\\ud800"}',
        '{"\\ud800":"x"}',
        '{"client_id":"\\u0000"}',
        '{"client_id":"x","client_secret":"\\udfff"}',
    ),
]


def by_json(body: object, **headers: str) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return call("token_exchange", "POST", "/oauth/token", body=text, headers={"content-type": "application/json"} | headers)


@pytest.mark.row(28)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", ""])
def test_tokens_are_only_given_by_post(method: str) -> None:
    refused = call("token_exchange", method, "/oauth/token", query={"grant_type": "client_credentials"})

    assert (refused.status, refused.headers["allow"], refused.json["error"]) == (405, "POST", "invalid_request")


@pytest.mark.row(28)
@pytest.mark.parametrize(
    "media_type",
    ["", "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/jwt", "form", "a/b;" * 500],
)
def test_another_media_type_is_refused(media_type: str) -> None:
    app = new_client("machine")
    headers = {"content-type": media_type, "authorization": basic(app.client_id, app.secret)}

    refused = call("token_exchange", "POST", "/oauth/token", body="grant_type=client_credentials", headers=headers)

    assert (refused.status, refused.json["error"]) == (400, "invalid_request")
    assert "content-type must be" in refused.json["error_description"]


@pytest.mark.row(28)
@pytest.mark.parametrize(
    "media_type",
    [
        "application/x-www-form-urlencoded; charset=UTF-8",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        " application/x-www-form-urlencoded ;x",
    ],
)
def test_a_form_may_name_its_charset(media_type: str) -> None:
    app = new_client("machine")
    headers = {"content-type": media_type, "authorization": basic(app.client_id, app.secret)}

    assert call("token_exchange", "POST", "/oauth/token", body="grant_type=client_credentials", headers=headers).status == 200


@pytest.mark.row(28)
@pytest.mark.parametrize(
    "name",
    ["grant_type", "client_id", "code", "scope", "redirect_uri", "code_verifier", "unknown", "ünknown", "a" * 5000],
)
def test_a_repeated_parameter_is_refused(name: str) -> None:
    refused = token_form(f"grant_type=authorization_code&client_id=x&{name}=1&{name}=1")

    assert (refused.status, refused.json["error"]) == (400, "invalid_request")
    assert refused.json["error_description"].isascii() and len(refused.body) < 200


def token_form(form: str) -> Answer:
    return call("token_exchange", "POST", "/oauth/token", form=form)


@pytest.mark.row(28)
@pytest.mark.parametrize("size", [65_537, 6_000_000])
def test_a_body_that_is_too_large_is_413(size: int) -> None:
    for answer in (token_form("code=" + "a" * size), by_json({"code": "a" * size})):
        assert (answer.status, answer.json["error"]) == (413, "invalid_request")


@pytest.mark.row(28)
def test_json_is_served_as_auth0_clients_send_it() -> None:
    app = new_client("machine", token_endpoint_auth_method="client_secret_post", audience="https://api.example.com")
    unset = {"organization": None, "scope": ""}

    answer = by_json({"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": app.secret} | unset)

    assert answer.status == 200
    assert claims_of(answer.json["access_token"])["aud"] == "https://api.example.com"


@pytest.mark.row(28)
@pytest.mark.parametrize("body", NO_JSON)
def test_json_that_is_no_object_of_strings_is_refused(body: str) -> None:
    refused = by_json(body)

    assert refused.status in (400, 401)
    assert refused.json["error"] in ("invalid_request", "invalid_client")
    assert refused.body.isascii()


@pytest.mark.row(28)
@pytest.mark.parametrize(
    "form",
    ["client_id=%ff%fe", "%ff=x", "&&&&", "=", "=x", "a" * 60_000, "&".join(f"a{n}=1" for n in range(65)), "\x00", "%"],
)
def test_a_form_that_is_none_is_refused(form: str) -> None:
    refused = token_form(form)

    assert refused.status in (400, 401)
    assert refused.json["error"] in ("invalid_request", "invalid_client")


@pytest.mark.row(28)
@pytest.mark.parametrize("body", ["grant_type=client_credentials", "not base64 !", "é", "====", "YQ"])
def test_a_body_that_is_not_the_base64_it_claims_to_be_is_refused(body: str) -> None:
    event: dict[str, Any] = {
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": True,
    }

    assert send("token_exchange", event).status in (400, 401)


@pytest.mark.row(28)
def test_a_body_in_base64_is_read() -> None:
    app = new_client("machine", token_endpoint_auth_method="client_secret_post")
    form = f"grant_type=client_credentials&client_id={app.client_id}&client_secret={app.secret}"
    event: dict[str, Any] = {
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "requestContext": {"http": {"method": "POST"}},
        "body": base64.b64encode(form.encode()).decode(),
        "isBase64Encoded": True,
    }

    assert send("token_exchange", event).status == 200
