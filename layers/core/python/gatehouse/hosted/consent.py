"""Asking the person before a third-party client gets anything (OpenID Connect Core 3.1.2.4)."""

from gatehouse import clients, consents, device_codes, table
from gatehouse.errors import AccessDenied, InvalidRequest
from gatehouse.hosted import completion
from gatehouse.hosted.page import StaleSignIn, about, current_sign_in, form, submitted
from gatehouse.hosted.permissions import in_words
from gatehouse.sign_ins import SignIn
from gatehouse.sign_ons import SignOn
from gatehouse.single_sign_on import restart
from gatehouse.users import User
from gatehouse.web import Request, Response


def ask(request: Request) -> Response:
    """GET /u/consent?signin=… For a device beside the code that it shows, to be compared (RFC 8628 3.3.1)."""
    sign_in = current_sign_in(request, request.query.get("signin", ""))
    user, _ = _signed_on(sign_in)
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
        user_email=user.email,
        user_code=device_codes.shown(asked.user_code),
    )


def submit(request: Request) -> Response:
    """POST /u/consent: csrf, signin, decision."""
    fields = submitted(request)
    sign_in = current_sign_in(request, fields.get("signin", ""))
    user, sign_on = _signed_on(sign_in)
    asked = sign_in.request
    decision = fields.get("decision")
    request.outcome.update({"consent": "allowed" if decision == "allow" else "denied", "client_id": asked.client_id})
    if decision == "deny":
        return completion.refuse(request, asked, user, AccessDenied("the person did not allow it"))
    if decision != "allow":
        raise InvalidRequest("decision must be allow or deny")
    consents.grant(user.user_id, asked, consents.get(user.user_id, asked.client_id))
    return completion.complete(request, asked, user, sign_on)


def _signed_on(sign_in: SignIn) -> tuple[User, SignOn]:
    """The person who is asked and their sign-on, if still signed on.

    Raises:
        StaleSignIn: they signed out meanwhile, or have not signed in yet.
    """
    if sign_in.user_id:
        keys = table.sign_on_key(sign_in.user_id, sign_in.sign_on_id), table.user_key(sign_in.user_id)
        sign_on_item, user_item = table.get_many(*keys)
        client = clients.get(sign_in.request.client_id)
        if sign_on_item and user_item and client:
            user, sign_on = User.from_item(user_item), SignOn.from_item(sign_on_item)
            if sign_on.live(user, grace_seconds=client.sign_on_grace_seconds):
                return user, sign_on
    raise StaleSignIn("You are not signed in any more.", retry_url=restart(sign_in.request))
