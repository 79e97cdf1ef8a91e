"""Invitations into an organization: the mail, the link, and who gets in by it."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from gatehouse import client_registration, invitations, limits, memberships, table, users
from gatehouse.organizations import Organization
from tests.unit.conftest import ISSUER, Answer
from tests.unit.faults import lose_answer, trouble
from tests.unit.flows import CALLBACK, Browser, browser_of, claims_of, exchange, later, mailed_link, mails, new_client, new_user
from tests.unit.operators import api, machine
from tests.unit.teams import OPERATOR, join, new_role, path, two

BOB = "bob@example.com"
PASSWORD = "seven ginger otters juggle lanterns"


def application(**properties: Any) -> client_registration.Registered:
    return new_client(**({"initiate_login_uri": "https://app.example.com/login"} | properties))


def invited(organization: Organization, email: str = BOB, *, client_id: str = "", **more: Any) -> Answer:
    body = {"inviter": {"name": "Ada"}, "invitee": {"email": email}, "client_id": client_id or application().client_id}
    return api("POST", path(organization, "invitations"), machine(*OPERATOR), body | more)


def link_of(answer: Answer) -> dict[str, str]:
    """What the application's own page is told by the link: the parameters that it passes on."""
    assert answer.status == 201, answer.body
    told = dict(parse_qsl(urlsplit(answer.json["invitation_url"]).query))
    return {"organization": told["organization"], "invitation": told["invitation"]}


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["errorCode"]


def follow(parameters: dict[str, str], email: str, browser: Browser | None = None) -> Answer:
    """Sign in at the application that the link leads to."""
    return (browser or Browser()).sign_in(new_client().client_id, email=email, **parameters)


def test_an_invitation_is_mailed_and_its_link_leads_by_the_application() -> None:
    (acme, _), app = two(), application()

    answer = invited(acme, "Bob@Example.com", client_id=app.client_id, roles=[role := new_role("Editor")])

    made = answer.json
    assert (made["organization_id"], made["inviter"], made["invitee"]) == (acme.org_id, {"name": "Ada"}, {"email": BOB})
    assert (made["roles"], made["id"][:5]) == ([role], "uinv_")
    mail = mails()[-1]
    assert mail.destinations["ToAddresses"] == [BOB]
    assert "Acme Ltd" in mail.body and "Ada" in mail.body
    link = mailed_link("/u/start").replace("&amp;", "&")
    assert link == made["invitation_url"]
    sent = Browser().get("hosted_pages", link)
    assert sent.location.startswith("https://app.example.com/login?")
    assert sent.sent_back == {"iss": ISSUER, "organization_name": "acme", **link_of(answer)}


def test_whoever_was_invited_joins_by_signing_in_with_that_address() -> None:
    (acme, globex), bob = two(), new_user(BOB)
    told = link_of(invited(acme, roles=[role := new_role("Editor")]))
    app = new_client()

    code = Browser().sign_in(app.client_id, email=BOB, **told).sent_back["code"]

    membership = memberships.get(bob.user_id, acme.org_id)
    assert membership
    assert membership.roles == [role]
    assert claims_of(exchange(app.client_id, code).json["access_token"])["org_id"] == acme.org_id
    assert memberships.get(bob.user_id, globex.org_id) is None
    assert invitations.of_organization(acme.org_id) == []


def test_whoever_has_no_account_joins_by_making_one() -> None:
    (acme, _), app, browser = two(), new_client(), Browser()
    told = link_of(invited(acme))
    login = browser.get("hosted_pages", browser.authorize(app.client_id, **told).location)
    assert f'value="{BOB}"' in login.body

    browser.fill(login, "/u/signup", email=BOB)
    verify = browser.get("hosted_pages", mailed_link("/u/verify"))
    answer = browser.fill(verify, "/u/verify", password=PASSWORD)

    assert "code" in answer.sent_back
    bob = users.get_by_email(BOB)
    assert bob
    assert memberships.get(bob.user_id, acme.org_id)


def test_whoever_was_not_invited_does_not_get_in_by_the_link() -> None:
    (acme, _), mallory = two(), new_user("mallory@example.com")
    told = link_of(invited(acme))

    answer = follow(told, "mallory@example.com")

    assert (answer.sent_back["error"], answer.sent_back["error_description"]) == (
        "access_denied",
        "the person is not the one who was invited",
    )
    assert memberships.get(mallory.user_id, acme.org_id) is None
    assert len(invitations.of_organization(acme.org_id)) == 1


def test_an_address_that_nobody_has_proven_is_no_invited_one() -> None:
    (acme, _), bob = two(), new_user(BOB)
    told = link_of(invited(acme))
    table.update(table.user_key(bob.user_id), where=[("pk", "exists", None)], set={"email_verified": False})

    assert follow(told, BOB).sent_back["error"] == "access_denied"
    assert memberships.get(bob.user_id, acme.org_id) is None


def test_somebody_who_is_signed_on_is_asked_who_they_are() -> None:
    acme, _ = two()
    told = link_of(invited(acme))
    browser = browser_of(new_user("mallory@example.com"))

    assert browser.authorize(new_client().client_id, **told).location.startswith(f"{ISSUER}/u/login")
    assert browser.authorize(new_client().client_id, prompt="none", **told).sent_back["error"] == "login_required"


def test_an_invitation_is_good_once_and_its_link_then_serves_members_alone() -> None:
    (acme, _), bob = two(), new_user(BOB)
    told = link_of(invited(acme))
    assert "code" in follow(told, BOB).sent_back

    assert "code" in follow(told, BOB).sent_back
    memberships.leave(acme.org_id, bob.user_id)
    answer = follow(told, BOB)

    assert answer.sent_back["error_description"] == "the invitation was used or withdrawn, or is over"


def test_a_member_who_is_invited_again_gets_the_roles_besides_their_own() -> None:
    (acme, _), bob = two(), new_user(BOB)
    viewer, editor = new_role("Viewer"), new_role("Editor")
    join(acme, bob, viewer)

    follow(link_of(invited(acme, roles=[editor, viewer])), BOB)

    membership = memberships.get(bob.user_id, acme.org_id)
    assert membership
    assert membership.roles == [viewer, editor]
    assert invitations.of_organization(acme.org_id) == []


@pytest.mark.parametrize(("given", "days"), [({}, 7), ({"ttl_sec": 0}, 7), ({"ttl_sec": 86_400}, 1), ({"ttl_sec": 30 * 86_400}, 30)])
def test_an_invitation_ends(given: dict[str, int], days: int) -> None:
    (acme, _), bob = two(), new_user(BOB)
    with later(0):
        told = link_of(invited(acme, **given))
        for seconds, good in ((days * 86_400 - 1, True), (days * 86_400, False)):
            with later(seconds):
                assert bool(invitations.of_organization(acme.org_id)) == good
        with later(days * 86_400):
            assert follow(told, BOB).sent_back["error"] == "access_denied"
    assert memberships.get(bob.user_id, acme.org_id) is None


def test_an_invitation_that_is_withdrawn_opens_nothing() -> None:
    (acme, _), bearer = two(), machine(*OPERATOR)
    new_user(BOB)
    made = invited(acme)
    one = path(acme, "invitations", made.json["id"])

    assert api("DELETE", one, bearer).status == 204

    assert follow(link_of(made), BOB).sent_back["error"] == "access_denied"
    assert refused(api("DELETE", one, bearer)) == refused(api("GET", one, bearer)) == (404, "inexistent_invitation")


def test_a_link_is_for_its_organization_and_cannot_be_made_up() -> None:
    (acme, globex), app = two(), new_client()
    told = link_of(invited(acme))

    for parameters in (told | {"organization": globex.org_id}, told | {"invitation": told["invitation"][:-2] + "AA"}):
        assert Browser().authorize(app.client_id, **parameters).sent_back["error"] == "invalid_request"
    alone = Browser().authorize(app.client_id, invitation=told["invitation"])
    assert alone.location.startswith(f"{ISSUER}/u/login")


def test_invitations_are_listed_without_what_opens_them() -> None:
    (acme, globex), bearer = two(), machine(*OPERATOR)
    with later(0):
        first = invited(acme)
    with later(2):
        second = invited(acme, "carol@example.com")
        url = path(acme, "invitations")

        shown = [{name: value for name, value in made.json.items() if name != "invitation_url"} for made in (first, second)]
        assert api("GET", url, bearer).json == shown
        assert api("GET", url, bearer, query={"sort": "created_at:-1", "fields": "id"}).json == [{"id": one["id"]} for one in shown[::-1]]
        assert api("GET", url, bearer, query={"include_totals": True, "per_page": 1}).json["total"] == 2
        assert api("GET", f"{url}/{shown[0]['id']}", bearer).json == shown[0]
        assert api("GET", path(globex, "invitations"), bearer).json == []
        assert api("GET", path(globex, "invitations", shown[0]["id"]), bearer).status == 404
    secret = invitations.link(link_of(first)["invitation"])
    assert secret
    assert not any(secret.secret in str(item) for item in table.query(table.organization_partition(acme.org_id)))


@pytest.mark.parametrize(
    "more",
    [
        {"invitee": {"email": "nobody"}},
        {"invitee": {}},
        {"inviter": {"name": ""}},
        {"client_id": "nobody"},
        {"ttl_sec": 30 * 86_400 + 1},
        {"ttl_sec": -1},
        {"roles": ["a#b"]},
        {"roles": ["rol_nobody"]},
        {"app_metadata": {}},
    ],
)
def test_what_cannot_be_an_invitation_is_refused_before_any_mail(more: dict[str, Any]) -> None:
    acme, _ = two()

    assert invited(acme, **more).status in (400, 404)
    assert mails() == []


@pytest.mark.parametrize("properties", [{"initiate_login_uri": ""}, {"organization_usage": "deny"}])
def test_a_link_leads_to_an_application_that_takes_it(properties: dict[str, str]) -> None:
    acme, _ = two()

    assert refused(invited(acme, client_id=application(**properties).client_id)) == (400, "operation_not_supported")


def test_nobodys_mailbox_is_filled_with_invitations() -> None:
    (acme, _), app = two(), application()
    sent = [invited(acme, client_id=app.client_id).status for _ in range(limits.MAIL.attempts)]

    answer = invited(acme, client_id=app.client_id)

    assert set(sent) == {201}
    assert (refused(answer), int(answer.headers["retry-after"]) > 0) == ((429, "too_many_requests"), True)
    assert len(mails()) == limits.MAIL.attempts
    assert invited(acme, client_id=app.client_id, send_invitation_email=False).status == 201
    assert len(mails()) == limits.MAIL.attempts


def test_pages_that_show_a_way_back_to_another_browser_leave_the_invitation_out() -> None:
    acme, _ = two()
    told = link_of(invited(acme))
    started = Browser().authorize(new_client().client_id, **told)

    stranger = Browser().get("hosted_pages", started.location)

    assert stranger.status == 403
    assert told["invitation"] not in stranger.body and BOB not in stranger.body
    assert CALLBACK not in stranger.body
    assert parse_qs(urlsplit(started.location).query).keys() == {"signin"}


def test_an_invitation_whose_withdrawal_was_not_answered_is_withdrawn() -> None:
    acme, _ = two()
    bearer = machine(*OPERATOR)
    invitation_id = invited(acme).json["id"]

    with trouble({"dynamodb.TransactWriteItems": [lose_answer]}):
        assert api("DELETE", path(acme, "invitations", invitation_id), bearer).status == 204
    assert api("DELETE", path(acme, "invitations", invitation_id), bearer).status == 404
