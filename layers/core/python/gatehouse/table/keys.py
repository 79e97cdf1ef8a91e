"""Every key shape of the table. At most one value that a caller supplied stands in a key attribute, and it stands last.

item               pk                                    sk                     written
user               USER#<user_id>                        USER                   with its identifiers, in one transaction
mail -> user       EMAIL#<canonical>                     EMAIL                  only if absent: uniqueness; and so the three below
username -> user   USERNAME#<canonical>                  USERNAME
phone -> user      PHONE#<E.164>                         PHONE
identity -> user   IDENTITY#<connection id>#<id there>   IDENTITY
session            USER#<user_id>                        SESSION#<sid>          only if absent, then by generation
browser sign-on    USER#<user_id>                        SIGNON#<id>            at each login
consent            USER#<user_id>                        CONSENT#<client_id>    when granted
login              USER#<user_id>                        LOGIN#<ms>#<random>    at each login: history
failed login       NOBODY#<random>                       LOGIN#<ms>#<random>    at each attempt for nobody who is known
membership         USER#<user_id>                        ORG#<org_id>           with its inverse, in one transaction
custom document    USER#<user_id>                        CUSTOM#<store>         only if absent
gone user          GONE#<digest of user_id>              GONE                   when deleted: the id is not given again
role               ROLE#<role_id>                        ROLE                   with its name
role name          ROLENAME#<name>                       ROLENAME               only if absent
role holder        ROLE#<role_id>                        HOLDER#<user_id>       with the user
organization       ORG#<org_id>                          ORG                    with its name
organization name  ORGNAME#<name>                        ORGNAME                only if absent
member             ORG#<org_id>                          MEMBER#<user_id>       with the membership
invitation         ORG#<org_id>                          INVITATION#<id>        used once
API                API#<api_id>                          API                    by an operator
connection         CONNECTION#<connection id>            CONNECTION             by an operator, with its name
connection name    CONNECTIONNAME#<name>                 CONNECTIONNAME         only if absent
tenant settings    TENANT                                TENANT                 by an operator
hooks              HOOKS                                 HOOKS                  by an operator
claims mapping     CLAIMS                                CLAIMS                 by an operator
webhooks           WEBHOOKS                              WEBHOOKS               by an operator
dead letter        WEBHOOK#<webhook id>                  DEAD#<ms>#<event id>   when a delivery is given up
schedules          SCHEDULES                             SCHEDULES              by an operator
scheduled run      SCHEDULE#<schedule id>                RUN#<scheduled time>   only if absent, then by whoever holds it
pending sign-in    SIGNIN#<id>                           SIGNIN                 by /authorize, until the code is issued
ticket             TICKET#<purpose>#<mail>               TICKET                 newest wins, used once
pushed request     PAR#<id>                              PAR                    by the client, used once
device             DEVICE#<user_code>                    DEVICE                 only if absent, then decided once
used assertion     ASSERTION#<digest>                    ASSERTION              only if absent
client             CLIENT#<client_id>                    CLIENT                 by the administrator, or only if absent by itself
key                KEYS                                  <kid>                  by rotation
counter            LIMIT#<kind>#<digest>                 LIMIT                  counted atomically
page position      PAGE#<digest>                         PAGE                   where a numbered page of a list begins
search entry       FIND#<field>                          <value> US <user_id>   derived from the stream; US is one character, 0x1F
statistics         STATS                                 <yyyy-mm-dd>           derived from the stream
count              COUNT#<what>                          <bucket>               in the transaction that makes or removes one
sweep position     SWEEP                                 SWEEP                  by cleanup
audit entry        AUDIT#<yyyy-mm-dd>                    <ms>#<random>          in the table Audit: only if absent, never changed

Items that are listed have list_pk and list_sk beside these, the key of the index "Listing". Nothing is ever decided from that index.
"""

import hashlib
import zlib
from typing import TypedDict


class Key(TypedDict):
    pk: str
    sk: str


keys_partition = "KEYS"
stats_partition = "STATS"
# The list of users is spread, so that no partition of the index takes every sign-up.
USER_BUCKETS = 8
_SEPARATOR = "\x1f"


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


def gone_key(user_id: str) -> Key:
    return {"pk": f"GONE#{hashlib.sha256(user_id.encode()).hexdigest()}", "sk": "GONE"}


def username_key(canonical: str) -> Key:
    return {"pk": f"USERNAME#{canonical}", "sk": "USERNAME"}


def phone_key(number: str) -> Key:
    return {"pk": f"PHONE#{number}", "sk": "PHONE"}


def identity_key(connection_id: str, id_there: str) -> Key:
    return {"pk": f"IDENTITY#{connection_id}#{id_there}", "sk": "IDENTITY"}


def login_key(user_id: str, at_ms: int, random: str) -> Key:
    return {"pk": user_partition(user_id), "sk": f"LOGIN#{at_ms:013d}#{random}"}


def nobodys_login_key(at_ms: int, random: str) -> Key:
    return {"pk": f"NOBODY#{random}", "sk": f"LOGIN#{at_ms:013d}#{random}"}


def membership_key(user_id: str, org_id: str) -> Key:
    return {"pk": user_partition(user_id), "sk": f"ORG#{org_id}"}


def custom_key(user_id: str, store: str) -> Key:
    return {"pk": user_partition(user_id), "sk": f"CUSTOM#{store}"}


def role_key(role_id: str) -> Key:
    return {"pk": f"ROLE#{role_id}", "sk": "ROLE"}


def role_name_key(name: str) -> Key:
    return {"pk": f"ROLENAME#{name}", "sk": "ROLENAME"}


def holder_key(role_id: str, user_id: str) -> Key:
    return {"pk": f"ROLE#{role_id}", "sk": f"HOLDER#{user_id}"}


def organization_partition(org_id: str) -> str:
    """Partition of everything that belongs to one organization, but what its members have there."""
    return f"ORG#{org_id}"


def organization_key(org_id: str) -> Key:
    return {"pk": organization_partition(org_id), "sk": "ORG"}


def organization_name_key(name: str) -> Key:
    return {"pk": f"ORGNAME#{name}", "sk": "ORGNAME"}


def member_key(org_id: str, user_id: str) -> Key:
    return {"pk": organization_partition(org_id), "sk": f"MEMBER#{user_id}"}


def invitation_key(org_id: str, invitation_id: str) -> Key:
    return {"pk": organization_partition(org_id), "sk": f"INVITATION#{invitation_id}"}


def members_list(org_id: str) -> str:
    """What the list of an organization's members is called."""
    return f"MEMBERS#{org_id}"


def api_key(api_id: str) -> Key:
    return {"pk": f"API#{api_id}", "sk": "API"}


def connection_key(connection_id: str) -> Key:
    return {"pk": f"CONNECTION#{connection_id}", "sk": "CONNECTION"}


def connection_name_key(name: str) -> Key:
    return {"pk": f"CONNECTIONNAME#{name}", "sk": "CONNECTIONNAME"}


def tenant_key() -> Key:
    return {"pk": "TENANT", "sk": "TENANT"}


def hooks_key() -> Key:
    return {"pk": "HOOKS", "sk": "HOOKS"}


def claims_key() -> Key:
    return {"pk": "CLAIMS", "sk": "CLAIMS"}


def webhooks_key() -> Key:
    return {"pk": "WEBHOOKS", "sk": "WEBHOOKS"}


def webhook_partition(webhook_id: str) -> str:
    """Partition of what could not be delivered to one webhook."""
    return f"WEBHOOK#{webhook_id}"


def dead_letter_key(webhook_id: str, at_ms: int, event_id: str) -> Key:
    return {"pk": webhook_partition(webhook_id), "sk": f"DEAD#{at_ms:013d}#{event_id}"}


def schedules_key() -> Key:
    return {"pk": "SCHEDULES", "sk": "SCHEDULES"}


def schedule_partition(schedule_id: str) -> str:
    """Partition of the runs of one schedule."""
    return f"SCHEDULE#{schedule_id}"


def scheduled_run_key(schedule_id: str, at: str) -> Key:
    """at: ISO 8601 in UTC with seconds and Z, so that runs sort by their time."""
    return {"pk": schedule_partition(schedule_id), "sk": f"RUN#{at}"}


def page_key(digest: str) -> Key:
    return {"pk": f"PAGE#{digest}", "sk": "PAGE"}


def find_partition(field: str) -> str:
    """Partition of one searchable field: its values in order."""
    return f"FIND#{field}"


def find_key(field: str, value: str, user_id: str) -> Key:
    """value: without control characters, so that none of it passes for the separator."""
    return {"pk": find_partition(field), "sk": f"{value}{_SEPARATOR}{user_id}"}


def find_prefix(value: str, *, whole: bool) -> str:
    """What the sort keys of a value begin with; not whole: of every value that begins so."""
    return f"{value}{_SEPARATOR}" if whole else value


def found_user(sk: str) -> str:
    """The user that a search entry names."""
    return sk.rpartition(_SEPARATOR)[2]


def statistics_key(date: str) -> Key:
    return {"pk": stats_partition, "sk": date}


def audit_key(date: str, at_ms: int, random: str) -> Key:
    """In the table Audit. date: yyyy-mm-dd of at_ms, in UTC."""
    return {"pk": f"AUDIT#{date}", "sk": f"{at_ms:013d}#{random}"}


def count_key(what: str, bucket: int) -> Key:
    return {"pk": f"COUNT#{what}", "sk": str(bucket)}


def bucket_of(user_id: str) -> int:
    """Which part of the spread list a user stands in."""
    return zlib.crc32(user_id.encode()) % USER_BUCKETS


def listed_user(user_id: str, created_at: int) -> dict[str, str]:
    """The attributes that put a user into the list, by time of creation."""
    return {"list_pk": f"USERS#{bucket_of(user_id)}", "list_sk": f"{created_at:012d}#{user_id}"}


def listed(what: str, item_id: str, created_at: int) -> dict[str, str]:
    """The attributes that put something else into its list: what is ROLES, ORGS, APIS, CONNECTIONS, CLIENTS or a members_list."""
    return {"list_pk": what, "list_sk": f"{created_at:012d}#{item_id}"}


def user_lists() -> list[str]:
    """The partitions that the list of users is spread over."""
    return [f"USERS#{bucket}" for bucket in range(USER_BUCKETS)]
