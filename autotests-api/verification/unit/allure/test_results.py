"""What a run leaves for Allure: complete, clean, and with nothing in it that was told in confidence."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_websocket.allure.steps import step as as_step

if TYPE_CHECKING:
    from verification.unit.allure.conftest import Specimen


def names(item: dict[str, Any], depth: int = 0) -> list[str]:
    found = []
    for step in item.get("steps", ()):
        found += ["  " * depth + step["name"], *names(step, depth + 1)]
    return found


def test_no_test_gets_lost(specimen: Specimen) -> None:
    assert "INTERNALERROR" not in specimen.output
    outcomes = Counter(result["status"] for result in specimen.tests.values())
    assert outcomes == {"passed": 13, "failed": 9, "broken": 1, "skipped": 2}


def test_secret_is_nowhere(specimen: Specimen) -> None:
    token = specimen.token
    spellings = {
        token,
        quote(token),
        quote(token, safe=""),
        escape(token),
        b64encode(token.encode()).decode(),
    }
    leaks = [
        (path.name, spelling)
        for path in specimen.folder.rglob("*")
        if path.is_file()
        for spelling in spellings
        if spelling in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert leaks == []
    assert not [spelling for spelling in spellings if spelling in specimen.output]


def test_no_piece_of_a_secret_is_left_where_a_value_was_cut(specimen: Specimen) -> None:
    # The Sec-WebSocket-Key and the ids of the results are random: four characters of them prove nothing.
    pieces = {specimen.token[start : start + 6] for start in range(len(specimen.token) - 5)}
    texts = {path.name: path.read_text("utf-8", "replace") for path in specimen.folder.rglob("*.*")}
    texts["the terminal"] = specimen.output
    leaks = [(name, piece) for name, text in texts.items() for piece in pieces if piece in text]
    assert leaks == []


def test_steps_of_concurrent_tasks_nest_by_task(specimen: Specimen) -> None:
    (together,) = specimen.tests["steps_of_concurrent_tasks_nest_apart"]["steps"]
    assert sorted(step["name"] for step in together["steps"]) == [
        "Greet alice, who is well",
        "Greet bob, who is well",
        "Greet carol, who is well",
    ]
    assert [names(step) for step in together["steps"]] == [["Inner step"]] * 3


def test_step_of_a_coroutine_ends_with_it(specimen: Specimen) -> None:
    steps = specimen.tests["step_ends_with_its_coroutine"]["steps"]
    assert [(step["name"], step["status"]) for step in steps] == [
        ('braces stay: {"a": 1} {nobody}', "passed"),
        ("a step that breaks", "broken"),
    ]
    assert names(steps[1]) == ["Inner step"]


def test_step_runs_where_the_format_of_its_title_does_not_fit_the_argument() -> None:
    assert as_step("greet {user:>9}")(lambda user: user)(None) is None


def test_step_of_a_thread_is_not_lost(specimen: Specimen) -> None:
    assert names(specimen.tests["step_in_a_thread_belongs_to_the_running_test"]) == ["in a thread"]


def test_title_is_the_name_as_a_sentence(specimen: Specimen) -> None:
    assert specimen.tests["must_is_kept"]["name"] == "Must is kept"
    odd = specimen.tests["odd_values_are_parameters[lone surrogate]"]
    assert odd["name"] == "Odd values are parameters · lone surrogate"


def test_parameters_are_readable_and_the_same_in_every_run(specimen: Specimen) -> None:
    shown = {
        name.partition("[")[2][:-1]: result["parameters"][0]["value"]
        for name, result in specimen.tests.items()
        if name.startswith("odd_values")
    }
    assert shown["lone surrogate"] == r"'\ud800'"
    assert shown["escape"] == r"'\x1b[31mred\x00'"
    assert shown["function"] == "<lambda>"
    assert shown["object"] == "<object object>"
    assert shown["bytes"].startswith(r"b'\xff\xff")
    assert shown["long"].endswith("… (100,002 characters)")


def test_observation_is_shown(specimen: Specimen) -> None:
    (observed,) = specimen.tests["may_is_observed"]["parameters"]
    assert (observed["name"], observed["value"], observed["excluded"]) == ("the server", "takes it", True)


def test_identities_of_cases_differ(specimen: Specimen) -> None:
    told_by = [
        (result["fullName"], *(p["value"] for p in result.get("parameters", ()) if not p.get("excluded")))
        for result in specimen.tests.values()
    ]
    assert len(set(told_by)) == len(told_by)


def test_rule_makes_labels_and_link(specimen: Specimen) -> None:
    result = specimen.tests["must_is_broken"]
    labels = {(label["name"], label["value"]) for label in result["labels"]}
    assert {
        ("epic", "Our own tools"),
        ("story", "MUST: a rule that is broken"),
        ("severity", "critical"),
        ("level", "MUST"),
        ("rfc", "6455 5.5.2"),
        ("autobahn", "2.3"),
        ("autobahn", "2.2"),
    } <= labels
    assert result["links"][0]["url"].endswith("rfc6455.html#section-5.5.2")


def test_failure_shows_both_sides(specimen: Specimen) -> None:
    compared = specimen.tests["sides_of_a_comparison_are_shown"]["statusDetails"]
    assert (compared["actual"], compared["expected"]) == ("['one', 'two']", "['one', 'three']")
    expected = specimen.tests["nothing_is_compared_before_the_reply"]["statusDetails"]
    assert "two" in expected["expected"]
    assert "one" in expected["actual"]


def test_failure_can_be_repeated_and_opened_in_chrome(specimen: Specimen) -> None:
    again = specimen.attachment("nothing_is_compared_before_the_reply", "Repeat it")
    assert "ws.send('one')" in again
    assert "printf '%s\\n' one | websocat" in again
    archive = json.loads(specimen.attachment("nothing_is_compared_before_the_reply", "Archive"))
    (entry,) = archive["log"]["entries"]
    assert [message["data"] for message in entry["_webSocketMessages"][:2]] == ["one", "Сервер получил: one"]
    bytewise = specimen.attachment("must_is_broken", "Repeat it")
    compile(bytewise.partition("import")[1] + bytewise.partition("import")[2], "again.py", "exec")


def test_broken_should_is_no_failure(specimen: Specimen) -> None:
    result = specimen.tests["should_is_broken"]
    assert result["status"] == "skipped"
    assert result["statusDetails"]["message"].startswith("XFAIL RFC 6455 §5.2 SHOULD")


def test_control_characters_reach_neither_terminal_nor_junit(specimen: Specimen) -> None:
    assert "\x1b" not in specimen.output
    assert "\x07" not in specimen.output
    assert r"lone \ud800, escape \x1b[2J, bell \x07, NUL \x00" in specimen.output
    cases = ET.parse(specimen.folder / "junit.xml").findall(".//testcase")
    # The process that died left no result.
    assert len(cases) == len(specimen.tests) + 1


def test_attachments_are_bounded(specimen: Specimen) -> None:
    sizes = {path.name: path.stat().st_size for path in specimen.results.glob("*-attachment.*")}
    assert [name for name, size in sizes.items() if size > 200_000] == []
    crowd = specimen.attachment("crowd_is_bounded", "40 conversations")
    assert "28 connections more are not shown" in crowd


def test_conformance_is_whole_under_xdist(specimen: Specimen) -> None:
    table = json.loads((specimen.results / "conformance" / "conformance.json").read_text(encoding="utf-8"))
    assert table["conforms"] is False
    assert (
        table["headline"]
        == "The server does not conform: it breaks 1 of 2 MUST rules and deviates from 1 SHOULD rule."
    )
    assert table["totals"] == {
        "MUST": {"kept": 1, "broken": 1, "not tested": 1},
        "SHOULD": {"kept": 0, "broken": 1, "not tested": 0},
        "MAY": {"kept": 1, "broken": 0, "not tested": 0},
    }


def test_index_is_in_the_form_of_autobahn(specimen: Specimen) -> None:
    index = json.loads((specimen.results / "conformance" / "index.json").read_text(encoding="utf-8"))
    (cases,) = index.values()
    assert {number: case["behavior"] for number, case in cases.items()} == {
        "2.2": "FAILED",
        "2.3": "FAILED",
        "3.1": "NON-STRICT",
        "7.1.1": "UNIMPLEMENTED",
    }


def test_death_of_a_process_is_told(specimen: Specimen) -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in specimen.results.glob("*-globals.json"))
    assert "A test process died while running" in told
    summary = (specimen.folder / "summary.md").read_text(encoding="utf-8")
    assert (
        "process died while running `autotests-api/verification/unit/allure/specimen.py::test_process_dies`"
        in summary
    )


def test_summary_of_the_job_is_markdown(specimen: Specimen) -> None:
    summary = (specimen.folder / "summary.md").read_text(encoding="utf-8")
    assert "❌ 9 failed" in summary
    assert "| RFC 6455 §5.5.2 |" in summary
    assert summary.startswith("## ✗ The server does not conform: it breaks 1 of 2 MUST rules")


def test_metrics_and_environment_are_written_once(specimen: Specimen) -> None:
    assert len(list(specimen.results.glob("environment.properties"))) == 1
    assert len(list(specimen.results.glob("*-perf.json"))) <= 1
