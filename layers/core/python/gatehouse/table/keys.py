"""Every key shape of the table. At most one value that a caller supplied stands in a key attribute, and it stands last.

item               pk                        sk                   written
user               USER#<user_id>            USER                 with its mail address, in one transaction
mail -> user       EMAIL#<canonical>         EMAIL                only if absent: uniqueness
session            USER#<user_id>            SESSION#<sid>        only if absent, then by generation
browser sign-on    USER#<user_id>            SIGNON#<id>          at each login
consent            USER#<user_id>            CONSENT#<client_id>  when granted
pending sign-in    SIGNIN#<id>               SIGNIN               by /authorize, until the code is issued
ticket             TICKET#<purpose>#<mail>   TICKET               newest wins, used once
pushed request     PAR#<id>                  PAR                  by the client, used once
device             DEVICE#<user_code>        DEVICE               only if absent, then decided once
used assertion     ASSERTION#<digest>        ASSERTION            only if absent
client             CLIENT#<client_id>        CLIENT               by the administrator, or only if absent by itself
key                KEYS                      <kid>                by rotation
counter            LIMIT#<kind>#<digest>     LIMIT                counted atomically
sweep position     SWEEP                     SWEEP                by cleanup
"""

from typing import TypedDict


class Key(TypedDict):
    pk: str
    sk: str


keys_partition = "KEYS"


def user_partition(user_id: str) -> str:
    """Partition of everything that belongs to one user."""
    return f"USER#{user_id}"


def user_key(user_id: str) -> Key:
    return {"pk": user_partition(user_id), "sk": "USER"}


def session_key(user_id: str, sid: str) -> Key:
    return {"pk": user_partition(user_id), "sk": f"SESSION#{sid}"}


def sign_on_key(user_id: str, sign_on_id: str) -> Key:
    return {"pk": user_partition(user_id), "sk": f"SIGNON#{sign_on_id}"}


def consent_key(user_id: str, client_id: str) -> Key:
    return {"pk": user_partition(user_id), "sk": f"CONSENT#{client_id}"}


def email_key(canonical: str) -> Key:
    return {"pk": f"EMAIL#{canonical}", "sk": "EMAIL"}


def sign_in_key(sign_in_id: str) -> Key:
    return {"pk": f"SIGNIN#{sign_in_id}", "sk": "SIGNIN"}


def pushed_request_key(pushed_id: str) -> Key:
    return {"pk": f"PAR#{pushed_id}", "sk": "PAR"}


def device_key(user_code: str) -> Key:
    return {"pk": f"DEVICE#{user_code}", "sk": "DEVICE"}


def assertion_key(digest: str) -> Key:
    return {"pk": f"ASSERTION#{digest}", "sk": "ASSERTION"}


def ticket_key(purpose: str, canonical_email: str) -> Key:
    return {"pk": f"TICKET#{purpose}#{canonical_email}", "sk": "TICKET"}


def client_key(client_id: str) -> Key:
    return {"pk": f"CLIENT#{client_id}", "sk": "CLIENT"}


def ring_key(kid: str) -> Key:
    return {"pk": keys_partition, "sk": kid}


def limit_key(kind: str, digest: str) -> Key:
    return {"pk": f"LIMIT#{kind}#{digest}", "sk": "LIMIT"}


def sweep_key() -> Key:
    return {"pk": "SWEEP", "sk": "SWEEP"}
