"""gatehouse.aws beside botocore: the same signatures and endpoints; and what it does not import."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.aws import credentials, endpoints, signing
from tests.unit.raw_servers import answer, answering, serving, untouched

pytestmark = pytest.mark.usefixtures(untouched.__name__)
ROOT = Path(__file__).parents[2]
REGIONS = [
    (region, service)
    for partition in ("aws", "aws-cn", "aws-us-gov")
    for region in botocore.session.get_session().get_available_regions("dynamodb", partition)
    for service in ("dynamodb", "kms", "lambda")
]
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
PATHS = st.one_of(st.just("/"), st.from_regex(r"\A/2015-03-31/functions/([A-Za-z0-9_.~-]|%3A|%24|%C3%A9){1,40}/invocations\Z"))


@given(body=st.binary(max_size=300), secret=TEXT, token=st.one_of(st.just(""), TEXT), path=PATHS)
def test_a_request_is_signed_as_botocore_signs_it(body: bytes, secret: str, token: str, path: str) -> None:
    given_headers = {"content-type": "application/x-amz-json-1.0", "host": "dynamodb.eu-west-1.amazonaws.com", "x-amz-target": "D.GetItem"}
    held = credentials.Credentials("AKID", secret, token)
    ours = signing.signed(given_headers, body, service="dynamodb", region="eu-west-1", held=held, path=path)

    request = AWSRequest("POST", f"https://{given_headers['host']}{path}", headers=given_headers, data=body)
    theirs = SigV4Auth(BotocoreCredentials("AKID", secret, token or None), "dynamodb", "eu-west-1")
    request.context["timestamp"] = ours["x-amz-date"]
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    canonical = theirs.canonical_request(request)
    text = theirs.string_to_sign(request, canonical)
    assert ours["authorization"].endswith(f"Signature={theirs.signature(text, request)}")


@pytest.mark.parametrize("fips", ["", "true"])
@pytest.mark.parametrize(("region", "service"), REGIONS)
def test_a_service_is_where_botocore_finds_it(region: str, service: str, fips: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", fips)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    found = endpoints.of(service)

    assert f"https://{found.host}" == boto3.client(service, region_name=region).meta.endpoint_url  # type: ignore[call-overload]


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
def test_an_endpoint_that_the_environment_names_is_taken(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://localhost:4566")

    found = endpoints.of("dynamodb")

    assert (found.secure, found.name, found.port, found.host) == (False, "localhost", 4566, "localhost:4566")


def test_an_endpoint_may_be_an_address_of_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://[::1]:4566")

    found = endpoints.of("dynamodb")

    assert (found.name, found.port, found.host) == ("::1", 4566, "[::1]:4566")


PROGRAM = """
import json, sys
from gatehouse import aws, lambda_functions
aws.call(aws.DYNAMODB, "GetItem", {})
lambda_functions.invoke("arn:aws:lambda:eu-central-1:123456789012:function:f", b"{}", seconds=3, limit=100)
print(json.dumps(sorted(sys.modules)))
"""


def test_calls_to_the_table_and_of_a_hook_import_no_sdk() -> None:
    here = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    with serving(answering(answer(b"{}"), answer(b"{}"))) as server:
        told = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}", "PYTHONPATH": str(ROOT / "layers" / "core" / "python")}
        ended = subprocess.run([sys.executable, "-c", PROGRAM], env=here | told, capture_output=True, text=True, check=True)

    assert {"boto3", "botocore", "asyncio", "email.parser", "http.client", "urllib.request", "ssl"}.isdisjoint(json.loads(ended.stdout))
    assert server.connections == 1
