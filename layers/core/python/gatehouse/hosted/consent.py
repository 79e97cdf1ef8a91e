"""Asking the person before a third-party client gets anything (OpenID Connect Core 3.1.2.4)."""

from gatehouse import clients, consents, device_codes, sign_ins
from gatehouse.dataclasses import replace
from gatehouse.errors import AccessDenied, InvalidRequest
from gatehouse.hosted import completion
from gatehouse.hosted.page import about, current_sign_in, form, submitted
from gatehouse.hosted.permissions import in_words
from gatehouse.web import Request, Response


def ask(request: Request) -> Response:
    """GET /u/consent?signin=… For a device beside the code that it shows, to be compared (RFC 8628 3.3.1)."""
    sign_in = current_sign_in(request, request.query.get("signin", ""))
    user, _ = completion.recognised(sign_in)
    asked = sign_in.request
    if asked.user_code and device_codes.waiting(asked.user_code) is None:
        raise completion.too_late()
    client = clients.get(asked.client_id)
    return form(
        request,
        "consent_device.html" if asked.user_code else "consent.html",
        sign_in=sign_in,
        client_name=client.name if client else "",
        client_uri=client.client_uri if client else "",
        **about(client),
        scopes=in_words(asked.scope.split(), asked.claims, asked.resources.split()),
        user_email=user.known_as,
        user_code=device_codes.shown(asked.user_code),
    )


def submit(request: Request) -> Response:
    """POST /u/consent: csrf, signin, decision."""
    fields = submitted(request)
    sign_in = current_sign_in(request, fields.get("signin", ""))
    user, sign_on = completion.recognised(sign_in)
    asked = sign_in.request
    decision = fields.get("decision")
    request.outcome.update({"consent": "allowed" if decision == "allow" else "denied", "client_id": asked.client_id})
    if decision == "deny":
        return completion.refuse(request, asked, user, AccessDenied("the person did not allow it"))
    if decision != "allow":
        raise InvalidRequest("decision must be allow or deny")
    consents.grant(user.user_id, asked, consents.get(user.user_id, asked.client_id))
    if completion.next_page(asked, user, agreed=True):
        sign_ins.agreed(sign_in)
    return completion.go_on(request, replace(sign_in, agreed=True), user, sign_on)
