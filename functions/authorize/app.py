"""GET,POST /authorize: check the request, then answer at once or send the browser to the hosted pages (RFC 6749 4.1.1)."""

from gatehouse import authorization, single_sign_on
from gatehouse.authorization import Untrusted
from gatehouse.errors import Refusal
from gatehouse.hosted.page import page_error
from gatehouse.web import Request, Response, endpoint


@endpoint("GET", "POST", errors=page_error)
def handler(request: Request) -> Response:
    parameters = authorization.parameters_of(request)
    client, redirect_uri = authorization.trusted(parameters)
    request.outcome["client_id"] = client.client_id
    try:
        asked = authorization.check(parameters, client, redirect_uri)
        return authorization.without_cookies(request, "/authorize", authorization.again(asked)) or single_sign_on.answer(
            request, client, asked
        )
    except Untrusted:
        raise
    except Refusal as refusal:
        request.outcome.update({"error": refusal.code, "reason": refusal.description, "detail": refusal.detail})
        return authorization.answer_with_error(redirect_uri, parameters.get("state", ""), refusal)
