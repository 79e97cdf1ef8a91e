"""The account page: where a person is signed in, which applications of others they have let in, and the way to end either."""

from dataclasses import dataclass, field

from gatehouse import clients, consents, sessions, sign_ons, single_sign_on, users
from gatehouse.errors import InvalidRequest
from gatehouse.hosted import own_sessions
from gatehouse.hosted.page import form, show, submitted
from gatehouse.hosted.permissions import in_words
from gatehouse.sessions import Session
from gatehouse.sign_ins import AuthorizationRequest
from gatehouse.sign_ons import SignOn
from gatehouse.users import User
from gatehouse.web import Request, Response, clear_cookie

# A sign-in for nobody but this page. Where it ends is for hosted/completion to know.
_FOR_THIS_PAGE = AuthorizationRequest(
    client_id="",
    redirect_uri="",
    redirect_uri_given=False,
    scope="",
    state="",
    nonce="",
    code_challenge="",
    prompt="",
    max_age=-1,
    login_hint="",
)


@dataclass(slots=True)
class _Allowed:
    """since: when it was first allowed, in seconds since the epoch."""

    since: int
    scopes: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)


def ask(request: Request) -> Response:
    """GET /u/account"""
    found = _signed_on(request)
    return _page(request, found[0]) if found else single_sign_on.to_pages(request, _FOR_THIS_PAGE, "login")


def submit(request: Request) -> Response:
    """POST /u/account: csrf, and remove (the id of an application), end (that of a session) or sign_out (everywhere).

    Raises:
        InvalidRequest: none of them, or it names nothing that could be removed or ended.
    """
    fields = submitted(request)
    found = _signed_on(request)
    if found is None:
        return single_sign_on.to_pages(request, _FOR_THIS_PAGE, "login")
    user, sign_on = found
    if fields.get("sign_out") == "everywhere":
        return _signed_out(request, user, sign_on)
    if "end" in fields:
        return _ended(request, user, fields["end"])
    client = clients.get(fields.get("remove", ""))
    if client is None or client.first_party:
        raise InvalidRequest("remove names no application that could be removed")
    consents.withdraw(user.user_id, client.client_id)
    request.outcome.update({"consent": "withdrawn", "client_id": client.client_id})
    return _page(request, user, removed=client.name)


def _signed_on(request: Request) -> tuple[User, SignOn] | None:
    found = single_sign_on.signed_on(request)
    if found is None:
        return None
    sign_on, user, _ = found
    sign_ons.touch(sign_on)
    return user, sign_on


def _signed_out(request: Request, user: User, sign_on: SignOn) -> Response:
    users.sign_out_everywhere(user.user_id, invocation_id=request.id, epoch=sessions.epoch_of(sign_on.sign_on_id))
    # Elsewhere a sign-on may outlive this by the grace; here somebody has just said what they want.
    sign_ons.end(user.user_id, sign_on.sign_on_id)
    request.outcome["sign_out"] = "everywhere"
    heading = "You are signed out everywhere"
    return show(
        request,
        "done.html",
        cookies=[clear_cookie(single_sign_on.SIGN_ON_COOKIE)],
        title=heading,
        heading=heading,
        message="Every application and every device has to sign in again.",
        continue_url="",
        continue_label="",
    )


def _ended(request: Request, user: User, sid: str) -> Response:
    # The key begins with the person who is signed on: another's session is out of reach, whatever id is sent.
    if sessions.epoch_of(sid) < 0:
        raise InvalidRequest("end names no session")
    sessions.revoke(user.user_id, sid, "ended_by_person")
    request.outcome["sign_out"] = "session"
    return _page(request, user, ended=True)


def _page(request: Request, user: User, *, removed: str = "", ended: bool = False) -> Response:
    live = [session for session in sessions.of_user(user.user_id) if session.live(user)]
    return form(
        request,
        "account.html",
        user_email=user.email,
        applications=_applications(user, live),
        sessions=own_sessions.listed(live),
        removed=removed,
        ended=ended,
        sign_out_url="/oidc/logout",
    )


def _applications(user: User, live: list[Session]) -> list[dict[str, object]]:
    """What the template shows of each application of others, in the order of their names."""
    shown: list[dict[str, object]] = []
    for client_id, allowed in _allowed(user, live).items():
        client = clients.get(client_id)
        if client and not client.first_party:
            words = [sentence for _, sentence in in_words(allowed.scopes, allowed.claims, allowed.resources)]
            shown.append(
                {"client_id": client_id, "name": client.name, "uri": client.client_uri, "since": allowed.since, "sentences": words}
            )
    return sorted(shown, key=lambda application: str(application["name"]).casefold())


def _allowed(user: User, live: list[Session]) -> dict[str, _Allowed]:
    """By client: what is remembered, and what goes on although it is not, as where a removal broke off or a client was our own before."""
    found: dict[str, _Allowed] = {}
    for item in consents.of_user(user.user_id):
        kinds = ({*item["scopes"]}, {*item.get("claims", ())}, {*item.get("resources", ())})
        found[item["client_id"]] = _Allowed(item["granted_at"], *kinds)
    for session in live:
        allowed = found.setdefault(session.client_id, _Allowed(session.created_at))
        allowed.since = min(allowed.since, session.created_at)
        allowed.scopes |= {*session.scope.split()}
        allowed.resources |= {*session.resources.split()}
        allowed.claims |= {*session.userinfo_claims.split(), *session.id_token_claims.split()}
    return found
