"""The end of a run: what is printed, and the exit status."""

from __future__ import annotations

from enum import IntEnum

from pytest_websocket.text import quantity
from pytest_websocket.wstest.known import KnownFailures
from pytest_websocket.wstest.progress import Progress
from pytest_websocket.wstest.results import Results


class Status(IntEnum):
    """Exit statuses, those of pytest."""

    KEPT = 0
    FAILED = 1
    INTERRUPTED = 2
    WRONG_USE = 4


def conclude(results: Results, known: KnownFailures, progress: Progress, *, strict: bool) -> Status:
    """Prints the counts and returns the exit status."""
    everything = results.all()
    failures = [one for one in everything if one.verdict.is_failure(strict=strict)]
    new = [one for one in failures if not known.lists(one)]
    stale = known.out_of_date(everything, strict=strict)
    for key in stale:
        progress.tell(f"{key}: it is listed as a known failure, and passes")
    words = ", ".join(f"{number} {word}" for word, number in sorted(progress.counts.items()))
    told = f", {len(failures) - len(new)} of them known" if len(failures) > len(new) else ""
    failed = quantity(len(failures), "failure")
    progress.tell(f"{quantity(len(everything), 'case')}: {words or 'none was run'}; {failed}{told}")
    return Status.FAILED if new or stale or not everything else Status.KEPT
