"""Whatever people, clients and administrators do in whatever order, tokens open what a small model says."""

from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule, run_state_machine_as_test

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
)
from tests.unit.conftest import Answer, call
from tests.unit.flows import PASSWORD, Browser, basic, exchange, introspect, new_client, new_user, sign_out_everywhere
from tests.unit.flows import refresh as refresh_grant

pytestmark = pytest.mark.usefixtures("stack")
CODE, GRACE, ACCESS, IDLE, ABSOLUTE = 60, 10, 300, 900, 2400
LIFETIMES = {
    "access_token_seconds": ACCESS,
    "session_idle_seconds": IDLE,
    "session_seconds": ABSOLUTE,
    "refresh_grace_seconds": GRACE,
}


@dataclass
class Session:
    """over: a revocation or anything greater has ended it. era: how often everything had ended when it was allowed."""

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


@dataclass
class World:
    """Where the machine acts; what it has found out about the one person in it."""

    emulator: Instance
    app: Registered
    other: Registered


class Machine(RuleBasedStateMachine):
    codes: Bundle[Code] = Bundle("codes")
    tokens: Bundle[Tokens] = Bundle("tokens")
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.travel = time_machine.travel(clock.now(), tick=False)
        self.time = self.travel.start()
        self.user = new_user(new_address())
        self.browsers = [Browser(new_network()), Browser(new_network())]
        # When each browser was last given the password, and in which era.
        self.signed_on: dict[int, tuple[int, int]] = {}
        self.passwords = [PASSWORD]
        self.era = 0
        self.blocked = False
        self.failures = 0
        self.issued: list[Tokens] = []

    def teardown(self) -> None:
        self.travel.stop()

    # What can happen.

    @precondition(lambda self: self.failures < 5)
    @rule(target=codes, browser=st.integers(0, 1), newest=st.booleans())
    def log_in(self, browser: int, newest: bool) -> Any:
        word = self.passwords[-1 if newest else 0]
        answer = self.browsers[browser].sign_in(self.world.app.client_id, self.user.email, word, prompt="login")
        if word != self.passwords[-1] or self.blocked:
            self.failures += 1
            assert answer.status == 400
            return multiple()
        self.failures = 0
        self.signed_on[browser] = (clock.now(), self.era)
        return self._code(answer, browser)

    @rule(target=codes, browser=st.integers(0, 1))
    def authorize(self, browser: int) -> Any:
        answer = self.browsers[browser].authorize(self.world.app.client_id)
        auth_time, era = self.signed_on.get(browser, (0, -1))
        if era != self.era or clock.now() >= auth_time + ABSOLUTE:
            assert "code" not in answer.sent_back
            return multiple()
        return self._code(answer, browser)

    @rule(target=tokens, code=codes, right=st.sampled_from([True, True, True, False]))
    def exchange(self, code: Code, right: bool) -> Any:
        verifier = {} if right else {"code_verifier": "x" * 43}
        answer = exchange(self.world.app.client_id, code.value, authorization=self._secret(), **verifier)
        session = code.session
        if clock.now() >= code.expires_at:
            return self._refused(answer)
        if code.used or not right:
            session.over = code.used = True
            return self._refused(answer)
        if session.era != self.era:
            return self._refused(answer)
        code.used = True
        session.idle_until = min(clock.now() + IDLE, session.until)
        return self._tokens(answer, session)

    @rule(target=tokens, tokens_=tokens)
    def refresh(self, tokens_: Tokens) -> Any:
        answer = refresh_grant(self.world.app.client_id, tokens_.refresh, authorization=self._secret())
        session, now = tokens_.session, clock.now()
        if not self._live(session):
            return self._refused(answer)
        if tokens_.generation == session.generation:
            session.generation += 1
            session.rotated_at, session.idle_until = now, now + IDLE
            return self._tokens(answer, session)
        if tokens_.generation == session.generation - 1 and now - session.rotated_at <= GRACE:
            return self._tokens(answer, session)
        session.over = True
        return self._refused(answer)

    @rule(tokens_=tokens)
    def refresh_by_another_client(self, tokens_: Tokens) -> None:
        self._refused(refresh_grant(self.world.other.client_id, tokens_.refresh))

    @rule(tokens_=tokens, which=st.sampled_from(["access", "refresh"]))
    def revoke(self, tokens_: Tokens, which: str) -> None:
        form = {"token": getattr(tokens_, which)}
        answer = call("revoke", "POST", "/oauth/revoke", form=form, headers={"authorization": self._secret()})
        assert answer.status == 200
        if which == "refresh" or clock.now() < tokens_.expires_at:
            tokens_.session.over = True

    @rule(tokens_=tokens)
    def sign_out(self, tokens_: Tokens) -> None:
        answer = sign_out_everywhere(tokens_.access)
        if clock.now() < tokens_.expires_at and tokens_.session.era == self.era:
            assert answer.status == 204
            self.era += 1
        else:
            assert answer.status == 401

    @rule()
    def block(self) -> None:
        users.set_blocked(self.user.user_id, True)
        self.blocked = True
        self.era += 1

    @precondition(lambda self: self.blocked)
    @rule()
    def unblock(self) -> None:
        users.set_blocked(self.user.user_id, False)
        self.blocked = False

    @precondition(lambda self: len(self.passwords) < 4)
    @rule()
    def reset(self) -> None:
        browser = Browser(new_network())
        ask_for_link(browser, "/u/forgot", self.user.email)
        link = mailed_links(self.world.emulator, self.user.email)[0]
        self.passwords.append(f"{NEW_PASSWORD} {len(self.passwords)}")
        assert link_form(browser, link, self.passwords[-1])().status == 200
        self.era += 1

    @rule(seconds=st.sampled_from([1, GRACE, GRACE + 1, CODE, ACCESS, IDLE - 1, IDLE, ABSOLUTE]))
    def wait(self, seconds: int) -> None:
        self.time.shift(seconds)

    # What must be true all the while.

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        for number, tokens in enumerate(reversed(self.issued[-6:])):
            live = self._live(tokens.session)
            opens = live and clock.now() < tokens.expires_at
            if number < 2:
                assert accepted(tokens.access) == opens
            shown = introspect(self.world.app, tokens.refresh)["active"]
            assert shown == (live and tokens.generation == tokens.session.generation)

    def _live(self, session: Session) -> bool:
        in_time = clock.now() < min(session.until, session.idle_until)
        return in_time and not session.over and session.era == self.era and not self.blocked

    def _code(self, answer: Answer, browser: int) -> Code:
        auth_time, _ = self.signed_on[browser]
        session = Session(self.era, auth_time + ABSOLUTE)
        return Code(answer.sent_back["code"], session, clock.now() + CODE)

    def _tokens(self, answer: Answer, session: Session) -> Tokens:
        assert answer.status == 200, answer.body
        body, until = answer.json, min(clock.now() + ACCESS, session.until)
        tokens = Tokens(body["access_token"], body["refresh_token"], session, session.generation, until)
        self.issued.append(tokens)
        return tokens

    def _refused(self, answer: Answer) -> Any:
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
        return multiple()

    def _secret(self) -> str:
        return basic(self.world.app.client_id, self.world.app.secret)


@pytest.mark.row(11, 31, 33, 35, 36, 37, 38, 40, 45)
def test_tokens_open_what_the_model_says(stack: Instance) -> None:
    Machine.world = World(stack, new_client("web", **LIFETIMES), new_client())
    limits = settings(
        max_examples=30,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Machine, settings=limits)
