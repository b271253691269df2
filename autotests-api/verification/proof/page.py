"""The proof as a page: kill rate, every faulty server with what turned red on it, and what is unproven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verification.faulty_servers.registry import Fault
from verification.proof.rules import names, rule_parts
from verification.proof.trial import Verdict


@dataclass(frozen=True)
class Findings:
    """What the page is made of. ``sections`` names the section of each case, by node id."""

    faults: Sequence[Fault]
    verdicts: Mapping[str, Verdict]
    sections: Mapping[str, str]
    uncovered: Sequence[str]
    correct: Verdict
    correct_runs: int


def page(findings: Findings, rounds: str) -> str:
    """The whole page in Markdown; ``rounds`` is the hand-written part about blind rounds."""
    parts = [_summary(findings), _survivors(findings), rounds, _by_rule(findings), _by_fault(findings)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _summary(findings: Findings) -> str:
    killed = [verdict for verdict in findings.verdicts.values() if verdict.killed]
    named = [verdict for verdict in findings.verdicts.values() if verdict.explained]
    total, cases = len(findings.verdicts), len(findings.sections)
    proven = cases - len(findings.uncovered)
    return f"""\
# Can the cases fail?

Made by `make proof`. A green run means something only if the suite turns red on a server that is wrong. So
there is a correct echo server, and {total} others, each of which differs from it by exactly one rule: they
stand in `verification/faulty_servers/`, `python -m verification.faulty_servers --list` prints them, and with a name starts one.

| | |
|---|--:|
| faulty servers | {total} |
| turned red by at least one case | {len(killed)} |
| **kill rate** | **{_percent(len(killed), total)}** |
| … by a failure that names the broken rule or promise | {len(named)} |
| cases of `conformance/`, `contract/`, `security/` and `resilience/` | {cases} |
| turned red by at least one faulty server, by what they assert themselves | {proven} |
| red on the correct server, in {_runs(findings.correct_runs)} | {len(findings.correct.red)} |

Every level counts here (`--ws-strict`): a broken SHOULD is red. A faulty server stands where the embedded one
does, so that the promises which only ours makes are tried, too."""


def _survivors(findings: Findings) -> str:
    alive = [fault for fault in findings.faults if not findings.verdicts[fault.name].killed]
    lines = []
    if alive:
        lines += ["## Faults that nothing notices", ""]
        lines += [f"- `{fault.name}` ({fault.rule}): {fault.summary}" for fault in alive]
    found = [fault for fault in findings.faults if findings.verdicts[fault.name].killed]
    misread = [fault for fault in found if not findings.verdicts[fault.name].explained]
    if misread:
        lines += ["", "## Faults whose failures name another rule", ""]
        lines += [f"- `{fault.name}` ({fault.rule}): {fault.summary}" for fault in misread]
    if findings.uncovered:
        lines += ["", "## Cases that nothing turns red", ""]
        lines += [f"- `{node}`" for node in findings.uncovered]
    return "\n".join(lines)


def _by_rule(findings: Findings) -> str:
    lines = [
        "## By rule",
        "",
        "| rule | faulty servers | killed | sections that went red |",
        "|---|--:|--:|---|",
    ]
    for rule in sorted({fault.rule for fault in findings.faults}, key=_rule_order):
        mine = [findings.verdicts[fault.name] for fault in findings.faults if fault.rule == rule]
        killed = sum(verdict.killed for verdict in mine)
        red = {section for verdict in mine for section in _red_sections(verdict, findings)}
        lines.append(f"| {rule} | {len(mine)} | {killed} | {', '.join(sorted(red, key=_rule_order))} |")
    return "\n".join(lines)


def _by_fault(findings: Findings) -> str:
    lines = [
        "## By faulty server",
        "",
        "*Red* counts the cases that failed among those that were tried; a trial ends when it found enough.",
    ]
    for rule in sorted({fault.rule for fault in findings.faults}, key=_rule_order):
        lines += [
            "",
            f"### {rule}",
            "",
            "| faulty server | what is wrong | red | killed by |",
            "|---|---|--:|---|",
        ]
        for fault in findings.faults:
            if fault.rule == rule:
                lines.append(_row(fault, findings.verdicts[fault.name], findings))
    return "\n".join(lines)


def _row(fault: Fault, verdict: Verdict, findings: Findings) -> str:
    killers = sorted(verdict.red, key=lambda red: not names(fault.rule, red.text))[:3]
    named = ", ".join(f"`{_short(red.case)}`" for red in killers)
    sections = ", ".join(sorted(_red_sections(verdict, findings), key=_rule_order))
    where = f" ({sections})" if sections and sections != fault.rule else ""
    summary = fault.summary.replace("|", "\\|")
    return f"| `{fault.name}` | {summary} | {len(verdict.red)}/{len(verdict.tried)} | {named}{where} |"


def _red_sections(verdict: Verdict, findings: Findings) -> set[str]:
    return {findings.sections[red.case] for red in verdict.red if red.case in findings.sections}


def _short(node: str) -> str:
    return node.rpartition("::")[2].replace("|", "\\|")


def _rule_order(rule: str) -> tuple[int, list[int], str]:
    number, section = rule_parts(rule)
    return int(number or 9999), [int(part) for part in section.split(".") if part], rule


def _runs(count: int) -> str:
    return "one run" if count == 1 else f"{count} runs, all but the first in random order"


def _percent(part: int, whole: int) -> str:
    rate = 100 * part / whole if whole else 0
    # 99.96 % is not all of them.
    return "100 %" if part == whole else f"{min(rate, 99.9):.1f} %"
