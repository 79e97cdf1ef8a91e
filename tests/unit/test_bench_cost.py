"""What operations cost is reckoned rightly, in sums that were done by hand."""

from typing import Any

import pytest

from bench import cost, cost_tables, month, partitions
from bench.prices import MILLION, each

MEMORY = {"one": 512, "pages": 1769}


def operation(**changes: Any) -> dict[str, Any]:
    """One that writes once and reads once, in 1 ms of processor time."""
    usual = {
        "function": "one",
        "operations": ["GetItem", "UpdateItem"],
        "wru": 1,
        "rru": 1,
        "kms": 0,
        "hooks": 0,
        "log_lines": [300],
        "answer_bytes": 2000,
        "cold_operations": ["GetItem", "Query", "GetItem", "UpdateItem"],
        "cold_kms": 2,
        "partitions": {"USER": [1, 1]},
        "cold_partitions": {"USER": [1, 1], "CLIENT": [0, 0.5], "KEYS": [0, 2]},
    }
    return usual | changes


def figures(**changes: Any) -> dict[str, Any]:
    start = {"import_cpu": 50.0, "first_cpu": 11.0}
    return {
        "work": {"one": operation(**changes)},
        "warm_ms": {"ES256": {"one": (1.0, 0.5)}},
        "cold": {"one": start, "pages": start},
        "calibration": {"interpreter": 10.0},
    }


def million(dollars: float) -> float:
    return round(dollars * MILLION, 6)


def test_a_price_is_told_for_one() -> None:
    assert each("wru") == 0.625 / 1_000_000
    assert each("kms_requests") == 0.03 / 10_000
    assert each("cognito_m2m") == 2.25 / 1000
    assert each("logs") == 0.50


def test_an_operation_costs_what_its_parts_add_up_to() -> None:
    bill = cost.row(figures(), MEMORY, ["one"], "HTTP API")

    # 1 ms at 512/1769 of a processor is 3.455 ms, and two answers take 8: 12 ms of half a GB.
    assert cost.warm_ms(figures(), MEMORY, "one") == 12
    assert million(bill.duration) == round(0.012 * 0.5 * 13.3334, 6)
    assert million(bill.bare) == round(1.00 + 0.20 + 0.625 + 0.125 + 0.0800004, 6)
    # 2000 bytes of answer, 300 of our own line, and the lines of Lambda and of the gateway.
    others = sum(map(len, [*cost.LAMBDA_LINES, cost.ACCESS_LINE]))
    assert million(bill.egress) == 0.18
    assert million(bill.logs) == round((300 + others) / 1000 * 0.50, 6)


def test_a_first_invocation_costs_its_import_a_slower_request_and_what_it_reads() -> None:
    bill = cost.row(figures(), MEMORY, ["one"], "HTTP API")

    # (10 + 50 + 11 - 1) ms of processor are 241.86 ms, two calls and two of KMS 16: 258 ms; 2.5 RRU and two of KMS.
    assert million(bill.cold) == round((258 / 1000 * 0.5 * 13.3334 + 2.5 * 0.125 + 2 * 3) / 100, 6)


def test_a_function_with_a_whole_processor_is_billed_its_processor_time() -> None:
    assert cost.warm_ms(figures(function="pages", operations=[]), MEMORY, "one") == 1


def test_a_function_url_takes_nothing_and_writes_no_line() -> None:
    behind_url, behind_gateway = (cost.row(figures(), MEMORY, ["one"], gateway) for gateway in ("Function URL", "HTTP API"))

    assert (behind_url.gateway, million(behind_gateway.gateway - behind_url.gateway)) == (0, 1.00)
    assert million(behind_gateway.logs - behind_url.logs) == round(len(cost.ACCESS_LINE) / 1000 * 0.50, 6)


def test_a_hook_is_a_request_and_time_of_its_own_that_is_waited_for() -> None:
    without, with_hook = (cost.row(figures(hooks=hooks), MEMORY, ["one"], "HTTP API") for hooks in (0, 1))

    assert million(with_hook.requests - without.requests) == 0.20
    # Its two lines are written by Lambda, too.
    assert million(with_hook.logs - without.logs) == round(sum(map(len, cost.LAMBDA_LINES)) / 1000 * 0.50, 6)
    assert million(with_hook.duration - without.duration) == round((14 + 10) / 1000 * 0.5 * 13.3334, 6)


def test_what_computes_costs_the_same_in_any_memory_and_what_waits_costs_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "SIZED_STEPS", ("one",))
    monkeypatch.setattr(cost, "SIZED_STARTS", ("one",))
    monkeypatch.setattr(cost, "ASSUMED", {"only computing": (100, 0, "pages"), "only waiting": (0, 200, "one")})
    found = cost.by_memory(figures(), MEMORY)
    computing, waiting = (
        [round(dollars * MILLION, 2) for _, _, dollars in found[name]["sizes"]] for name in ("only computing", "only waiting")
    )

    assert max(computing) / min(computing) < 1.01
    assert waiting[0] * 4 == pytest.approx(waiting[2], abs=0.02)
    assert [found[name]["chosen"] for name in found] == [512, 512, 1769, 512]
    # 1 ms and two answers; 10 + 50 + 11 ms, four calls and two of KMS.
    assert [row[1] for row in found["one"]["sizes"]][1::2] == [pytest.approx(1 * 1769 / 512 + 8), 9]
    assert found["one, the first of a process"]["sizes"][3][1] == 71 + 24
    assert f"**{1769 / 512 + 8:.1f} ms" in cost_tables.memory({"memory": found})


def test_requests_that_follow_each_other_add_up() -> None:
    once, twice = (cost.row(figures(), MEMORY, ["one"] * times, "HTTP API") for times in (1, 2))

    assert twice.total == pytest.approx(2 * once.total)


def test_a_person_costs_what_they_do_in_a_month_and_what_is_kept_of_them() -> None:
    operations = {"login with password": 10 / MILLION, "refresh": 2 / MILLION, "userinfo": 1 / MILLION}
    stored = {"person": 2000, "session": 800, "sign_on": 300, "login": 400}
    found = month.people(operations, stored)["now and then"]

    # After each login: a request to Lambda, a write, 10 ms of half a GB. 5000 bytes at $0.45 per GB.
    after = 0.20 + 0.625 + 0.01 * 0.5 * 13.3334
    assert found["stored_bytes"] == 5000
    assert million(found["storage"]) == round(5000 * 0.45 / 1000, 6)
    assert million(found["own"]) == pytest.approx(2 * (10 + after) + 10 * 2 + 5 * 1 + 0.00225 * 1000, abs=1e-5)
    assert found["logto_pro"] == pytest.approx(12 * 0.0008)


def test_a_stack_that_nobody_uses_costs_what_stands_in_the_template() -> None:
    found = {entry["what"]: entry for entry in month.idle()}

    assert found["key in KMS"]["dollars"] == found["key in KMS"]["beyond_free"] == 1
    alarms = found["alarm of CloudWatch"]
    assert alarms["dollars"] == pytest.approx(alarms["number"] * 0.10)
    assert alarms["beyond_free"] == pytest.approx((alarms["number"] - 10) * 0.10)
    # 15 times a minute, 30 days.
    assert found["queue that Lambda reads"]["dollars"] == pytest.approx(0.648 * 0.40 * found["queue that Lambda reads"]["number"])


def test_a_partition_is_full_where_the_first_of_its_limits_is_reached() -> None:
    work = {name: operation() for name in partitions.OPERATIONS}
    work["userinfo"] |= {"partitions": {"USER": [0, 2]}}
    work["client credentials"] |= {"partitions": {}}
    found = {entry["operation"]: entry for entry in partitions.measure({"work": work})["hot"]}

    assert (found["refresh"]["wru"], found["refresh"]["rru"], found["refresh"]["full_at"]) == (1000, 1000, 1000)
    assert (found["userinfo"]["rru"], found["userinfo"]["full_at"]) == (2000, 1500)
    assert found["client credentials"]["full_at"] is None


def test_what_processes_remember_is_read_once_by_each_in_its_time() -> None:
    found = {
        entry["partition"]: entry["rru"]
        for entry in partitions.measure({"work": dict.fromkeys(partitions.OPERATIONS, operation())})["cached"]
    }

    assert found == {"CLIENT": 0.5 * 1000 / 60, "CLAIMS": 0, "HOOKS": 0, "TENANT": 0, "KEYS": 2 * 1000 / 300}


def test_the_tables_of_prices_and_of_an_idle_stack_can_be_made() -> None:
    assert "| Cognito Plus" in cost_tables.prices({})
    assert "together" in cost_tables.idle({"idle": month.idle()})
