"""The conformance table: what counts as kept, and its forms for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_websocket.plugin.labels import in_words
from pytest_websocket.protocol.rules import MUST, SHOULD, Rule
from pytest_websocket.render import conformance_page, matrix
from pytest_websocket.render.conformance import Conformance, Verdict, autobahn_index, badge, dump
from pytest_websocket.render.run import Outcome, Record


def record(name: str, outcome: Outcome, rule: Rule, reason: str = "") -> Record:
    return Record(
        f"test_{name}",
        title=name,
        link=f"link-{name}",
        topic="Topic",
        rule=rule,
        outcome=outcome,
        reason=reason,
    )


KEPT = Rule(6455, "5.1", MUST, "kept", ("1.1",))
BROKEN = Rule(6455, "10.1", MUST, "broken <b>", ("1.1", "1.2"))
ADVICE = Rule(6455, "5.10", SHOULD, "advice", ("1.10",))
ELSEWHERE = Rule(7692, "7.1", MUST, "compressed")


@pytest.fixture
def table() -> Conformance:
    return Conformance.of(
        [
            record("a", Outcome.PASSED, KEPT),
            record("b", Outcome.SKIPPED, KEPT),
            record("c", Outcome.PASSED, BROKEN),
            record("d", Outcome.FAILED, BROKEN, "<script>alert(1)</script> | and `more`"),
            record("e", Outcome.DEVIATES, ADVICE),
            record("f", Outcome.SKIPPED, ELSEWHERE),
        ],
        "a | server",
    )


def test_sections_are_in_the_order_of_the_rfcs(table: Conformance) -> None:
    assert [section.title for section in table.sections] == [
        "RFC 6455 §5.1",
        "RFC 6455 §5.10",
        "RFC 6455 §10.1",
        "RFC 7692 §7.1",
    ]


def test_one_failed_case_breaks_a_rule(table: Conformance) -> None:
    verdicts = {each.rule.text: each.verdict for section in table.sections for each in section.rules}
    assert verdicts == {
        "kept": Verdict.KEPT,
        "broken <b>": Verdict.BROKEN,
        "advice": Verdict.BROKEN,
        "compressed": Verdict.UNKNOWN,
    }
    assert (
        table.headline
        == "The server does not conform: it breaks 1 of 2 MUST rules and deviates from 1 SHOULD rule."
    )
    assert not table.conforms


def test_server_that_keeps_every_must_conforms() -> None:
    assert Conformance.of([record("a", Outcome.PASSED, KEPT)], "").conforms
    assert Conformance.of(
        [record("e", Outcome.DEVIATES, ADVICE), record("a", Outcome.PASSED, KEPT)], ""
    ).conforms


def test_nothing_is_known_of_a_server_that_was_not_tested() -> None:
    nothing = Conformance.of([record("b", Outcome.SKIPPED, KEPT)], "")
    assert not nothing.conforms
    assert "Nothing is known" in nothing.headline
    assert "not tested" in badge(nothing)


def test_page_escapes_and_links(table: Conformance) -> None:
    page = conformance_page.page(table)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'href="#link-d"' in page
    assert "The server does not conform" in page


def test_markdown_cannot_be_broken_out_of(table: Conformance) -> None:
    written = table.to_markdown()
    assert "a \\| server" in written
    assert "| MUST RFC 6455 §10.1 | broken &lt;b&gt; | d |" in written


def test_test_whose_process_died_has_its_node_id_for_a_title() -> None:
    dead = Record("rfc6455/test_x.py::test_dead", rule=BROKEN, outcome=Outcome.FAILED)
    assert r"rfc6455/test\_x.py::test\_dead |" in Conformance.of([dead], "server").to_markdown()


def test_rule_is_not_broken_by_what_came_before_it() -> None:
    """Frames that are illegal in any case say nothing of its rule; yet the server is not fit."""
    spoiled = record("a", Outcome.FAILED, KEPT, "the server broke the protocol")
    spoiled.spoiled, spoiled.violations = True, ["RFC 6455 §5.1: a server's frame is masked"]
    table = Conformance.of([spoiled, record("f", Outcome.PASSED, ELSEWHERE)], "")
    verdicts = {each.rule.text: each.verdict for section in table.sections for each in section.rules}
    assert verdicts == {"kept": Verdict.UNKNOWN, "compressed": Verdict.KEPT}
    assert not table.conforms
    assert table.headline == (
        "The server does not conform: its frames break the protocol."
        " Of 1 rule nothing is known: other failures came first."
    )
    assert "RFC 6455 §5.1: a server&#39;s frame is masked" in conformance_page.page(table)
    assert "| 1 | RFC 6455 §5.1: a server's frame is masked |" in table.to_markdown()


def test_autobahn_gets_the_worst_verdict_of_each_case(table: Conformance) -> None:
    records = [record for section in table.sections for each in section.rules for record in each.records]
    # The table's rules carry no numbers; the records do.
    (cases,) = autobahn_index(records, "agent").values()
    assert list(cases) == ["1.1", "1.2", "1.10"]
    assert [case["behavior"] for case in cases.values()] == ["FAILED", "FAILED", "NON-STRICT"]


def test_badge_is_green_only_without_a_broken_must(table: Conformance) -> None:
    assert "1/2 MUST" in badge(table)
    assert "#e5484d" in badge(table)
    assert "#3fb950" in badge(Conformance.of([record("a", Outcome.PASSED, KEPT)], ""))
    illegal_frames = record("b", Outcome.FAILED, ADVICE)
    illegal_frames.violations, illegal_frames.spoiled = ["RFC 6455 §5.1: a server's frame is masked"], True
    spoiled = Conformance.of([record("a", Outcome.PASSED, KEPT), illegal_frames], "")
    assert not spoiled.conforms
    assert "#e5484d" in badge(spoiled)


def test_cell_leads_to_a_test_that_failed_and_not_to_one_that_was_skipped() -> None:
    tests = [record("a", Outcome.SKIPPED, BROKEN), record("b", Outcome.FAILED, BROKEN)]
    page = matrix.page([matrix.Server(Conformance.of(tests, "server").to_json(), "")])
    assert 'href="#link-b"' in page
    assert 'href="#link-a"' not in page


def test_servers_stand_side_by_side(table: Conformance, tmp_path: Path) -> None:
    fit = Conformance.of([record("a", Outcome.PASSED, KEPT)], "Best server")
    for name, each in (("one", table), ("two", fit)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "conformance.json").write_text(dump(each.to_json()), encoding="utf-8")
        (tmp_path / name / "conformance.html").write_text("<p>page", encoding="utf-8")
        (tmp_path / name / "index.json").write_text(json.dumps({each.target: {}}), encoding="utf-8")
    targets = tmp_path / "targets"
    targets.mkdir()
    for name, python in (("a | server", "3.11"), ("Best server", "3.13")):
        run = {"name": name, "facts": {"Python": python, "Text": "answered"}}
        (targets / f"{python}.json").write_text(json.dumps(run), encoding="utf-8")
    servers = matrix.read_servers(tmp_path, targets)
    assert [server.name for server in servers] == ["a | server", "Best server"]
    assert [server.words for server in servers] == ["1 of 2 MUST", "1 of 1 MUST"]
    page = matrix.page(servers)
    assert 'href="#link-d"' in page
    assert page.index("<b>§5.10") < page.index("<b>§10.1")
    assert '<th>Python</th><td class="differs">3.11</td><td class="differs">3.13</td>' in page
    assert "<th>Text</th><td>answered</td>" in page
    assert matrix.merged_index(tmp_path) == {"a | server": {}, "Best server": {}}


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("unmasked_frame_ends_the_connection", "Unmasked frame ends the connection"),
        ("invalid_utf8_is_refused_with_1007", "Invalid UTF-8 is refused with 1007"),
        ("", ""),
    ],
)
def test_names_are_sentences(identifier: str, words: str) -> None:
    assert in_words(identifier) == words


def test_verdict_on_a_client_says_so() -> None:
    rule = Rule(6455, "5.1", MUST, "frames are masked")
    table = Conformance.of([Record("tests/clients/rfc6455/test_05_1.py::test_mask", rule=rule)], "a program")
    assert table.headline == "The client conforms: it keeps the one MUST rule."
