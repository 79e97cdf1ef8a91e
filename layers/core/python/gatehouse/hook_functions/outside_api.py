"""What an API of the operator tells of a person, asked with a token made for that one question, and remembered for a while."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from gatehouse import clock, foreign_json, hook_secrets, observe, outbound, service_tokens
from gatehouse.dataclasses import dataclass
from gatehouse.errors import Unavailable
from gatehouse.hook_functions.options import Misconfigured
from gatehouse.settings import settings

LARGEST_ANSWER_BYTES: Final = 65_536
MOST_REMEMBERED: Final = 1000
_USER_ID: Final = "{user_id}"
# The token is ours to set, and the host is the URL's; the others would change what the request is.
_OWN_HEADERS: Final = ("authorization", "host", "connection", "content-length", "transfer-encoding")

# What was told, the least recently used first: by the URL about the person, and whom the token was for.
_remembered: "OrderedDict[tuple[str, str], tuple[int, Mapping[str, Any]]]" = OrderedDict()


class _NoAnswer(Exception):
    """It answered with something that tells nothing. The message holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Source:
    """url: {user_id} in it stands for the person's id. audience: of the token. secret_header: carries the secret; empty for none.

    cache_seconds: how long an answer holds. stale_seconds: how long after that it stands in while the API cannot be asked.
    """

    url: str
    audience: str
    secret_header: str
    secret_arn: str
    cache_seconds: int
    stale_seconds: int
    timeout_seconds: int
    token_seconds: int

    def check(self) -> None:
        """Whether it may be asked.

        Raises:
            Misconfigured: as it says.
        """
        if "{" in urlsplit(self.url).netloc:
            raise Misconfigured("configuration: url must not have {user_id} in its host")
        try:
            outbound.check(self.about("user"))
        except outbound.Refused as flaw:
            raise Misconfigured(f"configuration: url {flaw}") from flaw
        # Whoever is shown the token could otherwise come back to us with it.
        if self.audience.rstrip("/") in (settings().base_url, settings().management_audience.rstrip("/")):
            raise Misconfigured("configuration: audience must not be this service itself")
        if bool(self.secret_header) != bool(self.secret_arn):
            raise Misconfigured("configuration: secret_header goes together with the secret of the hook")
        if self.secret_header and not _is_header(self.secret_header):
            raise Misconfigured("configuration: secret_header must be the name of a header field that is not ours")
        if self.secret_arn and not self._is_for_host():
            raise Misconfigured(f"configuration: the secret's name must begin with {self._secrets}, by the host of url")

    @property
    def _secrets(self) -> str:
        """How names of secrets begin that may be sent there."""
        return f"{settings().stack_name}/hooks/{urlsplit(self.url).hostname}/"

    def _is_for_host(self) -> bool:
        # Whoever may change a hook could otherwise have any secret sent to a host of their own.
        return self.secret_arn.split(":", 6)[-1].startswith(self._secrets)

    def about(self, user_id: str) -> str:
        """The URL about a person."""
        return self.url.replace(_USER_ID, quote(user_id, safe=""))


def forget() -> None:
    """Ask about everybody anew."""
    _remembered.clear()


def told(source: Source, person: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the API tells of a person: now, or lately where that will do or has to; {} of whom it does not know, None if nothing is known.

    person: request.user of a hook's event.
    """
    key, now = (source.about(str(person["user_id"])), source.audience), clock.now()
    at, known = _remembered.get(key, (0, None))
    if known is not None and 0 <= now - at < source.cache_seconds:
        _remembered.move_to_end(key)
        observe.note("claims enrichment", outcome="remembered")
        return known
    started = clock.milliseconds()
    try:
        fresh = _fetched(source, person, key[0])
    except (outbound.Refused, Unavailable, _NoAnswer) as trouble:
        stale = known is not None and 0 <= now - at < source.cache_seconds + source.stale_seconds
        reason = trouble.detail if isinstance(trouble, Unavailable) else str(trouble)
        observe.note("claims enrichment", outcome="stale" if stale else "failed", ms=clock.milliseconds() - started, reason=reason)
        return known if stale else None
    observe.note("claims enrichment", outcome="fetched", ms=clock.milliseconds() - started)
    _remember(key, now, fresh)
    return fresh


def _fetched(source: Source, person: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    answer = outbound.get(url, _headers(source, person), limit=LARGEST_ANSWER_BYTES, seconds=source.timeout_seconds)
    if answer.status == 404:
        # It can be asked, and does not know this person.
        return {}
    if answer.status != 200:
        raise _NoAnswer(f"answers {answer.status}")
    try:
        fresh = foreign_json.parsed(answer.body)
    except ValueError:
        raise _NoAnswer("answers with something else than JSON") from None
    if not isinstance(fresh, dict):
        raise _NoAnswer("answers with something else than an object")
    return fresh


def _headers(source: Source, person: Mapping[str, Any]) -> dict[str, str]:
    token = service_tokens.issue(
        user_id=str(person["user_id"]),
        email=str(person.get("email") or ""),
        name=str((person.get("profile") or {}).get("name") or ""),
        audience=source.audience,
        seconds=source.token_seconds,
    )
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    if source.secret_header:
        secret = hook_secrets.value(source.secret_arn)
        if not secret.isascii() or not secret.isprintable():
            raise _NoAnswer("is not asked: the secret has characters that no header has")
        headers[source.secret_header] = secret
    return headers


def _is_header(name: str) -> bool:
    return name.isascii() and name.replace("-", "").isalnum() and name.lower() not in _OWN_HEADERS


def _remember(key: tuple[str, str], now: int, fresh: Mapping[str, Any]) -> None:
    _remembered[key] = (now, fresh)
    _remembered.move_to_end(key)
    while len(_remembered) > MOST_REMEMBERED:
        _remembered.popitem(last=False)
