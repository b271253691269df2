"""Compares a run with the one before it: what is broken now and was not, and what no longer is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_websocket.render.run import Outcome, Record, Run

_WRONG = frozenset({Outcome.FAILED, Outcome.BROKEN, Outcome.WEAK, Outcome.DEVIATES})


@dataclass(frozen=True)
class Changes:
    """What changed since an earlier run; ``since`` says when that was.

    ``broken`` are rules, and tests that are tied to none, that are wrong now and were not, each with a test
    that shows it; ``mended`` are those that were wrong and are not.
    """

    since: str
    broken: list[tuple[str, Record]]
    mended: list[str]

    @classmethod
    def of(cls, run: Run, earlier: dict[str, Any]) -> Changes:
        """Compares a run with what `remembered` returned for an earlier one."""
        wrong, known = problems(run.records.values()), earlier["wrong"]
        right = {_key(record) for record in run.records.values() if record.outcome is Outcome.PASSED}
        return cls(
            since=earlier["finished"],
            broken=[(_words(record), record) for key, record in wrong.items() if key not in known],
            mended=[words for key, words in known.items() if key not in wrong and key in right],
        )

    @property
    def words(self) -> str:
        """Returns how many changed, in words."""
        found = [(len(self.broken), "newly broken"), (len(self.mended), "no longer broken")]
        return ", ".join(f"{count} {what}" for count, what in found if count) or "nothing changed"


def problems(records: Iterable[Record]) -> dict[str, Record]:
    """Returns the first test that shows each thing that is wrong."""
    found: dict[str, Record] = {}
    for record in records:
        if record.outcome in _WRONG:
            found.setdefault(_key(record), record)
    return found


def remembered(run: Run, finished: str) -> dict[str, Any]:
    """Returns what the next run needs of this one, as plain data."""
    wrong = problems(run.records.values())
    return {"finished": finished, "wrong": {key: _words(record) for key, record in wrong.items()}}


def _key(record: Record) -> str:
    return str(record.rule) if record.rule is not None else record.nodeid


def _words(record: Record) -> str:
    return str(record.rule) if record.rule is not None else record.title or record.nodeid
