"""The administrator's command until there is a console: clients, people and keys of the stack that the environment names.

Works on a deployed stack as well: set ISSUER, TABLE_NAME, KEY_ARN and WEBHOOK_QUEUE_URL to the stack's outputs and use your AWS
credentials.
"""

import argparse
import json
import sys

from gatehouse import client_registration, dead_letters, identifiers, key_rotation, management_scopes, users, webhooks
from gatehouse.client_rules import InvalidRegistration
from gatehouse.clients import STANDARD_SCOPES, TYPES
from gatehouse.hosted import start
from gatehouse.search import reindex
from gatehouse.settings import settings


class NoDelivery(Exception):
    """Nothing can be redelivered."""


def main() -> int:
    """Run one command; what is wrong with the input is one line on stderr."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except (InvalidRegistration, identifiers.InvalidIdentifier, NoDelivery) as flaw:
        print(f"error: {flaw}", file=sys.stderr)
        return 1
    return 0


def _client(arguments: argparse.Namespace) -> None:
    properties = {
        "name": arguments.name,
        "type": arguments.type,
        "redirect_uris": arguments.redirect_uri,
        "post_logout_redirect_uris": arguments.post_logout_redirect_uri,
        "web_origins": arguments.web_origin,
        "first_party": not arguments.third_party,
        "require_pkce": not arguments.without_pkce,
        "refresh_cookie": arguments.refresh_cookie,
    }
    if arguments.scope or arguments.type == "machine":
        properties["scopes"] = arguments.scope
    if arguments.operator:
        properties |= {"scopes": list(management_scopes.OPERATORS), "audience": settings().management_audience}
    properties |= dict(_setting(entry) for entry in arguments.set)
    properties |= {name: value for name in ("audience", "initiate_login_uri") if (value := getattr(arguments, name))}
    registered = client_registration.register(**properties)
    print(f"client_id      {registered.client_id}")
    if registered.secret:
        print(f"client_secret  {registered.secret}   (shown once, kept nowhere)")
    if arguments.initiate_login_uri or arguments.without_pkce:
        print(f"login link     {start.link(registered.client_id)}")


def _secret(arguments: argparse.Namespace) -> None:
    print(client_registration.rotate_secret(arguments.client_id, overlap_seconds=arguments.overlap))


def _change(arguments: argparse.Namespace) -> None:
    client_registration.change(arguments.client_id, **dict(_setting(entry) for entry in arguments.set))
    print("changed; in force everywhere within a minute")


def _set_blocked(arguments: argparse.Namespace) -> None:
    user = users.get_by_email(identifiers.canonical_email(arguments.email))
    if user is None:
        raise identifiers.InvalidIdentifier("no such user")
    users.set_blocked(user.user_id, arguments.blocked)
    print(f"{user.user_id} is {'blocked and signed out' if arguments.blocked else 'open'}")


def _rotate_keys(arguments: argparse.Namespace) -> None:
    print(json.dumps(key_rotation.rotate("admin", force=arguments.force), indent=2))


def _reindex(arguments: argparse.Namespace) -> None:
    done = reindex.everything()
    print(f"{done.users} people: {done.written} search entries written, {done.removed} removed; {done.listed} items put into their lists")


def _redeliver(arguments: argparse.Namespace) -> None:
    webhook = webhooks.get(arguments.webhook_id)
    if webhook is None:
        raise NoDelivery("no such webhook")
    letters = list(dead_letters.oldest(webhook.id, event_id=arguments.event))
    if not letters:
        raise NoDelivery("no such dead letter" if arguments.event else "no dead letters")
    try:
        print(f"{webhooks.redeliver(webhook, letters)} back in the queue")
    except webhooks.SwitchedOff as off:
        raise NoDelivery("the webhook is not enabled") from off


def _setting(entry: str) -> tuple[str, object]:
    """name=value, the value as JSON where it is some, else as it stands."""
    name, _, value = entry.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="admin", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    client = commands.add_parser("client", help="register an application")
    client.set_defaults(run=_client)
    client.add_argument("--name", required=True, help="what people are shown")
    client.add_argument("--type", required=True, choices=TYPES)
    client.add_argument("--redirect-uri", action="append", default=[])
    client.add_argument("--post-logout-redirect-uri", action="append", default=[])
    client.add_argument("--web-origin", action="append", default=[])
    client.add_argument("--scope", action="append", default=[], help=f"repeatable; default for people: {' '.join(STANDARD_SCOPES)}")
    client.add_argument("--audience", default="", help="the API that its access tokens are for; default the issuer")
    client.add_argument("--initiate-login-uri", default="", help="where the application starts a sign-in; gives it a login link")
    client.add_argument("--operator", action="store_true", help="a machine with every scope of the Management API")
    client.add_argument("--third-party", action="store_true", help="people are asked for consent")
    client.add_argument("--without-pkce", action="store_true", help="for a confidential client that cannot do PKCE")
    client.add_argument("--refresh-cookie", action="store_true", help="keep the refresh token in an HttpOnly cookie")
    other = "any other property, such as refresh_grace_seconds=0"
    client.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=other)
    change = commands.add_parser("change", help="change properties of an application")
    change.set_defaults(run=_change)
    change.add_argument("client_id")
    change.add_argument("--set", action="append", required=True, metavar="NAME=VALUE")
    secret = commands.add_parser("secret", help="give an application a new secret beside the old one")
    secret.set_defaults(run=_secret)
    secret.add_argument("client_id")
    secret.add_argument("--overlap", type=int, default=86400, help="seconds that the old one stays valid")
    for name, blocked, text in (
        ("block", True, "block a person and end every session"),
        ("unblock", False, "let a blocked person in again"),
    ):
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=_set_blocked, blocked=blocked)
        command.add_argument("email")
    keys = commands.add_parser("rotate-keys", help="fill and sweep the key ring, as the daily job does")
    keys.set_defaults(run=_rotate_keys)
    keys.add_argument(
        "--force", action="store_true", help="a signing key leaked: the next ones sign from now, the current ones are deleted"
    )
    redelivering = commands.add_parser("redeliver", help="put what a webhook could not be told back into its queue")
    redelivering.set_defaults(run=_redeliver)
    redelivering.add_argument("webhook_id")
    redelivering.add_argument("--event", default="", help="only this one; default all")
    reindexing = commands.add_parser("reindex", help="write search entries and lists anew, after searchable paths were changed")
    reindexing.set_defaults(run=_reindex)
    return parser


if __name__ == "__main__":
    sys.exit(main())
