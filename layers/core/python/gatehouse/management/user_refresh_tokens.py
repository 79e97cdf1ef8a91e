"""Refresh tokens of people (Auth0's users/{id}/refresh-tokens and refresh-tokens). A token is its session, under another name."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field

from gatehouse import clients, clock, sessions, users
from gatehouse.errors import NotFound
from gatehouse.management import session_documents
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import InvalidBody, OperationNotSupported
from gatehouse.management.routes import Answer, Body, Call, Route
from gatehouse.management.user_sessions import end, end_all
from gatehouse.management.users import existing
from gatehouse.sessions import Session
from gatehouse.users import User

MOST_IDS: Final = 100
_Id = Annotated[str, Field(max_length=512)]


class Revocation(Body):
    ids: list[_Id] | None = Field(default=None, min_length=1, max_length=MOST_IDS)
    user_id: str | None = Field(default=None, max_length=255)
    client_id: str | None = Field(default=None, max_length=clients.LONGEST_CLIENT_ID)
    audience: str | None = None


class TokensQuery(PageQuery):
    user_id: str = Field(max_length=255)
    client_id: str = ""
    fields: str = ""
    include_fields: bool = True


class RefreshTokenAnswer(Answer):
    """id: that of the session. rotating: each use replaces the token."""

    id: str
    user_id: str
    client_id: str
    session_id: str
    rotating: bool
    created_at: str
    idle_expires_at: str
    expires_at: str


class TokensAnswer(Answer):
    tokens: list[RefreshTokenAnswer]
    next: str | None = None


class RefreshTokensAnswer(Answer):
    refresh_tokens: list[RefreshTokenAnswer]
    next: str | None = None


def list_tokens_of_user(call: Call) -> dict[str, Any]:
    """GET users/{id}/refresh-tokens"""
    user = existing(call.path["id"])
    return session_documents.paged(call.query, _behind(user, call.query), _token, "tokens", f"tokens of {user.user_id}")


def list_tokens(call: Call) -> dict[str, Any]:
    """GET refresh-tokens?user_id=: those of one person, of one application of theirs with client_id."""
    query = call.query
    user = existing(query.user_id)
    behind = _behind(user, query, query.client_id)
    answer = session_documents.paged(query, behind, _token, "refresh_tokens", f"tokens of {user.user_id} at {query.client_id}")
    if query.fields:
        named = {name.strip() for name in query.fields.split(",")}
        answer["refresh_tokens"] = [
            {name: value for name, value in token.items() if (name in named) == query.include_fields} for token in answer["refresh_tokens"]
        ]
    return answer


def _behind(user: User, query: PageQuery, client_id: str = "") -> session_documents.Behind:
    """The sessions of the user that have a refresh token. client_id: only those at that application."""

    def behind(after: str) -> Iterator[Session]:
        for session in session_documents.live(user, after, at_once=query.taken + 1):
            if client_id in ("", session.client_id) and _refreshable(session):
                yield session

    return behind


def _refreshable(session: Session) -> bool:
    client = clients.get(session.client_id)
    return client is not None and "refresh_token" in client.grant_types


def _token(session: Session) -> dict[str, Any]:
    client = clients.get(session.client_id)
    return {
        **session_documents.common(session),
        "client_id": session.client_id,
        "session_id": session_documents.public_id(session),
        "rotating": not (client and client.fapi),
        "resource_servers": [{"audience": audience, "scopes": session.scope} for audience in session.resources.split()],
        "last_exchanged_at": clock.iso(session.rotated_at) if session.rotated_at else None,
    }


def get_token(call: Call) -> dict[str, Any]:
    """GET refresh-tokens/{id}"""
    found = session_documents.named(call.path["id"])
    if _refreshable(found):
        return _token(found)
    raise NotFound("there is no such refresh token")


def revoke(call: Call) -> None:
    """POST refresh-tokens/revoke: by ids, or all of a person, or all of a person at one application."""
    given: Revocation = call.body
    if given.audience is not None or (given.client_id and not given.user_id):
        raise OperationNotSupported("only ids, user_id, or user_id with client_id; for all of an application there is sessions_not_before")
    if (given.ids is None) == (given.user_id is None):
        raise InvalidBody("either ids or user_id is needed")
    if given.ids is not None:
        session_documents.revoke(given.ids)
        return
    user = existing(given.user_id or "")
    if given.client_id:
        sessions.revoke_of_client(user.user_id, given.client_id, session_documents.REASON)
    else:
        users.sign_out_everywhere(user.user_id, invocation_id=call.request.id)


_READ_TOKENS, _DELETE_TOKENS = ("read:refresh_tokens",), ("delete:refresh_tokens",)

ROUTES = [
    Route(
        method="GET",
        path="/users/{id}/refresh-tokens",
        serve=list_tokens_of_user,
        summary="List a user's refresh tokens",
        scopes=_READ_TOKENS,
        query=PageQuery,
        answers=TokensAnswer,
    ),
    Route(
        method="DELETE",
        path="/users/{id}/refresh-tokens",
        serve=end_all,
        summary="Revoke all of a user's refresh tokens, and so all sessions",
        scopes=_DELETE_TOKENS,
        status=202,
    ),
    Route(
        method="GET",
        path="/refresh-tokens",
        serve=list_tokens,
        summary="List the refresh tokens of a user",
        scopes=_READ_TOKENS,
        query=TokensQuery,
        answers=RefreshTokensAnswer,
    ),
    Route(
        method="GET",
        path="/refresh-tokens/{id}",
        serve=get_token,
        summary="Get a refresh token",
        scopes=_READ_TOKENS,
        answers=RefreshTokenAnswer,
    ),
    Route(
        method="DELETE",
        path="/refresh-tokens/{id}",
        serve=end,
        summary="Revoke a refresh token, and so its session",
        scopes=_DELETE_TOKENS,
        status=204,
    ),
    Route(
        method="POST",
        path="/refresh-tokens/revoke",
        serve=revoke,
        summary="Revoke refresh tokens",
        scopes=_DELETE_TOKENS,
        body=Revocation,
        status=204,
    ),
]
