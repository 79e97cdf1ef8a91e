"""GET,POST /userinfo: claims about the person, as they are now (OpenID Connect Core 5.3)."""

from gatehouse import bearer, claim_mapping, userinfo
from gatehouse.settings import settings
from gatehouse.web import Request, Response, bearer_error, endpoint, json_response


@endpoint("GET", "POST", errors=bearer_error, cors=True)
def handler(request: Request) -> Response:
    claims = bearer.verified(request, audience=settings().issuer, scope="openid")
    mapped = claim_mapping.settings()
    session, holder = bearer.holder(claims, userinfo.needed(mapped, claims))
    return json_response(200, userinfo.answer(claims, session, holder, mapped))
