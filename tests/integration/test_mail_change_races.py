"""A mail address that two people want, or one wants and another signs up with, when all confirm at the same moment."""

import re
from collections import Counter
from functools import partial

import pytest

from gatehouse import limits, mail_change, table, tickets, users
from local import outbox
from local.instance import Instance
from tests.integration.scenes import (
    NEW_PASSWORD,
    ROUNDS,
    Person,
    accounts_of,
    ask_for_link,
    at_once,
    link_form,
    mailed_links,
    new_address,
    new_network,
    quick_client,
    signed_on,
)
from tests.unit.flows import Browser

pytestmark = pytest.mark.usefixtures("stack", "interleaved")


def asked(stack: Instance, person: Person, address: str) -> str:
    """The ticket of the link that was mailed when this person asked for the address."""
    limits.clear(limits.MAIL, f"{tickets.EMAIL} {address}")
    mail_change.ask(person.user, address)
    newest = next(mail for mail in outbox.messages(stack) if mail["To"] == [address])
    (ticket,) = set(re.findall(r"/u/email\?ticket=(\S+)", newest["BodyText"]))
    return ticket


def button(person: Person, ticket: str) -> partial[object]:
    """The press of the button behind the link, in the person's browser."""
    page = person.browser.get("hosted_pages", f"/u/email?ticket={ticket}")
    assert page.status == 200, page.body
    return partial(person.browser.fill, page, "/u/email")


@pytest.mark.row(71, 74)
def test_an_address_that_two_people_want_becomes_that_of_one(stack: Instance) -> None:
    app = quick_client()
    for _ in range(ROUNDS // 2):
        address, people = new_address(), [signed_on(app) for _ in range(2)]
        links = [asked(stack, person, address) for person in people]
        presses = [button(person, ticket) for person, ticket in zip(people, links, strict=True) for _ in range(4)]

        answers = at_once(*presses)

        # Whoever lost keeps the old address, and a link that opens nothing; nobody has two, and no address is lost.
        assert Counter(answer.status for answer in answers)[303] == 1
        assert {answer.status for answer in answers} <= {303, 400, 409}
        (winner,) = accounts_of(address)
        for person in people:
            now = users.get(person.user.user_id)
            assert now and now.email == (address if now.user_id == winner else person.user.email)
            kept = table.get(table.email_key(person.user.email))
            assert (kept is None) == (now.user_id == winner)


@pytest.mark.row(71, 74)
def test_an_address_that_somebody_signs_up_with_meanwhile_becomes_that_of_one(stack: Instance) -> None:
    app = quick_client()
    for _ in range(ROUNDS // 2):
        address, person = new_address(), signed_on(app)
        ticket = asked(stack, person, address)
        ask_for_link(Browser(new_network()), "/u/signup", address)
        (link,) = mailed_links(stack, address)

        changed, signed_up = at_once(button(person, ticket), link_form(Browser(), link, NEW_PASSWORD))

        assert sorted((changed.status == 303, signed_up.status == 200)) == [False, True]
        (owner,) = accounts_of(address)
        assert (owner == person.user.user_id) == (changed.status == 303)
