"""The page /u/device, and the question that follows it: what a person sees who signs a device in (RFC 8628 3.3, 5.1, 5.4)."""

import html

import pytest

from gatehouse import consents, device_codes, limits, table
from tests.unit import faults
from tests.unit.conftest import Answer
from tests.unit.devices import codes, decide, new_device_client, poll, question, stored_device, type_code
from tests.unit.flows import Browser, browser_of, hidden_fields, later, mailed_link, new_client, new_user


def words(page: Answer) -> str:
    return html.unescape(page.body)


def test_the_page_asks_for_the_code_and_names_no_application() -> None:
    page = Browser().get("hosted_pages", "/u/device")

    assert page.status == 200
    assert "Enter the code that your device shows" in page.body
    assert 'id="user-code"' in page.body and 'id="continue"' in page.body
    assert "form-action 'self';" in page.headers["content-security-policy"]


def test_a_link_with_the_code_fills_it_in_and_does_nothing_else() -> None:
    app = new_device_client()
    given = codes(app.client_id)
    with faults.trouble() as sent:
        page = Browser().get("hosted_pages", given["verification_uri_complete"])

    assert f'value="{given["user_code"]}"' in page.body
    assert app.client_id not in page.body and "Living Room TV" not in page.body
    assert not [call for call in sent if call.startswith("dynamodb.") and call != "dynamodb.Query"]


@pytest.mark.parametrize(
    "style",
    [str.lower, lambda code: code.replace("-", ""), lambda code: f"  {code.replace('-', ' ')} ", lambda code: code.replace("-", "–")],
)
def test_a_code_may_be_typed_as_people_type(style: object) -> None:
    given = codes(new_device_client().client_id)

    assert type_code(Browser(), style(given["user_code"])).status == 303  # type: ignore[operator]


@pytest.mark.parametrize("typed", ["BCDF-GHJK", "BCDF", "AEIO-UYAE", "", "x" * 300, "<script>", "../../USER", "ＢＣＤＦＧＨＪＫ"])
def test_a_wrong_code_gets_the_page_again(typed: str) -> None:
    answer = type_code(Browser(), typed)

    assert answer.status == 400
    assert "No device waits under this code" in answer.body
    assert "<script>" not in answer.body


def test_a_code_that_is_over_or_decided_is_as_unknown_as_any_other() -> None:
    new_user()
    app = new_device_client()
    over, decided = codes(app.client_id), codes(app.client_id)
    decide(Browser(), decided["user_code"])

    assert type_code(Browser(), decided["user_code"]).status == 400
    with later(600):
        assert type_code(Browser(), over["user_code"]).status == 400


@pytest.mark.row(62, 63)
def test_codes_can_be_guessed_at_twenty_times_in_a_quarter_of_an_hour_from_one_network() -> None:
    new_user()
    given = codes(new_device_client().client_id)
    guesser = Browser("2001:db8::1")
    for _ in range(limits.DEVICE_CODE.attempts):
        assert type_code(guesser, "BCDF-GHJK").status == 400
    refused = type_code(Browser("2001:db8::2"), given["user_code"])

    assert refused.status == 429
    assert "Too many attempts" in refused.body
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert type_code(Browser("192.0.2.9"), given["user_code"]).status == 303
    with later(901):
        assert type_code(guesser, codes(new_device_client().client_id)["user_code"]).status == 303


@pytest.mark.row(63)
def test_right_codes_do_not_count() -> None:
    app = new_device_client()
    for _ in range(limits.DEVICE_CODE.attempts + 5):
        assert type_code(Browser(), codes(app.client_id)["user_code"]).status == 303


@pytest.mark.row(62)
def test_a_guess_that_cannot_be_counted_is_not_made() -> None:
    given, browser = codes(new_device_client().client_id), Browser()
    page = browser.get("hosted_pages", "/u/device")
    with faults.trouble({"dynamodb.UpdateItem": faults.always(faults.THROTTLED)}) as sent:
        assert browser.fill(page, "/u/device", user_code=given["user_code"]).status == 503

    assert "dynamodb.GetItem" not in sent


@pytest.mark.row(60)
def test_the_code_must_come_from_the_page_that_this_browser_was_given() -> None:
    given = codes(new_device_client().client_id)
    page = Browser().get("hosted_pages", "/u/device")
    form = hidden_fields(page) | {"user_code": given["user_code"]}

    assert Browser().post("hosted_pages", "/u/device", form).status == 403
    assert Browser().post("hosted_pages", "/u/device", {"user_code": given["user_code"]}).status == 403
    assert Browser().post("hosted_pages", "/u/device", form, headers={"origin": "https://evil.test"}).status == 403


@pytest.mark.parametrize("first_party", [True, False])
def test_a_person_is_always_asked_even_when_signed_on(first_party: bool) -> None:
    user = new_user()
    app = new_device_client(first_party=first_party)
    given = codes(app.client_id)
    page = question(browser_of(user), given["user_code"])

    assert "Living Room TV" in page.body
    assert given["user_code"] in page.body
    assert "ada@example.com" in page.body
    assert "See your email address" in page.body
    assert "you have just started this yourself" in words(page)
    assert 'id="allow"' in page.body and 'id="deny"' in page.body
    assert poll(app.client_id, given["device_code"]).json["error"] == "authorization_pending"


def test_what_was_allowed_to_one_device_is_remembered_and_yet_asked_again_for_the_next_one() -> None:
    user = new_user()
    app = new_device_client(first_party=False)
    browser = browser_of(user)
    for _ in range(2):
        assert "Your device is signed in" in decide(browser, codes(app.client_id)["user_code"]).body

    consent = consents.get(user.user_id, app.client_id)
    assert consent and consent["scopes"] == ["email", "openid", "profile"]


def test_a_person_who_has_no_session_signs_in_first() -> None:
    new_user()
    app, browser = new_device_client(), Browser()
    answer = type_code(browser, codes(app.client_id)["user_code"])

    assert "/u/login?" in answer.location
    assert "Living Room TV" in browser.get("hosted_pages", answer.location).body


def test_a_person_without_an_account_makes_one_on_the_way() -> None:
    app, browser = new_device_client(), Browser()
    given = codes(app.client_id)
    login = type_code(browser, given["user_code"]).location
    started = browser.get("hosted_pages", login.replace("/u/login", "/u/signup"))
    browser.fill(started, "/u/signup", email="grace@example.com")
    answer = browser.fill(browser.get("hosted_pages", mailed_link("/u/verify")), "/u/verify", password="tin umbrella forgets nothing")
    assert browser.fill(browser.get("hosted_pages", answer.location), "/u/consent", decision="allow").status == 200

    assert poll(app.client_id, given["device_code"]).status == 200


def test_a_clients_longest_age_of_a_password_holds_for_devices_too() -> None:
    user = new_user()
    app = new_device_client(default_max_age=60)
    browser = browser_of(user)
    assert "/u/consent?" in type_code(browser, codes(app.client_id)["user_code"]).location

    with later(61):
        assert "/u/login?" in type_code(browser, codes(app.client_id)["user_code"]).location


@pytest.mark.parametrize(("first", "second"), [("allow", "deny"), ("deny", "allow")])
def test_the_first_decision_counts_and_another_one_gets_a_clear_page(first: str, second: str) -> None:
    user = new_user()
    app = new_device_client()
    given = codes(app.client_id)
    here, there = browser_of(user), browser_of(user)
    shown_here, shown_there = question(here, given["user_code"]), question(there, given["user_code"])
    assert here.fill(shown_here, "/u/consent", decision=first).status == 200
    late = there.fill(shown_there, "/u/consent", decision=second)

    assert late.status == 400
    assert "This code has expired, or was allowed or denied already." in words(late)
    assert 'href="https://id.example.com/u/device"' in late.body
    outcome = poll(app.client_id, given["device_code"])
    assert outcome.status == 200 if first == "allow" else outcome.json["error"] == "access_denied"


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_second_click_is_no_other_decision(decision: str) -> None:
    user = new_user()
    app = new_device_client()
    given, browser = codes(app.client_id), browser_of(user)
    page = question(browser, given["user_code"])
    answers = [browser.fill(page, "/u/consent", decision=decision) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert poll(app.client_id, given["device_code"]).status == (200 if decision == "allow" else 400)


def test_another_persons_allowance_does_not_pass_for_ones_own() -> None:
    ada, grace = new_user(), new_user("grace@example.com")
    given = codes(new_device_client().client_id)
    hers, his = browser_of(ada), browser_of(grace)
    pages = question(hers, given["user_code"]), question(his, given["user_code"])

    assert hers.fill(pages[0], "/u/consent", decision="allow").status == 200
    assert his.fill(pages[1], "/u/consent", decision="allow").status == 400


def test_what_a_person_was_shown_is_what_they_allow() -> None:
    user = new_user()
    app = new_device_client()
    given, browser = codes(app.client_id, scope="openid"), browser_of(user)
    page = question(browser, given["user_code"])
    # Another device was given the same code meanwhile, as may happen when the first one's item is swept.
    item = stored_device(given["user_code"])
    table.put(table.device_key(item["user_code"]), item | {"scope": "openid profile email"})

    assert browser.fill(page, "/u/consent", decision="allow").status == 400
    assert stored_device(given["user_code"])["status"] == "pending"


def test_a_code_that_ran_out_while_the_person_read_gets_a_clear_page() -> None:
    user = new_user()
    given, browser = codes(new_device_client().client_id), browser_of(user)
    page = question(browser, given["user_code"])
    with later(601):
        for decision in ("allow", "deny"):
            assert "This code has expired" in browser.fill(page, "/u/consent", decision=decision).body
        signin = hidden_fields(page)["signin"]
        assert "This code has expired" in browser.get("hosted_pages", f"/u/consent?signin={signin}").body


def test_neither_decision_is_malformed() -> None:
    user = new_user()
    given, browser = codes(new_device_client().client_id), browser_of(user)
    page = question(browser, given["user_code"])

    assert browser.fill(page, "/u/consent", decision="maybe").status == 400
    assert browser.fill(page, "/u/consent", decision="allow").status == 200


@pytest.mark.row(42)
def test_a_question_that_another_browser_was_given_leads_back_to_the_code() -> None:
    user = new_user()
    given, browser = codes(new_device_client().client_id), browser_of(user)
    page = question(browser, given["user_code"])
    signin = hidden_fields(page)["signin"]
    stolen = Browser().get("hosted_pages", f"/u/consent?signin={signin}")

    assert stolen.status == 403
    assert f"/u/device?user_code={device_codes.typed(given['user_code'])}" in stolen.body


def test_whoever_signed_out_before_deciding_begins_again_at_the_code() -> None:
    user = new_user()
    given, browser = codes(new_device_client().client_id), browser_of(user)
    page = question(browser, given["user_code"])
    out = browser.get("logout", "/oidc/logout")
    browser.post("logout", "/oidc/logout", hidden_fields(out))
    answer = browser.fill(page, "/u/consent", decision="allow")

    assert "You are not signed in any more." in answer.body
    assert "/u/device?user_code=" in answer.body


@pytest.mark.parametrize("before", [0, 1])
def test_a_decision_whose_answer_was_lost_is_done_once(before: int) -> None:
    user = new_user()
    app = new_device_client()
    given, browser = codes(app.client_id), browser_of(user)
    page = question(browser, given["user_code"])
    fates = [faults.go_through] * before + [faults.lose_answer]
    with faults.trouble({"dynamodb.UpdateItem": fates}) as sent:
        assert browser.fill(page, "/u/consent", decision="allow").status == 200

    # The consent, the decision, and one of them again.
    assert [call for call in sent if call.endswith(("PutItem", "UpdateItem"))] == ["dynamodb.UpdateItem"] * 3
    assert poll(app.client_id, given["device_code"]).status == 200


def test_a_sign_in_of_an_application_still_ends_at_the_application() -> None:
    user = new_user()
    browser = browser_of(user)
    question(browser, codes(new_device_client().client_id)["user_code"])

    assert "code" in browser.authorize(new_client().client_id).sent_back
