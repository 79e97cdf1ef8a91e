"""Where a person is signed in, for the account page: each session in words, the one that was used last first."""

from collections.abc import Iterable

from gatehouse import clients
from gatehouse.sessions import Session

MOST_SHOWN = 100
# The first that fits names it: browsers carry the names of those that they want to be taken for.
_SYSTEMS = {
    **{name: name for name in ("iPhone", "iPad", "Android", "Windows")},
    "Mac OS X": "Mac",
    "CrOS": "Chromebook",
    "Linux": "Linux",
}
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "Safari/": "Safari",
}


def listed(live: Iterable[Session]) -> list[dict[str, object]]:
    """What the template shows of each session. used: seconds since the epoch."""
    shown = [
        {
            "sid": session.sid,
            "client": client.name if (client := clients.get(session.client_id)) else "An application that is gone",
            "device": device_in_words(session.user_agent),
            "since": session.created_at,
            "used": max(session.created_at, session.rotated_at),
        }
        for session in live
    ]
    return sorted(shown, key=lambda session: int(str(session["used"])), reverse=True)[:MOST_SHOWN]


def device_in_words(user_agent: str) -> str:
    """Browser and system, as far as they can be told; else the first word that the caller said of itself, or an empty string."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or user_agent.partition(" ")[0]
