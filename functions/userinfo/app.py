"""GET,POST /userinfo: claims about the person, as they are now (OpenID Connect Core 5.3)."""

from gatehouse import bearer, userinfo
from gatehouse.settings import settings
from gatehouse.web import Request, Response, bearer_error, endpoint, json_response


@endpoint("GET", "POST", errors=bearer_error, cors=True)
def handler(request: Request) -> Response:
    claims = bearer.verified(request, audience=settings().issuer, scope="openid")
    session, user = bearer.live(claims)
    # What was asked for claim by claim is for the client that asked, and not for one that exchanged its token.
    single = session.userinfo_claims if claims["client_id"] == session.client_id else ""
    roles = userinfo.role_names(user, claims["scope"], session.org_id)
    document = userinfo.document(user.user_id, claims["scope"])
    return json_response(200, userinfo.claims(user, claims["scope"], single, role_names=roles, document=document))
