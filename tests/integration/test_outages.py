"""When a service hangs, is not reached or refuses a new execution environment: an honest 503 in time, and recovery."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gatehouse import aws, clock, keys, table
from gatehouse.table import connection
from local import emulator as ministack
from local.instance import Instance
from tests.integration import steps
from tests.integration.faults import DENIED, Effect, befalls, meanwhile, refused, unreachable
from tests.integration.scenes import new_address, with_tokens
from tests.integration.steps import Prepare, Setting, each, is_outage
from tests.unit.conftest import forget
from tests.unit.flows import new_client, sign_out_everywhere, userinfo

pytestmark = pytest.mark.usefixtures("stack")
# After that a function is ended in the middle of its work.
FUNCTION_SECONDS = 10
KMS_TROUBLE = {
    "denied": DENIED,
    "throttled": refused("ThrottlingException"),
    "broken": refused("KMSInternalException", status=500),
    "unreachable": unreachable,
}


@pytest.mark.row(57)
@each([steps.authorize, steps.exchange, steps.log_in, steps.refresh, steps.revoke])
@pytest.mark.parametrize("trouble", KMS_TROUBLE.values(), ids=KMS_TROUBLE)
def test_a_new_environment_without_kms_burns_nothing(setting: Setting, prepare: Prepare, trouble: Effect) -> None:
    step = prepare(setting)
    forget()
    with befalls("kms.", trouble):
        assert is_outage(step.send())

    again = step.send()
    assert step.done(again)
    step.holds(again)


@pytest.mark.row(57)
@each([steps.exchange, steps.refresh])
def test_a_key_that_kms_denies_burns_nothing_though_others_open(stack: Instance, prepare: Prepare) -> None:
    step = prepare(Setting(stack, new_client(access_token_alg="ES256", refresh_grace_seconds=0)))
    # The sealing key opens what was presented; these are the two that sign the answer.
    for denied in (2, 3):
        forget()
        with befalls("kms.Decrypt", DENIED, range(denied, 100)):
            assert is_outage(step.send())

    again = step.send()
    assert step.done(again)
    step.holds(again)


@pytest.mark.row(57)
def test_a_new_sealing_key_that_kms_denies_burns_no_refresh_token(stack: Instance) -> None:
    step = steps.refresh(Setting(stack, new_client(refresh_grace_seconds=0)))
    following = max((key for key in keys.ring().values() if key.algorithm == keys.SEALING), key=lambda key: key.active_from)
    table.update(table.ring_key(following.kid), where=[("pk", "exists", None)], set={"active_from": clock.now()})
    forget()
    with befalls("kms.Decrypt", DENIED, range(3, 100)):
        assert is_outage(step.send())

    again = step.send()
    assert step.done(again)
    step.holds(again)


@pytest.mark.row(38)
def test_sign_out_and_userinfo_need_no_kms(setting: Setting) -> None:
    person = with_tokens(setting.app)
    forget()
    with befalls("kms.", DENIED):
        assert userinfo(person.tokens["access_token"]).status == 200
        assert sign_out_everywhere(person.tokens["access_token"]).status == 204
        assert userinfo(person.tokens["access_token"]).status == 401


@pytest.mark.row(68)
@each([steps.ask_for_sign_up, steps.ask_for_reset])
def test_without_a_mail_provider_the_answer_is_the_same_and_asking_again_works(setting: Setting, prepare: Prepare) -> None:
    step = prepare(setting)
    with befalls("sesv2.", refused("ServiceUnavailableException", status=503)):
        silent = step.send()

    again = step.send()
    assert (silent.status, silent.body) == (again.status, again.body)
    step.holds(again)


@pytest.mark.parametrize("endpoint", ["silent", "closed"])
def test_a_table_that_cannot_be_reached_is_told_soon(setting: Setting, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    step = steps.refresh(setting)
    with address_of_nobody(silent=endpoint == "silent") as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        aws.forget()
        started = time.monotonic()
        answer = step.send()
        seconds = time.monotonic() - started
    monkeypatch.undo()
    aws.forget()

    assert is_outage(answer)
    # No attempt begins after the deadline, and none to connect takes a second.
    assert seconds < connection.DEADLINE_SECONDS + 1
    step.holds(step.send())


def test_one_connection_that_fails_goes_unnoticed(setting: Setting) -> None:
    step = steps.refresh(setting)
    with befalls("dynamodb.UpdateItem", unreachable, (1,)):
        answer = step.send()

    assert step.done(answer)
    step.holds(answer)


@each([steps.log_in])
def test_a_table_that_hangs_is_told_before_the_function_is_ended(setting: Setting, prepare: Prepare) -> None:
    step = prepare(setting)
    started = time.monotonic()
    with hanging(setting.emulator):
        answer = step.send()

    assert is_outage(answer)
    assert time.monotonic() - started < FUNCTION_SECONDS / 2
    again = step.send()
    assert step.done(again)
    step.holds(again)


@pytest.mark.row(12, 32)
@pytest.mark.parametrize(
    ("prepare", "write"),
    [
        (steps.exchange, "dynamodb.PutItem"),
        (steps.refresh, "dynamodb.UpdateItem"),
        (steps.sign_out, "dynamodb.UpdateItem"),
    ],
)
def test_a_write_that_is_done_long_after_it_was_given_up_harms_nobody(setting: Setting, prepare: Prepare, write: str) -> None:
    step = prepare(setting)
    stop = signal.SIGSTOP
    with running_again(setting.emulator), befalls(write, meanwhile(lambda: send_signal(setting.emulator, stop)), (1,)):
        assert is_outage(step.send())

    step.holds(step.send())


@contextmanager
def hanging(emulator: Instance) -> Iterator[None]:
    with running_again(emulator):
        send_signal(emulator, signal.SIGSTOP)
        yield


@contextmanager
def running_again(emulator: Instance) -> Iterator[None]:
    """Whatever happens inside, the emulator goes on afterwards and has worked off what waited for it."""
    try:
        yield
    finally:
        send_signal(emulator, signal.SIGCONT)
        table.get(table.client_key(new_address()))


def send_signal(emulator: Instance, number: signal.Signals) -> None:
    pid = ministack.process(emulator).pid()
    assert pid is not None
    os.kill(pid, number)


@contextmanager
def address_of_nobody(*, silent: bool) -> Iterator[str]:
    """An address where connections are refused, or, silent, never made: the queue of those who wait is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = server.getsockname()
        waiting = []
        if silent:
            server.listen(0)
            for _ in range(4):
                waiting.append(socket.socket())
                waiting[-1].setblocking(False)
                waiting[-1].connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for caller in waiting:
            caller.close()
