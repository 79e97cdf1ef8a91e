"""A person's sign-ins and failed attempts (Auth0's users/{id}/logs): who came when, from where, with what."""

from typing import Any, Literal

from gatehouse import clients, clock, login_history
from gatehouse.login_history import MOST_SHOWN, Login
from gatehouse.management import paging
from gatehouse.management.paging import PageQuery
from gatehouse.management.routes import Answer, Call, Route
from gatehouse.management.users import existing

# Auth0's codes: success login, failed login, and failed login for an incorrect password.
_SUCCESS = "s"
_FAILED = {
    login_history.WRONG_PASSWORD: ("fp", "The password was another."),
    login_history.NO_PASSWORD: ("fp", "The user has no password."),
    login_history.BLOCKED: ("f", "The user was blocked."),
    login_history.REFUSED: ("f", "A hook refused the sign-in."),
}


class LogsQuery(PageQuery):
    sort: Literal["", "date:-1", "date:1"] = ""


class LogEntry(Answer):
    date: str
    type: str
    description: str | None = None
    client_id: str
    client_name: str
    ip: str
    user_agent: str
    user_id: str
    log_id: str


def list_logs(call: Call) -> Any:
    """GET users/{id}/logs: at most the MOST_SHOWN first in the order that is asked for, by default the newest."""
    user, query = existing(call.path["id"]), call.query
    start = query.page * query.per_page
    end = min(start + query.per_page, MOST_SHOWN)
    newest_first = query.sort != "date:1"
    found = list(login_history.of_user(user.user_id, limit=end, newest_first=newest_first))[start:] if start < end else []
    total = login_history.total(user.user_id) if query.include_totals else 0
    return paging.answered(query, [_shown(user.user_id, login) for login in found], total, "logs")


def _shown(user_id: str, login: Login) -> dict[str, Any]:
    client = clients.get(login.client_id) if login.client_id else None
    kind, description = _FAILED.get(login.reason, ("f", "")) if login.reason else (_SUCCESS, "")
    return {
        "date": f"{clock.iso(login.at_ms // 1000)[:-4]}{login.at_ms % 1000:03d}Z",
        "type": kind,
        **({"description": description} if description else {}),
        "client_id": login.client_id,
        "client_name": client.name if client else "",
        "ip": login.ip,
        "user_agent": login.user_agent,
        "user_id": user_id,
        "log_id": login.login_id,
    }


ROUTES = [
    Route(
        method="GET",
        path="/users/{id}/logs",
        serve=list_logs,
        summary="List a user's sign-ins, and the attempts that failed",
        scopes=("read:logs", "read:logs_users"),
        query=LogsQuery,
        answers=list[LogEntry],
    )
]
