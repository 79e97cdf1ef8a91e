"""GET,POST /authorize: check the request, then answer at once or send the browser to the hosted pages (RFC 6749 4.1.1)."""

from gatehouse import authorization, single_sign_on
from gatehouse.authorization import answers
from gatehouse.errors import Refusal
from gatehouse.hosted.page import page_error
from gatehouse.sign_ins import WayBack
from gatehouse.web import Request, Response, endpoint


@endpoint("GET", "POST", errors=page_error, head=False)
def handler(request: Request) -> Response:
    parameters = authorization.parameters_of(request)
    client = authorization.client_of(parameters)
    request.outcome["client_id"] = client.client_id
    try:
        asked = authorization.asked(parameters)
    except authorization.Refused as refused:
        return _sent_back(request, refused.way_back, refused.refusal)
    if elsewhere := authorization.without_cookies(request, "/authorize", authorization.known(parameters)):
        return elsewhere
    try:
        return single_sign_on.answer(request, client, asked)
    except Refusal as refusal:
        return _sent_back(request, asked.way_back, refusal)


def _sent_back(request: Request, way_back: WayBack, refusal: Refusal) -> Response:
    request.outcome.update({"error": refusal.code, "reason": refusal.description, "detail": refusal.detail})
    return answers.with_error(way_back, refusal)
