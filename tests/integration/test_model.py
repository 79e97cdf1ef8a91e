"""Whatever people, clients and administrators do in whatever order, tokens open what a small model says."""

from dataclasses import dataclass
from typing import TypeVar

import pytest
import time_machine
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gatehouse import clock, users
from gatehouse.client_registration import Registered
from local.instance import Instance
from tests.integration.scenes import (
    NEW_PASSWORD,
    accepted,
    ask_for_link,
    link_form,
    mailed_links,
    new_address,
    new_network,
    quick_client,
)
from tests.unit.conftest import Answer, call
from tests.unit.flows import (
    PASSWORD,
    VERIFIER,
    Browser,
    basic,
    exchange,
    introspect,
    new_client,
    new_user,
    refresh,
    sign_out_everywhere,
    userinfo,
)

pytestmark = pytest.mark.usefixtures("stack")
CODE, GRACE, ACCESS, IDLE, ABSOLUTE = 60, 10, 300, 900, 2400
LIFETIMES = {
    "access_token_seconds": ACCESS,
    "session_idle_seconds": IDLE,
    "session_seconds": ABSOLUTE,
    "refresh_grace_seconds": GRACE,
}
Thing = TypeVar("Thing")
# How far back in what was issued or set a rule reaches: mostly to the newest.
BACK = st.sampled_from([0, 0, 0, 1, 2])
ENDS = ["replay", "theft", "revoke_access", "revoke_refresh", "sign_out", "operator", "block", "block_briefly", "reset"]
BROWSER = st.sampled_from([0, 1])


@dataclass
class Session:
    """era: how often everything had ended when it was allowed. over: something smaller has ended it."""

    era: int
    until: int
    idle_until: int = 0
    generation: int = 0
    rotated_at: int = 0
    over: bool = False


@dataclass
class Code:
    value: str
    session: Session
    expires_at: int
    used: bool = False


@dataclass
class Tokens:
    access: str
    refresh: str
    session: Session
    generation: int
    expires_at: int


class Machine(RuleBasedStateMachine):
    """One person with two browsers, the application they use, and another one."""

    emulator: Instance
    app: Registered
    other: Registered

    def __init__(self) -> None:
        super().__init__()
        self.travel = time_machine.travel(clock.now(), tick=False)
        self.time = self.travel.start()
        self.user = new_user(new_address())
        self.browsers = [Browser(new_network()), Browser(new_network())]
        # When each browser was last given the password, and in which era.
        self.signed_on = [(0, -1), (0, -1)]
        self.passwords = [PASSWORD]
        self.era = 0
        self.blocked = False
        self.failures = 0
        self.codes: list[Code] = []
        self.issued: list[Tokens] = []

    def teardown(self) -> None:
        self.travel.stop()

    @initialize()
    def begin(self) -> None:
        self.log_in(0, 0)
        self.redeem()

    @precondition(lambda self: self.failures < 5)
    @rule(browser=BROWSER, back=BACK)
    def log_in(self, browser: int, back: int) -> None:
        word = newest(self.passwords, back)
        answer = self.browsers[browser].sign_in(self.app.client_id, self.user.email, word, prompt="login")
        if word != self.passwords[-1] or self.blocked:
            self.failures += 1
            assert answer.status == 400
            return
        self.failures = 0
        self.signed_on[browser] = (clock.now(), self.era)
        self.take_code(answer, browser)

    @rule(browser=BROWSER, at_once=st.sampled_from([False, False, True]))
    def authorize(self, browser: int, at_once: bool) -> None:
        answer = self.browsers[browser].authorize(self.app.client_id)
        auth_time, era = self.signed_on[browser]
        if era != self.era or clock.now() >= auth_time + ABSOLUTE:
            assert "code" not in answer.sent_back
            return
        self.take_code(answer, browser)
        if at_once:
            self.redeem()

    @precondition(lambda self: self.codes and not self.codes[-1].used)
    @rule()
    def redeem(self) -> None:
        self.present_code(self.codes[-1], VERIFIER)

    @precondition(lambda self: self.codes and not self.codes[-1].used)
    @rule(what=st.sampled_from(ENDS))
    def redeem_after_the_end(self, what: str) -> None:
        self.end(what, 0)
        self.redeem()

    @rule()
    def refresh(self) -> None:
        self.present_refresh_token(self.issued[-1])

    @rule(back=st.sampled_from([1, 1, 2]), seconds=st.sampled_from([0, GRACE, GRACE + 1]))
    def refresh_with_an_older_one(self, back: int, seconds: int) -> None:
        self.time.shift(seconds)
        self.present_refresh_token(newest(self.issued, back))

    @rule(what=st.sampled_from(ENDS), back=BACK)
    def end(self, what: str, back: int) -> None:
        """One rule for all of these, or nothing would live long enough to be interesting."""
        getattr(self, what)(newest(self.issued, back))

    def replay(self, tokens: Tokens) -> None:
        self.present_code(newest([code for code in self.codes if code.session is tokens.session], 0), VERIFIER)

    def theft(self, tokens: Tokens) -> None:
        self.present_code(self.codes[-1], "x" * 43)

    def revoke_access(self, tokens: Tokens) -> None:
        self.revoke(tokens.access)
        tokens.session.over |= clock.now() < tokens.expires_at

    def revoke_refresh(self, tokens: Tokens) -> None:
        self.revoke(tokens.refresh)
        tokens.session.over = True

    def revoke(self, token: str) -> None:
        headers = {"authorization": self.secret()}
        assert call("revoke", "POST", "/oauth/revoke", form={"token": token}, headers=headers).status == 200

    def sign_out(self, tokens: Tokens) -> None:
        answer = sign_out_everywhere(tokens.access)
        allowed = clock.now() < tokens.expires_at and tokens.session.era == self.era
        assert answer.status == (204 if allowed else 401)
        self.era += allowed

    def operator(self, tokens: Tokens) -> None:
        assert users.sign_out_everywhere(self.user.user_id, invocation_id=str(self.era))
        self.era += 1

    def block(self, tokens: Tokens) -> None:
        users.set_blocked(self.user.user_id, True)
        self.blocked = True
        self.era += 1

    def block_briefly(self, tokens: Tokens) -> None:
        self.block(tokens)
        self.unblock()

    @precondition(lambda self: self.blocked)
    @rule()
    def unblock(self) -> None:
        users.set_blocked(self.user.user_id, False)
        self.blocked = False

    def reset(self, tokens: Tokens) -> None:
        if len(self.passwords) > 3:
            return
        browser = Browser(new_network())
        ask_for_link(browser, "/u/forgot", self.user.email)
        link = mailed_links(self.emulator, self.user.email)[0]
        self.passwords.append(f"{NEW_PASSWORD} {len(self.passwords)}")
        assert link_form(browser, link, self.passwords[-1])().status == 200
        self.era += 1

    @rule(seconds=st.sampled_from([1, 1, GRACE, GRACE + 1, CODE - 1, CODE, ACCESS, IDLE - 1, IDLE]))
    def wait(self, seconds: int) -> None:
        self.time.shift(seconds)

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        for back, tokens in enumerate(reversed(self.issued[-3:])):
            lives = self.lives(tokens.session)
            opens = accepted(tokens.access) if back == 0 else userinfo(tokens.access).status == 200
            assert opens == (lives and clock.now() < tokens.expires_at)
            is_newest = tokens.generation == tokens.session.generation
            assert introspect(self.app, tokens.refresh)["active"] == (lives and is_newest)

    def present_code(self, code: Code, verifier: str) -> None:
        answer = exchange(self.app.client_id, code.value, authorization=self.secret(), code_verifier=verifier)
        session, now = code.session, clock.now()
        if now >= code.expires_at:
            return refused(answer)
        if code.used or verifier != VERIFIER:
            session.over = code.used = True
            return refused(answer)
        code.used = session.era == self.era and now < session.until
        if not code.used:
            return refused(answer)
        session.idle_until = min(now + IDLE, session.until)
        return self.take_tokens(answer, session)

    def present_refresh_token(self, tokens: Tokens) -> None:
        refused(refresh(self.other.client_id, tokens.refresh))
        answer = refresh(self.app.client_id, tokens.refresh, authorization=self.secret())
        session, now = tokens.session, clock.now()
        if not self.lives(session):
            return refused(answer)
        if tokens.generation == session.generation:
            session.generation += 1
            session.rotated_at, session.idle_until = now, now + IDLE
            return self.take_tokens(answer, session)
        if tokens.generation == session.generation - 1 and now - session.rotated_at <= GRACE:
            return self.take_tokens(answer, session)
        session.over = True
        return refused(answer)

    def lives(self, session: Session) -> bool:
        in_time = clock.now() < min(session.until, session.idle_until)
        return in_time and not session.over and session.era == self.era and not self.blocked

    def take_code(self, answer: Answer, browser: int) -> None:
        auth_time, _ = self.signed_on[browser]
        session = Session(self.era, auth_time + ABSOLUTE)
        self.codes.append(Code(answer.sent_back["code"], session, clock.now() + CODE))

    def take_tokens(self, answer: Answer, session: Session) -> None:
        assert answer.status == 200, answer.body
        until = min(clock.now() + ACCESS, session.until)
        access, refresh = answer.json["access_token"], answer.json["refresh_token"]
        self.issued.append(Tokens(access, refresh, session, session.generation, until))

    def secret(self) -> str:
        return basic(self.app.client_id, self.app.secret)


def newest(things: list[Thing], back: int) -> Thing:
    return things[-1 - min(back, len(things) - 1)]


def refused(answer: Answer) -> None:
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


@pytest.mark.row(11, 31, 33, 35, 36, 37, 38, 40, 45)
def test_tokens_open_what_the_model_says(stack: Instance) -> None:
    Machine.emulator, Machine.app, Machine.other = stack, quick_client("web", **LIFETIMES), new_client()
    bounds = settings(max_examples=25, stateful_step_count=25, deadline=None, derandomize=True, database=None)
    run_state_machine_as_test(Machine, settings=bounds)
