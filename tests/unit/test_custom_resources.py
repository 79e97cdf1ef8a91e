"""Custom resources: they tell CloudFormation how its request ended, and nobody else anything."""

import socket
from collections.abc import Iterator

import pytest

from gatehouse import custom_resources
from gatehouse.settings import settings
from tests.unit.conftest import context, function

IDS = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Resource"}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        yield listening


ELSEWHERE = [
    "http://127.0.0.1:{port}/",
    "https://localhost:{port}/",
    "http://localhost:{port}/2018-06-01/runtime/invocation/x/response",
    "http://169.254.169.254/latest/api/token",
    "http://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/x",
    "https://amazonaws.com.example.com/",
    "https://xamazonaws.com/",
    "https://s3.amazonaws.com@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/.amazonaws.com",
    "file:///etc/passwd",
    "",
]


@pytest.mark.row(92)
@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize("name", ["hook_guard", "key_rotation"])
def test_an_address_that_is_not_cloudformations_is_told_nothing(listener: socket.socket, name: str, url: str) -> None:
    asked = {"RequestType": "Delete", "ResponseURL": url.format(port=listener.getsockname()[1]), "ResourceProperties": {}, **IDS}

    with pytest.raises(ValueError, match="ResponseURL"):
        function(name)(asked, context())
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("host", ["s3.eu-west-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"])
def test_cloudformation_waits_at_an_address_of_s3_in_every_partition(host: str) -> None:
    url = f"https://cloudformation-custom-resource-response-x.{host}/arn%3Aaws%3Acloudformation?X-Amz-Signature=1"

    assert custom_resources.is_cloudformations(url)


def test_what_stands_in_for_aws_on_a_laptop_is_told_and_no_other_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    settings.cache_clear()

    allowed = ["http://localhost:4566/_ministack/cfn-response/x", "http://127.0.0.1:4566/x"]
    refused = ["http://localhost:9001/x", "https://localhost:4566/x", "http://10.0.0.1:4566/x", "http://localhost/x"]
    assert [custom_resources.is_cloudformations(url) for url in [*allowed, *refused]] == [True, True, False, False, False, False]
