"""Where a person is signed in: one browser or application after the other, and the way to end it there."""

from gatehouse import sessions, sign_ons

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


def in_words(user_agent: str) -> str:
    """Browser and system, as far as they can be told; else the first word that the caller said of itself, or an empty string."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or user_agent.partition(" ")[0]


def end(user_id: str, sid: str, *, here: str) -> bool:
    """End one session, and the sign-on of the browser where it began, unless that is the one of this browser; False if there is none.

    Else that browser would sign in again by itself. here: the id of this browser's sign-on, may be empty.
    """
    session = sessions.get(user_id, sid)
    if session is None:
        return False
    if session.sign_on_id not in ("", here):
        sign_ons.end(user_id, session.sign_on_id)
    sessions.revoke(user_id, sid, "ended_by_person")
    return True


def end_others(user_id: str, *, here: str, sid: str = "") -> None:
    """End every sign-on and session but this browser's own. 1 WRU for each.

    here: the id of this browser's sign-on. sid: a session to keep; without one, those that began from the sign-on.

    Sign-ons go first, so that none of them begins anything any more. A code that one of them was given just before begins its session all
    the same, if it is exchanged while it lives (settings.code_seconds, at most 60), as does a device that was allowed and has not asked
    since (seconds). Signing out everywhere leaves nothing of the kind, as it ends the epoch.
    """
    for sign_on in sign_ons.of_user(user_id):
        if sign_on.sign_on_id != here:
            sign_ons.end(user_id, sign_on.sign_on_id)
    for session in sessions.of_user(user_id):
        kept = session.sid == sid if sid else session.sign_on_id == here
        if session.status == "active" and not kept:
            sessions.revoke(user_id, session.sid, "ended_by_person")
