"""Custom resources of the stack: CloudFormation asks a function, and waits until it is told how that went."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gatehouse.settings import settings

# Where CloudFormation is told: presigned URLs of S3, in every partition.
_HOSTS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu")
_LOOPBACK: Final = ("localhost", "127.0.0.1")
_LONGEST_REASON: Final = 1000


def answer(event: Mapping[str, Any], physical_id: str, *, failure: str = "") -> dict[str, Any]:
    """Tell CloudFormation how its request ended.

    physical_id: always the same, or CloudFormation would take the resource for another one and delete the old.
    failure: why the request failed, for whoever deploys; empty if it did not.

    Raises:
        ValueError: the event is none of CloudFormation's, and nobody was told.
        OSError: CloudFormation could not be told; Lambda repeats the invocation.
    """
    if not is_cloudformations(event["ResponseURL"]):
        raise ValueError("ResponseURL is not one of CloudFormation's")
    status = "FAILED" if failure else "SUCCESS"
    told = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    told |= {"Status": status, "Reason": failure[:_LONGEST_REASON] or "done", "PhysicalResourceId": physical_id}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(told).encode(), {"content-type": ""}, method="PUT")  # noqa: S310
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - the URL is CloudFormation's own
    return {"status": status}


def is_cloudformations(url: str) -> bool:
    """Whether it leads to AWS, by https; on a laptop, to what stands in for AWS there."""
    asked, here = urlsplit(url), urlsplit(settings().aws_endpoint_url)
    if asked.hostname in _LOOPBACK:
        return here.hostname in _LOOPBACK and (asked.scheme, asked.port) == (here.scheme, here.port)
    return asked.scheme == "https" and (asked.hostname or "").endswith(_HOSTS)
