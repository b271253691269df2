"""Checks what the proof concludes from the results of tests on faulty servers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from verification.faulty_servers.catalogue import CATALOGUE
from verification.proof import flakes, page
from verification.proof.plugin import Plan, essence
from verification.proof.rules import in_order, names, rule_parts
from verification.proof.run import Result, cover, function_of, node_of, plan_for, survivors, uncovered
from verification.proof.server_process import CORRECT

FAULT = CATALOGUE["accepts-unmasked-frames"]
CASE = node_of(FAULT)
RED = "AssertionError: it was answered\nBroken rule: RFC 6455 §5.1 MUST: a frame is masked"


def result(test: str = CASE, failure: str | None = RED, server: str = FAULT.name) -> Result:
    return Result(server, test, 0.1, failure)


def findings(*, survivors: bool = False, uncovered: list[str] | None = None) -> page.Findings:
    return page.Findings([FAULT], [FAULT] if survivors else [], [CASE], uncovered or [], [])


def test_every_fault_names_a_test_that_exists() -> None:
    assert len(plan_for(CATALOGUE.values())) == len(CATALOGUE)


def test_fault_that_names_no_test_is_an_error() -> None:
    with pytest.raises(KeyError, match="test_of_nothing"):
        node_of(replace(FAULT, caught_by="test_of_nothing[0]"))


def test_plan_names_the_test_of_each_fault_from_the_root_on() -> None:
    file = "autotests-api/tests/conformance/rfc6455/test_05_1_masking.py"
    assert plan_for([FAULT]) == {FAULT.name: [f"{file}::{FAULT.caught_by}"]}


def test_fault_survives_a_test_that_passes() -> None:
    assert survivors([FAULT], [result(failure=None)]) == [FAULT]
    assert survivors([FAULT], []) == [FAULT]


def test_fault_is_caught_by_a_failure_that_names_its_rule() -> None:
    assert survivors([FAULT], [result()]) == []


def test_fault_survives_a_failure_that_names_another_rule() -> None:
    assert survivors([FAULT], [result(failure="AssertionError\nBroken rule: RFC 6455 §7.1 MUST")]) == [FAULT]


def test_fault_that_names_all_cases_of_a_function_survives() -> None:
    """Which of them fails could depend on the order in which they run."""
    function = replace(FAULT, caught_by=function_of(FAULT.caught_by))
    assert survivors([function], [result()]) == [function]


def test_test_is_not_covered_by_what_is_looked_at_after_every_test() -> None:
    afterwards = "pytest_websocket.plugin.raw_connections.ServerHarmed: gone"
    assert uncovered(["a", "b"], [result("a", afterwards), result("b")]) == ["a"]


def test_test_is_not_covered_by_a_failure_on_the_correct_server() -> None:
    assert uncovered([CASE], [result(server=CORRECT)]) == [CASE]


def test_test_is_tried_first_on_servers_that_its_own_function_catches() -> None:
    test = CASE.partition("[")[0] + "[another]"
    plans: list[Plan] = []

    def try_plan(plan: Plan) -> list[Result]:
        plans.append(plan)
        return [result(test, RED, server) for server in plan]

    assert cover([test], [], [FAULT], try_plan) == []
    assert plans == [{FAULT.name: [test]}]


def test_test_that_no_server_turns_red_is_left_over() -> None:
    assert cover([CASE], [], [FAULT], lambda _: [result(failure=None)]) == [CASE]


def test_failure_is_cut_down_to_the_lines_that_explain_it() -> None:
    text = (
        "def test():\n    assert 1 == 2\nE   AssertionError: no\nE   Broken rule: RFC 6455 §5.1 MUST\nfile:1"
    )
    assert essence(text) == "AssertionError: no\nBroken rule: RFC 6455 §5.1 MUST"


@pytest.mark.parametrize(
    ("rule", "parts"),
    [("RFC 6455 §5.5.1", ("6455", "5.5.1")), ("contract", ("", ""))],
    ids=["rfc", "contract"],
)
def test_rule_is_taken_apart(rule: str, parts: tuple[str, str]) -> None:
    assert rule_parts(rule) == parts


def test_rules_are_sorted_by_section_with_the_contract_last() -> None:
    rules = ["contract", "RFC 7692 §5", "RFC 6455 §10.4", "RFC 6455 §5.1"]
    assert sorted(rules, key=in_order) == ["RFC 6455 §5.1", "RFC 6455 §10.4", "RFC 7692 §5", "contract"]


def test_failure_names_a_rule_by_a_section_above_or_below_it() -> None:
    assert names("RFC 6455 §5.5", "Broken rule: RFC 6455 §5.5.1")
    assert names("RFC 6455 §5.5.1", "Broken rule: RFC 6455 §5.5")
    assert not names("RFC 6455 §5.5", "Broken rule: RFC 6455 §5.4")
    assert not names("RFC 6455 §7.1", "Broken rule: RFC 7692 §7.1")


def test_page_gives_the_rate_and_the_test() -> None:
    text = page.page(findings(), "")
    assert "| **caught** | **100 %** |" in text
    assert f"`{FAULT.caught_by}`" in text
    assert "no faulty server:" not in text


def test_page_lists_what_is_unproven() -> None:
    text = page.page(findings(survivors=True, uncovered=[CASE]), "")
    assert "| **caught** | **0.0 %** |" in text
    assert f"## Faults that nothing notices\n\n- `{FAULT.name}`" in text
    assert f"## Tests that fail on no faulty server\n\n- `{CASE}`" in text


def test_red_cases_are_read_from_a_junit_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="a" name="good"/>'
        '<testcase classname="a" name="bad"><failure/></testcase>'
        '<testcase classname="a" name="broken"><error/></testcase></testsuite></testsuites>',
        encoding="utf-8",
    )
    assert flakes.red_cases(report) == ["a::bad", "a::broken"]


def test_page_says_nothing_of_coverage_that_was_not_looked_for() -> None:
    row = "that fail on at least one faulty server"
    assert row in page.page(findings(), "")
    assert row not in page.page(replace(findings(), uncovered=None), "")
