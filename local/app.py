"""The demo application's origin: static files of examples/demo_app, and the addresses of this stack for its script."""

import json
import mimetypes

from local.gateway.events import Answer, Received
from local.instance import ROOT, Instance

FILES = ROOT / "examples" / "demo_app"


def serve(instance: Instance, received: Received) -> Answer:
    """A file of the application, index.html at /, or settings.json with the addresses of this stack."""
    name = received.raw_path.strip("/") or "index.html"
    if name == "settings.json":
        settings = {"issuer": instance.issuer, "orders_url": f"{instance.orders_url}/orders"}
        return _answer(instance, 200, "application/json", json.dumps(settings).encode())
    # Names come from the folder, never from the request.
    files = {file.relative_to(FILES).as_posix(): file for file in FILES.rglob("*") if file.is_file()}
    if name not in files:
        return _answer(instance, 404, "text/plain", b"not found\n")
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return _answer(instance, 200, media_type, files[name].read_bytes())


def _answer(instance: Instance, status: int, media_type: str, body: bytes) -> Answer:
    connect = f"connect-src 'self' {instance.issuer} {instance.orders_url}"
    headers = (
        ("content-type", f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", f"default-src 'self'; {connect}; frame-ancestors 'none'; base-uri 'none'"),
    )
    return Answer(status, headers, body)
