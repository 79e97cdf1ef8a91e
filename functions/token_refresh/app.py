"""POST /session/refresh?client_id=…: the refresh grant for browsers whose refresh token lives in an HttpOnly cookie."""

from gatehouse import clients, refresh_cookie
from gatehouse.errors import InvalidClient
from gatehouse.web import Request, Response, endpoint, preflight


@endpoint("POST", "OPTIONS")
def handler(request: Request) -> Response:
    client = clients.get(request.query.get("client_id", "") or request.form_or_json.get("client_id", ""))
    if client is None or not client.refresh_cookie:
        raise InvalidClient("client_id is missing or names no client with a refresh cookie")
    if request.method == "OPTIONS":
        return refresh_cookie.allow_origin(request, client, preflight(("POST",)))
    request.outcome["client_id"] = client.client_id
    return refresh_cookie.refresh(request, client)
