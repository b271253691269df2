"""The machinery of the proof: what it remembers, what it tries first, and what it says at the end."""

from __future__ import annotations

import json

import pytest

from verification.faulty_servers.catalogue import CATALOGUE
from verification.proof import flakes, page, plan
from verification.proof.rules import rule_parts, stems
from verification.proof.trial import Red, Verdict, essence, read

FAULT = CATALOGUE["accepts-unmasked-frames"]
CASE = "autotests-api/tests/conformance/rfc6455/test_05_1_masking.py::test_unmasked[text]"


def verdict(name: str, *cases: str, text: str = "") -> Verdict:
    rule = CATALOGUE[name].rule if name in CATALOGUE else ""
    return Verdict(name, rule, red=[Red(case, text) for case in cases], tried=list(cases))


def findings(found: Verdict, uncovered: list[str]) -> page.Findings:
    return page.Findings([FAULT], {FAULT.name: found}, {CASE: FAULT.rule}, uncovered, Verdict("correct"), 10)


def test_plan_comes_back_as_it_was_saved(tmp_path):
    kept = {
        "a-fault": plan.Entry(["file.py::case[a::b]", "file.py::other"]),
        "b": plan.Entry([], ["c.py::d"]),
    }
    plan.save(kept, tmp_path / "plan.json")
    assert plan.load(tmp_path / "plan.json") == kept


def test_missing_plan_is_empty(tmp_path):
    assert plan.load(tmp_path / "plan.json") == {}


def test_plan_names_two_killers_of_each_fault():
    made = plan.make([verdict("narrow", "a"), verdict("wide", "a", "b", "c")])
    assert made["narrow"].killers == ["a"]
    assert made["wide"].killers == ["a", "b"]


def test_plan_names_every_case_that_anything_turns_red():
    made = plan.make([verdict("narrow", "a", "b"), verdict("wide", "a", "b", "c", "d")])
    assert made["narrow"].covers == []
    assert made["wide"].covers == ["c", "d"]


def test_case_is_not_proven_by_what_is_looked_at_after_every_case():
    made = plan.make(
        [verdict("masks", "a", text="pytest_websocket.plugin.raw_connections.ProtocolViolation: masked")]
    )
    assert made["masks"] == plan.Entry(["a"])
    made = plan.make(
        [verdict("masks", "a", "b", "c", text="pytest_websocket.plugin.raw_connections.ServerHarmed: gone")]
    )
    assert made["masks"] == plan.Entry(["a", "b"])


def test_failure_is_cut_down_to_the_lines_that_explain_it():
    text = (
        "def test():\n    assert 1 == 2\nE   AssertionError: no\nE   Broken rule: RFC 6455 §5.1 MUST\nfile:1"
    )
    assert essence(text) == "AssertionError: no\nBroken rule: RFC 6455 §5.1 MUST"


def test_trial_without_a_verdict_is_said_to_hang(tmp_path):
    found = read("any", tmp_path / "missing.json")
    assert found.hung
    assert not found.killed


def test_verdict_comes_back_from_its_file(tmp_path):
    (tmp_path / "kept.json").write_text(
        json.dumps({"name": "any", "red": [{"case": "a", "text": "why"}], "seconds": 1.5}), encoding="utf-8"
    )
    assert read("any", tmp_path / "kept.json") == Verdict("any", red=[Red("a", "why")], seconds=1.5)


@pytest.mark.parametrize(
    ("rule", "parts"),
    [("RFC 6455 §5.5.1", ("6455", "5.5.1")), ("contract", ("", ""))],
    ids=["rfc", "contract"],
)
def test_rule_is_taken_apart(rule, parts):
    assert rule_parts(rule) == parts


def test_words_are_compared_by_their_beginnings():
    assert stems("accepts-unmasked-frames") & stems("test_unmasked_frame_ends_the_connection") == {
        "unmas",
        "frame",
    }


def test_page_tells_the_kill_rate_and_the_killer():
    text = page.page(findings(verdict(FAULT.name, CASE, text="Broken rule: RFC 6455 §5.1 MUST: x"), []), "")
    assert "| **kill rate** | **100 %** |" in text
    assert "| … by a failure that names the broken rule or promise | 1 |" in text
    assert "`test_unmasked[text]`" in text
    assert "nothing" not in text


def test_page_lists_what_is_unproven():
    text = page.page(findings(verdict(FAULT.name), [CASE]), "")
    assert "| **kill rate** | **0.0 %** |" in text
    assert f"## Faults that nothing notices\n\n- `{FAULT.name}`" in text
    assert f"## Cases that nothing turns red\n\n- `{CASE}`" in text


def test_failure_of_another_section_does_not_name_the_rule():
    misread = verdict(FAULT.name, CASE, text="Broken rule: RFC 6455 §7.1 MUST")
    assert not misread.explained
    assert f"## Faults whose failures name another rule\n\n- `{FAULT.name}`" in page.page(
        findings(misread, []), ""
    )


def test_red_cases_are_read_from_a_junit_report(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="a" name="good"/>'
        '<testcase classname="a" name="bad"><failure/></testcase>'
        '<testcase classname="a" name="broken"><error/></testcase></testsuite></testsuites>',
        encoding="utf-8",
    )
    assert flakes.red_cases(report) == ["a::bad", "a::broken"]
