"""GET /orders: what the caller ordered, the caller being whoever the authorizer says it is."""

import json
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    caller = event["requestContext"]["authorizer"]["lambda"]
    print(json.dumps({"message": "orders", "sub": caller["sub"]}))
    body = {"sub": caller["sub"], "orders": [{"id": "1001", "item": "A brass door knocker"}]}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
