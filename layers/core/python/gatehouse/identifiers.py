"""Who somebody is: the one canonical form of a mail address, and user ids of the form provider|id."""

import hashlib
import re
import secrets
import unicodedata

from gatehouse import jose

LONGEST_ADDRESS = 254
LONGEST_LOCAL_PART = 64
LONGEST_DOMAIN = 253
LONGEST_LABEL = 63
PROVIDER = "gatehouse"

_ID_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID_LENGTH = 22

# Patterns are compiled when they are first needed, and remembered by re: most processes need few of them.
# RFC 5322 3.2.3: a local part that needs no quotes.
_DOT_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_ASCII_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# RFC 5892 2.1 (letters and digits), less 2.9 (old Hangul jamo) and the letters and marks that nobody sees.
_LABEL_CATEGORIES = frozenset({"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"})
_REFUSED_IN_LABELS = "[\u034f\u1100-\u11ff\u17b4\u17b5\u180b-\u180f\ua960-\ua97f\ud7b0-\ud7ff\ufe00-\ufe0f\U000e0100-\U000e01ef]"
# OpenID Connect Core 2: sub has at most 255 ASCII characters. Neither # nor / can occur, so an id is one part of a key
# and one segment of a path.
_USER_ID = r"[a-z0-9][a-z0-9_-]{0,63}\|[A-Za-z0-9._:@+=|-]{1,190}"
# An id of anything else that a path can name; a whole one, so that no part of it can mean something to a key.
_SEGMENT = r"[A-Za-z0-9._:@+=|~-]{1,512}"
_USERNAME = r"[a-z0-9_+\-.!~'^]{1,128}"
_E164 = r"\+[1-9][0-9]{5,14}"


class InvalidIdentifier(ValueError):
    """reason: a sentence for the person who typed it, without the value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def canonical_email(value: str) -> str:
    """The form of a mail address that is stored, looked up and written to: lower case, ASCII, the domain as xn--.

    Mail must go to this form only, never to what was typed: spellings that meet here are then one mailbox, whoever
    typed them. Nothing is folded that only one provider treats as equal, such as dots or +tags. The canonical form of
    a canonical form is itself.

    Raises:
        InvalidIdentifier: not an address, or one that could be mistaken for another.
    """
    # Before normalising, which takes time in proportion to the length. An xn-- form can be shorter than what was typed.
    if len(value) > 2 * LONGEST_ADDRESS:
        raise InvalidIdentifier(f"A mail address has at most {LONGEST_ADDRESS} characters.")
    # NFKC folds full-width letters, which East Asian keyboards type, and turns foreign @ and dots into plain ones.
    folded = unicodedata.normalize("NFKC", value).replace("\N{IDEOGRAPHIC FULL STOP}", ".").strip(" \t\r\n")
    local, at, domain = folded.partition("@")
    if not at or "@" in domain:
        raise InvalidIdentifier("A mail address has the form name@example.com.")
    address = f"{_canonical_local_part(local)}@{_canonical_domain(domain)}"
    if len(address) > LONGEST_ADDRESS:
        raise InvalidIdentifier(f"A mail address has at most {LONGEST_ADDRESS} characters.")
    return address


def canonical_username(value: str) -> str:
    """The form of a user name that is stored and looked up: lower case ASCII without @, which would make it a mail address.

    Raises:
        InvalidIdentifier: it is none.
    """
    canonical = value.strip(" ").lower() if value.isascii() else ""
    if not re.fullmatch(_USERNAME, canonical):
        raise InvalidIdentifier("A user name has 1 to 128 letters a to z, digits and _ + - . ! ~ ' ^ only.")
    return canonical


def canonical_phone(value: str) -> str:
    """A phone number in E.164: + and digits; spaces, hyphens, dots and brackets between them are left out.

    Raises:
        InvalidIdentifier: it is none.
    """
    canonical = value[:40].translate({ord(character): None for character in " -.()/"})
    if not re.fullmatch(_E164, canonical):
        raise InvalidIdentifier("A phone number has the form +49 30 123456, with the country in front.")
    return canonical


def new_user_id() -> str:
    """A fresh id of 131 random bits: never derived from an address, never given out again."""
    return f"{PROVIDER}|{''.join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))}"


def user_id_from(seed: bytes) -> str:
    """An id of the same form, always the same one for a seed; as hard to guess as that is, of which it tells nothing."""
    number, characters = int.from_bytes(hashlib.sha256(b"user id " + seed).digest()), []
    for _ in range(_ID_LENGTH):
        number, at = divmod(number, len(_ID_CHARACTERS))
        characters.append(_ID_CHARACTERS[at])
    return f"{PROVIDER}|{''.join(characters)}"


def valid_user_id(value: str) -> bool:
    """Whether a value that arrived from outside can be the id of a user at all. It says nothing about existence."""
    return re.fullmatch(_USER_ID, value) is not None


def joint_id(part: str, user_id: str) -> str:
    """The public id of something that lies under a user: it names both, and a path takes it."""
    return f"{part}.{jose.b64encode(user_id.encode())}"


def parts_of(public_id: str) -> tuple[str, str] | None:
    """Part and user id of a joint id, None for what is none."""
    part, _, encoded = public_id.rpartition(".")
    try:
        user_id = jose.b64decode(encoded).decode()
    except ValueError:
        return None
    return (part, user_id) if part and valid_user_id(user_id) else None


def _canonical_local_part(local: str) -> str:
    # ASCII only: with a Cyrillic a in it a name would be a second account that looks like the first, and few providers
    # deliver to other names. Checked before lower case, which makes ASCII of letters that are none.
    if not local.isascii():
        raise InvalidIdentifier("Use only the letters a to z, digits and the usual signs before the @.")
    if len(local) > LONGEST_LOCAL_PART:
        raise InvalidIdentifier(f"There are at most {LONGEST_LOCAL_PART} characters before the @.")
    canonical = local.lower()
    if not re.fullmatch(_DOT_ATOM, canonical):
        raise InvalidIdentifier("Remove spaces, quotes, brackets and misplaced dots before the @.")
    return canonical


def _canonical_domain(domain: str) -> str:
    labels = [_canonical_label(label) for label in domain.split(".")]
    canonical = ".".join(labels)
    if len(labels) < 2 or labels[-1].isdigit() or len(canonical) > LONGEST_DOMAIN:
        raise InvalidIdentifier("Use a full domain name such as example.com after the @.")
    return canonical


def _canonical_label(label: str) -> str:
    """An ASCII label in lower case, or the A-label of an internationalized one (RFC 5890 2.3.2.1).

    The codec "idna" of the standard library is not used: it is IDNA 2003, which drops zero-width characters, makes ss
    of ß and so another domain, and takes any ASCII at all.
    """
    if label.isascii():
        canonical = label.lower()
        valid = re.fullmatch(_ASCII_LABEL, canonical) and (not canonical.startswith("xn--") or _is_a_label(canonical))
    else:
        # ß and final sigma are letters of their own only since IDNA 2008, so software differs in which domain they
        # mean. Written as xn-- it is clear.
        unicode_label = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
        valid = not set("ßẞς") & set(label) and _is_u_label(unicode_label)
        canonical = _a_label(unicode_label) if valid else ""
        valid = valid and len(canonical) <= LONGEST_LABEL
    if not valid:
        raise InvalidIdentifier("The domain name after the @ is not a valid one.")
    return canonical


def _is_u_label(label: str) -> bool:
    """Letters, marks, digits and inner hyphens in the form that IDNA 2008 stores (RFC 5891 4.2.3)."""
    return (
        not label.isascii()
        and label == unicodedata.normalize("NFKC", label).lower()
        and not label.startswith("-")
        and not label.endswith("-")
        and label[2:4] != "--"
        and not unicodedata.category(label[0]).startswith("M")
        and all(character == "-" or unicodedata.category(character) in _LABEL_CATEGORIES for character in label)
        and not re.search(_REFUSED_IN_LABELS, label)
    )


def _a_label(label: str) -> str:
    return "xn--" + label.encode("punycode").decode("ascii")


def _is_a_label(label: str) -> bool:
    try:
        decoded = label.removeprefix("xn--").encode("ascii").decode("punycode")
    except UnicodeError:
        return False
    return _is_u_label(decoded) and _a_label(decoded) == label


def valid_segment(value: str) -> bool:
    """Whether a part of a path can be an id of anything of ours."""
    return re.fullmatch(_SEGMENT, value) is not None
