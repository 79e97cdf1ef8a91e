"""ANY /u/{page}: the pages on which people sign up, sign in, allow, and recover."""

from gatehouse.hosted import routes
from gatehouse.hosted.page import page_error
from gatehouse.web import Request, Response, endpoint


@endpoint("GET", "POST", errors=page_error)
def handler(request: Request) -> Response:
    return routes.serve(request)
