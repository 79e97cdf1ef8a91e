"""Where a person types the code that a device shows (RFC 8628 3.3), before signing in and being asked about it."""

from gatehouse import clients, device_codes, limits, single_sign_on
from gatehouse.clients import Client
from gatehouse.device_codes import Device
from gatehouse.errors import AccessDenied, TooManyRequests
from gatehouse.hosted import completion
from gatehouse.hosted.page import form, submitted
from gatehouse.sign_ins import AuthorizationRequest
from gatehouse.web import Request, Response

_UNKNOWN = "No device waits under this code. Compare it with the one that the device shows; after ten minutes it shows a new one."
_SLOW_DOWN = "There were too many wrong codes from your network. Please wait some minutes and try again."
_LONGEST_SHOWN = 40


def ask(request: Request) -> Response:
    """GET /u/device, with user_code where the device shows a link or a QR code. It only fills the field in: nothing is looked up yet."""
    return _form(request, request.query.get("user_code", ""))


def submit(request: Request) -> Response:
    """POST /u/device: csrf, user_code. On to signing in, or to the question if the person is signed on.

    Raises:
        TooManyRequests: too many wrong codes from this network.
    """
    typed = submitted(request).get("user_code", "")
    network = limits.network(request.source_ip)
    try:
        limits.count(limits.DEVICE_CODE, network)
    except limits.Exhausted as exhausted:
        raise TooManyRequests(_SLOW_DOWN, retry_after_seconds=exhausted.retry_after_seconds) from exhausted
    user_code = device_codes.typed(typed)
    device = device_codes.waiting(user_code) if user_code else None
    client = clients.get(device.client_id) if device else None
    if device is None or client is None:
        request.outcome["user_code"] = "unknown"
        return _form(request, typed, error=_UNKNOWN, status=400)
    limits.give_back(limits.DEVICE_CODE, network)
    request.outcome.update({"user_code": "known", "client_id": client.client_id})
    asked = _asked(device, client)
    try:
        return single_sign_on.answer(request, client, asked)
    except AccessDenied as refused:
        found = single_sign_on.signed_on(request, client)
        if found is None:
            raise
        return completion.refuse(request, asked, found[1], refused)


def _asked(device: Device, client: Client) -> AuthorizationRequest:
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri="",
        redirect_uri_given=False,
        scope=device.scope,
        state="",
        nonce="",
        code_challenge="",
        # Every time and whoever made the client: the person may have been talked into typing a stranger's code (RFC 8628 5.4).
        prompt="consent",
        max_age=client.default_max_age,
        login_hint="",
        resources=device.resources,
        user_code=device.user_code,
    )


def _form(request: Request, typed: str, *, error: str = "", status: int = 200) -> Response:
    user_code = device_codes.shown(device_codes.typed(typed)) or typed[:_LONGEST_SHOWN]
    return form(request, "device.html", status=status, user_code=user_code, error=error)
