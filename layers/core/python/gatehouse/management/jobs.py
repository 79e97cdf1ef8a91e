"""Jobs (Auth0's): here a job is done when it is answered, so that its id carries all there is to tell of it, under our HMAC.

An id is good as long as the key that made it: 31 days after the next one replaced it.
"""

from typing import Any, Final

from pydantic import Field

from gatehouse import clients, clock, jose, keys, limits
from gatehouse.errors import NotFound, TooManyRequests
from gatehouse.management import verification_mail
from gatehouse.management.routes import Answer, Body, Call, Route
from gatehouse.management.tickets import check_context, with_address
from gatehouse.management.users import existing

VERIFICATION_EMAIL: Final = "verification_email"
_PURPOSE: Final = "job"
_PREFIX: Final = "job_"


class VerificationJob(Body):
    user_id: str = Field(max_length=255)
    client_id: str | None = Field(default=None, max_length=clients.LONGEST_CLIENT_ID)
    organization_id: str | None = None
    identity: dict[str, str] | None = None


class JobAnswer(Answer):
    """status: completed, or failed if the mail provider did not take it."""

    id: str
    type: str
    status: str
    created_at: str


def send_verification(call: Call) -> dict[str, Any]:
    """POST jobs/verification-email

    Raises:
        TooManyRequests: the address has had too many of these mails.
    """
    given: VerificationJob = call.body
    user = with_address(existing(given.user_id))
    check_context(given.client_id, given.organization_id, given.identity)
    try:
        taken = verification_mail.send(user, client_id=given.client_id or "")
    except limits.Exhausted as exhausted:
        raise TooManyRequests("too many of these mails to one address", retry_after_seconds=exhausted.retry_after_seconds) from exhausted
    record = f"{VERIFICATION_EMAIL}\n{'completed' if taken else 'failed'}\n{clock.now()}"
    return _shown(_PREFIX + keys.authenticate(_PURPOSE, record), record)


def get(call: Call) -> dict[str, Any]:
    """GET jobs/{id}"""
    job_id = call.path["id"]
    try:
        record = keys.authenticated(_PURPOSE, job_id.removeprefix(_PREFIX))
    except jose.Forged:
        raise NotFound("there is no such job") from None
    return _shown(job_id, record)


def _shown(job_id: str, record: str) -> dict[str, Any]:
    kind, status, created_at = record.split("\n")
    return {"id": job_id, "type": kind, "status": status, "created_at": clock.iso(int(created_at))}


ROUTES = [
    Route(
        method="POST",
        path="/jobs/verification-email",
        serve=send_verification,
        summary="Mail a user a link that confirms the address",
        scopes=("update:users",),
        body=VerificationJob,
        answers=JobAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/jobs/{id}",
        serve=get,
        summary="Get a job",
        scopes=("create:users", "read:users"),
        answers=JobAnswer,
    ),
]
