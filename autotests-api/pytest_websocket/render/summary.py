"""The run in Markdown, for the summary of a GitHub job."""

from __future__ import annotations

from pytest_websocket.plugin.run import Outcome, Run
from pytest_websocket.render.conformance import Conformance, causes_table
from pytest_websocket.render.failure_grouping import causes
from pytest_websocket.render.markdown import cell

_MOST_FAILURES = 30
_LONGEST_REASON = 300
_MARKS = {
    Outcome.PASSED: "✅",
    Outcome.FAILED: "❌",
    Outcome.BROKEN: "💥",
    Outcome.DEVIATES: "⚠️",
    Outcome.KNOWN: "🩹",
    Outcome.SKIPPED: "⏭️",
}


def summary(run: Run, conformance: Conformance | None, title: str) -> str:
    """Totals, failures with the first line of their reason, and the conformance table."""
    totals = " · ".join(
        f"{mark} {run.count(outcome)} {outcome}" for outcome, mark in _MARKS.items() if run.count(outcome)
    )
    lines = [f"## {cell(title)}", "", totals or "No test ran.", ""]
    failed = [each for each in run.records.values() if each.outcome in {Outcome.FAILED, Outcome.BROKEN}]
    found = causes(failed)
    if len(found) < len(failed):
        lines += causes_table(found)
    if failed:
        lines += ["| Failed | Why |", "|---|---|"]
        for record in failed[:_MOST_FAILURES]:
            first = record.reason.partition("\n")[0][:_LONGEST_REASON]
            lines.append(f"| {cell(record.title or record.nodeid)} | {cell(first)} |")
        if len(failed) > _MOST_FAILURES:
            lines.append(f"| … and {len(failed) - _MOST_FAILURES} more | |")
        lines.append("")
    lines += [f"A test process died while running `{nodeid}`.\n" for nodeid in run.crashes]
    if conformance is not None:
        lines.append(conformance.to_markdown(alone=False))
    return "\n".join(lines)
