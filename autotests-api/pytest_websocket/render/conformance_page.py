"""The conformance table as a page without script; its links lead to the cases in the report."""

from __future__ import annotations

import html
from itertools import groupby
from pathlib import Path

from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, Level
from pytest_websocket.plugin.run import Outcome, Record
from pytest_websocket.render.conformance import MOST_CAUSES, Conformance, RuleVerdict, Section, Verdict
from pytest_websocket.render.escaping import text_html
from pytest_websocket.render.failure_grouping import Cause

_STYLE = Path(__file__).with_name("conformance.css").read_text(encoding="utf-8")
_NAMES = {6455: "RFC 6455, the WebSocket protocol", 7692: "RFC 7692, compression per message"}
LARGEST_PAGE = 190_000
_LONGEST_REASON = 300
_FIRST_CASES = 3


def page(conformance: Conformance) -> str:
    """The whole page, at most `LARGEST_PAGE` bytes: the more rules there are, the fewer cases of each."""
    written = ""
    for most_cases in (60, 12, 3):
        written = _page(conformance, most_cases)
        if len(written.encode("utf-8", "replace")) <= LARGEST_PAGE:
            break
    return written


def _page(conformance: Conformance, most_cases: int) -> str:
    fit = conformance.is_fit
    if not conformance.known(MUST):
        word, colour = "?", "var(--unknown)"
    else:
        word, colour = ("✓ fit", "var(--kept)") if fit else ("✗ not fit", "var(--broken)")
    totals = "".join(_total(conformance, level) for level in Level)
    tables = ""
    for number, sections in groupby(conformance.sections, key=lambda section: section.rfc):
        tables += f"<h2>{_NAMES.get(number, f'RFC {number}')}</h2>{_HEADS}"
        tables += "".join(_section(section, most_cases) for section in sections)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Conformance to the RFCs</title>'
        f"<style>{_STYLE}</style></head><body>"
        f'<div class="verdict" style="--c:{colour}"><b>{word}</b><div><p>{conformance.headline}</p>'
        f'<p class="m">{text_html(conformance.target)}</p></div></div>'
        f'<div class="totals">{totals}</div>{_causes(conformance.causes)}{tables}'
        '<p class="m">A rule counts as kept when none of its cases failed. A SHOULD may be deviated from '
        "with a reason; a MAY is only observed. Not tested: skipped on this target, or not selected.</p>"
        "</body></html>"
    )


def _causes(found: list[Cause]) -> str:
    """What is behind the failures of the whole run, most failures first, each with its first cases."""
    if not found:
        return ""
    count = sum(len(cause.records) for cause in found)
    what = "What is behind the failure" if count == 1 else f"What is behind the {count:,} failures"
    rows = "".join(_cause(cause) for cause in found[:MOST_CAUSES])
    more = f"<p class='m'>{len(found) - MOST_CAUSES} causes more.</p>" if len(found) > MOST_CAUSES else ""
    return f"<h2>{what}</h2><ol>{rows}</ol>{more}"


def _cause(cause: Cause) -> str:
    links = "; ".join(_link(record, record.title) for record in cause.records[:_FIRST_CASES] if record.link)
    left = len(cause.records) - _FIRST_CASES
    why = "".join(f'<p class="why">{text_html(line[:_LONGEST_REASON])}</p>' for line in cause.example)
    return (
        f'<li style="--c:var(--broken)"><b>{len(cause.records):,} ×</b>{text_html(cause.words)}{why}'
        f'<div class="cases">{links}{f" … and {left:,} more" if left > 0 else ""}</div></li>'
    )


_HEADS = (
    '<div class="row heads"><span>section</span><span></span><span>MUST</span><span>SHOULD</span>'
    "<span>MAY</span></div>"
)


def _total(conformance: Conformance, level: Level) -> str:
    kept, broken, unknown = (conformance.count(level, verdict) for verdict in Verdict)
    words = f"{kept} kept" if level is not MAY else f"{kept} observed"
    if broken:
        kind = "w" if level is SHOULD else "x"
        words += f' · <span class="{kind}">{broken} {"deviating" if level is SHOULD else "broken"}</span>'
    if unknown:
        words += f' · <span class="m">{unknown} not tested</span>'
    return f"<div><b>{level}</b>{_bar(level, kept, broken, unknown)}<span>{words}</span></div>"


def _section(section: Section, most_cases: int) -> str:
    cells = "".join(_cell(section, level) for level in Level)
    unfolded = " open" if section.count(MUST, Verdict.BROKEN) else ""
    return (
        f'<details{unfolded}><summary><div class="row"><b>§{html.escape(section.number)}</b>'
        f"<span>{html.escape(section.topic)}</span>{cells}</div></summary>"
        f"<ul>{''.join(_rule(each, most_cases) for each in section.rules)}</ul></details>"
    )


def _cell(section: Section, level: Level) -> str:
    kept, broken, unknown = (section.count(level, verdict) for verdict in Verdict)
    if not kept + broken + unknown:
        return f'<span class="cell {level.lower()} m">–</span>'
    words = f"{kept} / {kept + broken + unknown}"
    if broken:
        words = f'<span class="{"w" if level is SHOULD else "x"}">{words}</span>'
    return f'<span class="cell {level.lower()}">{_bar(level, kept, broken, unknown)}{words}</span>'


def _bar(level: Level, kept: int, broken: int, unknown: int) -> str:
    wrong = "deviates" if level is SHOULD else "broken"
    whole = kept + broken + unknown or 1
    parts = (("kept", kept), (wrong, broken), ("unknown", unknown))
    segments = "".join(
        f'<i class="{kind}" style="width:{100 * count / whole:.1f}%"></i>' for kind, count in parts if count
    )
    return f'<div class="bar">{segments}</div>'


def _rule(each: RuleVerdict, most_cases: int) -> str:
    colour = {Verdict.KEPT: "kept", Verdict.UNKNOWN: "unknown"}.get(each.verdict, "broken")
    if each.verdict is Verdict.BROKEN and each.rule.level is SHOULD:
        colour = "deviates"
    why = ""
    if each.verdict is not Verdict.KEPT:
        reason = next((record.reason for record in each.records if record.outcome is not Outcome.PASSED), "")
        first = reason.removeprefix(f"{each.rule}: ").partition("\n")[0][:_LONGEST_REASON]
        why = f'<p class="why">{text_html(first)}</p>' if first else ""
    return (
        f'<li style="--c:var(--{colour})"><b>{each.rule.level}</b>{text_html(each.rule.text)} '
        f'<a class="m" href="{html.escape(each.rule.url)}" target="_blank" rel="noopener">RFC</a>'
        f'<div class="cases">{_cases(each.records, most_cases)}</div>{why}</li>'
    )


def _cases(records: list[Record], most: int) -> str:
    """Links, a test's name once and behind it the ids of its cases, the failed ones first."""
    ordered = sorted(records, key=lambda record: record.outcome is Outcome.PASSED)
    shown, left = [], len(ordered) - most
    for name, group in groupby(ordered[:most], key=lambda record: record.title.partition(" · ")[0]):
        cases = list(group)
        if len(cases) == 1:
            shown.append(_link(cases[0], cases[0].title))
            continue
        links = " ".join(_link(record, record.title.partition(" · ")[2] or name) for record in cases)
        shown.append(f"{text_html(name)}: {links}")
    return "; ".join(shown) + (f" … and {left} more" if left > 0 else "")


def _link(record: Record, words: str) -> str:
    kind = {Outcome.PASSED: "", Outcome.SKIPPED: "m", Outcome.DEVIATES: "w"}.get(record.outcome, "x")
    return f'<a class="{kind}" href="#{html.escape(record.link)}">{text_html(words)}</a>'
