"""The demo application's origin: the files of examples/demo_app, and the addresses of this stack for its script."""

import json
import mimetypes

from local.gateway.events import Answer, Received, message
from local.instance import APP_CLIENT_ID, ROOT, Instance

FILES = ROOT / "examples" / "demo_app"


def serve(instance: Instance, received: Received) -> Answer:
    """A file of the application, index.html at /, or config.json with what the script has to know about this stack."""
    if received.method not in ("GET", "HEAD"):
        return message(405, {"message": "Method Not Allowed"})
    name = received.raw_path.strip("/") or "index.html"
    if name == "config.json":
        config = {
            "issuer": instance.issuer,
            "client_id": APP_CLIENT_ID,
            "orders_url": f"{instance.orders_url}/orders",
        }
        return _answer(instance, "application/json", json.dumps(config).encode())
    # Names come from the folder, never from the request.
    files = {file.relative_to(FILES).as_posix(): file for file in FILES.rglob("*") if file.is_file()}
    if name not in files:
        return message(404, {"message": "Not Found"})
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return _answer(instance, media_type, files[name].read_bytes())


def _answer(instance: Instance, media_type: str, body: bytes) -> Answer:
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        # Tokens in this page can go to those who accept them, and nowhere else.
        f"connect-src 'self' {instance.issuer} {instance.orders_url}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    headers = (
        ("content-type", f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type),
        ("cache-control", "no-store"),
        ("content-security-policy", "; ".join(policy)),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    )
    return Answer(200, headers, body)
