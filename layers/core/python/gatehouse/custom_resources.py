"""Custom resources of the stack: CloudFormation asks a function, and waits until it is told how that went."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

_LONGEST_REASON: Final = 1000


def answer(event: Mapping[str, Any], physical_id: str, *, failure: str = "") -> dict[str, Any]:
    """Tell CloudFormation how its request ended.

    physical_id: always the same, or CloudFormation would take the resource for another one and delete the old.
    failure: why the request failed, for whoever deploys; empty if it did not.

    Raises:
        OSError: CloudFormation could not be told; Lambda repeats the invocation.
    """
    status = "FAILED" if failure else "SUCCESS"
    told = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    told |= {"Status": status, "Reason": failure[:_LONGEST_REASON] or "done", "PhysicalResourceId": physical_id}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(told).encode(), {"content-type": ""}, method="PUT")  # noqa: S310
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - the URL is CloudFormation's own
    return {"status": status}
