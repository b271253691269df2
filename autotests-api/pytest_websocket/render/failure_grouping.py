"""Groups the failures of a run by their cause: one broken rule may turn hundreds of tests red."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from pytest_websocket.protocol.rules import MUST, Rule
from pytest_websocket.render.run import RED, Outcome, Record

_LONGEST = 160
# Addresses, quoted texts and numbers are what tells the cases of one cause apart.
_PARTICULARS = re.compile(
    r"\w+://\S+|(?<!\w)b?'(?:[^'\\]|\\.)*'?|(?<!\w)b?\"(?:[^\"\\]|\\.)*\"?|“[^”]*”?|\b0x[0-9a-f]+\b|\b\d+(?:\.\d+)?"
)
_CLASS = re.compile(r"^[\w.]+: (?=.)")
_DETAILS = ("expected:", "received:", "because:")


@dataclass
class Cause:
    """Something that is wrong, and the tests that show it.

    ``level`` is that of the rule that was broken, or the severity of a weakness; empty where the failures are
    tied to none.
    """

    words: str
    level: str = ""
    records: list[Record] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Returns the section of the RFC that the words name; empty where they name none."""
        found = re.match(r"RFC (\d+) §([\d.]+)", self.words)
        return Rule(int(found[1]), found[2], MUST, self.words).url if found else ""

    @property
    def example(self) -> list[str]:
        """Returns a few lines of the first failure, where the words leave particulars out."""
        if self.level or not self.records:
            return []
        lines = (" ".join(line.split()) for line in self.records[0].reason.splitlines())
        details = [line for line in lines if line.startswith(_DETAILS)]
        if details or len(self.records) == 1 or "…" not in self.words:
            return details
        return [first_line(self.records[0])]


def causes(records: Iterable[Record], outcomes: Set[Outcome] = RED) -> list[Cause]:
    """Returns each failed test under one cause, the cause of most failures first.

    Where frames of the server broke the protocol, that is the cause, whatever the case was about; of several
    such violations the one that most cases saw. Else it is the rule of the case, else what the failure says.
    """
    red = [record for record in records if record.outcome in outcomes]
    found = _by_violation(red)
    explained = {id(record) for cause in found for record in cause.records}
    others: dict[str, Cause] = {}
    for record in red:
        if id(record) not in explained:
            words, level = _of_its_own(record)
            others.setdefault(words, Cause(words, level)).records.append(record)
    for cause in others.values():
        if not cause.level and len(cause.records) == 1:
            cause.words = first_line(cause.records[0])[:_LONGEST] or cause.words
    return sorted([*found, *others.values()], key=lambda cause: -len(cause.records))


def _by_violation(records: list[Record]) -> list[Cause]:
    found: list[Cause] = []
    left = [record for record in records if record.violations]
    while left:
        seen = [violation for record in left for violation in record.violations]
        most = max(dict.fromkeys(seen), key=seen.count)
        found.append(Cause(most, MUST, [record for record in left if most in record.violations]))
        left = [record for record in left if most not in record.violations]
    return found


def _of_its_own(record: Record) -> tuple[str, str]:
    if record.outcome is Outcome.WEAK and record.weakness is not None:
        return str(record.weakness), str(record.weakness.severity)
    about_itself = not (record.spoiled or record.reason.startswith("not tried:"))
    if record.outcome is not Outcome.BROKEN and record.rule is not None and about_itself:
        return str(record.rule), str(record.rule.level)
    first = first_line(record)
    words = _PARTICULARS.sub("…", first)
    return (words if re.search(r"\w{3}", words) else first)[:_LONGEST] or "no reason was given", ""


def first_line(record: Record) -> str:
    """Returns the first line of why a test failed, without the class of the error."""
    return _CLASS.sub("", record.reason.partition("\n")[0])
