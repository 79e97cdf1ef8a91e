"""What an application wants to know of people, asked for little by little: when they sign in to it, a few questions at a time.

Nothing here guards anything: what an application is allowed to see is decided elsewhere, whether or not a question was answered.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from gatehouse import clock, metadata, profiles, provenance, user_changes
from gatehouse.clients import Client
from gatehouse.dataclasses import dataclass, replace
from gatehouse.user_changes import Edited
from gatehouse.users import User

# Who did not want to answer is left in peace for so long.
SKIPPED_SECONDS: Final = 30 * 86400
# So that the record stays bounded, however many applications ask.
MOST_SKIPPED: Final = 100
METADATA: Final = "user_metadata."


@dataclass(frozen=True, slots=True)
class Question:
    """name: a member of the profile, or user_metadata. and a key. label: for the person, empty for the usual one of a profile member."""

    name: str
    label: str
    required: bool


def due(client: Client, user: User, *, optional: bool = True) -> list[Question]:
    """What the application lacks and the person may be asked now, in its order but what it requires first. Reads nothing.

    optional: also what it does not require, unless that was skipped lately.
    """
    now = clock.now()
    questions = [Question(field["name"], field.get("label", ""), field.get("required", False)) for field in client.profile_fields]
    lacking = [question for question in questions if _told(user, question.name) in (None, "", [], {})]
    required = [question for question in lacking if question.required]
    if not optional:
        return required
    return required + [
        question for question in lacking if not question.required and now - user.skipped.get(question.name, 0) >= SKIPPED_SECONDS
    ]


def checked(name: str, value: str) -> str:
    """An answer as it is kept.

    Raises:
        profiles.Unacceptable: it is not what the member can be.
    """
    if not name.startswith(METADATA):
        return str(profiles.checked(name, value))
    if len(value) > profiles.LONGEST_VALUE or "\x00" in value:
        raise profiles.Unacceptable(name, f"must have at most {profiles.LONGEST_VALUE} characters")
    return value


def answered(user_id: str, answers: Mapping[str, str], skipped: Collection[str]) -> User:
    """Keep what the person answered and what they did not want to, and return them as they then are. 1 read, 1 write.

    Raises:
        profiles.Unacceptable, metadata.Unacceptable: an answer, or all data of the person together, that is not kept.
        user_changes.Unknown: the person is gone.
    """
    about = {name: value for name, value in answers.items() if not name.startswith(METADATA)}
    chosen = {name.removeprefix(METADATA): checked(name, value) for name, value in answers.items() if name.startswith(METADATA)}

    def edit(user: User) -> Edited:
        after = profiles.edited(user, about, provenance.PROGRESSIVE)
        if chosen:
            document = {**user.user_metadata, **chosen}
            metadata.accept("user_metadata", user.user_metadata, document)
            noted = provenance.noted(_still_there(after.provenance, document), [METADATA + key for key in chosen], provenance.PROGRESSIVE)
            after = replace(after, user_metadata=document, provenance=noted)
        return Edited(replace(after, skipped=_skipped(user, skipped)))

    return user_changes.change(user_id, edit)


def _still_there(noted: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """What is noted, but for answers that were taken out of the document since."""
    return {name: entry for name, entry in noted.items() if not name.startswith(METADATA) or name.removeprefix(METADATA) in document}


def _told(user: User, name: str) -> Any:
    if name.startswith(METADATA):
        return user.user_metadata.get(name.removeprefix(METADATA))
    return user.profile.get(name)


def _skipped(user: User, names: Collection[str]) -> dict[str, int]:
    now = clock.now()
    recent = {name: at for name, at in user.skipped.items() if now - at < SKIPPED_SECONDS} | dict.fromkeys(names, now)
    return dict(sorted(recent.items(), key=lambda skipped: skipped[1])[-MOST_SKIPPED:])
