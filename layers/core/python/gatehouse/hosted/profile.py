"""Questions of an application about the person, between signing in and going back to it: few at a time, and only what it lacks."""

from collections.abc import Mapping

from gatehouse import clients, metadata, profile_questions, profiles, tenant
from gatehouse.hosted import completion, profile_form
from gatehouse.hosted.page import current_sign_in, form, submitted
from gatehouse.profile_questions import Question
from gatehouse.sign_ins import SignIn
from gatehouse.sign_ons import SignOn
from gatehouse.users import User
from gatehouse.web import Request, Response


def ask(request: Request) -> Response:
    """GET /u/profile?signin=…"""
    sign_in = current_sign_in(request, request.query.get("signin", ""))
    user, sign_on = completion.recognised(sign_in)
    return _elsewhere(request, sign_in, user, sign_on) or _form(request, sign_in, user, {})


def submit(request: Request) -> Response:
    """POST /u/profile: csrf, signin, asked (what the page asked for), the answers by name, or skip."""
    fields = submitted(request)
    sign_in = current_sign_in(request, fields.get("signin", ""))
    user, sign_on = completion.recognised(sign_in)
    if away := _elsewhere(request, sign_in, user, sign_on):
        return away
    asked = [question for question in _questions(sign_in, user) if question.name in fields.get("asked", "").split()]
    given = {question.name: fields.get(question.name, "").strip() for question in asked}
    answers = {} if "skip" in fields else {name: value for name, value in given.items() if value}
    for question in asked:
        if question.required and question.name not in answers:
            return _form(request, sign_in, user, given, question.name, "needs an answer")
    try:
        skipped = [name for name in given if name not in answers]
        user = profile_questions.answered(user.user_id, answers, skipped)
    except profiles.Unacceptable as flaw:
        return _form(request, sign_in, user, given, flaw.name, flaw.reason)
    except metadata.Unacceptable as flaw:
        return _form(request, sign_in, user, given, "", flaw.reason)
    request.outcome.update({"profile": "asked", "client_id": sign_in.request.client_id})
    # What else it would like to know waits for the next time.
    return completion.go_on(request, sign_in, user, sign_on, optional=False)


def _elsewhere(request: Request, sign_in: SignIn, user: User, sign_on: SignOn) -> Response | None:
    """The way to where this sign-in has to go first, or what it ends with when there is nothing to ask; None if it is right here."""
    if completion.next_page(sign_in.request, user, agreed=sign_in.agreed) != "profile":
        return completion.go_on(request, sign_in, user, sign_on)
    return None if _questions(sign_in, user) else completion.complete(request, sign_in.request, user, sign_on, claims=sign_in.claims)


def _questions(sign_in: SignIn, user: User) -> list[Question]:
    client = clients.get(sign_in.request.client_id)
    at_once = tenant.settings().profile_questions_at_once
    # What is required is asked for even where nothing else is to be.
    return profile_questions.due(client, user, optional=at_once > 0)[: max(at_once, 1)] if client else []


def _form(request: Request, sign_in: SignIn, user: User, given: Mapping[str, str], invalid: str = "", reason: str = "") -> Response:
    questions = _questions(sign_in, user)
    client = clients.get(sign_in.request.client_id)
    shown = [_shown(question, given, invalid) for question in questions]
    label = next((field["label"] for field in shown if field["invalid"]), "")
    return form(
        request,
        "profile.html",
        sign_in=sign_in,
        status=400 if reason else 200,
        client_name=client.name if client else "",
        user_email=user.known_as,
        questions=shown,
        kept={"asked": " ".join(question.name for question in questions)},
        error=f"{label or 'This'} {reason}." if reason else "",
        may_skip=not any(question.required for question in questions),
    )


def _shown(question: Question, given: Mapping[str, str], invalid: str) -> dict[str, object]:
    field = profile_form.field_of(question.name)
    return {
        "name": question.name,
        "label": question.label or (field.label if field else question.name.removeprefix(profile_questions.METADATA)),
        "autocomplete": field.autocomplete if field else "off",
        "kind": field.kind if field else "text",
        "hint": field.hint if field else "",
        "required": question.required,
        "value": given.get(question.name, ""),
        "invalid": question.name == invalid,
    }
