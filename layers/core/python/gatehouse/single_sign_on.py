"""What /authorize decides: answer at once for a browser that is signed on, or hand over to the hosted pages."""

import json

from gatehouse import authorization, clock, consents, hooks, memberships, profile_questions, sign_ins, sign_ons, table
from gatehouse.authorization import answers
from gatehouse.clients import Client
from gatehouse.dataclasses import asdict, replace
from gatehouse.errors import AccessDenied, ConsentRequired, InteractionRequired, LoginRequired
from gatehouse.hooks import post_login
from gatehouse.hooks.events import idempotency_id
from gatehouse.hooks.post_login import Login, Outcome
from gatehouse.settings import settings
from gatehouse.sign_ins import AuthorizationRequest
from gatehouse.sign_ons import SignOn
from gatehouse.users import User
from gatehouse.web import Request, Response, redirect, set_cookie

SIGN_ON_COOKIE = "gatehouse"
BROWSER_COOKIE = "gatehouse-signin"
NO_MEMBER = "the person is no member of the organization"


def answer(request: Request, client: Client, asked: AuthorizationRequest) -> Response:
    """A code, an error for prompt=none, or the way to the hosted pages. 1 read with a sign-on, and no write unless it is time to touch it.

    In the name of an organization a read more: one sign-on serves several, and each code is only for a member. Hooks at sign-ins run here
    once, before anything is asked; the pages that follow know what came of it.

    Raises:
        LoginRequired, ConsentRequired, InteractionRequired: prompt=none, and the person would have to be asked (Core 3.1.2.6).
        AccessDenied: the person is no member of the organization, or a hook refused.
        Unavailable: as a hook that failed demands.
    """
    prompts = asked.prompt.split()
    found = signed_on(request, client)
    if found is None or _must_sign_in_again(asked, client, found[0], prompts):
        if "none" in prompts:
            raise LoginRequired("the person is not signed in")
        return to_pages(request, asked, "login")
    sign_on, user, consent = found
    if asked.org_id and memberships.get(user.user_id, asked.org_id) is None:
        raise AccessDenied(NO_MEMBER)
    consenting, silent = "consent" in prompts or consents.needed(client, consent, asked), "none" in prompts
    if consenting and silent:
        raise ConsentRequired("the person has not allowed this")
    outcome = _hooked(request, asked, user, sign_on)
    if consenting:
        return to_pages(request, asked, "consent", sign_on, outcome.claims)
    if profile_questions.due(client, outcome.user, optional=not silent):
        if silent:
            raise InteractionRequired("the application needs to know more about the person")
        return to_pages(request, asked, "profile", sign_on, outcome.claims)
    sign_ons.touch(sign_on)
    return answers.with_code(request, asked, user, sign_on, claims=outcome.claims)


def _hooked(request: Request, asked: AuthorizationRequest, user: User, sign_on: SignOn) -> Outcome:
    """What the hooks make of a sign-in by the sign-on. The same request of the client has the same idempotency id."""
    if not hooks.of(hooks.POST_LOGIN, asked.client_id, asked.org_id):
        return Outcome(user)
    return post_login.run(
        user,
        Login(
            client_id=asked.client_id,
            org_id=asked.org_id,
            scope=asked.scope,
            auth_time=sign_on.auth_time,
            amr=sign_on.amr,
            sso=True,
            source_ip=request.source_ip,
            user_agent=request.headers.get("user-agent", ""),
        ),
        idempotency_id=idempotency_id("sign-on", sign_on.sign_on_id, json.dumps(asdict(asked))),
    )


def signed_on(request: Request, client: Client | None = None) -> tuple[SignOn, User, table.Item | None] | None:
    """Sign-on, user and, for a third party, the consent: one BatchGetItem. client: None for a page of our own."""
    named = sign_ons.named_by(request.cookies.get(f"__Host-{SIGN_ON_COOKIE}", ""))
    if named is None:
        return None
    user_id, sign_on_id = named
    wanted = [table.sign_on_key(user_id, sign_on_id), table.user_key(user_id)]
    if client and not client.first_party:
        wanted.append(table.consent_key(user_id, client.client_id))
    sign_on_item, user_item, *consent = table.get_many(*wanted)
    if sign_on_item is None or user_item is None:
        return None
    sign_on, user = SignOn.from_item(sign_on_item), User.from_item(user_item)
    if not sign_on.live(user, grace_seconds=client.sign_on_grace_seconds if client else 0):
        return None
    return sign_on, user, consent[0] if consent else None


def _must_sign_in_again(asked: AuthorizationRequest, client: Client, sign_on: SignOn, prompts: list[str]) -> bool:
    # Whoever is signed on need not be who was invited: that is for the pages to find out.
    if asked.invitation or asked.subject not in ("", sign_on.user_id) or "login" in prompts or "select_account" in prompts:
        return True
    # A session ends so long after the password at the latest; one that would begin at its end needs the password anew.
    # Whole seconds are rounded down, so an age that equals max_age may exceed it, as it always does with max_age=0.
    longest = client.session_seconds if asked.max_age < 0 else min(asked.max_age, client.session_seconds)
    return clock.now() - sign_on.auth_time >= longest


def to_pages(request: Request, asked: AuthorizationRequest, page: str, sign_on: SignOn | None = None, claims: str = "") -> Response:
    """Begin a sign-in, or what is left of one, and send the browser there. claims: what hooks added to it."""
    browser = request.cookies.get(f"__Host-{BROWSER_COOKIE}", "")
    if not sign_ins.wellformed_browser(browser):
        browser = sign_ins.new_browser()
    sign_in = sign_ins.begin(asked, browser, sign_on, claims)
    cookie = set_cookie(BROWSER_COOKIE, browser, seconds=2 * sign_ins.SECONDS)
    return redirect(f"{settings().base_url}/u/{page}", {"signin": sign_in.sign_in_id}, cookies=[cookie])


def restart_anywhere(asked: AuthorizationRequest) -> str:
    """The same for a browser that may be somebody else's: without what tells who was expected, and empty where that cannot be left out."""
    return "" if asked.subject or asked.invitation or (asked.pushed and asked.login_hint) else restart(_of_anybody(asked))


def _of_anybody(asked: AuthorizationRequest) -> AuthorizationRequest:
    # What leads to a page of our own may hold a ticket.
    return replace(asked, login_hint="", redirect_uri=asked.redirect_uri if asked.client_id else "")


def restart(asked: AuthorizationRequest) -> str:
    """Where the same request begins anew, for pages that cannot go on; empty if only the client can begin it."""
    if asked.user_code:
        return redirect(f"{settings().base_url}/u/device", {"user_code": asked.user_code}).headers["location"]
    if not asked.client_id:
        return asked.redirect_uri or f"{settings().base_url}/u/account"
    parameters = authorization.again(asked)
    return redirect(f"{settings().base_url}/authorize", parameters).headers["location"] if parameters else ""
