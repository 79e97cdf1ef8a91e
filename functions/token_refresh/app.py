"""POST /session/refresh?client_id=…: the refresh grant for browsers whose refresh token lives in an HttpOnly cookie."""

from gatehouse import clients, refresh_cookie
from gatehouse.errors import InvalidClient, InvalidGrant
from gatehouse.grants import refresh_token
from gatehouse.web import Request, Response, endpoint, json_response, preflight


@endpoint("POST", "OPTIONS")
def handler(request: Request) -> Response:
    client = clients.get(request.query.get("client_id", "") or request.form_or_json.get("client_id", ""))
    if client is None or not client.refresh_cookie:
        raise InvalidClient("client_id is missing or names no client with a refresh cookie")
    if request.method == "OPTIONS":
        return refresh_cookie.allow_origin(request, client, preflight(("POST",)))
    request.outcome["client_id"] = client.client_id
    refresh_cookie.check_origin(request, client)
    presented = refresh_cookie.presented(request, client)
    try:
        if not presented:
            raise InvalidGrant("there is no refresh cookie; the person must sign in")
        return refresh_cookie.answer(request, client, refresh_token.exchange(client, {"refresh_token": presented}, request))
    except InvalidGrant as refusal:
        request.outcome.update({"error": refusal.code, "reason": refusal.description, "detail": refusal.detail})
        return refresh_cookie.forget(request, client, json_response(refusal.status, refusal.body()))
