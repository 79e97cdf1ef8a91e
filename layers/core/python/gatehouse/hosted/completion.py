"""What follows once a person is signed in and has decided: the one place that knows what a sign-in was for."""

from gatehouse import clients, consents, device_codes, invitations, memberships, profile_questions, table
from gatehouse.authorization import answers
from gatehouse.errors import AccessDenied, Refusal
from gatehouse.hosted.page import StaleSignIn, show
from gatehouse.settings import settings
from gatehouse.sign_ins import AuthorizationRequest, SignIn
from gatehouse.sign_ons import SignOn
from gatehouse.single_sign_on import NO_MEMBER, restart
from gatehouse.users import User
from gatehouse.web import Request, Response, redirect


def must_ask(asked: AuthorizationRequest, user: User) -> bool:
    """Whether the person must allow it first, on the consent page."""
    if not asked.client_id:
        return False
    client = clients.get(asked.client_id)
    if client is None or "consent" in asked.prompt.split():
        return True
    return not client.first_party and consents.needed(client, consents.get(user.user_id, client.client_id), asked)


def next_page(asked: AuthorizationRequest, user: User, *, agreed: bool = False, optional: bool = True) -> str:
    """The page that comes before the end, consent or profile; empty for none.

    agreed: they have just consented. optional: also for questions that need no answer.
    """
    if not agreed and must_ask(asked, user):
        return "consent"
    client = clients.get(asked.client_id)
    return "profile" if client and profile_questions.due(client, user, optional=optional) else ""


def recognised(sign_in: SignIn) -> tuple[User, SignOn]:
    """The person who is asked something and their sign-on, if still signed on.

    Raises:
        StaleSignIn: they signed out meanwhile, or have not signed in yet.
    """
    if sign_in.user_id:
        keys = table.sign_on_key(sign_in.user_id, sign_in.sign_on_id), table.user_key(sign_in.user_id)
        sign_on_item, user_item = table.get_many(*keys)
        client = clients.get(sign_in.request.client_id)
        if sign_on_item and user_item and client:
            user, sign_on = User.from_item(user_item), SignOn.from_item(sign_on_item)
            if sign_on.live(user, grace_seconds=client.sign_on_grace_seconds):
                return user, sign_on
    raise StaleSignIn("You are not signed in any more.", retry_url=restart(sign_in.request))


def go_on(request: Request, sign_in: SignIn, user: User, sign_on: SignOn, *, optional: bool = True) -> Response:
    """To the next page of a sign-in whose person has consented if they had to, or to its end.

    Raises:
        StaleSignIn: a device waits no more.
    """
    page = next_page(sign_in.request, user, agreed=sign_in.agreed, optional=optional)
    if page:
        return redirect(f"{settings().base_url}/u/{page}", {"signin": sign_in.sign_in_id})
    return complete(request, sign_in.request, user, sign_on, claims=sign_in.claims)


def kept_out(asked: AuthorizationRequest, user: User, *, accept: bool) -> AccessDenied | None:
    """Why a person who has just proven who they are may not sign in for the organization that was asked for; None if they may.

    accept: whoever followed an invitation, and has proven the address that it was sent to, is its member from here on. Without, nothing
    is written, and who is none of its members only because of that is kept out by the next call at the latest.
    """
    if not asked.org_id:
        return None
    invited = invitations.link(asked.invitation) if asked.invitation else None
    try:
        if invited:
            member = invitations.accept(invited, user) if accept else invitations.open_to(invited, user)
        else:
            member = memberships.get(user.user_id, asked.org_id) is not None
    except invitations.NotInvited:
        return AccessDenied("the person is not the one who was invited")
    if member:
        return None
    return AccessDenied("the invitation was used or withdrawn, or is over" if invited else NO_MEMBER)


def complete(
    request: Request, asked: AuthorizationRequest, user: User, sign_on: SignOn, *, claims: str, cookies: list[str] | None = None
) -> Response:
    """Give what was asked for to whoever asked: the person is signed on and nothing is left to be allowed. No client: a page of our own.

    claims: what hooks added at the sign-in.

    Raises:
        StaleSignIn: a device waits no more.
    """
    if not asked.client_id:
        return redirect(asked.redirect_uri or f"{settings().base_url}/u/account", cookies=cookies)
    if asked.user_code:
        if not device_codes.approve(asked, user, sign_on, claims):
            raise too_late()
        return _back_to_device(request, "Your device is signed in", "You can close this window and go on there.", cookies)
    return answers.with_code(request, asked, user, sign_on, claims=claims, cookies=cookies)


def refuse(request: Request, asked: AuthorizationRequest, user: User, refusal: Refusal) -> Response:
    """Tell whoever asked that they get nothing, and why. user: who decided so, or is not the one who was expected.

    Raises:
        StaleSignIn: a device waits no more.
    """
    if asked.user_code:
        if not device_codes.deny(asked, user):
            raise too_late()
        return _back_to_device(request, "The device was not let in", "It gets nothing of yours. You can close this window.", None)
    if not asked.client_id:
        return _not_let_in(request, refusal, restart(asked))
    return answers.with_error(asked.way_back, refusal)


def too_late() -> StaleSignIn:
    """What a person is told whose device waits no more."""
    message = "This code has expired, or was allowed or denied already. If the device still waits, let it show you a new code."
    return StaleSignIn(message, retry_url=f"{settings().base_url}/u/device", retry_label="Enter another code")


def _not_let_in(request: Request, refusal: Refusal, retry_url: str) -> Response:
    """For pages of our own, where nobody else tells them."""
    return show(
        request,
        "error.html",
        status=refusal.status,
        title="Error",
        heading="You were not signed in",
        message=f"{refusal.description[:1].upper()}{refusal.description[1:]}",
        detail="",
        reference=request.id,
        retry_url=retry_url,
        retry_label="Try again",
    )


def _back_to_device(request: Request, heading: str, message: str, cookies: list[str] | None) -> Response:
    return show(request, "done.html", cookies=cookies, title=heading, heading=heading, message=message, continue_url="", continue_label="")
