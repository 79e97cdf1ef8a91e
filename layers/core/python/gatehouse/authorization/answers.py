"""How an authorization response goes back: in the query, or as a form that the browser posts (OAuth 2.0 Form Post Response Mode)."""

import base64
import hashlib
from urllib.parse import urlsplit

from gatehouse import pages, pushed_requests, session_ids
from gatehouse.codes import Code
from gatehouse.codes import issue as issue_code
from gatehouse.dataclasses import replace
from gatehouse.errors import InvalidRequest, Refusal
from gatehouse.settings import settings
from gatehouse.sign_ins import AuthorizationRequest, WayBack
from gatehouse.sign_ons import SignOn
from gatehouse.users import User
from gatehouse.web import Request, Response, redirect

RESPONSE_MODES = ("query", "form_post")
_SCRIPT = "document.forms[0].submit()"
_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()


def with_code(
    request: Request, asked: AuthorizationRequest, user: User, sign_on: SignOn, *, claims: str = "", cookies: list[str] | None = None
) -> Response:
    """Send the browser back with a code for a session of who is signed on, under their epoch. Nothing is stored, but that a pushed request
    is used.

    claims: what hooks added at the sign-in.
    """
    code = Code(
        client_id=asked.client_id,
        redirect_uri=asked.redirect_uri,
        user_id=user.user_id,
        sid=session_ids.new(user.epoch, sign_on.sign_on_id),
        scope=asked.scope,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        auth_time=sign_on.auth_time,
        amr=sign_on.amr,
        sign_on_id=sign_on.sign_on_id,
        redirect_uri_given=asked.redirect_uri_given,
        resources=asked.resources,
        userinfo_claims=asked.userinfo_claims,
        id_token_claims=asked.id_token_claims,
        dpop_jkt=asked.dpop_jkt,
        org_id=asked.org_id,
        claims=claims,
    )
    # Sealed before: a request is never used up for a code that could not be made.
    sealed = issue_code(code)
    sid = pushed_requests.use(asked, user.user_id, code.sid)
    if not sid:
        return with_error(asked.way_back, InvalidRequest("this request was answered before"), cookies=cookies)
    return _sent(asked.way_back, {"code": sealed if sid == code.sid else issue_code(replace(code, sid=sid))}, cookies)


def with_error(way_back: WayBack, refusal: Refusal, *, cookies: list[str] | None = None) -> Response:
    """Send the browser back with an error (RFC 6749 4.1.2.1)."""
    return _sent(way_back, refusal.body(), cookies)


def _sent(way_back: WayBack, answer: dict[str, str], cookies: list[str] | None) -> Response:
    # And who says so (RFC 9207).
    parameters = answer | {"state": way_back.state, "iss": settings().issuer}
    if way_back.response_mode != "form_post":
        return redirect(way_back.redirect_uri, parameters, cookies=cookies)
    given = {name: value for name, value in parameters.items() if value}
    document = pages.render("form_post.html", target=way_back.redirect_uri, parameters=given, script=_SCRIPT)
    return Response(200, document, _headers(way_back), cookies or [])


def _headers(way_back: WayBack) -> dict[str, str]:
    loads = f"default-src 'none'; style-src 'self'; img-src 'self' https:; script-src 'sha256-{_SCRIPT_HASH}'"
    target = f"form-action {urlsplit(way_back.redirect_uri).scheme}:"
    # Applications renew silently in a frame, by requests that never show anything.
    framed = "" if way_back.silent else "; frame-ancestors 'none'"
    return {"content-type": "text/html; charset=utf-8", "content-security-policy": f"{loads}; {target}; base-uri 'none'{framed}"}
