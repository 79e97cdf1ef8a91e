"""The account page: who a person is, what they sign in with, where they are signed in and whom they have let in."""

from collections.abc import Callable, Mapping

from gatehouse import (
    clients,
    consents,
    devices,
    let_in,
    memberships,
    organizations,
    profiles,
    provenance,
    session_ids,
    sessions,
    sign_ons,
    single_sign_on,
    user_changes,
    users,
)
from gatehouse.errors import InvalidRequest
from gatehouse.hosted import own_credentials, own_sessions, profile_form
from gatehouse.hosted.own_credentials import Flaw
from gatehouse.hosted.page import form, show, submitted
from gatehouse.hosted.permissions import in_words
from gatehouse.settings import settings
from gatehouse.sign_ins import FOR_OWN_PAGES
from gatehouse.sign_ons import SignOn
from gatehouse.user_changes import Edited
from gatehouse.users import User
from gatehouse.web import Request, Response, clear_cookie, redirect

# What a redirect to the page may say that was done.
_DONE = ("password", "email")
_NO_FLAW = Flaw("")
Action = Callable[[Request, User, SignOn, Mapping[str, str]], Response]


def ask(request: Request) -> Response:
    """GET /u/account"""
    found = _signed_on(request)
    if found is None:
        return single_sign_on.to_pages(request, FOR_OWN_PAGES, "login")
    done = request.query.get("done", "")
    return _page(request, *found, done=done if done in _DONE else "")


def submit(request: Request) -> Response:
    """POST /u/account: csrf, and one of

    remove (the id of an application), end (that of a session), sign_out (everywhere, or others), save (profile, with its fields),
    change (email with new_email and current_password, or password with current_password and new_password).

    Raises:
        InvalidRequest: none of them, or it names nothing that could be removed or ended.
    """
    fields = submitted(request)
    found = _signed_on(request)
    if found is None:
        return single_sign_on.to_pages(request, FOR_OWN_PAGES, "login")
    wanted = next((f"{name}={fields[name]}" for name in ("sign_out", "save", "change") if name in fields), "")
    action = _ACTIONS.get(wanted) or (_ended if "end" in fields else _removed)
    return action(request, *found, fields)


def _signed_on(request: Request) -> tuple[User, SignOn] | None:
    found = single_sign_on.signed_on(request)
    if found is None:
        return None
    sign_on, user, _ = found
    sign_ons.touch(sign_on)
    return user, sign_on


def _signed_out(request: Request, user: User, sign_on: SignOn, _: Mapping[str, str]) -> Response:
    users.sign_out_everywhere(user.user_id, invocation_id=request.id, epoch=session_ids.epoch_of(sign_on.sign_on_id))
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


def _others_signed_out(request: Request, user: User, sign_on: SignOn, _: Mapping[str, str]) -> Response:
    devices.end_others(user.user_id, here=sign_on.sign_on_id)
    request.outcome["sign_out"] = "others"
    return _page(request, user, sign_on, done="others")


def _ended(request: Request, user: User, sign_on: SignOn, fields: Mapping[str, str]) -> Response:
    # The key begins with the person who is signed on: another's session is out of reach, whatever id is sent.
    if session_ids.epoch_of(fields["end"]) < 0:
        raise InvalidRequest("end names no session")
    devices.end(user.user_id, fields["end"], here=sign_on.sign_on_id)
    request.outcome["sign_out"] = "session"
    return _page(request, user, sign_on, done="ended")


def _removed(request: Request, user: User, sign_on: SignOn, fields: Mapping[str, str]) -> Response:
    client = clients.get(fields.get("remove", ""))
    if client is None or client.first_party:
        raise InvalidRequest("remove names no application that could be removed")
    consents.withdraw(user.user_id, client.client_id)
    request.outcome.update({"consent": "withdrawn", "client_id": client.client_id})
    return _page(request, user, sign_on, removed=client.name)


def _profile_saved(request: Request, user: User, sign_on: SignOn, fields: Mapping[str, str]) -> Response:
    typed = profile_form.typed(fields)

    def edit(now: User) -> Edited:
        return Edited(profiles.edited(now, profile_form.members(now, typed), provenance.SELF))

    try:
        user = user_changes.change(user.user_id, edit)
    except profiles.Unacceptable as flaw:
        message = f"{profile_form.label(flaw.name)} {flaw.reason}."
        return _page(request, user, sign_on, flaw=Flaw("profile", flaw.name, message, typed))
    request.outcome["profile"] = "changed"
    return _page(request, user, sign_on, done="saved")


def _email_asked(request: Request, user: User, sign_on: SignOn, fields: Mapping[str, str]) -> Response:
    flaw = own_credentials.ask_for_email(request, user, fields)
    return _page(request, user, sign_on, flaw=flaw) if flaw else _page(request, user, sign_on, done="mailed")


def _password_changed(request: Request, user: User, sign_on: SignOn, fields: Mapping[str, str]) -> Response:
    changed = own_credentials.change_password(request, user, sign_on, fields)
    if isinstance(changed, Flaw):
        return _page(request, user, sign_on, flaw=changed)
    return redirect(f"{settings().base_url}/u/account", {"done": "password"}, cookies=changed)


_ACTIONS: dict[str, Action] = {
    "sign_out=everywhere": _signed_out,
    "sign_out=others": _others_signed_out,
    "save=profile": _profile_saved,
    "change=email": _email_asked,
    "change=password": _password_changed,
}


def _page(request: Request, user: User, sign_on: SignOn, *, removed: str = "", done: str = "", flaw: Flaw = _NO_FLAW) -> Response:
    live = [session for session in sessions.of_user(user.user_id) if session.live(user)]
    return form(
        request,
        "account.html",
        status=400 if flaw.section else 200,
        user_email=user.known_as,
        email=user.email,
        has_password=bool(user.password_hash),
        minimum_length=settings().minimum_password_length,
        **profile_form.shown(user, flaw.typed if flaw.section == "profile" else None, flaw.at),
        fields=profile_form.NAMES,
        flaw=flaw,
        new_email=flaw.typed.get("new_email", ""),
        applications=_applications(user, live),
        sessions=own_sessions.listed(live, sign_on.sign_on_id),
        organizations=_organizations(user),
        removed=removed,
        done=done,
        sign_out_url="/oidc/logout",
    )


def _organizations(user: User) -> list[dict[str, object]]:
    joined = {membership.org_id: membership.joined_at for membership in memberships.of_user(user.user_id)}
    found = organizations.many(list(joined))
    shown = [{"name": one.display_name or one.name, "since": joined[one.org_id]} for one in found]
    return sorted(shown, key=lambda organization: str(organization["name"]).casefold())


def _applications(user: User, live: list[sessions.Session]) -> list[dict[str, object]]:
    """What the template shows of each application of others."""
    return [
        {
            "client_id": found.client.client_id,
            "name": found.client.name,
            "uri": found.client.client_uri,
            "since": found.since,
            "sentences": [sentence for _, sentence in in_words(found.scopes, found.claims, found.resources)],
        }
        for found in let_in.applications(user.user_id, live)
    ]
