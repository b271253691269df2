"""Recognises a target that limits connections: a case waits and is repeated, or skipped, never red."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest

from pytest_websocket.plugin.clients import CLIENTS
from pytest_websocket.plugin.marks import weakness_of
from pytest_websocket.plugin.raw_connections import CONNECTIONS, ServerHarmed
from pytest_websocket.plugin.recordings import RECORDINGS
from pytest_websocket.plugin.target import TESTED
from pytest_websocket.target.dial import Unusable, check_alive
from pytest_websocket.target.rate_limit import (
    CROWD,
    LIMITING,
    MARGIN,
    SLOWEST,
    Limit,
    limit_in,
    limit_of,
    may_have_met_a_limit,
    open_before_silence,
)
from pytest_websocket.target.started_server import run
from pytest_websocket.target.target import Target

WAITS = 30.0
"""Seconds of a run that are spent waiting for a limit to pass; above it, cases are skipped."""

WINDOW = 1.1
"""Seconds after which a limit per second has passed."""

BURST = 120
"""Connections with which it is found out whether a server hangs up above a rate."""

REFUSALS = 4
"""Refusals without a break that show that it does."""

MEASUREMENTS = 2
"""How often that is tried in a run."""

MET = pytest.StashKey[Limit]()
"""The limit that a test met."""

PASSED = pytest.StashKey[Limit]()
"""The limit that it met, and that has passed since."""

CLOSED = pytest.StashKey[str]()
"""Why a test was not tried."""

RATE_LIMITS = pytest.StashKey["RateLimits"]()


class RateLimits:
    """Looks for limits after each phase of a test, and waits for them to pass."""

    def __init__(self) -> None:
        self._left = WAITS
        self._closed_until = 0.0
        self._closed_by = ""
        self._measurements = MEASUREMENTS
        self._hangs_up_above: float | None = None

    def skip_where_closed(self, item: pytest.Item) -> None:
        """Skips a test that comes while the target still refuses connections."""
        if self._closed_until > time.monotonic():
            item.stash[CLOSED] = self._closed_by
            item.add_marker(pytest.mark.skip(f"{self._closed_by}: not tried until then"))

    def wait_after(self, item: pytest.Item) -> float:
        """Waits for the limit that a test met; returns the seconds, 0 where it is not to be repeated."""
        waited = self._wait(item, item.stash[MET]) if MET in item.stash else 0.0
        if waited:
            item.stash[PASSED] = item.stash[MET]
            del item.stash[MET]
        return waited

    def tell(self, item: pytest.Item, report: pytest.TestReport, waited: float) -> None:
        """Says in the report of a test which limit it met, and what that cost."""
        limit = item.stash.get(PASSED, None) or item.stash.get(MET, None)
        if limit is None and CLOSED not in item.stash:
            return
        # An attribute of a report crosses from an xdist worker to the controller.
        report.rate_limit = {  # type: ignore[attr-defined]
            "limit": str(limit or item.stash[CLOSED]),
            "waited": waited,
            "skipped": not waited or MET in item.stash,
            "below": _rate_below(item.config.stash[TESTED], limit),
        }

    def look_at(self, item: pytest.Item, report: pytest.TestReport, error: BaseException | None) -> None:
        """Makes the report of a test that met a limit a skip with that reason."""
        target = item.config.stash.get(TESTED, None)
        if target is None or target.embedded:
            return
        limit = item.stash.get(MET, None) or self._limit_of(item, target, report, error)
        if limit is None or (report.passed and limit.is_of_their_number):
            return
        item.stash[MET] = limit
        if report.when != "teardown" or report.failed:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {limit}")

    def _limit_of(
        self, item: pytest.Item, target: Target, report: pytest.TestReport, error: BaseException | None
    ) -> Limit | None:
        recordings = item.stash.get(RECORDINGS, [])
        if found := limit_in(recordings, target.url):
            return found
        if isinstance(error, ServerHarmed) and error.response and error.response.status in LIMITING:
            return limit_of(error.response)
        if not report.failed:
            return None
        if found := _places_taken(item, target):
            return found
        suspected = isinstance(error, ServerHarmed) or may_have_met_a_limit(recordings, target.url)
        return self._hang_up(target) if suspected else None

    def _hang_up(self, target: Target) -> Limit | None:
        """Returns the limit of a server that hangs up, or answers 503, above a rate; measures it once."""
        if self._hangs_up_above is None and self._measurements:
            self._measurements -= 1
            self._hangs_up_above = run(_accepted_in_a_second(target))
        if self._hangs_up_above is None:
            return None
        rate = self._hangs_up_above
        target.pace.slow_down(max(MARGIN * rate, SLOWEST))
        return Limit(f"it takes no more than {rate:.0f} connections a second", 0, 1.0, 0)

    def _wait(self, item: pytest.Item, limit: Limit) -> float:
        """Waits for a limit to pass; returns the seconds, 0 where the test is not to be repeated."""
        if limit.is_of_their_number:
            return 0.0
        target, began = item.config.stash[TESTED], time.monotonic()
        # What the server says of a minute may be a window of a second.
        pauses = [WINDOW, max(0.0, (limit.retry_after or 0.0) - WINDOW) or 2 * WINDOW]
        for pause in pauses:
            if pause > self._left:
                break
            below = target.pace.below(time.monotonic() - began + pause)
            self._left -= pause
            if run(_accepts_after(target, pause)):
                target.pace.slow_down(below)
                return time.monotonic() - began
        self._closed_until, self._closed_by = time.monotonic() + (limit.retry_after or WINDOW), str(limit)
        return 0.0


class RateLimitSummary:
    """Says at the end of the run what the limits of the target cost."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()
        self._waited: list[float] = []
        self._skipped = 0
        self._below = 0.0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collects from the reports of this process or of the workers."""
        if (found := getattr(report, "rate_limit", None)) is not None:
            self._met[found["limit"]] += 1
            self._skipped += found["skipped"]
            self._below = self._below or found["below"]
            if found["waited"]:
                self._waited.append(found["waited"])

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints the limits, their cost, and the option that keeps below."""
        if not self._met:
            return
        terminalreporter.section("limits of the target", yellow=True)
        for limit, count in self._met.most_common(5):
            terminalreporter.write_line(f"{count:5,} × {limit}")
        terminalreporter.write_line(
            f"{self._skipped:,} cases were skipped, {len(self._waited):,} repeated after waits of "
            f"{sum(self._waited):.0f} s in all."
        )
        if self._below:
            terminalreporter.write_line(f"--ws-max-rate {_shown(self._below)} opens connections more slowly.")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the summary in the process that prints."""
    config.stash[RATE_LIMITS] = RateLimits()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(RateLimitSummary(), "ws-rate-limit-summary")


def _places_taken(item: pytest.Item, target: Target) -> Limit | None:
    """Returns the limit of a server that leaves a request unanswered until other connections are closed.

    A case that looks for this weakness keeps its finding.
    """
    recordings = item.stash.get(RECORDINGS, [])
    opened = open_before_silence(recordings, target.url)
    if opened < CROWD or weakness_of(item) is not None:
        return None
    for connection in (*item.stash.get(CONNECTIONS, ()), *item.stash.get(CLIENTS, ())):
        connection.shutdown()
    if not run(_accepts_after(target, 0.0)):
        return None
    return Limit("a request is not answered", 0, None, opened)


def _rate_below(target: Target, limit: Limit | None) -> float:
    if limit is None or limit.is_of_their_number:
        return 0.0
    return target.pace.below(limit.retry_after or 1.0)


async def _accepts_after(target: Target, seconds: float) -> bool:
    await asyncio.sleep(seconds)
    try:
        await check_alive(target)
    except Unusable:
        return False
    return True


async def _accepted_in_a_second(target: Target) -> float | None:
    """Returns how many connections a second are accepted before the server hangs up; None where it does not.

    The server has to do so twice, and to accept again after a second.
    """
    counts = []
    for _ in range(2):
        if not await _accepts_after(target, WINDOW):
            return None
        count = await _burst(target)
        if count is None:
            return None
        counts.append(count)
    return float(min(counts)) if max(counts) <= 2 * min(counts) + 2 else None


async def _burst(target: Target) -> int | None:
    """Returns how many connections were accepted before one was not; None where that is no limit.

    A limit refuses the next ones, too; all that is told here has to happen within a second.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + 1
    count = refused = 0
    while count < BURST and refused < REFUSALS and loop.time() < until:
        try:
            await check_alive(target)
        except Unusable:
            refused += 1
        else:
            if refused:
                return None
            count += 1
    return count if refused == REFUSALS else None


def _shown(rate: float) -> str:
    return f"{rate:.0f}/s" if rate >= 1 else f"{max(1, round(rate * 60))}/m"
