"""Renders docs/proof.md: which test catches each faulty server, and what is not proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verification.faulty_servers.registry import Fault
from verification.proof.rules import in_order
from verification.proof.run import Result


@dataclass(frozen=True)
class Findings:
    """What a proof found: ``uncovered`` are the node ids of tests that fail on no faulty server.

    None where that was not looked for.
    """

    faults: Sequence[Fault]
    survivors: Sequence[Fault]
    tests: Sequence[str]
    uncovered: Sequence[str] | None
    red_on_correct: Sequence[Result]


def page(findings: Findings, rounds: str) -> str:
    """Returns the page in Markdown; ``rounds`` is the part about blind rounds, which is written by hand."""
    parts = [_summary(findings), _unproven(findings), rounds, _by_rule(findings), _by_fault(findings)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _summary(findings: Findings) -> str:
    total, caught = len(findings.faults), len(findings.faults) - len(findings.survivors)
    tests = len(findings.tests)
    covered = ""
    if findings.uncovered is not None:
        number = tests - len(findings.uncovered)
        covered = f"| that fail on at least one faulty server, by an assertion of their own | {number} |\n"
    return f"""\
# Can the tests fail?

Written by `make proof`. A green run means something only if the suite fails on a server that is wrong.
There is a correct echo server, and there are {total} others, each of which breaks one rule. They are in
`verification/faulty_servers/`; `python -m verification.faulty_servers --list` prints them, and with a name
it starts one. Each names the test that has to fail on it, by an assertion that names the rule; `make test`
runs these tests.

| | |
|---|--:|
| faulty servers | {total} |
| caught by the test that they name | {caught} |
| **caught** | **{_percent(caught, total)}** |
| tests of `conformance/`, `contract/`, `resilience/` and `security/` | {tests} |
{covered}| that fail on the correct server | {len(findings.red_on_correct)} |

A broken SHOULD counts (`--ws-strict`). A faulty server is put in the place of the embedded one, so that what
only the embedded server promises is tested, too."""


def _unproven(findings: Findings) -> str:
    lines = []
    if findings.survivors:
        lines += ["## Faults that nothing notices", ""]
        lines += [f"- `{fault.name}` ({fault.rule}): {fault.summary}" for fault in findings.survivors]
    if findings.uncovered:
        lines += ["", "## Tests that fail on no faulty server", ""]
        lines += [f"- `{test}`" for test in findings.uncovered]
    return "\n".join(lines)


def _by_rule(findings: Findings) -> str:
    lines = ["## By rule", "", "| rule | faulty servers | caught |", "|---|--:|--:|"]
    for rule, faults in _sorted(findings):
        caught = sum(fault not in findings.survivors for fault in faults)
        lines.append(f"| {rule} | {len(faults)} | {caught} |")
    return "\n".join(lines)


def _by_fault(findings: Findings) -> str:
    lines = ["## By faulty server"]
    for rule, faults in _sorted(findings):
        lines += ["", f"### {rule}", "", "| faulty server | what is wrong | caught by |", "|---|---|---|"]
        for fault in faults:
            lines.append(f"| `{fault.name}` | {_cell(fault.summary)} | `{_cell(fault.caught_by)}` |")
    return "\n".join(lines)


def _sorted(findings: Findings) -> list[tuple[str, list[Fault]]]:
    rules = sorted({fault.rule for fault in findings.faults}, key=in_order)
    return [(rule, [fault for fault in findings.faults if fault.rule == rule]) for rule in rules]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _percent(part: int, whole: int) -> str:
    # 99.96 % is not all of them.
    return "100 %" if part == whole else f"{min(100 * part / whole, 99.9):.1f} %"
